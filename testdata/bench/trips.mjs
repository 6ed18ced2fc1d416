// How many round trips of a run waited for each other: node trips.mjs TRACE, the file of --trace.
// Prints the length of the longest chain in which each request began when the one before it had ended,
// with one more for a new connection, and one for its TLS; and how many requests there were in all.

import { readFileSync } from 'node:fs';

const trips = JSON.parse(readFileSync(process.argv[2], 'utf8')).filter((event) => event.args?.status !== undefined)
    .map(({ name, ts, dur, tid }) => ({ name, begin: ts, end: ts + dur, connection: tid }))
    .sort((a, b) => a.begin - b.begin);
const seen = new Set();
const ended = [];
for (const trip of trips) {
    const opens = seen.has(trip.connection) ? 0 : 1 + / https:/.test(trip.name);
    seen.add(trip.connection);
    trip.before = Math.max(0, ...ended.filter((other) => other.end <= trip.begin).map((other) => other.chain));
    trip.chain = trip.before + 1 + opens;
    ended.push(trip);
}
console.log(`${Math.max(0, ...trips.map((trip) => trip.chain))} of ${trips.length}`);
