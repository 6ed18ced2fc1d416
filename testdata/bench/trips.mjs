// How many round trips of a run waited for each other: node trips.mjs TRACE, the file of --trace.
// Prints the length of the longest chain in which each request began when the one before it had ended,
// with one more for a new connection, and one for its TLS; and how many requests there were in all.
// A connection on which TLS was not agreed on carries no request.

import { readFileSync } from 'node:fs';

const events = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const opened = new Set(events.filter((event) => event.name === 'connect').map(({ tid, ts }) => `${tid} ${ts}`));
const trips = events.filter((event) => event.args?.status !== undefined)
    .map(({ name, ts, dur, tid, args }) => ({ name, begin: ts, end: ts + dur,
        opens: opened.has(`${tid} ${ts}`) || args.status === 0 ? 1 + / https:/.test(name) : 0,
        own: Number(args.status > 0) }))
    .sort((a, b) => a.begin - b.begin);
const ended = [];
for (const trip of trips) {
    trip.before = Math.max(0, ...ended.filter((other) => other.end <= trip.begin).map((other) => other.chain));
    trip.chain = trip.before + trip.opens + trip.own;
    ended.push(trip);
}
console.log(`${Math.max(0, ...trips.map((trip) => trip.chain))} of ${trips.length}`);
