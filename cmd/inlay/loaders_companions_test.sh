#!/bin/bash
# transformers loads a model whose code is in another repository, and an adapter whose base is, out of images
# that were made with one name on the command line: as the image's user, read-only, without a network.
. "$(dirname "$0")/../../testdata/lib.sh"
need_namespaces
readers=$TESTDATA/readers
cd "$TEST_DIR" || exit

install_reader peft-0.13
peft=$READER
install_reader sentence-transformers-5.7
here() { # ARGUMENT...: on this machine, without a request
    PYTHONPATH=$READERS/$READER:$READERS/$peft PYTHONDONTWRITEBYTECODE=1 HF_HUB_OFFLINE=1 HF_HOME=${HOME_OF_HUB:-$TEST_DIR/hf} \
        /usr/bin/python3 "$readers/read_companions.py" "$@" 2>"$TEST_DIR/reader.log"
}
here make-model model acme/code
here make-base base
word=$(here make-adapter base acme/base)
start_hub "$(jq -n --arg code "$readers/remote_code" --arg here "$TEST_DIR" '{repos: [{id: "acme/code", folder: $code},
    {id: "acme/model", folder: ($here + "/model")}, {id: "acme/base", folder: ($here + "/base")},
    {id: "acme/adapter", folder: ($here + "/base-adapter")}]}')"
export HF_ENDPOINT=$HUB_URL
make_base image 1 --user app

# reads IMAGE KIND MODEL COMMAND...: what the loader prints there
reads() { in_image "$1" "$READER:$peft" "${@:4}" /usr/bin/python3 /opt/judges/read_companions.py "$2" "$3"; }
inject() {
    expect_exit 0 "$INLAY" inject oci:image:1 "${@:2}" --to "oci:out:$1"
    open_image out "$1" "$1"
}

# Code: it is copied to HF_MODULES_CACHE and run from there, so that has to be writable; the root is read-only.
inject code acme/model
expect_eq 'TinyModel 1.0 2.0 3.0 4.0' "$(reads code code acme/model /usr/bin/env HF_MODULES_CACHE=/tmp/modules)"
expect_exit 1 reads code code acme/model
expect_contains "$(cat reader.log)" 'Read-only file system'
# A copy that is there already needs no writing.
mkdir -p code/rootfs/srv/modules
HOME_OF_HUB=$TEST_DIR/code/rootfs/home/app/.cache/huggingface HF_MODULES_CACHE=$TEST_DIR/code/rootfs/srv/modules \
    here code acme/model >/dev/null
expect_eq 'TinyModel 1.0 2.0 3.0 4.0' "$(reads code code acme/model /usr/bin/env HF_MODULES_CACHE=/srv/modules)"
inject without acme/model --no-companions
expect_exit 1 reads without code acme/model /usr/bin/env HF_MODULES_CACHE=/tmp/modules
expect_contains "$(cat reader.log)" 'acme/code'
# verify knows it before the start; code that the base has, in a cache that inlay knows nothing of, will do.
expect_exit 0 "$INLAY" verify oci:out:code
lacks() { # TAG TEXT
    expect_exit 7 "$INLAY" verify "oci:out:$1"
    expect_contains "$OUT" "the first start will ask for $2"
}
lacks without 'acme/code@main (config.json: auto_map.'
expect_exit 0 "$INLAY" verify oci:out:without --no-companions
expect_contains "$OUT" 'note: the first start will ask for acme/code@main'
mkdir -p extra/home/app/.cache/huggingface/hub
cp -a code/rootfs/home/app/.cache/huggingface/hub/models--acme--code extra/home/app/.cache/huggingface/hub/
chown -R 1000:1000 extra/home/app
make_base image copied --user app --extra extra
expect_exit 0 "$INLAY" inject oci:image:copied acme/model --no-companions --to oci:out:copied
open_image out copied copied
expect_eq 'TinyModel 1.0 2.0 3.0 4.0' "$(reads copied code acme/model /usr/bin/env HF_MODULES_CACHE=/tmp/modules)"
expect_exit 0 "$INLAY" verify oci:out:copied

# An adapter, through transformers and through peft.
inject adapter acme/adapter --companions
expect_eq "GPT2LMHeadModel $word
PeftModelForCausalLM $word" "$(reads adapter adapter acme/adapter)"
inject lone acme/adapter
expect_exit 1 reads lone adapter acme/adapter
expect_contains "$(cat reader.log)" 'acme/base'
expect_exit 0 "$INLAY" verify oci:out:adapter
lacks lone 'acme/base@main (adapter_config.json: base_model_name_or_path'
