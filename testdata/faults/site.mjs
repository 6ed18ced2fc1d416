// Where commands of inlay meet faults: the served hub, its CDN, a registry with its token server, each
// behind a proxy; what a TARGET shows before; and what is true of it afterwards. Files of the registry
// are read as they lie in its folder, so that no fault is between.
//
// The config, JSON: {"inlay": PROGRAM, "preload": LIBRARY, "dir": FOLDER, "key", "certificate": FILES,
// "servers": {"hub", "cdn", "registry", "token", "engine": URLS}, "data": the registry's FOLDER, "images":
// the engine's FOLDER, "user": NAME:PASSWORD, "layout": FOLDER of a layout with the base as :base}; the
// registry and the engine have `base` and `injected`, tag 1, and copies of their files become TARGETs.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { imageFile, readImage } from '../engine-server.mjs';
import { PARTIES } from './schedule.mjs';
import { Proxy } from './proxy.mjs';
import { CONNECTION_KINDS } from './rules.mjs';

// What no run needs, on a machine that is busy with others, too.
export const WALL_LIMIT_MS = 180000;
export const MODEL = 'acme/tiny';

function sha256(bytes) {
    return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

// A registry may still be writing down what was broken off; what is left goes with the site.
function removeSoon(folder) {
    for (let left = 20; left > 0; left--) {
        try {
            return rmSync(folder, { recursive: true, force: true });
        } catch (error) {
            if (error.code !== 'ENOTEMPTY')
                throw error;
        }
    }
    return undefined;
}

export class Site {
    constructor(config, name) {
        Object.assign(this, { config, name, expected: new Map(), runs: 0 });
        this.folder = `${config.dir}/${name}`;
        this.repositories = `${config.data}/docker/registry/v2/repositories`;
    }

    async start() {
        const tls = { key: readFileSync(this.config.key), cert: readFileSync(this.config.certificate) };
        this.plain = await this.startProxies(undefined);
        this.secure = await this.startProxies(tls);
        mkdirSync(this.folder, { recursive: true });
        return this;
    }

    async startProxies(tls) {
        const rewrites = new Map();
        const proxies = {};
        for (const party of PARTIES) {
            const upstream = this.config.servers[party];
            proxies[party] = await new Proxy({ upstream, tls, rewrites }).start();
        }
        return proxies;
    }

    stop() {
        [this.plain, this.secure].flatMap(Object.values).forEach((proxy) => proxy.stop());
    }

    // A fresh place for one run: TARGET shows the old image. {proxies, env, arguments, target, ...}
    prepare(wish) {
        const { command, tls = false, jobs = 4, base = 'oci', kind } = wish;
        const number = ++this.runs;
        const proxies = tls ? this.secure : this.plain;
        const host = new URL(proxies.registry.url).host;
        const folder = `${this.folder}/${number}`;
        const repository = `${this.name}-${number}`;
        const run = { ...wish, proxies, host, folder, repository, key: `${command} ${tls} ${base} ${kind}` };
        mkdirSync(`${folder}/tmp`, { recursive: true });
        writeFileSync(`${folder}/auth.json`, JSON.stringify({ auths:
            { [host]: { auth: Buffer.from(this.config.user).toString('base64') } } }));
        this.makeTarget(run);
        const from = base === 'registry' ? `${host}/base:1` : `oci:${this.config.layout}:base`;
        const words = {
            inject: ['inject', from, MODEL, '--to', run.target],
            'inject-oci': ['inject', `${host}/base:1`, MODEL, '--to', run.target],
            'copy-up': ['copy', `oci:${this.config.layout}:injected`, run.target],
            'copy-down': ['copy', `${host}/injected:1`, run.target],
            remove: ['remove', run.target, MODEL, '--to', run.target],
            verify: ['verify', run.target],
            'inject-engine': ['inject', 'docker-daemon:base:1', MODEL, '--to', run.target],
            'copy-from-engine': ['copy', 'docker-daemon:injected:1', run.target],
            'copy-to-engine': ['copy', `${host}/injected:1`, run.target],
        }[command];
        run.words = [...words, '--jobs', `${jobs}`, ...this.cacheOptions(run)];
        if (command === 'verify')
            run.words = words;
        if (tls)
            run.words.push('--tls-ca', this.config.certificate);
        if (command.endsWith('engine'))
            run.words.push('--timeout', '60'); // or an engine that saves or loads has an hour
        if (wish.chunk)
            run.words.push('--chunk-size', wish.chunk);
        run.env = { PATH: process.env.PATH, HOME: folder, TMPDIR: `${folder}/tmp`,
            HF_ENDPOINT: proxies.hub.url, REGISTRY_AUTH_FILE: `${folder}/auth.json`,
            LD_PRELOAD: this.config.preload, INLAY_HASTEN: `${this.config.hasten}`,
            ASAN_OPTIONS: 'verify_asan_link_order=0', ...this.engineSettings(run), ...wish.env };
        return run;
    }

    engineSettings({ proxies, tls, command }) {
        if (!command.endsWith('engine'))
            return {};
        return { DOCKER_HOST: `tcp://${new URL(proxies.engine.url).host}`,
            ...tls && { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: `${this.config.dir}/certificates` } };
    }

    cacheOptions({ downloadCache, layerCache, folder, host, repository }) {
        return [...downloadCache ? ['--download-cache', `${folder}/files`] : [],
            ...layerCache ? ['--layer-cache', `${host}/${repository}-layers`] : []];
    }

    // What TARGET shows before: the base, or the injected image where that is needed.
    makeTarget(run) {
        const shown = ['remove', 'verify'].includes(run.command) ? 'injected' : 'base';
        const kind = run.kind ?? { 'inject-oci': 'oci', 'copy-down': 'oci', 'inject-engine': 'engine',
            'copy-to-engine': 'engine' }[run.command] ?? 'registry';
        run.place = kind;
        switch (kind) {
        case 'registry':
            cpSync(`${this.repositories}/${shown}`, `${this.repositories}/${run.repository}`,
                { recursive: true });
            run.target = `${run.host}/${run.repository}:1`;
            break;
        case 'oci':
            cpSync(`${this.config.dir}/old-${shown}`, `${run.folder}/target`, { recursive: true });
            run.target = `oci:${run.folder}/target:1`;
            break;
        case 'engine':
            run.target = `docker-daemon:${run.repository}:1`;
            cpSync(imageFile(this.config.images, 'base:1'), this.imageFile(run));
            break;
        default:
            cpSync(`${this.config.dir}/old.${kind}`, `${run.folder}/target.tar`);
            run.target = `${kind}:${run.folder}/target.tar:${kind === 'docker-archive' ? 'app:1' : '1'}`;
        }
        run.old = this.shows(run);
    }

    imageFile(run) {
        return imageFile(this.config.images, `${run.repository}:1`);
    }

    // As nothing is in the way, in time that is not hastened: the machine may be busy.
    executeFree(run) {
        this.setFaults(run);
        return this.execute({ ...run, env: { ...run.env, INLAY_HASTEN: '1' } });
    }

    // {status, signal, out, err, ms, hung}. `begun` is called with the process.
    execute(run, begun = () => {}) {
        return new Promise((resolve, reject) => {
            const start = Date.now();
            const child = spawn(this.config.inlay, run.words, { env: run.env, cwd: run.folder,
                stdio: ['ignore', 'pipe', 'pipe'] });
            const result = { out: '', err: '', hung: false };
            const limit = setTimeout(() => {
                result.hung = true;
                child.kill('SIGKILL');
            }, WALL_LIMIT_MS);
            child.stdout.on('data', (part) => { result.out += part; });
            child.stderr.on('data', (part) => { result.err += part; });
            child.on('error', reject).on('close', (status, signal) => {
                clearTimeout(limit);
                resolve({ ...result, status, signal, ms: Date.now() - start });
            });
            begun(child);
        });
    }

    setFaults(run, faults = []) {
        PARTIES.forEach((party) => run.proxies[party]
            .setFaults(faults.filter((fault) => fault.party === party)
                .map((fault) => ({ ...fault, party: undefined }))));
    }

    // Whether the fault of this run has struck where only the answer could tell what became of TARGET. What
    // was asked on a connection that was struck itself is not in the log.
    struckTag(run) {
        const isStruck = (proxy) => proxy.rules.rules
            .some((rule) => rule.applied > 0 && CONNECTION_KINDS.includes(rule.do));
        return isStruck(run.proxies[run.place === 'engine' ? 'engine' : 'registry'])
            || run.proxies.engine.log.some((entry) => entry.url.includes('/images/load'))
            || run.proxies.registry.log.some((entry) => entry.method === 'PUT'
            && entry.url.includes('/manifests/'));
    }

    // Whether inlay was told of TARGET's tag that it does not exist.
    deniedTag(run) {
        return run.proxies.registry.rules.rules.some((rule) => rule.applied > 0 && rule.status === 404
            && ['status', 'replace'].includes(rule.do));
    }

    // The digest that TARGET shows; an archive that cannot be had by tag is told by its bytes, and of an
    // engine it is the image's id.
    shows(run) {
        if (run.place === 'engine')
            return readImage(readFileSync(this.imageFile(run))).id;
        if (run.place === 'registry') {
            const link = `${this.repositories}/${run.repository}/_manifests/tags/1/current/link`;
            return existsSync(link) ? readFileSync(link, 'utf8') : '';
        }
        if (run.place === 'oci') {
            const index = JSON.parse(readFileSync(`${run.folder}/target/index.json`, 'utf8'));
            return index.manifests.find((entry) =>
                entry.annotations?.['org.opencontainers.image.ref.name'] === '1')?.digest ?? '';
        }
        return existsSync(`${run.folder}/target.tar`) ? sha256(readFileSync(`${run.folder}/target.tar`)) : '';
    }

    blob(run, digest) {
        const hex = digest.replace('sha256:', '');
        const file = run.place === 'oci' ? `${run.folder}/target/blobs/sha256/${hex}`
            : `${this.config.data}/docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`;
        const bytes = readFileSync(file);
        if (sha256(bytes) !== digest)
            throw new Error(`${digest} has other bytes`);
        return bytes;
    }

    // Throws if what TARGET shows is not whole.
    checkWhole(run) {
        if (!['registry', 'oci'].includes(run.place))
            return; // its bytes are compared as a whole, and an engine's image is as it is read
        const manifest = JSON.parse(this.blob(run, this.shows(run)));
        for (const { digest } of [manifest.config, ...manifest.layers]) {
            this.blob(run, digest);
            const hex = digest.replace('sha256:', '');
            if (run.place === 'registry'
                && !existsSync(`${this.repositories}/${run.repository}/_layers/sha256/${hex}/link`))
                throw new Error(`${digest} is not in the repository`);
        }
    }

    // What a run without faults makes of this; the first one finds out.
    async expect(wish) {
        const run = this.prepare(wish);
        if (!this.expected.has(run.key)) {
            const result = await this.executeFree(run);
            if (result.status !== 0)
                throw new Error(`without any fault: inlay ${run.words.join(' ')}: ${result.err}`);
            this.checkWhole(run);
            this.expected.set(run.key, this.shows(run));
        }
        this.forget(run);
        return this.expected.get(run.key);
    }

    // What is beside TARGET where nothing should be: names.
    litter(run) {
        const names = [...readdirSync(`${run.folder}/tmp`), ...readdirSync(run.folder)]
            .filter((name) => !['tmp', 'auth.json', 'target', 'target.tar', '.cache', 'files'].includes(name));
        if (run.place !== 'oci')
            return names;
        return [...names, ...readdirSync(`${run.folder}/target`, { recursive: true }).map(String)
            .filter((name) => !/^(blobs|blobs\/sha256|blobs\/sha256\/[0-9a-f]{64}|index\.json|oci-layout)$/
                .test(name))];
    }

    forget(run) {
        this.setFaults(run);
        rmSync(run.folder, { recursive: true, force: true });
        rmSync(this.imageFile(run), { force: true });
        for (const repository of [run.repository, `${run.repository}-layers`])
            removeSoon(`${this.repositories}/${repository}`);
    }
}
