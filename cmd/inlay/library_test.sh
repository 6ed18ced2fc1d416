#!/bin/bash
# libinlay as programs get it: installed, found by pkg-config and by CMake, called from C and from Python.
. "$(dirname "$0")/../../testdata/lib.sh"

build=$(dirname "$INLAY")
examples=$TESTDATA/../docs/examples
[ -f "$build/libinlay.so" ] || skip 'this build has no libinlay'
cd "$TEST_DIR" || exit
cmake --install "$build" --component library --prefix "$TEST_DIR/usr" >install.out 2>&1 || fail "$(tail -3 install.out)"
library=$(find "$TEST_DIR/usr" -name libinlay.so.0)
expect_file "$library"
folder=$(dirname "$library")
expect_eq libinlay.so.0 "$(readelf -d "$library" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')" 'its SONAME'

# What it shows is the interface, all of it and nothing else.
declared=$(sed -n 's/^INLAY_API .*[ *]\(inlay_[a-z_]*\)(.*/\1/p' "$TEST_DIR/usr/include/inlay/inlay.h" | sort)
exported=$(nm -D --defined-only "$library" | awk '$2 != "A" {sub(/@.*/, "", $3); print $3}' | sort)
expect_eq "$declared" "$exported" 'what it exports'
expect_eq 13 "$(wc -l <<<"$exported")" 'functions'

# The header stands alone, in C of 1999 and in C++.
echo '#include <inlay/inlay.h>' >alone.c
cc -std=c99 -Wall -Wextra -Wpedantic -Werror -I usr/include -fsyntax-only alone.c
if command -v c++ >/dev/null; then
    c++ -Wall -Wextra -Wpedantic -Werror -I usr/include -fsyntax-only -x c++ alone.c
fi

export PKG_CONFIG_PATH=$folder/pkgconfig
# shellcheck disable=SC2046 # these are words
cc -Wall -Wextra -Werror "$examples/push.c" $(pkg-config --cflags --libs inlay) -Wl,-rpath,"$folder" -o push
expect_eq "$("$INLAY" --version)" "inlay $(pkg-config --modversion inlay)" 'the version that pkg-config tells'

mkdir project
cp "$examples/push.c" project/
cat >project/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.20)
project(push C)
find_package(Inlay 0.1 REQUIRED)
add_executable(push push.c)
target_link_libraries(push PRIVATE Inlay::inlay)
END
{
    cmake -S project -B project/build -DCMAKE_PREFIX_PATH="$TEST_DIR/usr"
    cmake --build project/build
} >project.out 2>&1 || fail "$(tail -5 project.out)"
expect_file project/build/push

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"},
    {"path": "model.safetensors", "synthetic": 3000000, "lfs": true}]}' \
    '{"id": "acme/other", "files": [{"path": "config.json", "text": "{\"a\": 1}"},
    {"path": "model.safetensors", "synthetic": 2000000, "lfs": true}]}' \
    '{"id": "acme/large", "files": [{"path": "config.json", "text": "{}"},
    {"path": "model.safetensors", "synthetic": 90000000, "lfs": true}]}' \
    '{"id": "acme/closed", "private": true, "files": [{"path": "config.json", "text": "{}"}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
start_registry
make_base "$TEST_DIR/base" 1
push_base "$TEST_DIR/base" 1 "$REGISTRY/base:1" --dest-tls-verify=false

# The image is the one that the program makes, and its two documents are those that their schemas take.
for program in ./push project/build/push; do
    expect_exit 0 "$program" "$REGISTRY/base:1" acme/tiny "$REGISTRY/pushed:1" jobs=2 overwrite "insecure=${REGISTRY%:*}" "insecure=$REGISTRY"
    expect_eq 2 "$(wc -l <<<"$OUT")" 'documents'
    expect_contains "$ERR" 'done: '
    expect_contains "$ERR" '{"progress":'
    for name in inject verify; do
        head -1 <<<"$OUT" >document.json
        OUT=$(tail -1 <<<"$OUT")
        /usr/bin/python3 -W ignore -m jsonschema -i document.json "$TESTDATA/../docs/schema/$name.schema.json" >schema.out 2>&1 \
            || fail "not what its schema says: $(head -3 schema.out)"
        [ $name = inject ] && digest=$(jq -r .digest document.json)
    done
    expect_eq "$digest" "sha256:$(skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/pushed:1" | sha256_of /dev/stdin)"
done
expect_exit 0 "$INLAY" inject -q "$REGISTRY/base:1" acme/tiny --to "$REGISTRY/program:1"
expect_contains "$OUT" "$digest" 'the digest that the program makes'
expect_exit 0 "$INLAY" verify "$REGISTRY/pushed:1" acme/tiny

# A failure ends it as it ends the program.
expect_exit 3 ./push "$REGISTRY/base:none" acme/tiny "$REGISTRY/pushed:2"
expect_contains "$ERR" "push: "
expect_exit 2 ./push "$REGISTRY/base:1" acme/tiny "$REGISTRY/pushed:2" nonsense=1
expect_contains "$ERR" "push: the option '--nonsense' is not known"

export INLAY_LIBRARY=$library
expect_exit 0 /usr/bin/python3 "$examples/inject.py" "$REGISTRY/base:1" acme/other "$REGISTRY/python:1" env=A=1 env=B=2
expect_contains "$OUT" "acme/other "
expect_contains "$OUT" "$REGISTRY/python:1@sha256:"
expect_contains "$ERR" '2000008 bytes of model would move'
expect_eq '["A=1","B=2"]' "$(skopeo inspect --config --tls-verify=false "docker://$REGISTRY/python:1" \
    | jq -c '[.config.Env[] | select(test("^[AB]="))]')" 'options that repeat'
expect_exit 3 /usr/bin/python3 "$examples/inject.py" "$REGISTRY/base:none" acme/other "$REGISTRY/python:2"

# Cancel, errors, two at once, and a host that is left as it was: nothing is printed.
expect_exit 0 /usr/bin/python3 "$TESTDATA/library_judge.py" "$examples/inject.py" "$REGISTRY/base:1" "$REGISTRY/judged"
expect_eq '' "$OUT$ERR" 'what the library prints'
