#!/bin/bash
# `verify --scan` fails while the first start would ask for anything: a revision, files, or a place
# that are not the ones which the image has. `scan` says the same under BAKED.
. "$(dirname "$0")/../../testdata/lib.sh"
cd "$TEST_DIR" || exit

start_hub '{"id": "acme/e5", "commits": [
        {"name": "c1", "files": [{"path": "config.json", "text": "{}"}, {"path": "modules.json", "text": "[]"},
            {"path": "model.safetensors", "synthetic": 2000}, {"path": "onnx/model.onnx", "synthetic": 2100}]},
        {"name": "c2", "files": [{"path": "config.json", "text": "{}"}, {"path": "modules.json", "text": "[]"},
            {"path": "model.safetensors", "synthetic": 2001}, {"path": "onnx/model.onnx", "synthetic": 2101}]}],
        "branches": {"main": "c2", "v2": "c1", "v3": "c1"}}' \
    '{"id": "acme/base", "commits": [{"name": "b1", "files": [{"path": "config.json", "text": "{}"}, {"path": "model.safetensors", "synthetic": 9}]},
        {"name": "b2", "files": [{"path": "config.json", "text": "{}"}, {"path": "model.safetensors", "synthetic": 8}]}],
        "branches": {"main": "b2", "v3": "b1"}}' \
    '{"id": "acme/adapter", "files": [{"path": "adapter_model.safetensors", "synthetic": 7},
        {"path": "adapter_config.json", "text": "{\"base_model_name_or_path\": \"acme/base\", \"revision\": \"v3\"}"}]}'
export HF_ENDPOINT=$HUB_URL
c1=$(curl -sf "$HUB_URL/api/models/acme/e5/revision/v2" | jq -r .sha)
c2=$(curl -sf "$HUB_URL/api/models/acme/e5/revision/main" | jq -r .sha)
site=usr/local/lib/python3.11/site-packages

# An image whose application is this text in Python, with the package of that version.
application() { # TAG TEXT [PACKAGE VERSION]
    local package=${3:-sentence_transformers} version=${4:-5.7.0}
    rm -rf root && mkdir -p "root/app" "root/$site/$package-$version.dist-info"
    printf 'Metadata-Version: 2.1\nName: %s\nVersion: %s\n' "$package" "$version" \
        >"root/$site/$package-$version.dist-info/METADATA"
    printf '%s\n' "$2" >root/app/app.py
    make_base base "$1" --user app --workdir /app --extra root
}
load() { printf 'from sentence_transformers import SentenceTransformer\nSentenceTransformer("acme/e5"%s)' "$1"; }
application plain "$(load '')"
application v3 "$(load ', revision="v3"')"
application whole "$(load ", revision=\"$c2\"")"
application old "$(load ", revision=\"$c1\"")"
application part "$(load ", revision=\"${c2:0:9}\"")"

# What the application of BASE finds of MODEL…: nothing is asked for, or MESSAGE says what would be.
expect_start() { # BASE MESSAGE MODEL…
    local base=$1 message=$2 status=7 baked=false
    shift 2
    [ -n "$message" ] || status=0 baked=true
    expect_exit 0 "$INLAY" inject "oci:base:$base" "$@" --to oci:out:now
    expect_exit "$status" "$INLAY" verify --scan oci:out:now
    expect_contains "$OUT" "$message"
    expect_exit 0 "$INLAY" scan oci:out:now --json
    expect_json "$OUT" '[.models[].baked] | all' "$baked"
    [ "$status" = 7 ] || return 0
    # What the message says to do is enough.
    expect_exit 0 "$INLAY" inject oci:out:now --scan --to oci:out:again
    expect_exit 0 "$INLAY" verify --scan oci:out:again
    expect_exit 0 "$INLAY" scan oci:out:again --json
    expect_json "$OUT" '[.models[].baked] | all' true
}
again="'inlay inject IMAGE --scan --to TARGET' puts it in"
named='or let the application name the revision that is there'

# Revisions.
expect_start plain '' acme/e5
expect_start plain "'acme/e5' is there as 'v2' alone: the first start will ask for acme/e5@main (/app/app.py:2); $again, $named" acme/e5@v2
expect_start plain "'acme/e5' is there as 'v2', 'v3' alone: the first start will ask for acme/e5@main" acme/e5@v2 acme/e5@v3
expect_start plain '' acme/e5@v2 acme/e5@main
expect_start plain '' "acme/e5@$c1" # a commit alone is found as main, too
expect_start v3 "'acme/e5@v3' is there as 'main' alone: the first start will ask for acme/e5@v3 (/app/app.py:2)" acme/e5
expect_start v3 "'acme/e5@v3' is there as 'v2' alone" acme/e5@v2 # the same commit under another name
expect_start v3 '' acme/e5@v3
expect_start whole '' acme/e5
expect_start whole "is there as 'v2' alone: the first start will ask for acme/e5@$c2" acme/e5@v2
expect_start old '' acme/e5@v2
expect_start old "is there as 'main' alone: the first start will ask for acme/e5@$c1" acme/e5
expect_start part "'acme/e5@${c2:0:9}' is there as 'main' alone" acme/e5
expect_start part '' "acme/e5@${c2:0:9}"

# Formats of weights, and places.
expect_start plain "'acme/e5' is there without safetensors, which is asked for (/app/app.py:2): $again" acme/e5,weights=onnx
expect_start plain "'acme/e5' is not there in the layout huggingface; the image has acme/e5@${c2:0:7} (fastembed)" acme/e5,layout=fastembed
expect_start plain "'acme/e5' is not there in the layout huggingface" acme/e5,layout=sentence-transformers
expect_start plain "'acme/e5' is there as 'v2' alone" acme/e5@v2 acme/e5,layout=fastembed
expect_start plain '' acme/e5 --layout hf-hub
application before "$(load '')" sentence_transformers 2.2.2
expect_start before "'acme/e5' is not there in the layout sentence-transformers" acme/e5
expect_start before '' acme/e5 --layout sentence-transformers

# Folders that the application names itself, by the call or by a variable: it looks nowhere else.
there="'inlay inject IMAGE --scan --to TARGET' puts it there, and so does the MODEL 'acme/e5,layout=hub-dir,path="
application folder "$(load ', cache_folder="/srv/models"')"
expect_start folder "'acme/e5' is not there in the layout hub-dir in '/srv/models'; the image has acme/e5@${c2:0:7} (huggingface) (/app/app.py:2): ${there}/srv/models'" acme/e5
expect_start folder "'acme/e5' is not there in the layout hub-dir in '/srv/models'" acme/e5,layout=hub-dir,path=/srv/other
expect_start folder "'acme/e5' is there as 'v2' alone" acme/e5@v2,layout=hub-dir,path=/srv/models
expect_start folder '' acme/e5,layout=hub-dir,path=/srv/models
expect_start folder '' acme/e5 --cache-dir /srv/models
application below "$(load ', cache_folder="models"')"
expect_start below "in '/app/models'" acme/e5
expect_start below '' acme/e5,layout=hub-dir,path=/app/models
application moved "$(printf 'import os\nos.environ["HF_HOME"] = "/srv/hf"\n%s' "$(load '')")"
expect_start moved "'acme/e5' is not there in the layout hub-dir in '/srv/hf/hub'" acme/e5
expect_start moved '' acme/e5,layout=hub-dir,path=/srv/hf/hub
expect_start moved '' acme/e5 --env HF_HOME=/srv/hf
# Two folders of one model, and a link of the base on the way to one of them.
application two "$(load ', cache_folder="/a"'; load ', cache_folder="/b"' | tail -1)"
expect_start two "in '/b'" acme/e5,layout=hub-dir,path=/a
application link "$(load ', cache_folder="/link/x"')"
ln -s srv root/link && make_base base link --user app --workdir /app --extra root
expect_exit 0 "$INLAY" inject oci:base:link --scan --to oci:out:now
expect_exit 0 "$INLAY" verify --scan oci:out:now
# A folder that only a start tells is told, and its model is a guess.
application unknown "$(printf 'import os\n%s' "$(load ', cache_folder=os.environ["D"]')")"
expect_exit 0 "$INLAY" inject oci:base:unknown acme/e5 --to oci:out:now
expect_exit 0 "$INLAY" verify --scan oci:out:now
expect_contains "$ERR" "cache_folder of SentenceTransformer() comes from the variable D, which the image does not set: where it looks is not known"
application before-folder "$(load ', cache_folder="/srv/models"')" sentence_transformers 2.2.2
expect_start before-folder "'acme/e5' is not there in the layout dir in '/srv/models/acme_e5'" acme/e5

# A companion of another revision than the one that is there.
application adapter "$(printf 'from peft import AutoPeftModelForCausalLM\nAutoPeftModelForCausalLM.from_pretrained("acme/adapter")')" peft 0.19.0
expect_exit 0 "$INLAY" inject oci:base:adapter acme/adapter acme/base --no-companions --to oci:out:now
expect_exit 7 "$INLAY" verify --scan oci:out:now
expect_contains "$OUT" "the first start will ask for acme/base@v3 (adapter_config.json: base_model_name_or_path, the adapter's base model)"
expect_contains "$OUT" "'inlay inject IMAGE acme/adapter acme/base@v3 --companions --to TARGET' takes it along"
expect_exit 0 "$INLAY" inject oci:base:adapter acme/adapter acme/base@v3 --companions --to oci:out:now
expect_exit 0 "$INLAY" verify --scan oci:out:now

# In a shared folder, and under the links to it; the revision is told there as well.
expect_start plain '' acme/e5 --shared
expect_start plain "'acme/e5' is there as 'v2' alone" acme/e5@v2 --shared

# A person who names a model asks for less: any revision will do.
expect_exit 0 "$INLAY" inject oci:base:plain acme/e5@v2 --to oci:out:now
expect_exit 0 "$INLAY" verify oci:out:now acme/e5
expect_exit 7 "$INLAY" verify oci:out:now acme/e5@main
expect_contains "$OUT" "'acme/e5@main' is not there; the image has acme/e5@${c1:0:7} (huggingface)"
application newest "$(printf 'from model2vec import StaticModel\nStaticModel.from_pretrained("acme/e5")')" model2vec 0.7.0
expect_start newest '' acme/e5@v2 # it takes the newest snapshot, whatever the refs say
