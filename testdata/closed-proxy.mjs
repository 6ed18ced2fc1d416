// A proxy that lets nobody through, and writes down where to they wanted, a line HOST:PORT each:
//   node closed-proxy.mjs READY LOG      writes its address, HOST:PORT, to READY

import { createServer } from 'node:http';
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';

const [ready, log] = process.argv.slice(2);
const refuse = (target, answer) => {
    appendFileSync(log, `${target}\n`);
    answer();
};
const server = createServer((request, response) => {
    refuse(new URL(request.url).host, () => response.writeHead(403).end());
});
server.on('connect', (request, socket) => {
    refuse(request.url, () => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
});
server.listen(0, '127.0.0.1', () => {
    writeFileSync(`${ready}.new`, `127.0.0.1:${server.address().port}`);
    renameSync(`${ready}.new`, ready);
});
process.on('SIGTERM', () => process.exit(0));
