#!/bin/bash
# Pictures of images and plans: well-formed, standalone, and what they say is what others find. A
# browser opens them, where there is one.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"},
    {"path": "model.safetensors", "synthetic": 70000000, "seed": 1}]}' \
    '{"id": "acme/words", "files": [{"path": "config.json", "text": "{}"}, {"path": "model.safetensors", "text": "a"}]}' \
    '{"id": "acme/twice", "commits": [{"name": "c1", "files": [{"path": "config.json", "text": "1"}]}, {"name": "c2", "files": [{"path": "config.json", "text": "2"}]}], "branches": {"main": "c2"}, "tags": {"v1": "c1"}}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
cd "$TEST_DIR" || exit
make_base base 1 --index --user app --layers 3

# What both kinds have to be: XML (the page, too), without a script, and without anything from elsewhere.
check_file() {
    python3 - "$1" <<'END' || fail "$1 is not well-formed"
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
for element in root.iter():
    name = element.tag.split('}')[-1]
    assert name not in ('script', 'link', 'img', 'image', 'use', 'iframe', 'object', 'foreignObject', 'a'), name
    for attribute in element.attrib:
        assert not attribute.startswith('on') and attribute.split('}')[-1] not in ('href', 'src'), attribute
END
    expect_eq '' "$(grep -oE 'url\(|@import|https?://[^"]*' "$1" | grep -v '^http://www.w3.org/2000/svg$' || true)" "what $1 refers to"
    expect_eq 1 "$(grep -c 'prefers-color-scheme:dark' "$1")" 'rules for the dark'
    expect_contains "$(cat "$1")" '@media print'
}
# Only what is shown as text, a line each.
texts() {
    python3 - "$1" <<'END'
import sys, xml.etree.ElementTree as tree
for element in tree.parse(sys.argv[1]).getroot().iter():
    shown = '' if element.tag.split('}')[-1] in ('style', 'title') else element.text
    for text in (shown, element.tail):
        if text and text.strip():
            print(text.strip())
END
}

# A plan on a fresh base: all of the model is new, the base is reused.
expect_exit 0 "$INLAY" plan oci:base:1 acme/tiny acme/words --to oci:out:1 --picture plan.svg
expect_contains "$OUT" 'would move'
expect_exit 0 "$INLAY" plan oci:base:1 acme/tiny acme/words --to oci:out:1 --picture plan.html --json
expect_json "$OUT" '.layers | length > 3' true
for file in plan.svg plan.html; do
    check_file "$file"
    shown=$(texts "$file")
    for part in oci:out:1 'model.safetensors of acme/tiny' 'layer of the base' linux/amd64 linux/arm64 1000:1000 0750; do
        expect_contains "$shown" "$part" "what $file shows"
    done
    expect_eq 6 "$(grep -cx reused <<<"$shown")" "layers of the base, on two platforms, in $file"
    expect_lacks "$shown" replaced
done

expect_contains "$(texts plan.svg)" "oci:base:1@$(tag_digest base 1)" 'the base'
expect_exit 0 "$INLAY" plan scratch acme/tiny --picture scratch.svg
expect_eq scratch "$(texts scratch.svg | grep -A 1 -x base | tail -n 1)"

# The same of the image that it becomes: each layer of the manifest, with its digest.
expect_exit 0 "$INLAY" inject oci:base:1 acme/tiny acme/words --to oci:out:1
expect_exit 0 "$INLAY" inspect oci:out:1 --picture image.svg
expect_contains "$OUT" 'acme/tiny'
expect_exit 0 "$INLAY" inspect oci:out:1 --tree --picture image.html
expect_contains "$OUT" FOLDER
for file in image.svg image.html; do
    check_file "$file"
    for architecture in amd64 arm64; do
        for digest in $(image_manifest out 1 "$architecture" | jq -r '.layers[].digest'); do
            expect_contains "$(cat "$file")" "$digest" "$file has a layer"
        done
    done
    expect_lacks "$(texts "$file")" reused
done

# Onto an image that has a model already: what goes, what stays, what comes.
expect_exit 0 "$INLAY" plan oci:out:1 acme/tiny --shared --to oci:out:2 --platform amd64 --picture change.html
shown=$(texts change.html)
expect_contains "$shown" 'No longer in the image: 3 layers'
expect_contains "$shown" 'acme/words, of the base'
expect_eq 3 "$(grep -cx replaced <<<"$shown")" 'layers that go'
dropped=$(image_manifest out 1 | jq -r '.layers[].digest')
expect_exit 0 "$INLAY" inject oci:out:1 acme/tiny --shared --to oci:out:2 --platform amd64
for digest in $dropped; do
    stays=$(image_manifest out 2 amd64 | jq --arg digest "$digest" 'any(.layers[]; .digest == $digest)')
    line=$(grep "^<div class=\"layer" -A 9 change.html | grep -B 9 -F "$digest" | grep -o '>replaced<\|>reused<' | tail -n 1)
    expect_eq "$([ "$stays" = true ] && echo '>reused<' || echo '>replaced<')" "$line" "$digest"
done

# Two revisions of a model are two: with a colour, and a commit in what is said of them.
expect_exit 0 "$INLAY" plan oci:base:1 acme/twice@v1 acme/twice --platform amd64 --to oci:out:twice --picture twice.svg
expect_contains "$ERR" "the picture is in 'twice.svg'"
expect_contains "$(texts twice.svg)" 'small files of acme/twice@v1'
expect_exit 0 "$INLAY" inject oci:base:1 acme/twice@v1 acme/twice --platform amd64 --to oci:out:twice
expect_contains "$ERR" 'layer: small files of acme/twice@v1, '
expect_contains "$ERR" 'layer: small files of acme/twice, '
expect_exit 0 "$INLAY" inspect oci:out:twice --picture twice.html
for commit in $("$INLAY" inspect --json oci:out:twice | jq -r '.models[].commit[:7]'); do
    expect_contains "$(texts twice.html)" "small files of acme/twice@$commit"
    expect_contains "$(texts twice.html)" "acme/twice @ $commit"
done
expect_exit 0 "$INLAY" plan oci:out:twice acme/twice --to oci:out:twice --picture twice.svg -q
expect_eq '' "$ERR"
expect_contains "$(texts twice.svg)" 'acme/twice@'

# The file is a regular one, of a kind that is known, and seen before anything is read.
expect_exit 2 "$INLAY" inspect oci:out:1 --picture picture.png
expect_contains "$ERR" "'picture.png' ends neither in .svg nor in .html"
expect_exit 2 "$INLAY" inspect oci:out:1 --picture
expect_exit 2 "$INLAY" inspect oci:out:1 --picture a.svg --picture b.svg
mkfifo pipe.svg
expect_exit 8 timeout 20 "$INLAY" inspect oci:out:1 --picture pipe.svg
expect_contains "$ERR" 'pipe.svg'
expect_exit 8 "$INLAY" plan oci:base:nothing acme/none --picture missing/a.svg
expect_contains "$ERR" 'missing'
expect_exit 2 "$INLAY" inject oci:base:1 acme/tiny --to oci:out:3 --picture a.svg
printf old >kept.svg
expect_exit 3 "$INLAY" inspect oci:out:nothing --picture kept.svg
expect_eq old "$(cat kept.svg)"

# What strangers wrote into an image is only read.
config=$(image_config out 1 amd64 | jq -c '.history[].comment |= if . then (fromjson
    | if .model then .model = "a\u001b<script>x</script>\u202e&\"" else . end | tojson) else . end')
name=$(printf '%s' "$config" | sha256sum | cut -d ' ' -f 1)
printf '%s' "$config" >"out/blobs/sha256/$name"
image_manifest out 1 amd64 | jq -c --arg digest "sha256:$name" --argjson size "$(stat -c %s "out/blobs/sha256/$name")" \
    '.config.digest = $digest | .config.size = $size' >manifest
cp manifest "out/blobs/sha256/$(sha256_of manifest)"
for file in evil.svg evil.html; do
    expect_exit 0 "$INLAY" inspect "oci:out:sha256:$(sha256_of manifest)" --picture "$file"
    check_file "$file"
    expect_contains "$(texts "$file")" 'a?<script>x</script>???&"'
done
for file in "$TESTDATA"/golden/picture/*; do
    check_file "$file"
done

# What proves who somebody is does not stand in it, as it does not on standard output; it is there to be passed on.
token=hf_a-secret-token-of-mine
hub_control "{\"tokens\": {\"$token\": [\"*\"]}}" >/dev/null
expect_exit 0 env HF_TOKEN="$token" "$INLAY" plan oci:base:1 acme/tiny --env "API=$token" --picture secret.svg
expect_contains "$(cat secret.svg)" 'API=…'
[[ $(cat secret.svg) != *"$token"* ]] || fail 'the picture has a token in it'

# In a browser: it draws them, and the page is no wider than the window.
browser=$(command -v chromium || command -v google-chrome || true)
[ -n "$browser" ] || exit 0
browse() {
    HOME=$TEST_DIR timeout 120 "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --disable-dev-shm-usage "$@" 2>>browser.log
}
for file in change.html evil.html image.html; do
    sed 's|</body>|<script>document.title = document.documentElement.scrollWidth - innerWidth</script></body>|' "$file" >measured.html
    for width in 500 800 1300; do
        expect_contains "$(browse --window-size="$width,900" --dump-dom "file://$PWD/measured.html")" '<title>0</title>' \
            "$file at $width"
    done
done
browse --window-size=1000,900 --screenshot="$PWD/shot.png" "file://$PWD/image.svg" >/dev/null
expect_eq 'PNG' "$(head -c 4 shot.png | tail -c 3)"
[ "$(stat -c %s shot.png)" -gt 20000 ] || fail 'the browser drew next to nothing'
