#!/bin/bash
# Models that do not come from the Hub: folders, files, URLs, and archives of each kind.
. "$(dirname "$0")/../../testdata/lib.sh"

cd "$TEST_DIR" || exit
export TMPDIR=$TEST_DIR/tmp XDG_CACHE_HOME=$TEST_DIR/cache
mkdir tmp
base=(scratch --platform linux/amd64)
number=0

# inject ARGUMENT...: into a new layout, which has no layer yet; $ROOT is then the image's file system, $DIGEST its digest
inject() {
    number=$((number + 1))
    expect_exit 0 "$INLAY" inject "${base[@]}" "$@" --to "oci:out$number:1"
    DIGEST=${OUT#*@}
    ROOT=$TEST_DIR/root$number
    unpack_image "$TEST_DIR/out$number" 1 "$ROOT"
    expect_eq '' "$(ls -A tmp)" 'left in TMPDIR'
}
# refuse STATUS TEXT ARGUMENT...: with one line, and TARGET as it was
refuse() {
    local status=$1 text=$2 before
    shift 2
    before=$(tag_digest "$TEST_DIR/out1" 1)
    expect_exit "$status" "$INLAY" inject "${base[@]}" "$@" --to oci:out1:1
    expect_contains "$ERR" "$text"
    expect_eq 1 "$(grep -c ^inlay: <<<"$ERR")" "one line of: $ERR"
    expect_eq "$before" "$(tag_digest "$TEST_DIR/out1" 1)" 'the tag moved'
    expect_eq '' "$(ls -A tmp)" 'left in TMPDIR'
}
# tree FOLDER: its files, each with its content's checksum
tree() { (cd "$1" && find . -type f -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' sha256sum); }
place=(--layout dir --path /models)

# A folder. The same files are the same image, whatever their times, modes and order of creation.
mkdir -p m/sub
printf '{"a":1}' >m/config.json
head -c 1500000 /dev/urandom >m/model.bin
printf 'deep' >m/sub/x
ln -s ../config.json m/sub/link
(umask 077 && mkdir -p copy/sub && cp m/sub/x copy/sub/ && cp m/config.json copy/sub/link)
cp m/model.bin copy/ && cp m/config.json copy/
touch -d 2001-01-01 copy/model.bin
chmod 755 copy/config.json
mv copy other && mkdir copy && mv other copy/m
inject dir:m "${place[@]}"
expect_eq "$(tree copy/m)" "$(tree "$ROOT/models")"
expect_contains "$ERR" 'model: dir:'
first=$DIGEST
inject "dir:$TEST_DIR/copy/m" "${place[@]}"
expect_eq "$first" "$DIGEST" 'another digest for the same files'
inject dir:m --as acme/mine
hub=root/.cache/huggingface/hub
commit=$(cat "$ROOT/$hub/models--acme--mine/refs/main")
expect_eq "$(sha256_of m/model.bin)  model.bin" \
    "$("$TESTDATA/read_cache.sh" "$ROOT/$hub" acme/mine main model.bin)"
if command -v git >/dev/null; then
    git init -q judge && cp -rL m/. judge/
    (cd judge && git -c core.fileMode=false add . && git write-tree) >tree 2>/dev/null
    expect_eq "$(cat tree)" "$commit" "not git's tree"
fi
first=$DIGEST
inject "dir:$TEST_DIR/copy/m/" --as acme/mine
expect_eq "$first" "$DIGEST" 'another digest in the cache'
cp -r copy/m modules && echo '[]' >modules/modules.json
inject dir:modules --as acme/mine --layout sentence-transformers
expect_file "$ROOT/root/.cache/torch/sentence_transformers/acme_mine/model.bin"

refuse 2 "a folder has no name in the Hub's cache; say --as org/name, or --layout dir --path PATH" dir:m
refuse 2 "--as: 'a b' is no name of a model" dir:m --as 'a b'
refuse 2 'and the call has 0' acme/x --as acme/mine
refuse 2 'and the call has 2; inject several one after another' dir:m dir:copy --as acme/mine
refuse 3 "'absent' does not exist, expected a folder of files" dir:absent "${place[@]}"
mkdir -p namesake/m && echo x >namesake/m/x
refuse 2 "'dir:$TEST_DIR/m' and 'dir:$TEST_DIR/namesake/m' would both be called 'dir:m' in the image" \
    dir:m dir:namesake/m "${place[@]}"
expect_exit 0 "$INLAY" inject oci:out1:1 dir:namesake/m "${place[@]}" --to oci:out1:replaced
expect_contains "$ERR" 'which the image had, is replaced'
expect_lacks "$ERR" 'name both in one call' # which is refused
refuse 2 "'dir:/' is all of this machine" dir:/ "${place[@]}"
ln -s ../target m/out && echo x >target
refuse 6 "the link 'out' leads to '../target', outside the folder '$TEST_DIR/m'" dir:m "${place[@]}"
rm m/out && mkfifo m/pipe
refuse 6 "'pipe' in '$TEST_DIR/m' is a special file" dir:m "${place[@]}"
rm m/pipe && rm -r judge

# A file.
inject file:m/model.bin "${place[@]}"
expect_eq "$(sha256_of m/model.bin)  model.bin" "$(tree "$ROOT/models")"
expect_contains "$ERR" "is sha256:$(sha256_of m/model.bin)"
inject file:m/sub/link "${place[@]}" --name conf.json
expect_eq "$(sha256_of m/config.json)  conf.json" "$(tree "$ROOT/models")"
refuse 2 "a file has no name in the Hub's cache" file:m/model.bin
refuse 2 "--name: 'a/b' is a path" file:m/model.bin "${place[@]}" --name a/b
refuse 2 "--name: path '..' has the part '..'" file:m/model.bin "${place[@]}" --name ..
refuse 2 '--name is for a MODEL that is a file or a URL, and files of a repo or folder keep their paths' dir:m "${place[@]}" --name x
refuse 2 '--unpack is for archives, and no MODEL is a file or a URL' dir:m "${place[@]}" --unpack
refuse 8 "'m' is a folder, which is named 'dir:PATH'" file:m "${place[@]}"

# Archives: all kinds of them are the same files.
tar -C m --owner=1 -cf a.tar . && tar -C m -czf a.tgz sub config.json model.bin
tar -C m -cjf a.tbz . && tar -C m -cJf a.txz . && tar -C m --zstd -cf a.tzst .
python3 - <<'PYTHON'
import os, zipfile
with zipfile.ZipFile("a.zip", "w", zipfile.ZIP_DEFLATED) as out:
    out.mkdir("sub") if hasattr(out, "mkdir") else out.writestr("sub/", "")
    for name in ["sub/x", "sub/link", "model.bin", "config.json"]:
        out.write("m/" + name, name)
PYTHON
for archive in a.tar a.tgz a.tbz a.txz a.tzst a.zip; do
    cp $archive data # by its content
    inject file:data --unpack "${place[@]}"
    expect_eq "$(tree copy/m)" "$(tree "$ROOT/models")" "$archive"
    expect_contains "$ERR" "is sha256:$(sha256_of $archive)"
done
inject file:a.zip --unpack --as acme/mine
expect_eq "$(sha256_of m/model.bin)  model.bin" \
    "$("$TESTDATA/read_cache.sh" "$ROOT/$hub" acme/mine main model.bin)"
inject file:a.tgz "${place[@]}"
expect_eq "$(sha256_of a.tgz)  a.tgz" "$(tree "$ROOT/models")" 'without --unpack'
inject file:m/model.bin --unpack "${place[@]}" # no archive
expect_eq "$(sha256_of m/model.bin)  model.bin" "$(tree "$ROOT/models")" 'no archive'
mkdir top && ln m/config.json top/
tar -cf top.tar top
inject file:top.tar --unpack "${place[@]}"
expect_file "$ROOT/models/top/config.json"

# Names, links and devices that must not be taken, and what is made to fill disks.
python3 - <<'PYTHON'
import io, tarfile, zipfile

def tar(name, *members):
    with tarfile.open(name, "w") as out:
        good = tarfile.TarInfo("good")
        good.size = 4
        out.addfile(good, io.BytesIO(b"good"))
        for path, fields in members:
            info = tarfile.TarInfo(path)
            content = fields.pop("content", b"")
            info.size = len(content)
            for key, value in fields.items():
                setattr(info, key, value)
            if "size" in fields:
                out.fileobj.write(info.tobuf(tarfile.GNU_FORMAT))
            else:
                out.addfile(info, io.BytesIO(content))

tar("up.tar", ("../evil", {"content": b"x"}))
tar("upfolder.tar", ("a/../../evil/", {"type": tarfile.DIRTYPE}))
tar("absolute.tar", ("/etc/evil", {"content": b"x"}))
tar("whiteout.tar", ("a/.wh.b", {"content": b"x"}))
tar("control.tar", ("a\nb", {"content": b"x"}))
tar("twice.tar", ("a", {"content": b"x"}), ("a", {"content": b"y"}))
tar("both.tar", ("a", {"content": b"x"}), ("a/b", {"content": b"y"}))
tar("linkout.tar", ("a/l", {"type": tarfile.SYMTYPE, "linkname": "../../etc/passwd"}))
tar("linkroot.tar", ("l", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}))
tar("linkgone.tar", ("l", {"type": tarfile.SYMTYPE, "linkname": "absent"}))
tar("linkloop.tar", ("l", {"type": tarfile.SYMTYPE, "linkname": "l"}))
tar("hardout.tar", ("l", {"type": tarfile.LNKTYPE, "linkname": "../out"}))
tar("device.tar", ("null", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3}))
tar("pipe.tar", ("pipe", {"type": tarfile.FIFOTYPE}))
tar("large.tar", ("large", {"size": 70 << 30}))
tar("claims.tar", ("claims", {"size": 2 << 30}))
tar("inside.tar", ("d/l", {"type": tarfile.SYMTYPE, "linkname": "../h"}),
    ("h", {"type": tarfile.LNKTYPE, "linkname": "./good"}))
with zipfile.ZipFile("up.zip", "w") as out:
    out.writestr("../evil", "x")
with zipfile.ZipFile("backslash.zip", "w") as out:
    info = zipfile.ZipInfo("x")
    info.filename = "..\\evil"
    out.writestr(info, "x")
PYTHON
inject file:inside.tar --unpack "${place[@]}"
expect_eq 'good good good' "$(cd "$ROOT/models" && cat good && echo -n ' ' && cat h && echo -n ' ' && cat d/l)"
hostile() { # STATUS FILE TEXT
    refuse "$1" "the archive '$2': $3" "file:$2" --unpack "${place[@]}"
    expect_no_file "$TEST_DIR/evil"
}
hostile 7 up.tar "path '../evil' has the part '..'"
hostile 7 upfolder.tar "path 'a/../../evil' has the part '..'"
hostile 7 absolute.tar "path '/etc/evil' is absolute"
hostile 7 whiteout.tar "path 'a/.wh.b' has a part that begins with '.wh.'"
hostile 7 control.tar "path 'a?b' has a control character"
hostile 7 twice.tar "path 'a' is there twice"
refuse 7 "'a' is a file, and a folder in the path 'a/b'" file:both.tar --unpack "${place[@]}"
hostile 6 linkout.tar "the link 'a/l' leads to '../../etc/passwd', outside the archive"
hostile 6 linkroot.tar "the link 'l' leads to '/etc/passwd', outside the archive"
hostile 6 linkgone.tar "the link 'l' leads to 'absent', which is no file in the archive"
hostile 6 linkloop.tar "the link 'l' leads to itself"
hostile 6 hardout.tar "the hard link 'l': "
hostile 6 device.tar "'null' is a device, pipe or the like"
hostile 6 pipe.tar "'pipe' is a device, pipe or the like"
hostile 6 large.tar "with 'large' it unpacks to more than 68.7 GB, and is not read on"
hostile 6 claims.tar "with 'claims' it unpacks to more than 1000 times its size"
hostile 7 up.zip "path '../evil' has the part '..'"
hostile 7 backslash.zip "path '../evil' has the part '..'"
head -c 100000 a.tgz >cut.tgz && hostile 7 cut.tgz 'it cannot be unpacked: '
head -c 100000 a.zip >cut.zip && hostile 7 cut.zip 'it cannot be unpacked: '
cp m/model.bin no.zip && hostile 6 no.zip 'it is none, expected a tar'

# URLs. The hub serves as any server that redirects.
cp m/model.bin hub.bin
start_hub "$(jq -n --arg dir "$TEST_DIR" '{id: "acme/files", lfs: {threshold: 1000000}, files:
    [{path: "model.bin", file: "\($dir)/hub.bin"}, {path: "na me.txt", text: "hello"},
     {path: "a.tgz", file: "\($dir)/a.tgz"}, {path: "a.zip", file: "\($dir)/a.zip"},
     {path: "up.tar", file: "\($dir)/up.tar"}]}')"
files=$HUB_URL/acme/files/resolve/main
sum=$(sha256_of m/model.bin)
export HF_TOKEN=hf_abcdefghijklmnopqrstuvwxyz01234567 # is for the Hub, and for no URL
inject "$files/model.bin?key=secret#sha256=$sum" "${place[@]}"
expect_eq "$sum  model.bin" "$(tree "$ROOT/models")"
expect_lacks "$ERR" secret
expect_eq 0 "$(hub_log '[.requests[] | select(.authorization)] | length')" 'a token was sent'
inject "$files/na%20me.txt#sha256=$(printf hello | sha256sum | cut -c 1-64)" "${place[@]}"
expect_eq hello "$(cat "$ROOT/models/na me.txt")"
inject "$files/model.bin#sha256=$sum" "${place[@]}" --name other.bin
expect_file "$ROOT/models/other.bin"

# A connection that breaks is taken up where it was; servers without ranges or lengths will do.
hub_control '{"clearLog": true, "faults": [{"do": "cut", "bytes": 700000, "on": "cdn", "after": 1, "times": 1}]}' >/dev/null
inject "$files/model.bin#sha256=$sum" "${place[@]}"
expect_eq "$sum  model.bin" "$(tree "$ROOT/models")"
expect_contains "$(hub_log '.requests[] | .range // ""')" 'bytes=700000-'
for switch in ignoreRange chunked; do
    hub_control '{"faults": [], "switches": {"'$switch'": true}}' >/dev/null
    inject "$files/model.bin#sha256=$sum" "${place[@]}"
    expect_eq "$sum  model.bin" "$(tree "$ROOT/models")" $switch
    hub_control '{"switches": {"'$switch'": false}}' >/dev/null
done

# Without a checksum only if that is said, and then what was taken can be pinned.
refuse 2 "'$files/model.bin' comes without a checksum: put '#sha256=HEX' behind it" "$files/model.bin" "${place[@]}"
inject "$files/model.bin" "${place[@]}" --unverified
expect_contains "$ERR" "took $files/model.bin as sha256=$sum; pin it: '$files/model.bin#sha256=$sum'"
unpinned=$DIGEST
inject "$files/model.bin#sha256=$sum" "${place[@]}"
expect_eq "$unpinned" "$DIGEST" 'another image with the checksum'
inject "$files/model.bin?key=secret" "${place[@]}" --unverified
expect_contains "$ERR" "took $files/model.bin as sha256=$sum"
expect_lacks "$ERR" secret

refuse 2 "is named twice; in an image, URLs that differ behind '?' alone are one model" \
    "$files/model.bin?a=1#sha256=$sum" "$files/model.bin?a=2#sha256=$sum" "${place[@]}"

# Another checksum, both values told; the download cache keeps nothing of it.
wrong=$(printf 1 | sha256sum | cut -c 1-64)
differs="'$files/model.bin' has the digest sha256:$sum, expected sha256:$wrong"
for switch in ignoreRange chunked; do
    refuse 7 "$differs" "$files/model.bin#sha256=$wrong" "${place[@]}" --download-cache kept
    hub_control '{"switches": {"'$switch'": true}}' >/dev/null
done
hub_control '{"switches": {"ignoreRange": false, "chunked": false}}' >/dev/null
refuse 7 "$(sha256_of a.tgz)" "$files/a.tgz#sha256=$wrong" --unpack "${place[@]}" --download-cache kept
expect_eq 0 "$("$INLAY" cache list kept --json | jq '.files | length')" 'kept what is wrong'
# What the download cache has, the server is not asked for, whether that is allowed or not.
for unpack in '' --unpack; do
    inject "$files/a.tgz#sha256=$(sha256_of a.tgz)" $unpack "${place[@]}" --download-cache held
    digest=$DIGEST
    hub_control '{"clearLog": true}' >/dev/null
    for offline in '' --offline; do
        inject "$files/a.tgz#sha256=$(sha256_of a.tgz)" $unpack "${place[@]}" --download-cache held $offline
        expect_eq "$digest" "$DIGEST" "the image, $unpack $offline"
    done
    expect_eq 0 "$(hub_log '.requests | length')" "requests, $unpack"
done
refuse 3 'is not on this machine' "$files/up.tar#sha256=$(sha256_of up.tar)" "${place[@]}" --download-cache held --offline
expect_eq 0 "$(hub_log '.requests | length')" 'requests for what is not there'

refuse 3 "there is no '$files/absent': the server answers 404" "$files/absent#sha256=$wrong" "${place[@]}"
hub_control '{"faults": [{"do": "status", "status": 403, "on": "cdn"}]}' >/dev/null
refuse 4 "'$files/model.bin' is not for everybody: '$CDN_URL/" "$files/model.bin#sha256=$sum" "${place[@]}"
hub_control '{"faults": []}' >/dev/null
refuse 2 "cannot be the name of a file; give it one by --name" "$HUB_URL/a%2Fb#sha256=$sum" "${place[@]}"
refuse 2 'its sha256 is not 64 lower-case hex digits' "$files/model.bin#sha256=1" "${place[@]}"

# An archive by its URL: fetched once, kept where a download cache is. A member by its own checksum.
hub_control '{"clearLog": true}' >/dev/null
for run in 1 2; do
    inject "$files/a.tgz#sha256=$(sha256_of a.tgz)" --unpack "${place[@]}" --download-cache kept
    expect_eq "$(tree copy/m)" "$(tree "$ROOT/models")" "run $run"
done
expect_eq "$(stat -c %s a.tgz)" "$(hub_log '[.requests[] | select(.port == "cdn" and .bytes > 1) | .bytes] | add')" \
    'fetched more than once'
for archive in a.tgz a.zip; do
    inject "$files/$archive#sha256=$(sha256_of m/sub/x)&member=sub/x" "${place[@]}"
    expect_eq "$(sha256_of m/sub/x)  x" "$(tree "$ROOT/models")"
    expect_lacks "$ERR" 'took '
done
inject "$files/a.tgz#sha256=$(sha256_of m/config.json)&member=sub/link" "${place[@]}" --name c.json
expect_eq "$(sha256_of m/config.json)  c.json" "$(tree "$ROOT/models")"
refuse 7 "'sub/x' in it has the digest sha256:$(sha256_of m/sub/x), expected sha256:$wrong" \
    "$files/a.tgz#sha256=$wrong&member=sub/x" "${place[@]}"
refuse 3 "the archive '$files/a.tgz': it has no file 'absent'" "$files/a.tgz#sha256=$wrong&member=absent" "${place[@]}"
refuse 7 "the archive '$files/up.tar': path '../evil'" "$files/up.tar#sha256=$(sha256_of up.tar)" --unpack "${place[@]}"
