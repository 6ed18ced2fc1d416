#!/bin/bash
# Archives and engines, as other programs write and read them: skopeo, umoci, containerd, podman and,
# where it can be started, Docker.
. "$(dirname "$0")/../../testdata/lib.sh"

cd "$TEST_DIR" || exit
export TMPDIR=$TEST_DIR/tmp
mkdir "$TMPDIR"

copy() { # FROM TO [OPTION...]: sets DIGEST
    expect_exit 0 "$INLAY" copy -q "$@"
    DIGEST=${OUT##*@}
}
same_blobs() { diff -r "$1/blobs" "$2/blobs" || fail "$2 has other blobs than $1"; }
theirs() { skopeo copy --quiet --insecure-policy "$@" >/dev/null || fail "skopeo does not take $1"; }
nothing_left() { expect_eq '' "$(find "$TEST_DIR" -name '.inlay-*' -o -path "$TMPDIR/*")" 'what is left'; }

make_base base 1 --gzip --layers 2
make_base plain 1 --layers 3
make_base index 1 --index --layers 2
make_base docker 1 --docker --gzip
base_digest=$(tag_digest base 1)
config_id=$(image_config base 1 | sha256sum | cut -d ' ' -f 1)

# An OCI archive is the layout in a tar, for everybody.
copy oci:base:1 oci-archive:base.tar:1
expect_eq "$base_digest" "$DIGEST" 'the digest of the archive'
expect_eq "${base_digest#sha256:}" "$(skopeo inspect --raw oci-archive:base.tar:1 | sha256_of /dev/stdin)" 'what skopeo sees'
mkdir unpacked && tar -xf base.tar -C unpacked
same_blobs base unpacked
expect_eq 1 "$(umoci ls --layout unpacked)" 'what umoci sees'
umoci unpack --rootless --image unpacked:1 bundle >/dev/null || fail 'umoci does not unpack the archive'
expect_file bundle/rootfs/bin/busybox
copy oci:plain:1 oci-archive:named.tar:docker.io/library/named:2
copy oci-archive:named.tar oci:again:1
same_blobs plain again
copy oci:index:1 oci-archive:index.tar:1
copy oci-archive:index.tar:1 oci:index-again:1
same_blobs index index-again
"$TESTDATA/validate_image.sh" index-again 1 >/dev/null
copy oci:plain:1 oci-archive:untagged.tar
expect_json "$(tar -xOf untagged.tar index.json)" '[.manifests[] | has("annotations")]' '[false]'
copy oci-archive:untagged.tar oci:untagged:1

# Through pipes: bytes at both ends, and the same ones as through files.
"$INLAY" copy -q oci:index:1 oci-archive:-:1 2>said >piped.tar || fail 'copying to a pipe'
cmp index.tar piped.tar
# shellcheck disable=SC2002 # a pipe is what is meant
cat piped.tar | "$INLAY" copy -q oci-archive:- oci-archive:-:1 2>said | cmp - index.tar
for pack in gzip zstd xz bzip2; do
    $pack -c index.tar >packed.tar
    copy oci-archive:packed.tar:1 "oci:from-$pack:1"
    same_blobs index "from-$pack"
done
gzip -c index.tar | "$INLAY" copy -q oci-archive:- oci:from-pipe:1 >said || fail 'copying from a packed pipe'
same_blobs index from-pipe
nothing_left

# What skopeo writes.
theirs oci:plain:1 oci-archive:skopeo.tar:x
copy oci-archive:skopeo.tar oci:of-skopeo:1
theirs oci:plain:1 docker-archive:skopeo-docker.tar:app:1
copy docker-archive:skopeo-docker.tar:app:1 oci:of-skopeo-docker:1
expect_eq "$(image_config plain 1 | sha256sum)" "$(image_config of-skopeo-docker 1 | sha256sum)" 'the config of skopeo'

# A Docker archive for skopeo; what it reads has the config and the layers that went in.
copy oci:base:1 docker-archive:app.tar:app:1
theirs docker-archive:app.tar:app:1 dir:app-dir
expect_file "app-dir/$config_id"
copy docker-archive:app.tar oci:app-again:1
for digest in $(image_manifest base 1 | jq -r '.config.digest, .layers[].digest'); do
    cmp "base/blobs/sha256/${digest#*:}" "app-again/blobs/sha256/${digest#*:}"
done
again=$DIGEST
copy docker-archive:app.tar:@0 oci:app-again:2
expect_eq "$again" "$DIGEST" 'the manifest that an archive is given'
"$INLAY" copy -q oci:plain:1 docker-archive:-:app:1 2>said >piped-docker.tar || fail 'copying to a pipe'
theirs docker-archive:piped-docker.tar:app:1 dir:piped-dir
expect_exit 2 "$INLAY" copy -q oci:index:1 docker-archive:index-docker.tar:app:1
expect_contains "$ERR" '--platform'
expect_no_file index-docker.tar
copy oci:index:1 docker-archive:index-docker.tar:app:1 --platform linux/arm64
theirs docker-archive:index-docker.tar dir:index-dir
expect_json index-dir/manifest.json '.layers | length' 2

# What is wrong is told, and the target stays as it was.
kept() { # STATUS WORDS FROM: the archive that is there stays
    cp base.tar kept.tar
    expect_exit "$1" "$INLAY" copy -q "$3" oci-archive:kept.tar:new
    expect_contains "$ERR" "$2"
    cmp base.tar kept.tar
    nothing_left
}
refused() { # the same, before anything is written
    kept "$@"
    expect_exit "$1" "$INLAY" copy -q "$3" oci:never:1
    expect_no_file never
}
head -c 700000 base.tar >cut.tar
refused 7 'is cut short' oci-archive:cut.tar:1
gzip -c base.tar >whole.tar.gz
head -c 700000 whole.tar.gz >cut.tar.gz
refused 7 'cannot be unpacked' oci-archive:cut.tar.gz:1
refused 3 "it has no image '9'; there is '1'" oci-archive:base.tar:9
refused 3 "there is 'app:1'" docker-archive:app.tar:other:1
refused 3 'does not exist' oci-archive:nowhere.tar
refused 7 "; try 'docker-archive:app.tar'" oci-archive:app.tar
refused 7 "; try 'oci-archive:base.tar'" docker-archive:base.tar
refused 2 'oci:DIR is for folders' oci-archive:base
mkdir two && tar -xf base.tar -C two && jq -c '.manifests += [.manifests[0]
    | .digest = "sha256:\(.digest[7:] | explode | reverse | implode)"
    | .annotations["org.opencontainers.image.ref.name"] = "2"]' two/index.json >two.json
mv two.json two/index.json && tar -cf two.tar -C two .
refused 2 "name one of '1', '2'" oci-archive:two.tar
tar -cf absolute.tar -P --transform 's,^./,/,' -C unpacked ./index.json ./oci-layout
refused 7 'which leads out of it' oci-archive:absolute.tar
tar -cf above.tar -P --transform 's,^./,../,' -C unpacked ./index.json ./oci-layout
refused 7 "holds the name '../index.json', which leads out of it" oci-archive:above.tar
layer=$(image_manifest base 1 | jq -r '.layers[1].digest[7:]')
cp -r unpacked linked && ln -sf /etc/passwd "linked/blobs/sha256/$layer"
tar -cf linked.tar -C linked .
kept 7 "is a link to '/etc/passwd', which leads out of it" oci-archive:linked.tar
cp -r unpacked damaged
printf x | dd of="damaged/blobs/sha256/$layer" bs=1 seek=20 conv=notrunc status=none
tar -cf damaged.tar -C damaged .
kept 7 'has the digest' oci-archive:damaged.tar
expect_exit 2 "$INLAY" copy -q oci:base:1 oci-archive:base
expect_contains "$ERR" 'is a folder, expected the name of a file'
expect_exit 8 "$INLAY" copy -q oci:base:1 oci-archive:no/such/folder/a.tar
expect_contains "$ERR" "creating a file in 'no/such/folder'"
expect_exit 2 "$INLAY" copy -q oci:base:1 scratch
expect_exit 5 env DOCKER_HOST="unix://$TEST_DIR/none.sock" "$INLAY" copy -q oci:base:1 docker-daemon:app:1
expect_contains "$ERR" "there is no engine at '$TEST_DIR/none.sock'"

# Models into archives: the layers are those that a folder gets.
real_model_repo "$TEST_DIR/hub"
start_hub "$TEST_DIR/hub"
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache SOURCE_DATE_EPOCH=1700000000
inject() { # BASE TO [OPTION...]: sets DIGEST
    expect_exit 0 "$INLAY" inject -q "$1" "$REAL_MODEL" --to "$2" "${@:3}"
    DIGEST=${OUT##*@}
}
layers() { image_manifest "$1" "${2:-1}" | jq -c '[.layers[].digest]'; }
plain_layers() { # OCI_DIR: as those of `plain`, which are digests of plain tars everywhere
    image_config "$1" 1 | jq -c .rootfs.diff_ids
}
inject oci:plain:1 oci:expected:1
expected=$DIGEST
for base in oci-archive:untagged.tar oci-archive:named.tar:docker.io/library/named:2; do
    inject "$base" oci-archive:injected.tar:1
    expect_eq "$expected" "$DIGEST" "what comes of $base"
    rm -rf injected
    copy oci-archive:injected.tar oci:injected:1
    same_blobs_of() { "$TESTDATA/validate_image.sh" injected 1 >/dev/null && expect_eq "$(layers expected)" "$(layers injected)"; }
    same_blobs_of
done
umoci unpack --rootless --image injected:1 injected-bundle >/dev/null || fail 'umoci does not unpack the result'
inject oci-archive:untagged.tar oci-archive:injected-again.tar:1
cmp injected.tar injected-again.tar || fail 'the same twice is not the same archive'
"$INLAY" inject -q oci:plain:1 "$REAL_MODEL" --to oci-archive:-:1 2>said >injected-pipe.tar || fail 'injecting into a pipe'
expect_contains "$(cat said)" "oci-archive:-:1@$expected" 'the line on standard error'
copy oci-archive:injected-pipe.tar oci:injected-pipe:1
expect_eq "$expected" "$DIGEST" 'what comes through a pipe'
"$INLAY" inject -q docker-archive:- "$REAL_MODEL" --to docker-archive:-:app:2 <piped-docker.tar 2>said >injected-docker.tar \
    || fail 'injecting from a pipe into a pipe'
theirs docker-archive:injected-docker.tar:app:2 dir:injected-dir
copy docker-archive:injected-docker.tar oci:injected-docker:1
expect_eq "$(plain_layers expected)" "$(plain_layers injected-docker)" 'the layers of a Docker archive'
"$TESTDATA/validate_image.sh" injected-docker 1 >/dev/null
inject scratch oci-archive:only.tar --platform linux/arm64
copy oci-archive:only.tar oci:only:1
expect_json "$(image_config only 1 arm64)" '[.os, .architecture, .config.User // "root"]' '["linux","arm64","root"]'
"$TESTDATA/validate_image.sh" only 1 >/dev/null
cp base.tar kept.tar
expect_exit 4 "$INLAY" inject -q oci:plain:1 no/such-model --to oci-archive:kept.tar:1
cmp base.tar kept.tar
nothing_left

# containerd checks the diff_ids as it unpacks.
if command -v containerd >/dev/null && [ "$(id -u)" -eq 0 ]; then
    printf 'version = 2\nroot = "%s/c/root"\nstate = "%s/c/state"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\n  address = "%s/c.sock"\n' \
        "$TEST_DIR" "$TEST_DIR" "$TEST_DIR" >containerd.toml
    start_server containerd.log containerd --config containerd.toml
    ctr() { command ctr --address "$TEST_DIR/c.sock" "$@"; }
    wait_until containerd.log eval 'ctr version >/dev/null 2>&1'
    ctr images import --snapshotter native --base-name localhost/base base.tar >/dev/null || fail 'containerd does not take the OCI archive'
    ctr images import --snapshotter native named.tar >/dev/null || fail 'containerd does not take a name'
    ctr images import --snapshotter native piped-docker.tar >/dev/null || fail 'containerd does not take the Docker archive'
    names=$(ctr images ls -q)
    expect_contains "$names" localhost/base:1
    expect_contains "$names" docker.io/library/named:2
    expect_contains "$names" docker.io/library/app:1
    ctr images export --platform linux/amd64 ctr.tar localhost/base:1
    copy oci-archive:ctr.tar oci:of-ctr:1
    expect_eq "$base_digest" "$DIGEST" 'the image of containerd'
fi

# An engine: DOCKER_HOST is set, `engine` is its own command line.
use_engine() { # ARCHIVER...: loads, runs, saves; what it saves is read
    local save=$1
    engine load -i app.tar >/dev/null 2>&1 || fail 'the engine does not load the archive'
    engine load -i piped-docker.tar >/dev/null 2>&1 || fail 'the engine does not load what was piped'
    copy oci:plain:1 docker-daemon:localhost/ours:1
    expect_eq "$(image_config plain 1 | sha256_of /dev/stdin)" \
        "$(engine images -q --no-trunc localhost/ours:1 | sed 's/^sha256://')" 'the id in the engine'
    copy docker-daemon:localhost/ours:1 oci-archive:of-engine.tar:1
    rm -rf of-engine
    copy oci-archive:of-engine.tar oci:of-engine:1
    expect_eq "$(image_config plain 1 | sha256_of /dev/stdin)" "$(image_config of-engine 1 | sha256_of /dev/stdin)" 'the config that comes back'
    "$TESTDATA/validate_image.sh" of-engine 1 >/dev/null
    copy "docker-daemon:$(engine images -q --no-trunc localhost/ours:1 | sed 's/^/sha256:/; s/^sha256:sha256:/sha256:/')" oci:of-id:1
    engine "$save" localhost/ours:1 2>/dev/null | "$INLAY" copy -q docker-archive:- docker-archive:-:localhost/round:1 2>said \
        | engine load >/dev/null 2>&1 || fail 'the engine, inlay and the engine in a pipe'
    expect_eq "$(engine images -q --no-trunc localhost/ours:1)" "$(engine images -q --no-trunc localhost/round:1)" 'the image after the pipe'
    expect_exit 3 "$INLAY" copy -q docker-daemon:localhost/none:1 oci:never:1
    expect_contains "$ERR" "does not give the image 'localhost/none:1' (status 404)"
    expect_no_file never
    nothing_left
}

if command -v podman >/dev/null && [ "$(id -u)" -eq 0 ]; then
    printf '[storage]\ndriver = "vfs"\nrunroot = "%s/p/run"\ngraphroot = "%s/p/root"\n' "$TEST_DIR" "$TEST_DIR" >storage.conf
    export CONTAINERS_STORAGE_CONF=$TEST_DIR/storage.conf
    engine() { TMPDIR=/tmp podman "$@"; }
    start_server podman.log env TMPDIR=/tmp podman system service --time 0 "unix://$TEST_DIR/podman.sock"
    wait_until podman.log test -S "$TEST_DIR/podman.sock"
    export DOCKER_HOST=unix://$TEST_DIR/podman.sock
    podman load -i base.tar >/dev/null 2>&1 || fail 'podman does not load the OCI archive'
    use_engine save
    stop_server "$SERVER_PID"
    unset DOCKER_HOST
fi

# A daemon of Docker's own, if this place lets one start.
if command -v dockerd >/dev/null && [ "$(id -u)" -eq 0 ]; then
    make_certificate engine
    make_certificate client
    mkdir certificates
    cp engine.crt certificates/ca.pem
    cp client.crt certificates/cert.pem
    cp client.key certificates/key.pem
    tls=tcp://127.0.0.1:$(free_port)
    env TMPDIR=/tmp dockerd -H "$tls" --tlsverify --tlscacert client.crt --tlscert engine.crt --tlskey engine.key \
        --iptables=false --bridge=none --storage-driver=vfs --data-root "$TEST_DIR/d/root" \
        --exec-root "$TEST_DIR/d/exec" --pidfile "$TEST_DIR/d.pid" -H "unix://$TEST_DIR/d.sock" \
        >dockerd.log 2>&1 </dev/null &
    dockerd=$!
    printf '%s\n' "$dockerd" >>pids
    export DOCKER_HOST=unix://$TEST_DIR/d.sock
    for ((i = 0; i < 300; i++)); do
        docker version >/dev/null 2>&1 && break
        kill -0 "$dockerd" 2>/dev/null || break
        sleep 0.1
    done
    if docker version >/dev/null 2>&1; then
        engine() { docker "$@"; }
        use_engine save
        docker save localhost/round:1 | "$INLAY" inject -q docker-archive:- "$REAL_MODEL" --to docker-archive:-:localhost/model:1 2>said \
            | docker load >/dev/null || fail "docker save, inlay inject and docker load in a pipe"
        docker run --rm --network none localhost/model:1 ls "/root/.cache/huggingface/hub" | grep -q "^models--" || fail 'the model is not in the container'
        docker run --rm --network none localhost/round:1 true || fail 'the image does not run'
        # Over TLS, with both sides' certificates; without them in the engine's words.
        expect_exit 0 env DOCKER_HOST="$tls" DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=certificates \
            "$INLAY" copy -q docker-daemon:localhost/round:1 docker-daemon:localhost/tls:1
        expect_eq "$(docker images -q localhost/round:1)" "$(docker images -q localhost/tls:1)" 'the image over TLS'
        expect_exit 6 env DOCKER_HOST="$tls" "$INLAY" copy -q docker-daemon:localhost/round:1 oci:never:1
        expect_contains "$ERR" 'Client sent an HTTP request to an HTTPS server'
        cp client.crt certificates/ca.pem
        expect_exit 6 env DOCKER_HOST="$tls" DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=certificates \
            "$INLAY" copy -q docker-daemon:localhost/round:1 oci:never:1
        expect_contains "$ERR" '(whose authority is ca.pem in DOCKER_CERT_PATH): the certificate of'
        nothing_left
        # The engine's own words when it does not take an image: a layer is not what its diff_id says.
        cp -r base wrong
        manifest=$(image_manifest wrong 1)
        config=$(image_config wrong 1 | jq -c '.rootfs.diff_ids[0] = .rootfs.diff_ids[1]')
        put() { # TEXT: as a blob of `wrong`; prints its descriptor's digest and size
            printf %s "$1" >"wrong/blobs/sha256/$(printf %s "$1" | sha256_of /dev/stdin)"
            printf 'sha256:%s' "$(printf %s "$1" | sha256_of /dev/stdin)"
        }
        manifest=$(jq -c --arg digest "$(put "$config")" --argjson size ${#config} '.config.digest = $digest | .config.size = $size' <<<"$manifest")
        jq -c --arg digest "$(put "$manifest")" --argjson size ${#manifest} '.manifests[0] |= (.digest = $digest | .size = $size)' wrong/index.json >wrong.json
        mv wrong.json wrong/index.json
        expect_exit 6 "$INLAY" copy -q oci:wrong:1 docker-daemon:localhost/wrong:1
        expect_contains "$ERR" 'invalid diffID'
        expect_eq '' "$(docker images -q localhost/wrong:1)" 'an image that was refused'
    else
        echo 'dockerd does not start here; its part is left out'
    fi
    kill "$dockerd" 2>/dev/null || true
    wait "$dockerd" 2>/dev/null || true
fi
