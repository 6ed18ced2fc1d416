#!/bin/bash
# The served ModelScope is what its own clients take for one: two of them, from before and after the
# client's split, download from it, and inlay puts the same bytes into an image. They are pinned by
# their digests in this folder and installed from PyPI.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
cd "$TEST_DIR" || exit

start_hub '{"id": "acme/Tiny-0.5B", "commits": [
      {"name": "c1", "files": [{"path": "config.json", "text": "{}"}, {"path": "gone.txt", "text": "gone"},
        {"path": "a/b/na me+(1)&x=é.txt", "text": "odd"}, {"path": "empty", "text": ""},
        {"path": "model.safetensors", "synthetic": 3000000, "seed": 1}]},
      {"name": "c2", "files": [{"path": "config.json", "text": "[]"},
        {"path": "model.safetensors", "synthetic": 3000000, "seed": 1}]}],
    "branches": {"master": "c1", "dev": "c2"}, "tags": {"v1.0": "c1"}}' \
    '{"id": "acme/secret", "private": true, "branches": {"master": "first"},
      "files": [{"path": "w.bin", "text": "secret", "lfs": true}]}' \
    '{"tokens": {"ms-reader": ["acme/secret"]}}'
export MODELSCOPE_ENDPOINT=$HUB_URL MODELSCOPE_DOMAIN=${HUB_URL#http://} HOME=$TEST_DIR
export MODELSCOPE_LOG_LEVEL=40 # errors alone
unset MODELSCOPE_API_TOKEN
make_base base 1
/usr/bin/python3 -m venv venv || fail 'no venv: Debian has it in python3-venv'
for list in "$TESTDATA"/modelscope/*.txt; do
    venv/bin/pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --no-compile --require-hashes --requirement "$list" --target "$(basename "$list" .txt)" \
        || fail "cannot install $(basename "$list" .txt)"
done

download() { # CLIENT ID REVISION FOLDER
    PYTHONPATH=$TEST_DIR/$1 PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -S \
        "$TESTDATA/modelscope/download.py" "${@:2}"
}
# Paths and digests of a folder, without what the clients keep for themselves.
files() {
    (cd "$1" && find . -type f ! -name .msc ! -name .mdl ! -name .mv ! -name .lock -print0 \
        | LC_ALL=C sort -z | xargs -0 sha256sum)
}

number=0
# inject MODEL: $ROOT is then the model's folder in the image
inject() {
    number=$((number + 1))
    expect_exit 0 "$INLAY" inject oci:base:1 "$1" --all-files --layout dir --path /m --to "oci:out:$number"
    unpack_image out $number root$number
    ROOT=$TEST_DIR/root$number/m
}
for revision in master dev v1.0; do
    inject "ms://acme/Tiny-0.5B@$revision"
    for client in modelscope-1.34 modelscope-hub-0.5; do
        expect_exit 0 download $client acme/Tiny-0.5B $revision $client.$revision
        expect_eq "$(files "$ROOT")" "$(files $client.$revision)" "$client at $revision"
    done
done

# With a token (the older client does not send it to a host with a port); without, nothing is to be had.
export MODELSCOPE_API_TOKEN=ms-reader
inject ms://acme/secret
expect_exit 0 download modelscope-hub-0.5 acme/secret master secret
expect_eq "$(files "$ROOT")" "$(files secret)" 'with a token'
unset MODELSCOPE_API_TOKEN
for client in modelscope-1.34 modelscope-hub-0.5; do
    expect_exit 1 download $client acme/secret master $client.denied
    expect_exit 1 download $client acme/Tiny-0.5B v9 $client.unknown
done
