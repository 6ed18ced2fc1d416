#!/bin/bash
# Layers that can be pulled lazily: what stargz-snapshotter's own tools and other tools make of them.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/lazy", "files": [{"path": "config.json", "text": "{\"a\": 1}"},
      {"path": "model.safetensors", "synthetic": 70000000, "seed": 1, "lfs": true},
      {"path": "merges.bin", "synthetic": 2000000, "seed": 2}, {"path": "empty", "text": ""}]}'
start_registry
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
cd "$TEST_DIR" || exit
make_base base 1 --user app
make_base docker 1 --user app --docker
push_base base 1 "$REGISTRY/app:base"

own() { # DIR TAG: the descriptors of what inlay added for the model
    image_manifest "$1" "$2" | jq -c '.layers[] | select(.annotations["containerd.io/snapshot/stargz/toc.digest"])'
}

expect_exit 0 "$INLAY" inject oci:base:1 acme/lazy --to oci:out:plain
expect_exit 0 "$INLAY" inject oci:base:1 acme/lazy --to oci:out:lazy --compression estargz
expect_eq 3 "$(own out lazy | wc -l)" 'layers with a table'
"$TESTDATA/validate_image.sh" out lazy >judged || fail "$(tail -1 judged)"
expect_exit 0 "$INLAY" verify oci:out:lazy --hub
expect_exit 0 "$INLAY" inspect oci:out:lazy
expect_contains "$OUT" acme/lazy

# Table, offset and chunks as a reader of the format finds them, by Python's gzip alone.
own out lazy | while read -r layer; do
    python3 - "$(blob_path out "$(jq -r .digest <<<"$layer")")" "$layer" <<'PYTHON' || fail "$layer"
import gzip, hashlib, io, json, sys, tarfile, zlib
blob, layer = open(sys.argv[1], 'rb').read(), json.loads(sys.argv[2])
notes = layer['annotations']
def sha(data): return 'sha256:' + hashlib.sha256(data).hexdigest()
assert layer['mediaType'].endswith('tar+gzip') and len(blob) == layer['size']
tar = gzip.decompress(blob)
assert len(tar) == int(notes['io.containers.estargz.uncompressed-size'])
footer = blob[-51:]
assert gzip.decompress(footer) == b'' and footer[12:16] == b'SG\x16\0' and footer[32:38] == b'STARGZ'
at = int(footer[16:32], 16)
table = tarfile.open(fileobj=io.BytesIO(gzip.decompress(blob[at:-51]))).extractfile('stargz.index.json').read()
assert sha(table) == notes['containerd.io/snapshot/stargz/toc.digest']
table = json.loads(table)
assert table['version'] == 1
members = tarfile.open(fileobj=io.BytesIO(tar)).getmembers()
assert members[-1].name == 'stargz.index.json' and members[-2].name.endswith('prefetch.landmark')
told = [entry for entry in table['entries'] if entry['type'] != 'chunk']
assert [m.name for m in members[:-1]] == [entry['name'].rstrip('/') for entry in told]
assert [(m.mode, m.uid, m.gid, m.size) for m in members[:-1]] == \
    [(e['mode'], e['uid'], e['gid'], e.get('size', 0)) for e in told]
files = tarfile.open(fileobj=io.BytesIO(tar))
for entry in table['entries']:
    if entry['type'] == 'reg':
        content = files.extractfile(entry['name']).read()
        size = entry.get('size', 0)
        assert not size or sha(content) == entry['digest']
    if 'offset' not in entry:
        continue
    member = zlib.decompressobj(31)
    chunk = member.decompress(blob[entry['offset']:])
    at = entry.get('chunkOffset', 0)
    assert member.eof and chunk == content[at:at + (entry.get('chunkSize') or size - at)]
    assert sha(chunk) == entry['chunkDigest']
PYTHON
done

# What the tool of the format says.
if command -v ctr-remote >/dev/null && [ "$(id -u)" -eq 0 ] && command -v containerd >/dev/null; then
    printf 'version = 2\nroot = "%s/c/root"\nstate = "%s/c/state"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\n  address = "%s/c.sock"\n' \
        "$TEST_DIR" "$TEST_DIR" "$TEST_DIR" >containerd.toml
    start_server containerd.log containerd --config containerd.toml
    wait_until containerd.log eval 'ctr-remote --address "$TEST_DIR/c.sock" version >/dev/null 2>&1'
    skopeo copy -q oci:out:lazy oci-archive:lazy.tar:1
    ctr-remote --address "$TEST_DIR/c.sock" images import --snapshotter native --base-name localhost/lazy lazy.tar >/dev/null ||
        fail 'containerd does not take it'
    own out lazy | while read -r layer; do
        expect_eq "$(jq -r '.annotations["containerd.io/snapshot/stargz/toc.digest"]' <<<"$layer")" \
            "$(ctr-remote --address "$TEST_DIR/c.sock" images get-toc-digest "$(jq -r .digest <<<"$layer")")"
    done
fi

# The same files as without, by umoci; and the marks of the format.
umoci unpack --rootless --image out:lazy bundle >unpacked 2>&1 || fail 'umoci does not unpack it'
unpack_image out plain tree
home=home/app/.cache/huggingface
cmp -s <(cd "tree/$home" && find . -type f -exec sha256sum {} + | sort) \
    <(cd "bundle/rootfs/$home" && find . -type f -exec sha256sum {} + | sort) || fail 'other files'
[ -f bundle/rootfs/.prefetch.landmark ] || fail 'no landmark'

# The same bytes from every run; nothing moves for the second time, wherever it goes.
digest=$(tag_digest out lazy)
expect_exit 0 "$INLAY" inject oci:base:1 acme/lazy --to oci:out:lazy --compression estargz
expect_contains "$ERR" 'moved 0 B of model, 0 B of base'
expect_eq "$digest" "$(tag_digest out lazy)"
XDG_CACHE_HOME=$TEST_DIR/fresh expect_exit 0 "$INLAY" inject "$REGISTRY/app:base" acme/lazy \
    --to "$REGISTRY/app:lazy" --compression estargz --jobs 1 --layer-cache "$REGISTRY/layers"
pull_image "$REGISTRY/app:lazy" pulled lazy
expect_eq "$(own out lazy)" "$(own pulled lazy)" 'what the registry has'
XDG_CACHE_HOME=$TEST_DIR/other expect_exit 0 "$INLAY" inject "$REGISTRY/app:base" acme/lazy \
    --to "$REGISTRY/other:lazy" --compression estargz --layer-cache "$REGISTRY/layers"
expect_contains "$ERR" 'moved 0 B of model'
expect_contains "$ERR" 'checked'
pull_image "$REGISTRY/other:lazy" other lazy
expect_eq "$(own out lazy)" "$(own other lazy)" 'layers that were checked'

# A record with the digest of another table: the layer is read, refused and built.
image_manifest out lazy | jq -c '.layers[].annotations |= if . == null then empty else with_entries(
    if .key | test("toc.digest") then .value = "sha256:" + "0123456789abcdef" * 4 else . end) end' >manifest.json
cp -a out wrong
new=$(sha256_of manifest.json)
jq -c --arg digest "sha256:$new" --argjson size "$(stat -c %s manifest.json)" \
    '.manifests |= [.[] | select(.annotations["org.opencontainers.image.ref.name"] == "lazy") | .digest = $digest | .size = $size]' \
    out/index.json >wrong/index.json
mv manifest.json "wrong/blobs/sha256/$new"
XDG_CACHE_HOME=$TEST_DIR/third expect_exit 0 "$INLAY" inject oci:base:1 acme/lazy --to oci:mended:lazy \
    --compression estargz --reuse-from oci:wrong:lazy
expect_contains "$ERR" 'its record tells another table than it has'
expect_eq "$(own out lazy)" "$(own mended lazy)" 'layers that were built instead'

# The layers alone; as a base of another image; and where the format cannot be.
expect_exit 0 "$INLAY" layer acme/lazy -o layer.tar --base oci:base:1 --compression estargz
expect_json "$OUT" '[.layers[] | select(.annotations) | [.digest, .size, .annotations]]' \
    "$(own out lazy | jq -sc '[.[] | [.digest, .size, (.annotations | del(."dev.inlay.model", ."dev.inlay.commit", ."dev.inlay.recipe"))]]')"
expect_exit 0 "$INLAY" remove oci:out:lazy acme/lazy --to oci:out:removed
expect_eq "$(image_manifest base 1 | jq -c '[.layers[].digest]')" \
    "$(image_manifest out removed | jq -c '[.layers[].digest]')" 'the base, with the model taken out'
expect_exit 6 "$INLAY" inject oci:docker:1 acme/lazy --to oci:out:no --compression estargz
expect_contains "$ERR" "whose layers have no annotations"
expect_exit 2 "$INLAY" inject oci:base:1 acme/lazy --to oci:out:no --compression estargz:4
expect_contains "$ERR" "'estargz' takes no level"
# A Docker archive has no place for the annotations, which is said.
expect_exit 0 "$INLAY" inject oci:base:1 acme/lazy --to docker-archive:lazy.tar:app:1 --compression estargz
expect_contains "$ERR" "a Docker archive keeps no annotations, without which estargz layers are not pulled lazily; write to a registry"
expect_exit 0 "$INLAY" inject oci:base:1 acme/lazy --to oci-archive:lazy.tar:1 --compression estargz
expect_lacks "$ERR" annotations
