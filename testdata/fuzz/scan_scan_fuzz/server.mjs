6import { createServer } from 'node:http';
import { pipeline } from '@huggingface/transformers';

const port = process.env.PORT ?? 3000;
const model = 'Xenova/all-MiniLM-L6-v2';

const extractor = await pipeline('feature-extraction', model, { dtype: 'q8' });

createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request)
        body += chunk;
    const { text } = JSON.parse(body);
    const vector = await extractor(text, { pooling: 'mean', normalize: true });
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ size: vector.dims[1] }));
}).listen(port, () => console.log(`embeddings of ${model} on port ${port}`));
