#!/bin/bash
# executable=GLOB behind a MODEL: files in a folder of --layout dir that may be run, in an image of several places.
. "$(dirname "$0")/../../testdata/lib.sh"

export XDG_CACHE_HOME=$TEST_DIR/cache
cd "$TEST_DIR" || exit
mkdir tools tools/lib
printf '#!/bin/sh\necho run\n' >tools/run
printf '#!/bin/sh\necho helper\n' >tools/lib/helper.sh
echo data >tools/data.txt
head -c 70000000 /dev/zero >large
make_base base 1

inject() { # TAG ARGUMENT...
    expect_exit 0 "$INLAY" inject -q oci:base:1 "${@:2}" --to "oci:out:$1"
}
modes() { # TAG: path, mode and owner of the files in /opt and /usr/tools, as umoci unpacks them
    rm -rf unpacked
    umoci unpack ${ROOTLESS:+--rootless} --image "out:$1" unpacked >/dev/null
    (cd unpacked/rootfs && find . -path './opt/*' -type f -printf '%f %m\n' -o -path './usr/tools/*' -type f -printf '%f %m\n' | LC_ALL=C sort | paste -sd ' ')
}
[ "$(id -u)" = 0 ] || ROOTLESS=yes

inject plain dir:tools --layout dir --path /opt
expect_eq 'data.txt 644 helper.sh 644 run 644' "$(modes plain)"
inject run dir:tools,executable=run --layout dir --path /opt
expect_eq 'data.txt 644 helper.sh 644 run 755' "$(modes run)"
[ "$(unpacked/rootfs/opt/run)" = run ] || fail 'the file cannot be run'
inject both dir:tools,executable=run,executable=*.sh --layout dir --path /opt
expect_eq 'data.txt 644 helper.sh 755 run 755' "$(modes both)"
inject group dir:tools,executable=run --layout dir --path /opt --group-writable
expect_eq 'data.txt 664 helper.sh 664 run 755' "$(modes group)"
# Several in one image, each in its place; of a large file, too.
inject places dir:tools,layout=dir,path=/opt,executable=run file:large,name=tool,layout=dir,path=/usr/tools,executable=tool
expect_eq 'data.txt 644 helper.sh 644 run 755 tool 755' "$(modes places)"
expect_exit 0 "$INLAY" verify -q oci:out:places
# A user does not own what may be run, nor a folder that is made for it; all else stays as it was.
make_base base user --user app
owners() { # TAG PATH...: mode and owner of each, as the layers have them
    local tag=$1
    shift
    all_entries "$tag" | awk -v paths=" $* " 'index(paths, " " $6 " ") {print $6, $1, $2}' | LC_ALL=C sort -u | paste -sd ' '
}
all_entries() { # TAG
    local blob
    while read -r blob; do
        tar --numeric-owner -tvf "out/blobs/sha256/${blob#sha256:}" | sed -E 's#/$##; s# \./# #'
    done < <(skopeo inspect --raw "oci:out:$1" | jq -r '.layers[1:][].digest')
}
expect_exit 0 "$INLAY" inject -q oci:base:user file:tools/run,layout=dir,path=/srv/bin,executable=run --to oci:out:program
expect_eq 'srv/bin drwxr-xr-x 0/0 srv/bin/run -rwxr-xr-x 0/0' "$(owners program srv/bin srv/bin/run)"
expect_exit 0 "$INLAY" inject -q oci:base:user file:tools/run,layout=dir,path=/srv/bin --to oci:out:data
expect_eq 'srv/bin drwxr-xr-x 1000/1000 srv/bin/run -rw-r--r-- 1000/1000' "$(owners data srv/bin srv/bin/run)"
expect_exit 0 "$INLAY" inject -q oci:base:user file:tools/run,layout=dir,path=/srv/bin,executable=run --owner 7:8 --to oci:out:owner
expect_eq 'srv/bin drwxr-xr-x 0/0 srv/bin/run -rwxr-xr-x 7/8' "$(owners owner srv/bin srv/bin/run)"
expect_exit 0 "$INLAY" inject -q oci:base:user dir:tools,layout=dir,path=/srv/bin,executable=*.sh --to oci:out:below
expect_eq 'srv/bin drwxr-xr-x 0/0 srv/bin/lib drwxr-xr-x 0/0 srv/bin/lib/helper.sh -rwxr-xr-x 0/0 srv/bin/run -rw-r--r-- 1000/1000' \
    "$(owners below srv/bin srv/bin/lib srv/bin/lib/helper.sh srv/bin/run)"
for tag in program owner below; do
    expect_exit 0 "$INLAY" verify -q "oci:out:$tag"
done
# The same again is the same; the layers are found by their recipes, and those without the right are others.
expect_exit 0 "$INLAY" inject oci:base:1 dir:tools,executable=run --layout dir --path /opt --to oci:out:run
expect_contains "$ERR" '0 layers built'
expect_exit 0 "$INLAY" inject oci:base:1 dir:tools --layout dir --path /opt --to oci:out:run
expect_eq "$(tag_digest out plain)" "$(tag_digest out run)"

# A project says it, and the lock keeps it.
printf '{"version": 1, "base": "oci:base:1", "target": "oci:out:project",
    "models": [{"model": "dir:tools", "layout": "dir", "path": "/opt", "executable": ["run", "*.sh"]}]}' >inlay.json
expect_exit 0 "$INLAY" lock -q
expect_eq '["run","*.sh"]' "$(jq -c '.models[0].options.executable' inlay.lock.json)"
expect_exit 0 "$INLAY" inject -q --locked
expect_eq "$(tag_digest out both)" "$(tag_digest out project)"
rm inlay.json inlay.lock.json
expect_exit 0 "$INLAY" init dir:tools,layout=dir,path=/opt,executable=run
expect_eq '["run"]' "$(jq -c '.models[0].executable' inlay.json)"
rm inlay.json

# What cannot be.
expect_exit 3 "$INLAY" inject oci:base:1 dir:tools,executable=rum --layout dir --path /opt --to oci:out:no
expect_contains "$ERR" 'executable=rum matches none of the files that are taken'
expect_exit 2 "$INLAY" inject oci:base:1 dir:tools,executable= --layout dir --path /opt --to oci:out:no
expect_contains "$ERR" "there is nothing behind 'executable='"
expect_exit 2 "$INLAY" inject oci:base:1 dir:tools,as=acme/tiny,executable=run --to oci:out:no
expect_contains "$ERR" "'executable=' is for the layout dir"
