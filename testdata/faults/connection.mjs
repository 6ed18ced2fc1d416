// Faults of connections: TCP, whatever is spoken on it. What is not to be disturbed goes to
// `accept(socket)`, the rest through a second connection to `target()`, a port of 127.0.0.1.

import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { flipped, strikingByte } from './rules.mjs';

const NOT_HTTP = 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n';

export function endSocket(socket, how) {
    if (how === 'reset')
        socket.resetAndDestroy();
    else
        socket.destroy();
}

// The client hears nothing; after `ms`, if there is such a number, the connection ends.
export async function keepSilent(socket, rule) {
    const closed = new Promise((resolve) => { socket.once('close', resolve); });
    const waits = rule.ms === undefined ? [] : [sleep(rule.ms, undefined, { ref: false })];
    if (!socket.destroyed)
        await Promise.race([closed, ...waits]);
    endSocket(socket, rule.end ?? 'reset');
}

// Writes, and waits until there is room for more or nobody takes it any longer.
export function writePart(to, bytes) {
    if (to.write(bytes) || to.destroyed)
        return undefined;
    return new Promise((resolve) => {
        const go = () => {
            to.off('drain', go).off('close', go);
            resolve();
        };
        to.on('drain', go).on('close', go);
    });
}

// Passes bytes on until the rule strikes in this direction.
async function pass(from, to, rule, sockets) {
    const at = rule ? strikingByte(rule) : Infinity;
    const piece = rule?.do === 'drip' ? Math.max(1, Math.floor(rule.bytesPerSecond / 10)) : Infinity;
    let sent = 0;
    for await (const bytes of from) {
        let rest = rule?.do === 'flip' ? flipped(bytes, at - sent) : bytes;
        if (['breakOff', 'freeze'].includes(rule?.do) && sent + rest.length >= at) {
            to.write(rest.subarray(0, at - sent));
            await sleep(20); // so that it arrives before a reset does
            if (rule.do === 'freeze')
                await keepSilent(sockets[0], rule);
            sockets.forEach((socket) => endSocket(socket, rule.end));
            return;
        }
        sent += bytes.length;
        for (; rest.length > piece; rest = rest.subarray(piece)) {
            to.write(rest.subarray(0, piece));
            await sleep(100);
        }
        await writePart(to, rest);
    }
    to.end();
}

export function passConnection(socket, target, rule) {
    const upstream = connect(target(), '127.0.0.1');
    const end = () => [socket, upstream].forEach((each) => each.destroy());
    upstream.on('error', end);
    pass(socket, upstream, rule?.way === 'up' ? rule : undefined, [socket, upstream]).catch(end);
    pass(upstream, socket, rule?.way === 'up' ? undefined : rule, [socket, upstream]).catch(end);
}

export function takeConnection(socket, rules, accept, target) {
    socket.on('error', () => {});
    const rule = rules.takeConnection();
    switch (rule?.do) {
    case undefined: return accept(socket);
    case 'refuse': return endSocket(socket, rule.end ?? 'reset');
    case 'mute': return keepSilent(socket.resume(), rule);
    case 'garble': return socket.resume().end(NOT_HTTP);
    default: return passConnection(socket, target, rule);
    }
}
