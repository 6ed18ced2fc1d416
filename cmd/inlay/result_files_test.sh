#!/bin/bash
# --digest-file, --metadata-file and --ci: what buildah, BuildKit and CI systems read.
. "$(dirname "$0")/../../testdata/lib.sh"

cd "$TEST_DIR" || exit
start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
start_registry
make_base "$TEST_DIR/base" 1
make_base "$TEST_DIR/both" 1 --index
commit=$(hub_control '{}' >/dev/null; http_get "$HUB_URL/api/models/acme/tiny" | jq -r .sha)

check() { # REFERENCE: the files say of it what skopeo sees
    skopeo inspect --raw --tls-verify=false "docker://$1" >manifest.json
    local digest
    digest=sha256:$(sha256_of manifest.json)
    expect_eq "$digest" "$(cat digest)" 'the digest file'
    expect_eq 0 "$(wc -l <digest)" 'line feeds in it, as buildah and kaniko write it'
    expect_json meta.json '."containerimage.digest"' "\"$digest\""
    expect_json meta.json '."containerimage.descriptor"' \
        "$(jq -c --arg digest "$digest" --argjson size "$(wc -c <manifest.json)" '{mediaType, $digest, $size}' manifest.json)"
    expect_json meta.json '."containerimage.config.digest"' "$(jq -c .config.digest manifest.json)"
}
expect_exit 0 "$INLAY" inject oci:base:1 acme/tiny --to "$REGISTRY/a:1" --to "$REGISTRY/a:2" --digest-file digest --metadata-file meta.json
check "$REGISTRY/a:1"
expect_json meta.json '."image.name"' "\"$REGISTRY/a:1,$REGISTRY/a:2\""
expect_exit 0 "$INLAY" inject oci:both:1 acme/tiny --to "$REGISTRY/both:1" --digest-file digest --metadata-file meta.json
check "$REGISTRY/both:1"
expect_exit 0 "$INLAY" copy "$REGISTRY/a:1" "$REGISTRY/c:1" --digest-file digest --metadata-file meta.json
check "$REGISTRY/c:1"
expect_exit 0 "$INLAY" remove "$REGISTRY/a:1" acme/tiny --to "$REGISTRY/d:1" --digest-file digest --metadata-file meta.json
check "$REGISTRY/d:1"
# An archive is not read again.
expect_exit 0 "$INLAY" copy oci:base:1 oci-archive:x.tar:1 --metadata-file meta.json
expect_json meta.json '."image.name"' '"oci-archive:x.tar:1"'
expect_json meta.json '."containerimage.digest"' "\"$(tag_digest "$TEST_DIR/base" 1)\""

# GitHub: what earlier steps have written stays.
echo 'before=1' >output
expect_exit 0 env GITHUB_OUTPUT=output GITHUB_STEP_SUMMARY=summary.md "$INLAY" inject oci:base:1 acme/tiny --to oci:out:1 --ci
digest=$(tag_digest "$TEST_DIR/out" 1)
expect_eq "before=1
image=oci:out:1
digest=$digest
reference=oci:out:1@$digest" "$(cat output)"
expect_contains "$(cat summary.md)" "| <code>oci:out:1</code> | <code>$digest</code> |"
expect_contains "$(cat summary.md)" "| <code>acme/tiny@main</code> | <code>$commit</code> | 2 B |"
expect_no_file inlay.env
# GitLab: variables in a file, which a shell reads, too.
expect_exit 0 env GITLAB_CI=true "$INLAY" copy oci:out:1 oci:out:2 --ci
# shellcheck source=/dev/null
(. ./inlay.env && expect_eq "oci:out:2 $digest oci:out:2@$digest" "$INLAY_IMAGE $INLAY_DIGEST $INLAY_REFERENCE")
expect_exit 0 "$INLAY" copy oci:out:1 oci:out:3 --ci=my.env
expect_eq 3 "$(wc -l <my.env)" 'lines of my.env'

# A name cannot add lines or markup.
expect_exit 2 env GITHUB_OUTPUT=output "$INLAY" copy oci:out:1 $'oci:x\ndigest=evil:1' --ci
expect_contains "$ERR" 'is not one line of UTF-8'
expect_eq 4 "$(wc -l <output)" 'lines of output'
expect_exit 0 env GITHUB_STEP_SUMMARY=odd.md "$INLAY" copy oci:out:1 'oci:a|b<b>`c*:1' --ci
expect_lacks "$(grep odd -v odd.md | tail -n +5)" '<b>'
expect_contains "$(cat odd.md)" '<code>oci:a&#124;b&#60;b&#62;&#96;c&#42;:1</code>'

# What cannot be written is refused before anything is done.
refuse() { # STATUS WORDS ARGUMENT...
    local status=$1 words=$2
    shift 2
    expect_exit "$status" "$INLAY" copy oci:out:1 oci:nothing:1 "$@"
    expect_contains "$ERR" "$words"
    expect_no_file nothing
}
refuse 2 '--ci: neither GITHUB_OUTPUT, GITHUB_STEP_SUMMARY nor GITLAB_CI is set; name a file for the variables, as in --ci=inlay.env' --ci
refuse 8 '--digest-file: ' --digest-file none/digest
refuse 8 '--metadata-file: ' --metadata-file none/meta.json
refuse 8 '--ci: ' --ci=none/inlay.env
for option in --digest-file=digest --metadata-file=meta.json --ci=inlay.env; do
    expect_exit 2 "$INLAY" inject oci:base:1 acme/tiny --to oci:nothing:1 --shard 1/2 "$option"
    expect_contains "$ERR" "${option%%=*} tells of an image, and --shard writes none"
done
# What is published is told all the same.
expect_exit 8 env GITHUB_OUTPUT=/dev/full "$INLAY" copy oci:out:1 oci:late:1 --ci
expect_contains "$OUT" "oci:late:1@$digest"
expect_contains "$ERR" "oci:late:1@$digest is published: GITHUB_OUTPUT: writing '/dev/full': No space left on device"

# A file of its own: none of the images, and no other's.
expect_exit 0 "$INLAY" copy oci:out:1 oci-archive:kept.tar:1
before=$(sha256_of kept.tar)
for option in --digest-file=kept.tar --metadata-file=./kept.tar --ci=kept.tar "--trace=$PWD/kept.tar"; do
    expect_exit 2 "$INLAY" copy oci-archive:kept.tar:1 oci:nothing:1 "$option"
    expect_contains "$ERR" "would replace oci-archive:kept.tar:1; name another file"
    expect_exit 2 "$INLAY" copy oci:out:1 oci-archive:kept.tar:1 "$option"
    expect_exit 2 "$INLAY" inject oci:base:1 acme/tiny --to oci-archive:kept.tar:1 "$option"
done
expect_exit 2 "$INLAY" inspect oci-archive:kept.tar:1 --trace kept.tar
expect_eq "$before" "$(sha256_of kept.tar)" 'the archive'
expect_exit 2 "$INLAY" copy oci:out:1 oci:nothing:1 --digest-file same --metadata-file ./same
expect_contains "$ERR" "--metadata-file './same' would replace what --digest-file writes; name another file"
expect_exit 2 "$INLAY" inject oci:base:1 acme/tiny --to oci:nothing:1 --provenance=same --ci=same
expect_exit 2 "$INLAY" copy oci:out:1 oci:nothing:1 --digest-file one --digest-file two
expect_no_file nothing same one two

# What steps before have written may lack its last line feed.
printf 'a=b' >collected
expect_exit 0 env GITHUB_OUTPUT=collected "$INLAY" copy oci:out:1 oci:more:1 --ci
expect_eq "a=b image=oci:more:1" "$(head -2 collected | tr '\n' ' ' | sed 's/ $//')"
# Files that cannot be appended to are told before anything is done; and they are there if standard output is not.
expect_exit 8 env GITHUB_OUTPUT=none/output "$INLAY" copy oci:out:1 oci:nothing:1 --ci
expect_contains "$ERR" "--ci: GITHUB_OUTPUT: opening 'none/output': No such file or directory"
expect_no_file nothing
rm -f digest meta.json
status=0
"$INLAY" copy oci:out:1 oci:more:2 --digest-file digest --metadata-file meta.json >/dev/full 2>errors || status=$?
expect_eq 8 "$status"
expect_eq "$digest" "$(cat digest)"
expect_json meta.json '."image.name"' '"oci:more:2"'
