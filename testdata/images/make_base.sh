#!/bin/bash
# Makes a base image that really runs: busybox with its applets, users, home folders, /root 0700,
# /tmp 1777. `make_base.sh OCI_DIR TAG [OPTION...]`; OCI_DIR is made if it is not there, and a tag
# of that name is replaced. The same options always give the same bytes. Needs busybox-static, jq.
#
#   --docker             schema 2 instead of OCI documents
#   --gzip, --zstd       compressed layers; otherwise plain
#   --user USER          config.User, for example app, 1000:1000
#   --env NAME=VALUE     any number of times, on top of PATH
#   --no-env             config.Env is null
#   --label NAME=VALUE   any number of times
#   --volume PATH        config.Volumes
#   --workdir PATH       config.WorkingDir, in place of /
#   --entrypoint JSON    config.Entrypoint
#   --command JSON       config.Cmd, in place of /bin/sh
#   --layers N           N layers in all
#   --no-history         no history member
#   --extra FOLDER       one layer more with the content of FOLDER (may hold .wh. markers),
#                        owners and whole seconds as they are
#   --index              an index of linux/amd64 and linux/arm64, with an attestation for each as
#                        BuildKit writes them (OCI only; a schema 2 list has none)
#   --os OS, --architecture ARCH   what config and index say
#   --windows            os windows, os.version, layers with Files/ and Hives/
#   --artifact           not an image: a chart as Helm stores it
#   --no-diff-id         a config with one diff_id too few
#
# Users: root, app (1000:1000, /home/app 0750), nohome (1001:1001, its /home/nohome does not exist).

set -euo pipefail
shopt -s inherit_errexit

dir=$1 tag=$2
shift 2
family=oci compression='' user='' env='["PATH=/usr/local/bin:/usr/bin:/bin"]'
labels=null volumes=null workdir=/ entrypoint=null command='["/bin/sh"]'
layers=1 history=yes extra='' index='' os=linux arch=amd64 kind=image short=0
while [ $# -gt 0 ]; do
    case $1 in
    --docker) family=docker ;;
    --gzip | --zstd) compression=${1#--} ;;
    --no-history) history='' ;;
    --index) index=yes ;;
    --windows) kind=windows os=windows ;;
    --artifact) kind=artifact ;;
    --no-env) env=null ;;
    --no-diff-id) short=1 ;;
    --user) user=$2 && shift ;;
    --env) env=$(jq -c --arg value "$2" '. + [$value]' <<<"$env") && shift ;;
    --label) labels=$(jq -c --arg name "${2%%=*}" --arg value "${2#*=}" \
        '. + {($name): $value}' <<<"$labels") && shift ;;
    --volume) volumes=$(jq -c --arg path "$2" '. + {($path): {}}' <<<"$volumes") && shift ;;
    --workdir) workdir=$2 && shift ;;
    --entrypoint) entrypoint=$2 && shift ;;
    --command) command=$2 && shift ;;
    --layers) layers=$2 && shift ;;
    --extra) extra=$2 && shift ;;
    --os) os=$2 && shift ;;
    --architecture) arch=$2 && shift ;;
    *) printf "make_base.sh has no option '%s'\n" "$1" >&2 && exit 2 ;;
    esac
    shift
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ "$family" = oci ]; then
    prefix=application/vnd.oci.image
    type_config=$prefix.config.v1+json type_manifest=$prefix.manifest.v1+json
    type_index=$prefix.index.v1+json type_layer=$prefix.layer.v1.tar${compression:++$compression}
else
    prefix=application/vnd.docker
    type_config=$prefix.container.image.v1+json type_manifest=$prefix.distribution.manifest.v2+json
    type_index=$prefix.distribution.manifest.list.v2+json
    type_layer=$prefix.image.rootfs.diff.tar${compression:+.$compression}
fi

# add_blob FILE MEDIA_TYPE: moves the file into the image folder, prints its descriptor
add_blob() {
    local digest size
    digest=$(sha256sum <"$1" | cut -d ' ' -f 1)
    size=$(stat -c %s "$1")
    mv "$1" "$dir/blobs/sha256/$digest"
    printf '{"mediaType":"%s","digest":"sha256:%s","size":%s}' "$2" "$digest" "$size"
}

# add_layer TAR: compresses and adds it; appends to $work/descriptors and $work/diff_ids
add_layer() {
    printf '"sha256:%s"\n' "$(sha256sum <"$1" | cut -d ' ' -f 1)" >>"$work/diff_ids"
    case $compression in
    gzip) gzip -n "$1" && mv "$1.gz" "$1" ;;
    zstd) zstd -q --rm "$1" -o "$1.zst" && mv "$1.zst" "$1" ;;
    esac
    add_blob "$1" "$type_layer" >>"$work/descriptors"
}

# make_tar TAR FOLDER: everything in the folder, as root's
make_tar() {
    local file=$1 folder=$2
    local -a names
    shift 2
    mapfile -d '' -t names < <(find "$folder" -mindepth 1 -maxdepth 1 -printf '%P\0' | sort -z)
    [ $# -gt 0 ] || set -- --mtime=@1700000000 --owner=0 --group=0
    tar -c -f "$file" -C "$folder" --format=ustar --sort=name --numeric-owner "$@" "${names[@]}"
}

# The files of a Linux base. /home/app is another user's, and so appended by itself.
make_root() {
    local root=$work/root
    install -d -m 755 "$root"/{bin,etc,home,usr,usr/bin,var}
    install -d -m 700 "$root/root"
    install -d -m 1777 "$root/tmp"
    install -m 755 /bin/busybox "$root/bin/busybox"
    # Some 270 links, by one process: the tests make hundreds of bases.
    /bin/busybox --list | bin="$root/bin" perl -ne 'chomp; $_ eq "busybox" or symlink("busybox", "$ENV{bin}/$_") or die "$_: $!\n"'
    cat >"$root/etc/passwd" <<'PASSWD'
root:x:0:0:root:/root:/bin/sh
app:x:1000:1000:app:/home/app:/bin/sh
nohome:x:1001:1001:nohome:/home/nohome:/bin/sh
PASSWD
    printf 'root:x:0:\napp:x:1000:\nnohome:x:1001:\n' >"$root/etc/group"
    printf '%s\n' "$1" >"$root/etc/architecture"
    chmod 644 "$root"/etc/*
    make_tar "$2" "$root"
    install -d -m 750 "$work/home/app"
    tar -r -f "$2" -C "$work" --format=ustar --mtime=@1700000000 --numeric-owner \
        --owner=1000 --group=1000 home/app
    rm -rf "$root" "${work:?}/home"
}

make_windows() {
    mkdir -p "$work"/win/{Files/Windows,Hives}
    printf 'x' >"$work/win/Files/Windows/notepad.exe"
    make_tar "$1" "$work/win"
    rm -rf "$work/win"
}

# make_config ARCHITECTURE: prints the config of the layers added so far
make_config() {
    jq -n --slurpfile ids "$work/diff_ids" --arg arch "$1" --arg os "$os" --arg user "$user" --arg workdir "$workdir" \
        --argjson entrypoint "$entrypoint" --argjson command "$command" \
        --argjson env "$env" --argjson labels "$labels" --argjson volumes "$volumes" \
        --arg history "$history" --argjson short "$short" '
        def made: {created: "2023-11-14T22:13:20Z"};
        def step(command): made + {created_by: "/bin/sh -c #(nop) \(command)"};
        made + {architecture: $arch, os: $os}
        + if $os == "windows" then {"os.version": "10.0.20348.1"} else {} end
        + {config: ({Env: $env, Cmd: $command, WorkingDir: $workdir}
            + if $entrypoint then {Entrypoint: $entrypoint} else {} end
            + if $user != "" then {User: $user} else {} end
            + if $labels then {Labels: $labels} else {} end
            + if $volumes then {Volumes: $volumes} else {} end)}
        + {rootfs: {type: "layers", diff_ids: $ids[:($ids | length) - $short]}}
        + if $history == "" then {} else {history: ([$ids[] | step("ADD file in /")]
            + [step("CMD /bin/sh") + {empty_layer: true}])} end'
}

# make_image ARCHITECTURE: prints the descriptor of the manifest
make_image() {
    local arch=$1 i config
    rm -f "$work/descriptors" "$work/diff_ids"
    if [ "$kind" = windows ]; then
        make_windows "$work/layer"
    else
        make_root "$arch" "$work/layer"
    fi
    add_layer "$work/layer"
    for ((i = 2; i <= layers; i++)); do
        mkdir -p "$work/small/etc/layers"
        printf '%s\n' "$i" >"$work/small/etc/layers/$i"
        make_tar "$work/layer" "$work/small"
        rm -rf "$work/small"
        add_layer "$work/layer"
    done
    if [ -n "$extra" ]; then
        make_tar "$work/layer" "$extra" --no-acls
        add_layer "$work/layer"
    fi
    make_config "$arch" >"$work/config"
    config=$(add_blob "$work/config" "$type_config")
    jq -n --arg type "$type_manifest" --argjson config "$config" \
        --slurpfile layers "$work/descriptors" \
        '{schemaVersion: 2, mediaType: $type, config: $config, layers: $layers}' >"$work/manifest"
    add_blob "$work/manifest" "$type_manifest"
}

# make_attestation MANIFEST: prints the entry of the index that tells how the manifest was built
make_attestation() {
    local statement config manifest
    jq -n --argjson about "$1" '{_type: "https://in-toto.io/Statement/v0.1",
        predicateType: "https://slsa.dev/provenance/v0.2",
        subject: [{name: "base", digest: {sha256: $about.digest[7:]}}], predicate: {}}' \
        >"$work/statement"
    statement=$(add_blob "$work/statement" application/vnd.in-toto+json)
    jq -n --argjson layer "$statement" '{architecture: "unknown", os: "unknown", config: {},
        rootfs: {type: "layers", diff_ids: [$layer.digest]}}' >"$work/config"
    config=$(add_blob "$work/config" "$type_config")
    jq -n --arg type "$type_manifest" --argjson config "$config" --argjson layer "$statement" '{
        schemaVersion: 2, mediaType: $type, config: $config, layers: [$layer
            + {annotations: {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"}}]}' \
        >"$work/manifest"
    manifest=$(add_blob "$work/manifest" "$type_manifest")
    jq -n -c --argjson manifest "$manifest" --argjson about "$1" '$manifest
        + {annotations: {"vnd.docker.reference.digest": $about.digest,
                         "vnd.docker.reference.type": "attestation-manifest"},
           platform: {architecture: "unknown", os: "unknown"}}'
}

make_index() {
    local each manifest
    for each in amd64 arm64; do
        manifest=$(make_image "$each")
        jq -c --arg arch "$each" '. + {platform: {architecture: $arch, os: "linux"}}' \
            <<<"$manifest" >>"$work/entries"
        [ "$family" = docker ] || make_attestation "$manifest" >>"$work/attestations"
    done
    touch "$work/attestations"
    cat "$work/attestations" >>"$work/entries"
    jq -n --arg type "$type_index" --slurpfile entries "$work/entries" \
        '{schemaVersion: 2, mediaType: $type, manifests: $entries}' >"$work/index"
    add_blob "$work/index" "$type_index"
}

make_artifact() {
    local config layer
    printf '{"apiVersion":"v2","name":"chart","version":"0.1.0"}' >"$work/config"
    config=$(add_blob "$work/config" application/vnd.cncf.helm.config.v1+json)
    mkdir -p "$work/chart/chart"
    printf 'name: chart\nversion: 0.1.0\napiVersion: v2\n' >"$work/chart/chart/Chart.yaml"
    make_tar "$work/layer" "$work/chart"
    gzip -n "$work/layer"
    layer=$(add_blob "$work/layer.gz" application/vnd.cncf.helm.chart.content.v1.tar+gzip)
    jq -n --arg type "$type_manifest" --argjson config "$config" --argjson layer "$layer" \
        '{schemaVersion: 2, mediaType: $type, config: $config, layers: [$layer]}' >"$work/manifest"
    add_blob "$work/manifest" "$type_manifest"
}

mkdir -p "$dir/blobs/sha256"
printf '{"imageLayoutVersion":"1.0.0"}' >"$dir/oci-layout"
[ -f "$dir/index.json" ] || printf '{"schemaVersion":2,"manifests":[]}' >"$dir/index.json"
if [ "$kind" = artifact ]; then
    root=$(make_artifact)
elif [ -n "$index" ]; then
    root=$(make_index)
else
    root=$(make_image "$arch")
fi
jq --arg tag "$tag" --argjson root "$root" '.manifests |= map(select(
        .annotations["org.opencontainers.image.ref.name"] != $tag))
    + [$root + {annotations: {"org.opencontainers.image.ref.name": $tag}}]' \
    "$dir/index.json" >"$work/index.json"
mv "$work/index.json" "$dir/index.json"
