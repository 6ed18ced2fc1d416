#!/bin/bash
# tesseract.js looks in its working directory, and takes the file compressed, as its own server sends
# it. An npm package carries that file.
. "$(dirname "$0")/../../testdata/lib.sh"
need_namespaces
cd "$TEST_DIR" || exit

install_node_reader tesseract-js
mkdir -p root/srv/app/node_modules
cp "$TESTDATA/readers/read_tesseract_js.mjs" root/srv/app/
ln -s "/opt/readers/$READER/node_modules/tesseract.js" root/srv/app/node_modules/tesseract.js
start_hub "$(jq -n --arg data "$READERS/$READER/node_modules/@tesseract.js-data/eng/4.0.0_best_int/eng.traineddata.gz" \
    '{id: "acme/eng", files: [{path: "eng.traineddata", file: $data}]}')"
export HF_ENDPOINT=$HUB_URL
make_base base 1 --user app --workdir /srv/app --extra root
expect_exit 0 "$INLAY" inject oci:base:1 acme/eng --layout tesseract-js --to oci:out:1
open_image base 1 without
open_image out 1 with

reads=("$READER" /opt/node read_tesseract_js.mjs /opt/judges/hello_world.png)
expect_eq 'HELLO WORLD' "$(in_image with "${reads[@]}")"
expect_exit 1 in_image without "${reads[@]}"
