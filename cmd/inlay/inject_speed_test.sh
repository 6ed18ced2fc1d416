#!/bin/bash
# How the bytes of a model come: large files in ranges over several connections, small ones side by
# side, at a rate if one is given; and that the image is the same for all of it.
. "$(dirname "$0")/../../testdata/lib.sh"

small=$(jq -nc '[range(60) | {path: "f/\(.).json", text: "{\"number\": \(.)}"}]')
start_hub "{\"id\": \"acme/big\", \"files\": [{\"path\": \"config.json\", \"text\": \"{}\"},
    {\"path\": \"model.safetensors\", \"synthetic\": 75000001, \"seed\": 1}]}" \
    "{\"id\": \"acme/many\", \"files\": $small}" \
    '{"id": "acme/some", "files": [{"path": "model.bin", "synthetic": 600000, "seed": 2}]}'
export HF_ENDPOINT=$HUB_URL

inject() { expect_exit 0 "$INLAY" inject scratch "$@" --platform linux/amd64; }
layers() { image_manifest "$TEST_DIR/$1" 1 | jq -c '[.layers[].digest]'; }
ranges() { hub_log '[.requests[] | select(.kind == "cdn" and .range != null)] | length'; }
resolves() { hub_log "[.requests[] | select(.kind == \"resolve\" and (.path | endswith(\"$1\")))] | length"; }

# One connection is one request; several ask the hub once, and the CDN for 4 MiB at a time.
inject acme/big --to "oci:$TEST_DIR/one:1" --connections 1
expect_eq 0 "$(ranges)" 'ranges over one connection'
expect_eq 1 "$(resolves model.safetensors)" 'questions to the hub'
hub_control '{"clearLog": true}' >/dev/null
inject acme/big --to "oci:$TEST_DIR/eight:1"
expect_eq 18 "$(ranges)" 'ranges over several connections'
expect_eq 1 "$(resolves model.safetensors)" 'questions to the hub, with ranges'
expect_hub_manners
expect_eq "$(layers one)" "$(layers eight)" 'layers'

# A slow connection has others beside it.
hub_control '{"clearLog": true, "faults": [{"do": "slow", "on": "cdn", "bytesPerSecond": 15000000}]}' >/dev/null
inject acme/big --to "oci:$TEST_DIR/slow:1" --connections 4
connections=$(hub_log .connections.cdn)
[ "$connections" -ge 3 ] && [ "$connections" -le 4 ] || fail "$connections connections, expected 4"
expect_eq "$(layers one)" "$(layers slow)" 'layers over slow connections'

# What breaks is asked for again, from where it broke; addresses that expire are renewed.
hub_control '{"clearLog": true, "faults": [{"do": "cut", "on": "cdn", "bytes": 1000000, "after": 3, "times": 4}],
    "switches": {"cdnExpiresMs": 150}}' >/dev/null
inject acme/big --to "oci:$TEST_DIR/cut:1" --connections 4
expect_eq "$(layers one)" "$(layers cut)" 'layers over connections that break'
[ "$(ranges)" -ge 22 ] || fail "$(ranges) ranges, expected 18 and 4 that go on"
hub_control '{"faults": [], "switches": {"cdnExpiresMs": 60000}}' >/dev/null

# A CDN without ranges sends the file as it is.
hub_control '{"clearLog": true, "switches": {"ignoreRange": true}}' >/dev/null
inject acme/big --to "oci:$TEST_DIR/whole:1"
expect_eq "$(layers one)" "$(layers whole)" 'layers without ranges'
expect_eq 1 "$(ranges)" 'ranges that were tried'
hub_control '{"switches": {"ignoreRange": false}}' >/dev/null

# A byte that is not the model's stops it, whichever range it is in.
hub_control '{"faults": [{"do": "corrupt", "on": "cdn", "bytes": 40000000}]}' >/dev/null
expect_exit 7 "$INLAY" inject scratch acme/big --platform linux/amd64 --to "oci:$TEST_DIR/wrong:1"
expect_contains "$ERR" "'acme/big/model.safetensors' has the digest sha256:"
expect_json "$TEST_DIR/wrong/index.json" '.manifests | length' 0

# Small files come side by side, each once, and in the order of the layer.
hub_control '{"clearLog": true, "faults": [{"do": "delay", "on": "resolve", "ms": 50}]}' >/dev/null
inject acme/many --to "oci:$TEST_DIR/many:1"
[ "$(hub_log .connections.hub)" -ge 4 ] || fail "$(hub_log .connections.hub) connections, expected several"
expect_eq 60 "$(resolves .json)" 'requests for 60 files'
hub_control '{"clearLog": true, "faults": []}' >/dev/null
inject acme/many --to "oci:$TEST_DIR/single:1" --connections 1
expect_eq 2 "$(hub_log .connections.hub)" 'connections to the hub, with the one that asks for this'
expect_eq "$(layers many)" "$(layers single)" 'layers of many files'

# A rate is kept: 600 kB at 300 KiB a second.
since=$(date +%s%N)
inject acme/some --to "oci:$TEST_DIR/rate:1" --limit-rate 300K
took_ms=$((($(date +%s%N) - since) / 1000000))
[ "$took_ms" -ge 1800 ] || fail "$took_ms ms, expected two seconds"

# What is no number, no rate.
expect_exit 2 "$INLAY" inject scratch acme/big --to "oci:$TEST_DIR/none:1" --connections 0
expect_contains "$ERR" '--connections is 0, expected 1 to 64'
expect_exit 2 "$INLAY" inject scratch acme/big --to "oci:$TEST_DIR/none:1" --connections 65
expect_contains "$ERR" '--connections'
for rate in '' fast 10 1023 1.5M -1M 1X 99999999999999999G; do
    expect_exit 2 "$INLAY" inject scratch acme/big --to "oci:$TEST_DIR/none:1" --limit-rate "$rate"
    expect_contains "$ERR" "--limit-rate '$rate' is not a rate; expected bytes a second, at least 1K"
done
