#!/bin/bash
# The folders of an image down to each model, as the records say it, and as the image has them.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"},
    {"path": "model.safetensors", "synthetic": 2000000, "seed": 1}]}' \
    '{"id": "acme/words", "files": [{"path": "config.json", "text": "{}"}, {"path": "model.safetensors", "text": "a,b\n"}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache LC_ALL=C.UTF-8
cd "$TEST_DIR" || exit
make_base base 1 --index --user app
tree() {
    expect_exit 0 "$INLAY" inspect "$@" --tree
    expect_eq '' "$ERR" 'stderr'
    OUT=$(sed '1,/^$/d' <<<"$OUT")
}

# Two models in one folder; both platforms have the same.
expect_exit 0 "$INLAY" inject oci:base:1 acme/tiny acme/words --to oci:out:1
tiny=$("$INLAY" inspect oci:out:1 --json | jq -r '.models[] | select(.name == "acme/tiny").commit[:7]')
words=$("$INLAY" inspect oci:out:1 --json | jq -r '.models[] | select(.name == "acme/words").commit[:7]')
size=$("$INLAY" inspect oci:out:1 | sed -n "s/^acme\/tiny .*  \([0-9.]* MB\)  .*/\1/p")
tree oci:out:1
sed "s/TINY/$tiny/; s/WORDS/$words/; s/SIZE1/$size/" >expected <<'END'
FOLDER                                              MODE  OWNER        SIZE
/
└── home                                            0755  0:0
    └── app                                         0750  1000:1000
        └── .cache                                  0755  1000:1000
            └── huggingface                         0755  1000:1000
                └── hub                             0755  1000:1000
                    ├── acme/tiny (TINY, 2 files)                    SIZE1
                    ├── acme/words (WORDS, 2 files)                  WSIZE
                    └── .locks                      0755  1000:1000
END
# Columns apart, it is this.
expect_eq "$(sed 's/WSIZE/8.7 kB/; s/  */ /g' expected | grep -v words)" "$(sed 's/  */ /g' <<<"$OUT" | grep -v words)"
expect_eq 1 "$(awk 'NR > 1 && /[kM]B$/ { print length }' <<<"$OUT" | sort -u | wc -l)" 'ends of the sizes'
expect_eq '' "$(grep ' $' <<<"$OUT" || true)" 'spaces at the ends'

# What is told of the folders is what another tool finds in the image.
unpack_image out 1 unpacked
for folder in home home/app home/app/.cache home/app/.cache/huggingface home/app/.cache/huggingface/hub; do
    line=$(grep -- "── ${folder##*/} " <<<"$OUT")
    expect_eq "$(stat -c '0%a %u:%g' "unpacked/$folder")" "$(awk '{ print $(NF - 1), $NF }' <<<"$line")" "$folder"
done

# ASCII where the locale has no other characters, and as narrow as the terminal.
LC_ALL=C tree oci:out:1
expect_contains "$OUT" "        \`-- .cache "
expect_eq '' "$(LC_ALL=C grep '[^ -~]' <<<"$OUT" || true)" 'characters that are not ASCII'
LC_ALL='' LC_CTYPE='' LANG='' tree oci:out:1
expect_contains "$OUT" '|-- acme/tiny'
for width in 40 60 80; do
    LC_ALL=C COLUMNS=$width tree oci:out:1
    expect_contains "$OUT" ', 2 files)'
    widest=$(awk '{ if (length > most) most = length } END { print most }' <<<"$OUT")
    [ "$widest" -le "$width" ] || fail "$widest columns where $width are"
    expect_contains "$OUT" 'acme/words'
    expect_contains "$OUT" '1000:1000'
done

# A model that all share, and the links to it.
expect_exit 0 "$INLAY" inject oci:base:1 acme/tiny --shared --to oci:out:shared
tree oci:out:shared
expect_contains "$OUT" '├── acme/tiny -> /usr/share/models'
expect_contains "$OUT" "└── acme/tiny ($tiny, 2 files)"
unpack_image out shared shared
expect_contains "$(find shared/home/app/.cache/huggingface/hub -type l -printf '%l\n')" /usr/share/models/

# A link of the base on the way.
mkdir -p extra/home/app extra/data/cache
ln -s /data/cache extra/home/app/.cache
make_base base linked --user app --extra extra
expect_exit 0 "$INLAY" inject oci:base:linked acme/tiny --to oci:out:linked
tree oci:out:linked
expect_contains "$OUT" '── hub -> /data/cache/huggingface/hub'
expect_eq 1 "$(grep -c ' -> ' <<<"$OUT")" 'links'

# Platforms that differ are told one by one.
make_base base elsewhere --env HF_HOME=/opt --architecture arm64
expect_exit 0 "$INLAY" inject oci:base:elsewhere acme/tiny --to oci:out:arm64
make_base base amd64
expect_exit 0 "$INLAY" inject oci:base:amd64 acme/tiny --to oci:out:amd64
jq -n --slurpfile all out/index.json '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [("amd64", "arm64") as $name | $all[0].manifests[]
        | select(.annotations["org.opencontainers.image.ref.name"] == $name)
        | del(.annotations) + {platform: {os: "linux", architecture: $name}}]}' >both
cp both "out/blobs/sha256/$(sha256_of both)"
tree "oci:out:sha256:$(sha256_of both)"
expect_eq 'platform   linux/amd64
platform   linux/arm64' "$(grep '^platform' <<<"$OUT")"
expect_eq 1 "$(grep -c -- '── opt' <<<"$OUT")" 'trees with /opt'

# An image without models, and what does not go together.
expect_exit 0 "$INLAY" inspect oci:base:1 --tree
expect_eq 'no models' "$OUT"
expect_exit 2 "$INLAY" inspect oci:out:1 --tree --json
expect_contains "$ERR" '--tree and --json exclude each other'
expect_exit 2 "$INLAY" inspect oci:out:1 --tree=wide
expect_contains "$ERR" "'--tree"

# What a stranger wrote into an image does not reach the terminal as it is.
config=$(image_config out amd64 | jq -c '.history[].comment |= if . then (fromjson
    | if .folders then .folders += [["a\u001b[2Jb", 493, 0, 0, 0], [("x/" * 3000) + "x", 493, 0, 0, 0]] else . end | tojson) else . end')
name=$(printf '%s' "$config" | sha256sum | cut -d ' ' -f 1)
printf '%s' "$config" >"out/blobs/sha256/$name"
image_manifest out amd64 | jq -c --arg digest "sha256:$name" --argjson size "${#config}" \
    '.config.digest = $digest | .config.size = $size' >manifest
cp manifest "out/blobs/sha256/$(sha256_of manifest)"
tree "oci:out:sha256:$(sha256_of manifest)"
expect_lacks "$OUT" $'\033'
expect_contains "$OUT" 'acme/tiny'
