// A registry, a hub and a proxy at once that refuse everybody and repeat what they were sent, in every form:
//   node parrot-server.mjs READY      writes its address, HOST:PORT, to READY

import { createServer } from 'node:http';
import { renameSync, writeFileSync } from 'node:fs';

const [ready] = process.argv.slice(2);

// "Basic QmFzZTY0" as it is, decoded, and both of these and the password in base64, for URLs, and in JSON.
function repeat(header) {
    const value = header.replace(/^\S+ /, '');
    const pair = Buffer.from(value, 'base64').toString();
    const texts = header.startsWith('Basic ') ? [value, pair, pair.replace(/^[^:]*:/, '')] : [value];
    return texts.flatMap((text) => [text, encodeURIComponent(text), Buffer.from(text).toString('base64'),
        Buffer.from(text).toString('base64url'), JSON.stringify(text)]).join(' ');
}

function refuse(request, response) {
    const sent = request.headers.authorization ?? request.headers['proxy-authorization'];
    if (!sent) {
        const isHub = request.url.startsWith('/api/');
        response.writeHead(isHub ? 400 : 401, { 'WWW-Authenticate': 'Basic realm="parrot"' }).end();
        return;
    }
    // Where a message is cut, no part of a secret is left either.
    const words = `${'x'.repeat(Number(process.env.PARROT_DEPTH ?? 0))}${repeat(sent)}`;
    const body = JSON.stringify({ error: words, errors: [{ code: 'PARROT', message: words, detail: words }] });
    response.writeHead(400, { 'Content-Type': 'application/json', 'X-Error-Message': words.replace(/[^ -~]/g, '') });
    response.end(body);
}

const server = createServer(refuse);
server.listen(0, '127.0.0.1', () => {
    writeFileSync(`${ready}.new`, `127.0.0.1:${server.address().port}`);
    renameSync(`${ready}.new`, ready);
});
process.on('SIGTERM', () => process.exit(0));
