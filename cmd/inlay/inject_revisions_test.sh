#!/bin/bash
# Several revisions of a model in one image: the same digest in whatever order they are named, and
# the snapshot of "main" is the newest, which is how model2vec chooses. umoci unpacks.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/tiny", "commits": [
        {"name": "c1", "files": [{"path": "config.json", "text": "{}"}, {"path": "model.bin", "synthetic": 2000000, "seed": 1}]},
        {"name": "c2", "files": [{"path": "config.json", "text": "[]"}, {"path": "model.bin", "synthetic": 2000000, "seed": 1}]}],
    "branches": {"main": "c1", "next": "c2"}, "tags": {"v1.0": "c1", "a1": "c1"}}'
export HF_ENDPOINT=$HUB_URL
cd "$TEST_DIR" || exit
make_base base 1

inject() { # TAG MODEL...: sets digest
    local tag=$1
    shift
    expect_exit 0 "$INLAY" inject oci:base:1 "$@" --to "oci:out:$tag"
    digest=${OUT##*@}
}
newest() { # TAG: "COMMIT TIME" of each snapshot, the newest last
    rm -rf bundle
    umoci unpack --rootless --image "out:$1" bundle >/dev/null 2>&1 || fail "umoci does not unpack $1"
    stat -c '%Y %n' bundle/rootfs/root/.cache/huggingface/hub/models--acme--tiny/snapshots/* \
        | sort -n | sed -E 's,([0-9]+) .*/,\1 ,'
}
commit() { # REVISION
    http_get "$HUB_URL/api/models/acme/tiny/revision/$1" | jq -r .sha
}
c1=$(commit main) c2=$(commit next)

inject both acme/tiny acme/tiny@next
first=$digest
expect_eq "315532800 $c2
315619200 $c1" "$(newest both)" 'two revisions'
inject turned acme/tiny@next acme/tiny
expect_eq "$first" "$digest" 'two revisions, named the other way round'
expect_eq "315619200 $c1" "$(inject alone acme/tiny && newest alone)" 'main alone'

# "main" may be there in the tree of one revision only, and name the commit of another.
inject three acme/tiny@a1 acme/tiny acme/tiny@v1.0
first=$digest
expect_eq "315619200 $c1" "$(newest three)" 'three names of one commit'
inject turned acme/tiny@v1.0 acme/tiny@a1 acme/tiny
expect_eq "$first" "$digest" 'three names of one commit, in another order'

# A model that is named by its commit is found as main.
inject commits "acme/tiny@$c2" acme/tiny@v1.0
first=$digest
expect_eq "315532800 $c1
315619200 $c2" "$(newest commits)" 'a commit that becomes main'
inject turned acme/tiny@v1.0 "acme/tiny@$c2"
expect_eq "$first" "$digest" 'a commit that becomes main, in another order'

# A later call replaces the model, and what main names with it: nothing of the first one is left.
inject first acme/tiny@next
expect_exit 0 "$INLAY" inject oci:out:first acme/tiny --to oci:out:first
inject alone acme/tiny
expect_eq "$digest" "$(tag_digest out first)" 'a call after another'
"$TESTDATA/validate_image.sh" out both >/dev/null
