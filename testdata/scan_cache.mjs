// Judges a finished cache with the public JavaScript client, without any server:
// `HUB_CLIENT=FOLDER node scan_cache.mjs CACHE_DIR`, where FOLDER has @huggingface/hub installed
// (install_hub_client of lib.sh). The client's scan must report no warning, and by its full commit
// hash each file of each snapshot must be found in the cache, without a request. Prints a line for
// each repository; exit status 1 and one line on standard error at the first defect.

import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { join, relative } from 'node:path';

const requireClient = createRequire(join(process.env.HUB_CLIENT, 'package.json'));
const { scanCacheDir, downloadFileToCacheDir } = requireClient('@huggingface/hub');

function complain(text) {
    console.error(`scan_cache: ${text}`);
    process.exit(1);
}

// A port that was free a moment ago: nobody answers there.
async function closedPort() {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    server.close();
    return port;
}

function filesBelow(folder) {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const path = join(folder, entry.name);
        return entry.isDirectory() ? filesBelow(path) : [path];
    });
}

const cacheDir = process.argv[2];
const hubUrl = `http://127.0.0.1:${await closedPort()}`;
const { repos, warnings } = await scanCacheDir(cacheDir);
for (const warning of warnings)
    complain(`the client warns: ${warning.message}`);
if (repos.length === 0)
    complain(`no repository in '${cacheDir}'`);

async function checkFile(repo, revision, path, file) {
    const about = `'${path}' of ${repo.name}@${revision}`;
    const where = await downloadFileToCacheDir({ repo, path, revision, cacheDir, hubUrl })
        .catch((error) => complain(`${about} is not found: ${error.message}`));
    if (where !== file)
        complain(`${about} is found at '${where}', not at '${file}'`);
    readFileSync(where);
}

for (const { id, revisions } of repos) {
    let count = 0;
    for (const { commitOid, path } of revisions) {
        for (const file of filesBelow(path)) {
            await checkFile(id, commitOid, relative(path, file), file);
            count += 1;
        }
    }
    if (count === 0)
        complain(`no file of ${id.name} in '${cacheDir}'`);
    console.log(`${id.type} ${id.name}: ${revisions.length} snapshots, ${count} files`);
}
