// Faults as values: which there are, which request or connection one meets, and the random numbers
// that all of them are drawn with. Told in proxy.mjs.

// What is done to a connection, whatever is spoken on it.
export const CONNECTION_KINDS = ['refuse', 'mute', 'garble', 'breakOff', 'freeze', 'flip', 'drip'];
// What is done to a request, which the server then does not get as it is, or not at all.
export const REQUEST_KINDS = ['status', 'silence', 'close', 'garbage', 'cutUp', 'stallUp', 'changeUp'];
// What is done to the answer, after the server has done what was asked.
export const ANSWER_KINDS = ['lose', 'replace', 'cutHead', 'cut', 'stall', 'short', 'long', 'change',
    'trickle', 'expire'];
// Waits until somebody lets go; before the request is passed on, or before the answer is.
export const GATE_KINDS = ['hold', 'holdAnswer'];

const KINDS = [...CONNECTION_KINDS, ...REQUEST_KINDS, ...ANSWER_KINDS, ...GATE_KINDS];
const MEMBERS = ['do', 'party', 'method', 'path', 'after', 'times', 'at', 'share', 'ms', 'end', 'way',
    'status', 'headers', 'bytes', 'bytesPerSecond'];

export class Rules {
    constructor(rules = []) {
        this.rules = rules.map((rule) => {
            const unknown = Object.keys(rule).find((name) => !MEMBERS.includes(name));
            if (unknown)
                throw new Error(`fault: no member '${unknown}', known are ${MEMBERS.join(', ')}`);
            if (!KINDS.includes(rule.do))
                throw new Error(`fault: 'do' is '${rule.do}', known are ${KINDS.join(', ')}`);
            return { ...rule, seen: 0, applied: 0 };
        });
    }

    takeConnection() {
        return this.#take((rule) => CONNECTION_KINDS.includes(rule.do));
    }

    takeRequest(method, url) {
        return this.#take((rule) => !CONNECTION_KINDS.includes(rule.do)
            && (!rule.method || new RegExp(`^(${rule.method})$`).test(method))
            && (!rule.path || new RegExp(rule.path).test(url)));
    }

    // Every rule that fits counts this one; the first whose turn it is applies.
    #take(fits) {
        let taken;
        for (const rule of this.rules.filter(fits)) {
            rule.seen += 1;
            if (taken || rule.seen <= (rule.after ?? 0) || rule.applied >= (rule.times ?? 1))
                continue;
            rule.applied += 1;
            taken = rule;
        }
        return taken;
    }
}

// The byte at which the rule strikes, among so many; where these are not known, of a mebibyte.
export function strikingByte(rule, size) {
    return rule.at ?? Math.floor((rule.share ?? 0) * (size ?? 1048576));
}

// A copy with one bit of the byte at `at` changed, if that byte is among them.
export function flipped(bytes, at) {
    if (at < 0 || at >= bytes.length)
        return bytes;
    const copy = Buffer.from(bytes);
    copy[at] ^= 1;
    return copy;
}

// The same numbers for the same seed, everywhere (mulberry32).
export class Random {
    constructor(seed) {
        this.state = seed >>> 0;
        for (let i = 0; i < 4; i++)
            this.next();
    }

    next() {
        this.state = (this.state + 0x6d2b79f5) >>> 0;
        let mixed = this.state;
        mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    }

    below(limit) {
        return Math.floor(this.next() * limit);
    }

    choose(list) {
        return list[this.below(list.length)];
    }

    // One of the rows [WEIGHT, VALUE].
    weigh(rows) {
        let left = this.next() * rows.reduce((sum, [weight]) => sum + weight, 0);
        return (rows.find(([weight]) => (left -= weight) < 0) ?? rows.at(-1))[1];
    }
}
