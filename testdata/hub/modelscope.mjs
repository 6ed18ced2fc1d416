// The same repositories by the API of ModelScope, as its Python clients use it (modelscope 1.34
// and modelscope_hub 0.5): /api/v1/models/{id}[/revisions|/repo/files|/repo], and the list of refs
// that git's smart HTTP begins with. Every answer is {"Code", "Data", "Message", "RequestId",
// "Success"}. The token comes as a cookie or as a bearer token.

import { createHash } from 'node:crypto';
import { lookUp, mayRead, redirectToCdn } from './hub.mjs';
import { findCommit, lastCommitOf, treeEntries } from './repos.mjs';

const API = /^\/api\/v1\/models\/([^/]+\/[^/]+?)(?:\/(revisions|repo\/files|repo))?$/;
const GIT = /^\/([^/]+\/[^/]+)\.git\/info\/refs$/;
const LISTED_ENTRIES = 3000; // the rest of a listing is cut off, and nothing says so

export function isModelscope(path) {
    return API.test(path) || GIT.test(path);
}

export async function answerModelscope(x) {
    const git = GIT.exec(x.path);
    const [, id, verb] = git ?? API.exec(x.path);
    const repo = openRepo(x, id);
    if (!repo)
        return undefined;
    if (git)
        return sendRefs(x, repo);
    if (verb === undefined)
        return send(x, { Path: repo.id.split('/')[0], Name: repo.id.split('/')[1] });
    if (verb === 'revisions')
        return sendRevisions(x, repo);
    const commit = findCommit(repo, x.parameters.get('Revision') ?? 'master');
    x.record.revision = x.parameters.get('Revision');
    if (!commit)
        return refuse(x, 404, 'revision does not exist');
    x.record.commit = commit.oid;
    return verb === 'repo' ? sendFile(x, repo, commit) : sendFiles(x, repo, commit);
}

function send(x, data) {
    x.sendJson(200, { Code: 200, Data: data, Message: 'success',
        RequestId: x.headers['X-Request-Id'], Success: true });
}

function refuse(x, status, message, code = status) {
    x.sendJson(status, { Code: code, Message: message, RequestId: x.headers['X-Request-Id'],
        Success: false });
}

function takeRights(x) {
    const bearer = /^Bearer (.*)$/i.exec(x.req.headers.authorization ?? '')?.[1];
    const cookie = /(?:^|; *)m_session_id=([^;]*)/.exec(x.req.headers.cookie ?? '')?.[1];
    const token = bearer ?? cookie;
    x.rights = token !== undefined ? x.state.tokens[token] : undefined;
    return token === undefined || x.rights !== undefined;
}

// A private model is not there for those who may not read it.
function openRepo(x, id) {
    const isKnown = takeRights(x);
    const repo = lookUp(x, 'models', id);
    x.record.repo = repo?.id ?? id;
    if (!isKnown)
        refuse(x, 401, 'AccessToken is invalid or expired', 10010103009);
    else if (!repo || (repo.private && !mayRead(x, repo)))
        refuse(x, 404, 'model does not exist', 10010205001);
    else if (repo.gated && !mayRead(x, repo))
        refuse(x, 403, 'you have no permission to this model');
    else
        return repo;
    return undefined;
}

function sendRevisions(x, repo) {
    const list = (names) => Object.keys(names).map((name) => ({
        Revision: name, CreatedAt: Date.parse(findCommit(repo, name).date) / 1000,
    }));
    send(x, { RevisionMap: { Branches: list(repo.branches), Tags: list(repo.tags) } });
}

async function sha256(file) {
    if (file.isLfs)
        return file.etag;
    const hash = createHash('sha256');
    for await (const chunk of file.content.read(0, file.size))
        hash.update(chunk);
    return hash.digest('hex');
}

// A file's `Revision` is the last commit that changed it.
async function fileEntry(x, repo, commit, entry) {
    const name = entry.path.split('/').at(-1);
    if (entry.type === 'directory')
        return { Type: 'tree', Path: entry.path, Name: name, Size: 0, Sha256: '', IsLFS: false,
            Mode: '40000', Revision: commit.oid };
    const file = commit.files.get(entry.path);
    const last = lastCommitOf(commit, entry.path);
    return { Type: 'blob', Path: entry.path, Name: name, Size: file.size,
        Sha256: await sha256(file), IsLFS: file.isLfs, Mode: '33188', InCheck: false,
        Revision: last.oid, CommitMessage: last.title,
        CommittedDate: Date.parse(last.date) / 1000, ...file.listing };
}

async function sendFiles(x, repo, commit) {
    const root = x.parameters.get('Root') ?? '';
    const recursive = x.parameters.get('Recursive') === 'True';
    const entries = treeEntries(repo, commit, root && `${root}/`, { recursive });
    const files = [];
    for (const entry of entries.slice(0, LISTED_ENTRIES))
        files.push(await fileEntry(x, repo, commit, entry));
    const { oid, parent, title, date } = commit;
    send(x, {
        Files: files, IsVisual: 0,
        LatestCommitter: { Id: '', ShortId: oid.slice(0, 8), Title: title, Message: title,
            ParentIds: parent ? [parent.oid] : [], CommittedDate: Date.parse(date) / 1000 },
    });
}

function sendFile(x, repo, commit) {
    const path = x.parameters.get('FilePath') ?? '';
    const file = commit.files.get(path);
    x.record.file = path;
    if (!file)
        return refuse(x, 404, 'file does not exist');
    if (file.isLfs)
        return redirectToCdn(x, repo, commit, file);
    return x.sendContent(file.served, file.etag, { 'Content-Type': 'application/octet-stream' });
}

// gitprotocol-http(5) and gitprotocol-pack(5), "Reference Discovery".
function sendRefs(x, repo) {
    if (x.switches.noGit)
        return x.sendText(404, 'Not Found');
    const packet = (text) => (text.length + 4).toString(16).padStart(4, '0') + text;
    const refs = [['refs/heads/', repo.branches], ['refs/tags/', repo.tags]]
        .flatMap(([prefix, names]) => Object.keys(names).sort()
            .map((name) => `${findCommit(repo, prefix + name).oid} ${prefix}${name}`));
    const lines = refs.map((line, i) => packet(`${line}${i ? '' : '\0multi_ack side-band-64k'}\n`));
    return x.sendText(200, `${packet('# service=git-upload-pack\n')}0000${lines.join('')}0000`,
        { 'Content-Type': 'application/x-git-upload-pack-advertisement' });
}
