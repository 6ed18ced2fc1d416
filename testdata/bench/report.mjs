// The tables of a benchmark: node report.mjs RESULTS [JSON]
// RESULTS has one JSON object a line: {"about": {...}} first, then what each run took: {row, title,
// contestant, run, ...} and the members that measure.c tells. Prints a table a row, medians of the
// runs; writes all of it to the file JSON.
//
// Ratios compare within one round of runs, and are medians of these: wall with the slower of
// curl-down and curl-up, or with the row's first contestant where they are not both there; CPU with
// curl-down, curl-up and two times sha256 together.

import { readFileSync, writeFileSync } from 'node:fs';

const MEASURES = ['wall_s', 'cpu_s', 'peak_kib', 'disk_bytes', 'wire_bytes', 'servers_cpu_s'];
const HEADINGS = ['', 'wall s', 'ratio', 'CPU s', 'CPU ratio', 'peak MiB', 'disk MB', 'wire MB',
    'servers\' CPU s'];

function median(numbers) {
    const sorted = [...numbers].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// What the contestants of one round are compared with; undefined where there is nothing.
function references(round) {
    const { 'curl-down': down, 'curl-up': up, sha256 } = round;
    const slower = down && up ? Math.max(down.wall_s, up.wall_s) : undefined;
    return {
        wall: slower ?? Object.values(round)[0].wall_s,
        cpu: down && up && sha256 ? down.cpu_s + up.cpu_s + 2 * sha256.cpu_s : undefined,
    };
}

function summarize(results) {
    const rows = new Map();
    for (const result of results) {
        const row = rows.get(result.row) ?? { row: result.row, title: result.title, rounds: {} };
        rows.set(result.row, row);
        (row.rounds[result.run] ??= {})[result.contestant] = result;
    }
    return [...rows.values()].map(({ row, title, rounds }) => {
        const all = Object.values(rounds);
        const contestants = Object.keys(all[0]).map((contestant) => {
            const present = all.filter((round) => round[contestant]);
            const of = (read) => median(present.map((round) => read(round[contestant], round)));
            const ratio = of((run, round) => run.wall_s / references(round).wall);
            const hasCpu = present.every((round) => references(round).cpu);
            const cpuRatio = hasCpu ? of((run, round) => run.cpu_s / references(round).cpu) : null;
            const medians = MEASURES.map((name) => [name, of((run) => run[name])]);
            return { contestant, runs: present.length, ratio, cpu_ratio: cpuRatio,
                ...Object.fromEntries(medians) };
        });
        return { row, title, contestants };
    });
}

function cells(entry) {
    const megabytes = (bytes) => (bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0);
    return [entry.contestant, entry.wall_s.toFixed(2), entry.ratio.toFixed(2),
        entry.cpu_s.toFixed(2), entry.cpu_ratio?.toFixed(2) ?? '',
        (entry.peak_kib / 1024).toFixed(0), megabytes(entry.disk_bytes),
        megabytes(entry.wire_bytes), entry.servers_cpu_s.toFixed(2)];
}

function printTable({ title, contestants }) {
    const lines = [HEADINGS, ...contestants.map(cells)];
    const widths = HEADINGS.map((_, i) => Math.max(3, ...lines.map((line) => line[i].length)));
    const pad = (text, i) => (i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i]));
    const print = (line) => console.log(`| ${line.map(pad).join(' | ')} |`);
    console.log(`\n${title}, median of ${contestants[0].runs}\n`);
    print(lines[0]);
    print(widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)));
    lines.slice(1).forEach(print);
}

const [, , input, output] = process.argv;
const lines = readFileSync(input, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
const { about } = lines.find((line) => line.about) ?? { about: {} };
const results = lines.filter((line) => !line.about);
const rows = summarize(results);
for (const [name, value] of Object.entries(about))
    console.log(`${name}: ${value}`);
rows.forEach(printTable);
if (output)
    writeFileSync(output, `${JSON.stringify({ about, rows, results }, null, 1)}\n`);
