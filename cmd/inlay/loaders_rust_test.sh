#!/bin/bash
# Rust's hf-hub, which candle and text-embeddings-inference use, reads what was injected.
. "$(dirname "$0")/../../testdata/lib.sh"
need_namespaces
command -v cargo >/dev/null || skip 'no cargo: hf-hub is not judged'
cd "$TEST_DIR" || exit

install_rust_reader hf-hub
start_hub '{"id": "acme/tiny", "commits": [{"name": "c1", "files": [{"path": "config.json", "text": "{}"}]},
    {"name": "c2", "files": [{"path": "1_Pooling/config.json", "text": "[2]"}]}], "branches": {"main": "c1", "next": "c2"}}'
export HF_ENDPOINT=$HUB_URL

reads() { # BUNDLE EXPECTED REVISION FILE
    expect_eq "$2" "$(in_image "$1" "$READER" "/opt/readers/$READER/bin/reader" acme/tiny "$3" "$4")" "$4 of $3 in $1"
}
# hf-hub knows HF_HOME and the home folder.
make_base home 1 --user app
make_base variable 1 --user app --env HF_HOME=/models
for base in home variable; do
    expect_exit 0 "$INLAY" inject oci:$base:1 acme/tiny acme/tiny@next --to oci:out:$base
    open_image out $base $base.bundle
    reads $base.bundle '{}' main config.json
    reads $base.bundle '[2]' next 1_Pooling/config.json
    expect_exit 1 in_image $base.bundle "$READER" "/opt/readers/$READER/bin/reader" acme/tiny main absent
done
open_image home 1 without
expect_exit 1 in_image without "$READER" "/opt/readers/$READER/bin/reader" acme/tiny main config.json
