// Runs inlay under faults and judges each ending:
//   node soak.mjs CONFIG (--schedules N [--seed S] | --survivors [--every N | --only N,N]) [--jobs J] [--json FILE]
// CONFIG is told in site.mjs. Status 1 if anything was wrong; each wrong one is printed with its seed.

import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { drawSchedule, SURVIVORS } from './schedule.mjs';
import { Site } from './site.mjs';

const { values: options, positionals } = parseArgs({ allowPositionals: true, options: {
    schedules: { type: 'string' }, seed: { type: 'string', default: '1' }, survivors: { type: 'boolean' },
    jobs: { type: 'string', default: '2' }, json: { type: 'string' }, only: { type: 'string' }, every: { type: 'string', default: '1' },
    verbose: { type: 'boolean' },
} });
const config = JSON.parse(readFileSync(positionals[0], 'utf8'));
// Statuses that inject.md tells of, and that a fault of the wire may end in.
const DOCUMENTED = [3, 4, 5, 6, 7, config.uncertain];
const SECRET = config.user.split(':')[1];

// What is wrong with what this run says, as sentences.
function judgeWords(site, run, result, shown) {
    const wrong = [];
    if (result.hung)
        return ['hangs'];
    // Two runs may meet; and whoever is told by a proxy that there is no such tag finds that one has come.
    const isMoved = result.status === config.moved && (run.together > 1 || site.deniedTag(run));
    if (result.status === null || (![0, ...DOCUMENTED].includes(result.status) && !isMoved))
        wrong.push(`ends with ${result.status ?? result.signal}`);
    if (result.status === config.uncertain && !site.struckTag(run))
        wrong.push('is not sure about a tag that it has not written');
    if (result.status === 0 && run.command !== 'verify'
        && !['docker-archive', 'engine'].includes(run.place) && !result.out.includes(shown))
        wrong.push(`prints ${result.out.trim()} for ${shown}`);
    if (result.status !== 0 && !/\binlay: /.test(result.err))
        wrong.push('says nothing of what went wrong');
    if (`${result.out}${result.err}`.includes(SECRET))
        wrong.push('shows the password');
    return wrong;
}

// What is wrong with TARGET after these runs of one schedule.
function judgeTarget(site, run, results, shown, expected) {
    const wrong = [];
    const statuses = results.map((result) => result.status);
    if (shown !== expected && shown !== run.old)
        wrong.push(`TARGET shows ${shown}, neither the old nor the new image`);
    if (statuses.includes(0) && shown !== expected)
        wrong.push('says that it is done, and TARGET shows the old image');
    if (shown !== run.old && !statuses.includes(0) && !statuses.includes(config.uncertain))
        wrong.push(`ends with ${statuses}, and TARGET shows the new image`);
    try {
        site.checkWhole(run);
    } catch (error) {
        wrong.push(`TARGET is not whole: ${error.message}`);
    }
    const litter = site.litter(run);
    if (litter.length > 0)
        wrong.push(`leaves ${litter.join(' ')}`);
    return wrong;
}

async function tryOne(site, schedule) {
    const expected = await site.expect({ ...schedule, faults: undefined });
    const run = site.prepare(schedule);
    site.setFaults(run, schedule.faults);
    const results = await Promise.all(Array.from({ length: schedule.together ?? 1 },
        () => site.execute(run)));
    const struck = Object.entries(run.proxies).flatMap(([party, proxy]) => proxy.rules.rules
        .filter((rule) => rule.applied > 0).map((rule) => ({ party, do: rule.do })));
    const shown = site.shows(run);
    const wrong = [...results.flatMap((each) => judgeWords(site, run, each, shown)),
        ...judgeTarget(site, run, results, shown, expected)];
    const result = results.find((each) => each.status !== 0) ?? results[0];
    if (result.status !== 0 && !result.hung && schedule.seed % 4 === 0 && shown === run.old) {
        const again = await site.executeFree(run);
        if (again.status !== 0 || site.shows(run) !== expected)
            wrong.push(`the next run ends with ${again.status}: ${again.err.trim()}`);
    }
    site.forget(run);
    return { schedule, result, struck, wrong };
}

function describe({ schedule, result, wrong }) {
    const how = [schedule.command, ...schedule.chunk ? [`--chunk-size ${schedule.chunk}`] : [],
        `--jobs ${schedule.jobs}`, schedule.tls ? 'tls' : 'plain', schedule.base,
        ...schedule.together > 1 ? [`${schedule.together} at once`] : []];
    return `seed ${schedule.seed} (${how.join(', ')}): ${wrong.join('; ')}\n`
        + schedule.faults.map((fault) => `    ${JSON.stringify(fault)}\n`).join('')
        + `    status ${result.status}, ${result.ms} ms: ${result.err.trim().split('\n').at(-1)}\n`;
}

// Rows of PARTY KIND with how the runs ended in which it struck, and in which it was alone.
function table(outcomes) {
    const rows = new Map();
    for (const { struck, result, wrong } of outcomes) {
        for (const name of new Set(struck.map((each) => `${each.party} ${each.do}`))) {
            const row = rows.get(name) ?? { runs: 0, done: 0, wrong: 0, statuses: new Map() };
            row.runs += 1;
            row.done += result.status === 0;
            row.wrong += wrong.length > 0;
            if (result.status !== 0)
                row.statuses.set(result.status, (row.statuses.get(result.status) ?? 0) + 1);
            rows.set(name, row);
        }
    }
    const lines = [...rows].sort(([a], [b]) => a.localeCompare(b)).map(([name, row]) => {
        const others = [...row.statuses].sort().map(([status, count]) => `${count} x ${status}`).join(', ');
        return `| ${name} | ${row.runs} | ${row.done} | ${others || '-'} | ${row.wrong} |`;
    });
    return ['| fault | runs | status 0 | other statuses | wrong |', '| --- | --- | --- | --- | --- |',
        ...lines].join('\n');
}

function judgeSurvivor({ result, struck, wrong }) {
    if (struck.length === 0)
        wrong.push('was not struck');
    if (result.status !== 0 && !result.hung)
        wrong.push('does not survive');
}

async function work(site, next, outcomes) {
    for (let schedule = next(); schedule; schedule = next()) {
        const outcome = await tryOne(site, schedule);
        outcomes.push(outcome);
        if (options.survivors)
            judgeSurvivor(outcome);
        if (outcome.wrong.length > 0 || options.verbose)
            process.stdout.write(describe(outcome));
    }
}

function makeList() {
    if (!options.survivors) {
        const first = Number(options.seed);
        return Array.from({ length: Number(options.schedules) }, (_, i) => () => drawSchedule(first + i));
    }
    const list = SURVIVORS.map((each, i) => ({ seed: i + 1, tls: i % 4 === 0, jobs: 1 + (i % 4),
        base: 'registry', ...each }));
    const only = options.only?.split(',').map(Number);
    return list.filter(({ seed }) => (only ? only.includes(seed) : seed % Number(options.every) === 0))
        .map((each) => () => each);
}

const list = makeList();
process.on('SIGTERM', () => list.splice(0)); // what has begun comes to its end, and the table
const outcomes = [];
const began = Date.now();
const sites = await Promise.all(Array.from({ length: Number(options.jobs) },
    (_, i) => new Site(config, `site${i + 1}`).start()));
const next = () => list.shift()?.();
await Promise.all(sites.map((site) => work(site, next, outcomes)));
sites.forEach((site) => site.stop());

const wrong = outcomes.filter((outcome) => outcome.wrong.length > 0);
const done = outcomes.filter((outcome) => outcome.result.status === 0).length;
console.log(table(outcomes));
console.log(`${outcomes.length} runs in ${Math.round((Date.now() - began) / 1000)} s: ${done} done, `
    + `${outcomes.length - done} ended otherwise, ${wrong.length} wrong`);
if (options.json)
    writeFileSync(options.json, JSON.stringify(outcomes));
process.exit(wrong.length > 0 ? 1 : 0);
