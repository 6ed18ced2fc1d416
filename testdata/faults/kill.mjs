// Ends inlay in the middle, at random moments and at those that matter, and looks at what is left:
//   node kill.mjs CONFIG --kills N [--seed S] [--jobs J] [--json FILE]
// CONFIG is told in site.mjs. Status 1 if anything was wrong. Afterwards TARGET has to be old or new and
// whole, what was said has to be true, and the next run has to end in the right image.

import { readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from './rules.mjs';
import { Site } from './site.mjs';

const { values: options, positionals } = parseArgs({ allowPositionals: true, options: {
    kills: { type: 'string' }, seed: { type: 'string', default: '1' }, jobs: { type: 'string', default: '2' },
    json: { type: 'string' }, verbose: { type: 'boolean' },
} });
const config = JSON.parse(readFileSync(positionals[0], 'utf8'));
const INTERRUPTED = 130;

// Every one of them meets every signal and every moment in turn.
const PLACES = [
    { command: 'inject', kind: 'registry' },
    { command: 'inject', kind: 'oci' },
    { command: 'inject', kind: 'oci-archive' },
    { command: 'inject', kind: 'docker-archive' },
    { command: 'inject', kind: 'oci', downloadCache: true },
    { command: 'inject', kind: 'registry', layerCache: true },
    { command: 'copy-up', kind: 'registry' },
    { command: 'copy-up', kind: 'oci-archive' },
    { command: 'copy-down', kind: 'oci' },
    { command: 'remove', kind: 'registry' },
    { command: 'remove', kind: 'oci' },
];
const SIGNALS = ['SIGKILL', 'SIGTERM', 'SIGINT'];
const TAG = { party: 'registry', method: 'PUT', path: '/manifests/1$' };
const GATES = [TAG, TAG, { party: 'registry', method: 'PUT', path: '/manifests/' },
    { party: 'registry', method: 'PUT', path: '/uploads/' }, { party: 'registry', method: 'PATCH' }];

function drawMoment(random, place) {
    const names = place.kind.endsWith('archive') ? 2 : 9; // as many files take a name
    const isFile = place.kind !== 'registry' || place.downloadCache;
    if (random.below(2) === 0)
        return { random: random.next() };
    if (isFile)
        return { strike: random.choose(['before', 'after']), number: 1 + random.below(names) };
    return { gate: { ...random.choose(GATES), do: random.choose(['hold', 'holdAnswer']) } };
}

function drawKill(seed) {
    const random = new Random(seed);
    const place = PLACES[seed % PLACES.length];
    return { seed, ...place, signal: SIGNALS[Math.floor(seed / PLACES.length) % SIGNALS.length],
        jobs: random.choose([1, 4]), base: random.choose(['registry', 'oci']),
        moment: drawMoment(random, place) };
}

// Runs it and ends it at its moment; `struck` says whether there was such a moment.
async function strike(site, run, kill, duration) {
    const { moment, signal } = kill;
    let struck = moment.strike !== undefined;
    const end = (child) => {
        struck = child.exitCode === null;
        child.kill(signal);
    };
    if (moment.strike)
        run.env.INLAY_STRIKE = `${constants.signals[signal]}:${moment.strike}:${moment.number}`;
    site.setFaults(run, moment.gate ? [moment.gate] : []);
    const result = await site.execute(run, (child) => {
        run.proxies.registry.onHold = async () => {
            end(child);
            await sleep(signal === 'SIGKILL' ? 50 : 300);
            run.proxies.registry.release();
        };
        if (moment.random !== undefined)
            setTimeout(() => end(child), moment.random * duration);
    });
    delete run.env.INLAY_STRIKE;
    run.proxies.registry.onHold = undefined;
    await sleep(100); // the registry may be at the end of what it was asked
    return { ...result, struck };
}

function judge(site, run, kill, result, expected) {
    const wrong = [];
    const shown = site.shows(run);
    const isKilled = kill.signal === 'SIGKILL' && result.signal === 'SIGKILL';
    const allowed = [0, ...(kill.signal === 'SIGKILL' ? [] : [INTERRUPTED, config.uncertain])];
    if (result.hung)
        return ['hangs'];
    if (result.signal === kill.signal && result.err === '' && shown === run.old)
        return wrong; // before the first instruction of inlay
    if (!isKilled && !allowed.includes(result.status))
        wrong.push(`ends with ${result.status ?? result.signal}`);
    if (shown !== run.old && shown !== expected)
        wrong.push(`TARGET shows ${shown}, neither the old nor the new image`);
    if (result.status === 0 && shown !== expected)
        wrong.push('says that it is done, and TARGET shows the old image');
    if (result.status === INTERRUPTED && shown !== run.old)
        wrong.push('says that it was interrupted, and TARGET shows the new image');
    try {
        site.checkWhole(run);
    } catch (error) {
        wrong.push(`TARGET is not whole: ${error.message}`);
    }
    return wrong;
}

async function tryOne(site, kill, durations) {
    const wish = { ...kill, seed: undefined, moment: undefined };
    const begin = Date.now();
    const known = site.expected.size;
    const expected = await site.expect(wish);
    const key = `${kill.command} ${kill.kind}`;
    if (site.expected.size > known)
        durations.set(key, Date.now() - begin);
    const run = site.prepare(wish);
    const result = await strike(site, run, kill, durations.get(key) ?? 500);
    const wrong = judge(site, run, kill, result, expected);
    const litter = site.litter(run);
    if (litter.length > 0 && kill.signal !== 'SIGKILL')
        wrong.push(`leaves ${litter.join(' ')}`);
    const again = await site.executeFree(run);
    const isGone = kill.command === 'remove' && again.status === 3; // there is nothing left to remove
    if ((again.status !== 0 && !isGone) || site.shows(run) !== expected)
        wrong.push(`the next run ends with ${again.status}: ${again.err.trim()}`);
    site.checkWhole(run);
    const kept = site.litter(run);
    if (kept.length > 0)
        wrong.push(`the next run leaves ${kept.join(' ')}`);
    site.forget(run);
    return { kill, result, wrong, kept };
}

function describe({ kill, result, wrong }) {
    return `seed ${kill.seed} (${kill.command} to ${kill.kind}, ${kill.signal}, `
        + `${JSON.stringify(kill.moment)}): ${wrong.join('; ')}\n`
        + `    status ${result.status ?? result.signal}: ${result.err.trim().split('\n').at(-1)}\n`;
}

function table(outcomes) {
    const rows = new Map();
    for (const { kill, result, wrong, kept } of outcomes) {
        const cache = `${kill.downloadCache ? ', download cache' : ''}${kill.layerCache ? ', layer cache' : ''}`;
        const name = `${kill.command} to ${kill.kind}${cache}`;
        const row = rows.get(name) ?? { kills: 0, struck: 0, exact: 0, done: 0, litter: 0, wrong: 0 };
        row.kills += 1;
        row.struck += result.struck && result.status !== 0;
        row.exact += result.struck && result.status !== 0 && kill.moment.random === undefined;
        row.done += result.status === 0;
        row.litter += kept.length > 0;
        row.wrong += wrong.length > 0;
        rows.set(name, row);
    }
    return ['| command | runs | ended in the middle | of these exactly | came to their end | left for good '
        + '| wrong |', '| --- | --- | --- | --- | --- | --- | --- |',
    ...[...rows].map(([name, row]) => `| ${name} | ${row.kills} | ${row.struck} | ${row.exact} `
        + `| ${row.done} | ${row.litter} | ${row.wrong} |`)].join('\n');
}

const outcomes = [];
const began = Date.now();
const first = Number(options.seed);
let taken = 0;
process.on('SIGTERM', () => { taken = Infinity; }); // what has begun comes to its end, and the table
const next = () => (taken < Number(options.kills) ? drawKill(first + taken++) : undefined);
await Promise.all(Array.from({ length: Number(options.jobs) }, async (_, i) => {
    const site = await new Site(config, `kill${i + 1}`).start();
    const durations = new Map();
    for (let kill = next(); kill; kill = next()) {
        const outcome = await tryOne(site, kill, durations);
        outcomes.push(outcome);
        if (outcome.wrong.length > 0 || options.verbose)
            process.stdout.write(describe(outcome));
    }
    site.stop();
}));
const wrong = outcomes.filter((outcome) => outcome.wrong.length > 0);
console.log(table(outcomes));
console.log(`${outcomes.length} runs in ${Math.round((Date.now() - began) / 1000)} s, ${wrong.length} wrong`);
if (options.json)
    writeFileSync(options.json, JSON.stringify(outcomes));
process.exit(wrong.length > 0 ? 1 : 0);
