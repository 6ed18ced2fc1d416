// transformers.js knows no variable for the Hub's address: with `node --import served_hub.mjs` what it
// asks of huggingface.co goes to $HF_ENDPOINT.

const { fetch } = globalThis;

globalThis.fetch = (resource, options) => {
    const url = new URL(resource);
    if (url.host === 'huggingface.co')
        return fetch(new URL(url.pathname + url.search, process.env.HF_ENDPOINT), options);
    return fetch(resource, options);
};
