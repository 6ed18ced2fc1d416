// What a seed stands for: a command, how it is run, and a list of faults by party. And the survivor
// list: single faults that must not keep any command from its end.

import { Random } from './rules.mjs';

export const PARTIES = ['hub', 'cdn', 'registry', 'token', 'engine'];

// [WEIGHT, {method, path}]: the requests of a party
const REQUESTS = {
    hub: [[3, { path: '/api/models/[^?]*/revision/' }], [3, { path: '/tree/' }],
        [4, { path: '/resolve/' }], [2, { path: '.' }]],
    cdn: [[1, { method: 'GET', path: '.' }]],
    registry: [[1, { method: 'GET', path: '^/v2/$' }], [3, { method: 'GET|HEAD', path: '/manifests/' }],
        [2, { method: 'HEAD', path: '/blobs/sha256' }], [3, { method: 'GET', path: '/blobs/sha256' }],
        [3, { method: 'POST', path: '/blobs/uploads/' }], [5, { method: 'PATCH', path: '.' }],
        [4, { method: 'PUT', path: '/blobs/uploads/' }], [6, { method: 'PUT', path: '/manifests/' }]],
    token: [[1, { path: '/token' }]],
    engine: [[1, { path: '/_ping' }], [3, { method: 'GET', path: '/get$' }], [1, { path: '/json$' }],
        [4, { method: 'POST', path: '/images/load' }]],
};
const STATUSES = [[4, 500], [4, 502], [6, 503], [2, 504], [6, 429], [2, 408], [1, 400], [1, 401],
    [1, 403], [1, 404], [1, 416]];

function drawStatus(random, kind) {
    const status = random.weigh(STATUSES);
    const wait = [429, 503].includes(status) && random.below(2) === 0;
    return { do: kind, status, ...(wait && { headers: { 'Retry-After': `${random.below(20)}` } }) };
}

function drawEnd(random) {
    return random.choose(['reset', 'close']);
}

// Milliseconds as the clock on the wall has them; for the command it is `hasten` times as long.
function drawSilence(random) {
    return random.below(6) === 0 ? {} : { ms: random.below(1000) };
}

const DRAW = {
    status: (random) => drawStatus(random, 'status'),
    replace: (random) => drawStatus(random, 'replace'),
    silence: (random) => ({ do: 'silence', end: drawEnd(random), ...drawSilence(random) }),
    close: (random) => ({ do: 'close', end: drawEnd(random) }),
    garbage: () => ({ do: 'garbage' }),
    lose: (random) => ({ do: 'lose', end: drawEnd(random) }),
    cutHead: (random) => ({ do: 'cutHead', share: random.next(), end: drawEnd(random) }),
    cut: (random) => ({ do: 'cut', share: random.next(), end: drawEnd(random) }),
    stall: (random) => ({ do: 'stall', share: random.next(), ...drawSilence(random) }),
    short: (random) => ({ do: 'short', bytes: 1 + random.below(100) }),
    long: (random) => ({ do: 'long', bytes: 1 + random.below(100) }),
    change: (random) => ({ do: 'change', share: random.next() }),
    trickle: () => ({ do: 'trickle', bytesPerSecond: 4000000 }),
    expire: () => ({ do: 'expire' }),
    cutUp: (random) => ({ do: 'cutUp', share: random.next(), end: drawEnd(random) }),
    stallUp: (random) => ({ do: 'stallUp', share: random.next(), ...drawSilence(random) }),
    changeUp: (random) => ({ do: 'changeUp', share: random.next() }),
    refuse: (random) => ({ do: 'refuse', end: drawEnd(random) }),
    mute: (random) => ({ do: 'mute', ...drawSilence(random) }),
    garble: () => ({ do: 'garble' }),
    breakOff: (random) => ({ do: 'breakOff', way: random.choose(['up', 'down']),
        at: random.below(random.choose([100, 4000, 3000000])), end: drawEnd(random) }),
    freeze: (random) => ({ do: 'freeze', way: random.choose(['up', 'down']),
        at: random.below(random.choose([100, 4000, 3000000])), ...drawSilence(random) }),
    drip: () => ({ do: 'drip', way: 'down', bytesPerSecond: 4000000 }),
};
const OF_CONNECTIONS = ['refuse', 'mute', 'garble', 'breakOff', 'freeze', 'drip'];
const OF_READS = ['status', 'status', 'silence', 'close', 'garbage', 'lose', 'replace', 'cutHead', 'cut',
    'stall', 'short', 'long', 'change', 'trickle'];
const OF_WRITES = ['status', 'status', 'silence', 'close', 'garbage', 'lose', 'lose', 'replace',
    'cutHead', 'cutUp', 'cutUp', 'stallUp', 'changeUp'];

function drawFault(random, party) {
    const times = random.weigh([[12, 1], [3, 2], [2, 3], [1, 1000]]);
    const after = random.weigh([[3, 0], [2, 1], [1, 2], [1, 5]]);
    if (random.below(5) === 0)
        return { party, ...DRAW[random.choose(OF_CONNECTIONS)](random), after, times };
    const request = random.weigh(REQUESTS[party]);
    const writes = /P/.test(request.method ?? '');
    const kinds = writes ? OF_WRITES : OF_READS;
    let kind = party === 'hub' && random.below(8) === 0 ? 'expire' : random.choose(kinds);
    if (kind === 'changeUp' && request.path === '/manifests/')
        kind = 'cutUp'; // it is sent once more, and a registry has nothing to compare a tag's with
    if (party === 'engine' && kind.startsWith('change'))
        kind = 'cutUp'; // an engine has nothing to compare a config with, nor has who reads it
    const fault = { party, ...request, ...DRAW[kind](random), after: writes ? random.below(3) : after, times };
    return party === 'engine' ? { ...fault, after: 0 } : fault; // it is asked each thing once
}

const PARTIES_OF = {
    inject: ['hub', 'cdn', 'registry', 'token'],
    'inject-engine': ['hub', 'cdn', 'engine', 'engine', 'engine'],
    'copy-from-engine': ['engine', 'engine', 'registry', 'token'],
    'copy-to-engine': ['engine', 'engine', 'registry', 'token'],
    other: ['registry', 'registry', 'registry', 'token'],
};

function drawFaults(random, parties) {
    const count = random.weigh([[5, 1], [4, 2], [2, 3], [1, 6]]);
    const faults = [];
    for (let i = 0; i < count; i++)
        faults.push(drawFault(random, random.choose(parties)));
    return faults;
}

// Some of the schedules are of an engine, or go up in chunks; what the others are does not depend on it.
function drawMore(seed, schedule) {
    const random = new Random(seed + 0x10000000);
    const { command } = schedule;
    if (random.below(10) === 0) {
        const ofEngine = random.choose(['inject-engine', 'inject-engine', 'copy-from-engine', 'copy-to-engine']);
        return { ...schedule, command: ofEngine, faults: drawFaults(random, PARTIES_OF[ofEngine]) };
    }
    if (['inject', 'copy-up'].includes(command) && random.below(6) === 0)
        return { ...schedule, chunk: random.choose(['512K', '1M']) };
    return schedule;
}

// {seed, command, tls, jobs, base, together, faults, chunk}: the same for the same seed. `together` is how
// many runs of it there are at once, to one TARGET.
export function drawSchedule(seed) {
    const random = new Random(seed);
    const command = random.weigh([[12, 'inject'], [3, 'inject-oci'], [2, 'copy-up'], [2, 'copy-down'],
        [2, 'remove'], [1, 'verify']]);
    const tls = random.below(4) === 0;
    const jobs = random.choose([1, 2, 4, 8]);
    const base = random.choose(['registry', 'oci']);
    const faults = drawFaults(random, PARTIES_OF[command.startsWith('inject') ? 'inject' : 'other']);
    const together = random.weigh([[20, 1], [1, 2], [1, 8]]);
    return drawMore(seed, { seed, command, tls, jobs, base, together, faults });
}

// Every one of these, alone and once, leaves status 0 and the right digest.
function survivorsOf(party, request, kinds, more = {}) {
    return kinds.map((fault) => ({ command: 'inject', ...more, faults: [{ party, ...request, ...fault }] }));
}

const ENDS = ['reset', 'close'];
const REFUSALS = [
    ...ENDS.map((end) => ({ do: 'close', end })),
    ...[500, 502, 503, 504, 429, 408].map((status) => ({ do: 'status', status })),
    { do: 'status', status: 429, headers: { 'Retry-After': '3' } },
    { do: 'status', status: 503, headers: { 'Retry-After': '3' } },
    { do: 'garbage' }, { do: 'silence' },
];
const LOST = [...ENDS.map((end) => ({ do: 'lose', end })), { do: 'lose', end: 'silence' },
    { do: 'cutHead', at: 0, end: 'close' }, { do: 'cutHead', at: 5, end: 'close' },
    { do: 'cutHead', share: 0.5, end: 'close' }, { do: 'cutHead', share: 0.5, end: 'reset' },
    { do: 'replace', status: 502 }];
const CUT_OFF = [...ENDS.map((end) => ({ do: 'close', end })), { do: 'garbage' }, { do: 'silence' },
    ...LOST.filter((fault) => fault.do !== 'replace')];
const BODY = [...ENDS.flatMap((end) => [{ do: 'cut', share: 0, end }, { do: 'cut', share: 0.7, end }]),
    { do: 'stall', share: 0.5 }, { do: 'trickle', bytesPerSecond: 2000000 }];
const WRONG = [{ do: 'short', bytes: 5 }, { do: 'change', share: 0.3 }];
const UP = [...ENDS.flatMap((end) => [0.01, 0.5, 0.99].map((share) => ({ do: 'cutUp', share, end }))),
    { do: 'stallUp', share: 0.5 }, { do: 'changeUp', share: 0.5 }];
const WIRE = [...ENDS.map((end) => ({ do: 'refuse', end })), { do: 'mute' }, { do: 'garble' },
    ...ENDS.flatMap((end) => [10, 100].map((at) => ({ do: 'breakOff', way: 'down', at, end }))),
    { do: 'breakOff', way: 'up', at: 30, end: 'reset' }, { do: 'freeze', way: 'down', at: 40 },
    { do: 'drip', way: 'down', bytesPerSecond: 2000000 }];

// Of the first connection, whose handshake it disturbs.
const IN_TLS = [{ do: 'garble' },
    ...[0, 1, 3, 5, 80, 700].map((at) => ({ do: 'flip', way: 'down', at })),
    ...[0, 1, 5, 90].map((at) => ({ do: 'flip', way: 'up', at }))];

export const SURVIVORS = [
    ...survivorsOf('hub', { path: '/api/models/[^?]*/revision/' }, [...REFUSALS, ...LOST, ...BODY]),
    ...survivorsOf('hub', { path: '/tree/' }, [...REFUSALS, ...LOST, ...BODY]),
    ...survivorsOf('hub', { path: '/resolve/[^?]*config.json' }, [...REFUSALS, ...LOST, ...BODY, ...WRONG]),
    ...survivorsOf('hub', { path: '/resolve/[^?]*safetensors' }, [...REFUSALS, ...LOST, { do: 'expire' }]),
    ...survivorsOf('hub', {}, WIRE),
    ...survivorsOf('cdn', { path: '.' }, [...REFUSALS, ...LOST, ...BODY, ...WRONG, { do: 'status', status: 403 }]),
    ...survivorsOf('cdn', {}, WIRE),
    ...survivorsOf('token', { path: '/token' }, [...REFUSALS, ...LOST, ...BODY]),
    ...survivorsOf('token', {}, WIRE),
    ...survivorsOf('registry', { method: 'GET', path: '^/v2/$' }, [...REFUSALS, ...LOST]),
    ...survivorsOf('registry', { method: 'GET', path: '/base/manifests/' }, [...REFUSALS, ...LOST, ...BODY, ...WRONG]),
    ...survivorsOf('registry', { method: 'GET', path: '/base/blobs/' }, [...REFUSALS, ...LOST, ...BODY, ...WRONG]),
    ...survivorsOf('registry', { method: 'HEAD', path: '/blobs/' }, [...REFUSALS, ...LOST]),
    ...survivorsOf('registry', { method: 'POST', path: '/uploads/' }, [...REFUSALS, ...LOST]),
    ...survivorsOf('registry', { method: 'PATCH' }, [...REFUSALS, ...LOST, ...UP]),
    ...survivorsOf('registry', { method: 'PUT', path: '/uploads/' }, [...REFUSALS, ...LOST]),
    ...survivorsOf('registry', { method: 'PUT', path: '/manifests/' }, [...REFUSALS, ...LOST, ...UP,
        { do: 'replace', status: 400 }, { do: 'replace', status: 500 }]),
    ...survivorsOf('registry', {}, WIRE),
    ...survivorsOf('registry', { method: 'PATCH' }, [...LOST, ...UP], { command: 'copy-up' }),
    ...survivorsOf('registry', { method: 'PUT', path: '/manifests/' }, [...REFUSALS, ...LOST], { command: 'copy-up' }),
    ...survivorsOf('registry', { method: 'GET', path: '/blobs/' }, [...REFUSALS, ...LOST, ...BODY, ...WRONG],
        { command: 'copy-down' }),
    ...survivorsOf('registry', { method: 'PUT', path: '/manifests/' }, LOST, { command: 'remove' }),
    ...survivorsOf('registry', { method: 'GET', path: '/blobs/' }, [...REFUSALS, ...BODY, ...WRONG], { command: 'verify' }),
    ...PARTIES_OF.inject.flatMap((party) => survivorsOf(party, {}, IN_TLS, { tls: true })),
    ...survivorsOf('engine', { path: '/_ping' }, [...REFUSALS, ...LOST], { command: 'inject-engine' }),
    ...survivorsOf('engine', { path: '/get$' }, [...CUT_OFF, ...BODY], { command: 'inject-engine' }),
    ...survivorsOf('engine', { path: '/load' }, LOST, { command: 'inject-engine' }),
    ...survivorsOf('engine', {}, IN_TLS, { command: 'inject-engine', tls: true }),
    ...survivorsOf('registry', { method: 'PATCH' }, [...REFUSALS, ...LOST, ...UP], { chunk: '512K' }),
    ...survivorsOf('registry', { method: 'PATCH' }, [...CUT_OFF, ...UP].map((fault) => ({ ...fault, after: 2 })),
        { chunk: '512K' }),
];
