// A registry's token server for tests: `node token-server.mjs --config FILE --ready FILE`. Listens
// on a free port of 127.0.0.1, writes {"url": URL} to the ready file, and ends on SIGTERM.
//
// The config: {"key": PEM FILE, "certificate": PEM FILE, "issuer": TEXT, "service": TEXT,
//   "lifetime": SECONDS, "anonymous": {REPOSITORY: ["pull"]},
//   "users": {NAME: {"password": TEXT, "access": {REPOSITORY: ["pull", "push"]}}},
//   "post": STATUS, "tls": {"key": PEM FILE, "certificate": PEM FILE}}
// where a REPOSITORY may end in `*`. With "post" every POST is answered so, as by servers that do
// not know it, and a GET takes a refresh token as a password, too; with "tls" it is https.
//
// GET /token?service=&scope=&scope= with Basic credentials or none; POST /token with grant_type
// password or refresh_token (refresh tokens are "refresh-NAME"). A wrong password is 401, with the
// password in the message; what may not be granted is left out of the token.
// GET /_log: {"requests": [{method, grant, user, scopes, granted}]}, where user is '' for anonymous
// and null if the credentials were wrong, and grant is the form's grant_type.

import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { once } from 'node:events';
import { randomUUID, sign } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

// docker-registry accepts a token for this long after its end.
const LEEWAY_S = 60;

const { values: options } = parseArgs({
    options: { config: { type: 'string' }, ready: { type: 'string' } },
});
const config = JSON.parse(readFileSync(options.config, 'utf8'));
const key = readFileSync(config.key);
const certificate = readFileSync(config.certificate, 'utf8').replace(/-----[^-]+-----|\s/g, '');
const log = [];

function encode(value) {
    return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function makeToken(user, access) {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
        iss: config.issuer, sub: user, aud: config.service, jti: randomUUID(),
        iat: now - LEEWAY_S, nbf: now - LEEWAY_S, exp: now + config.lifetime - LEEWAY_S, access,
    };
    const text = `${encode({ typ: 'JWT', alg: 'RS256', x5c: [certificate] })}.${encode(claims)}`;
    return `${text}.${sign('RSA-SHA256', Buffer.from(text), key).toString('base64url')}`;
}

function allowedActions(access, name) {
    return Object.entries(access ?? {}).flatMap(([pattern, actions]) => {
        const isPrefix = pattern.endsWith('*') && name.startsWith(pattern.slice(0, -1));
        return isPrefix || name === pattern ? actions : [];
    });
}

// What of the scopes this user gets. Anonymous access is for everyone.
function grant(user, scopes) {
    return scopes.flatMap((scope) => {
        const [, type, name, asked] = /^([^:]+):(.+):([^:]+)$/.exec(scope) ?? [];
        if (!asked)
            return [];
        const allowed = [config.anonymous, config.users?.[user]?.access]
            .flatMap((access) => allowedActions(access, name));
        const actions = asked.split(',').filter((action) => allowed.includes(action));
        return actions.length > 0 ? [{ type, name, actions }] : [];
    });
}

function passwordFits(user, password) {
    const fits = config.users?.[user]?.password === password;
    return config.users?.[user] !== undefined
        && (fits || (config.post !== undefined && password === `refresh-${user}`));
}

// The user of a GET: a name, '' for anonymous, or null if the credentials are wrong.
function basicUser(header) {
    if (header === undefined)
        return '';
    const text = Buffer.from(header.replace(/^Basic /i, ''), 'base64').toString();
    const [user, ...password] = text.split(':');
    return passwordFits(user, password.join(':')) ? user : null;
}

function oauthUser(form) {
    const name = form.get('username');
    if (form.get('grant_type') === 'password')
        return passwordFits(name, form.get('password')) ? name : null;
    const user = /^refresh-(.+)$/.exec(form.get('refresh_token') ?? '')?.[1];
    return config.users?.[user] ? user : null;
}

// What a careless server says of credentials that it refuses.
function shown(header, form) {
    return header === undefined ? form.get('refresh_token') ?? form.get('password')
        : Buffer.from(header.replace(/^Basic /i, ''), 'base64').toString();
}

async function readForm(req) {
    let body = '';
    for await (const chunk of req)
        body += chunk;
    return new URLSearchParams(body);
}

async function answer(req, res) {
    const url = new URL(req.url, 'http://localhost');
    const reply = (status, value) => res.writeHead(status, { 'Content-Type': 'application/json' })
        .end(JSON.stringify(value));
    if (url.pathname === '/_log')
        return reply(200, { requests: log });

    const isPost = req.method === 'POST';
    const form = isPost ? await readForm(req) : url.searchParams;
    const refuse = (status, code, message) => reply(status, { errors: [{ code, message }] });
    if (isPost && config.post !== undefined) {
        log.push({ method: 'POST', status: config.post });
        return refuse(config.post, 'UNSUPPORTED', `what is ${form}`);
    }
    const user = isPost ? oauthUser(form) : basicUser(req.headers.authorization);
    const scopes = form.getAll('scope').flatMap((scope) => scope.split(' '));
    const access = user === null ? [] : grant(user, scopes);
    log.push({ method: req.method, grant: form.get('grant_type'), user, scopes, granted: access });
    if (user === null)
        return refuse(401, 'UNAUTHORIZED', `incorrect: ${shown(req.headers.authorization, form)}`);
    if (url.pathname !== '/token' || form.get('service') !== config.service)
        return refuse(400, 'UNSUPPORTED', `the service here is ${config.service}`);

    const token = makeToken(user, access);
    const scope = access.map(({ type, name, actions }) => `${type}:${name}:${actions}`).join(' ');
    const isOffline = form.get('offline_token') === 'true' || form.get('access_type') === 'offline';
    return reply(200, {
        ...(isPost ? { access_token: token, scope } : { token, access_token: token }),
        expires_in: config.lifetime,
        issued_at: new Date().toISOString(),
        ...(isOffline && user && { refresh_token: `refresh-${user}` }),
    });
}

process.on('SIGTERM', () => process.exit(0));
const tls = config.tls && {
    key: readFileSync(config.tls.key), cert: readFileSync(config.tls.certificate),
};
const server = tls ? createSecureServer(tls, answer) : createServer(answer);
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const address = `${tls ? 'https' : 'http'}://127.0.0.1:${server.address().port}`;
writeFileSync(`${options.ready}.new`, JSON.stringify({ url: address }));
renameSync(`${options.ready}.new`, options.ready);
