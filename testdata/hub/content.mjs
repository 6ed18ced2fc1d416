// What a served file consists of: bytes of a file on disk, bytes in memory, or bytes made up on the
// fly. A content has a `size` and `read(start, end)`, which yields the bytes from start up to, not
// including, end, and never holds more than a block of them.

import { createCipheriv, createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const BLOCK = 1 << 20;
const ZEROS = Buffer.alloc(BLOCK);

export function fromBytes(bytes) {
    return {
        size: bytes.length,
        async *read(start, end) {
            if (start < end)
                yield bytes.subarray(start, end);
        },
    };
}

export function fromFile(path) {
    return {
        size: statSync(path).size,
        async *read(start, end) {
            if (start < end)
                yield* createReadStream(path, { start, end: end - 1, highWaterMark: BLOCK });
        },
    };
}

// The key stream of AES in counter mode: incompressible, the same on every machine, and any offset
// can be computed by itself.
export function synthetic(size, seed) {
    const key = createHash('sha256').update(`seed ${seed}`).digest().subarray(0, 16);
    return {
        size,
        name: `synthetic:${size}:${seed}`,
        async *read(start, end) {
            const counter = Buffer.alloc(16);
            counter.writeBigUInt64BE(BigInt(Math.floor(start / 16)), 8);
            const cipher = createCipheriv('aes-128-ctr', key, counter);
            let skip = start % 16;
            for (let at = start - skip; at < end;) {
                const length = Math.min(BLOCK, end - at);
                yield cipher.update(ZEROS.subarray(0, length)).subarray(skip);
                skip = 0;
                at += length;
            }
        },
    };
}

export function gitBlobOid(bytes) {
    return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

// Computes digests, and remembers those of synthetic contents in the file `path` (optional), since
// they never change and may take seconds.
export class Digester {
    constructor(path) {
        this.path = path;
        this.known = path && existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
    }

    sha256(content) {
        return this.digest(content, 'sha256', '');
    }

    gitOid(content) {
        return this.digest(content, 'sha1', `blob ${content.size}\0`);
    }

    async digest(content, algorithm, prefix) {
        const name = content.name && `${content.name}:${algorithm}`;
        if (name && this.known[name])
            return this.known[name];
        const hash = createHash(algorithm).update(prefix);
        for await (const chunk of content.read(0, content.size))
            hash.update(chunk);
        const hex = hash.digest('hex');
        if (name)
            this.remember(name, hex);
        return hex;
    }

    remember(name, hex) {
        this.known[name] = hex;
        if (!this.path)
            return;
        const temporary = `${this.path}.${process.pid}`;
        writeFileSync(temporary, JSON.stringify(this.known, null, 1));
        renameSync(temporary, this.path);
    }
}
