#!/bin/bash
# Images as real tools and hand-written JSON make them, made by make_odd.py: what engines take inlay
# takes, and the result is judged by skopeo and umoci; what leads out of the image it
# refuses. Prints a table.
. "$(dirname "$0")/../lib.sh"

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"},
    {"path": "model.safetensors", "synthetic": 200000, "seed": 1}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
cd "$TEST_DIR" || exit
python3 "$TESTDATA/odd/make_odd.py" "$TEST_DIR"

result() { # REFERENCE NAME TAG: where the result of this base goes, in the same kind of place
    case $1 in
    oci:*) echo "oci:out-$2:$3" ;;
    *) echo "docker-archive:out-$2-$3.tar:odd/$2:$3" ;;
    esac
}

digest() { # REFERENCE
    "$INLAY" inspect --json "$1" | jq -r .digest
}

judge() { # NAME REFERENCE: others read and unpack it, and the model is in it
    rm -rf bundle judged
    skopeo copy -q --format oci "$2" oci:judged:1 2>judge.log ||
        fail "$1: skopeo refuses the result: $(tail -n 1 judge.log)"
    umoci unpack --rootless --image judged:1 bundle >judge.log 2>&1 ||
        fail "$1: umoci refuses the result: $(grep -m 1 . judge.log)"
    [ -n "$(find bundle/rootfs -path '*/models--acme--tiny/snapshots/*/model.safetensors')" ] ||
        fail "$1: the model is not in the unpacked image"
}

base_is_taken() { # NAME REFERENCE: by tools that are not ours
    rm -rf bundle judged
    skopeo copy -q --format oci "$2" oci:judged:1 >judge.log 2>&1 &&
        umoci unpack --rootless --image judged:1 bundle >judge.log 2>&1
}

# What others read of config.User and config.Env: [user, environment without what inlay sets].
as_others_read() { # REFERENCE
    skopeo inspect --config "$1" 2>/dev/null |
        jq -c '[.config.User // "", (.config.Env // [] | map(select(. != "HF_HUB_OFFLINE=1")))]'
}

count=0
while IFS=$'\t' read -r name kind reference; do
    count=$((count + 1))
    if base_is_taken "$name" "$reference"; then others=take; else others=refuse; fi
    before=$(as_others_read oci:judged:1 || true)
    made=$(result "$reference" "$name" 1)
    status=0
    "$INLAY" inject "$reference" acme/tiny --to "$made" >stdout 2>stderr || status=$?
    said=$(grep -m 1 -E 'warning:|^inlay:' stderr || true)
    printf '%-22s others %-7s inlay %s  %s\n' "$name" "$others" "$status" "${said:0:120}"
    if [ "$kind" = refuse ]; then
        expect_eq 6 "$status" "$name: status"
        expect_no_file "out-$name/index.json"
        continue
    fi
    expect_eq 0 "$status" "$name: $(cat stderr)"
    [ "$kind" = take ] || expect_contains "$(cat stderr)" 'warning: ' "$name"
    [ "$kind" = warn ] || expect_lacks "$(cat stderr)" 'warning: ' "$name"
    judge "$name" "$made"
    if [ $others = take ]; then
        expect_eq "$before" "$(as_others_read oci:judged:1)" "$name: user and environment"
        expect_contains "$(skopeo inspect --config oci:judged:1)" HF_HUB_OFFLINE=1 "$name"
    fi

    # inlay reads what it wrote, puts the same in its place, and takes it out again.
    status=0
    "$INLAY" verify --quiet "$made" >stdout 2>stderr || status=$?
    [ "$name" = root-closed ] || expect_eq 0 "$status" "$name: verify: $(cat stdout stderr)"
    again=$(result "$reference" "$name" 2)
    expect_exit 0 "$INLAY" inject --quiet "$made" acme/tiny --to "$again"
    expect_eq "$(digest "$made")" "$(digest "$again")" "$name: digest of the second run"
    expect_exit 0 "$INLAY" remove --quiet "$made" acme/tiny --to "$(result "$reference" "$name" 3)"
done <list
[ "$count" -ge 40 ] || fail "only $count inputs"
