#!/bin/bash
# Installs what building and testing inlay needs from Debian's packages: nothing that is there
# already, and Node.js only where there is none. No service is started or enabled. Run as root, or as
# a user who may use sudo.
set -euo pipefail

build=(ca-certificates cmake gcc libc6-dev ninja-build pkg-config
    libarchive-dev libcmocka-dev libcurl4-openssl-dev libjansson-dev libssl-dev libzstd-dev zlib1g-dev)
parts=(bash-completion buildah busybox-static bzip2 containerd crun curl docker-registry fish groff-base jq man-db mandoc mkdocs mkdocs-material nginx openssl podman procps skopeo
    stargz-snapshotter umoci util-linux xz-utils zsh zstd
    golang-github-opencontainers-image-spec-dev python3-jsonschema python3-torch python3-venv python3-yaml)
checks=(clang clang-format clang-tidy cppcheck libclang-rt-14-dev shellcheck valgrind)

wanted=("${build[@]}" "${parts[@]}")
[ "${1:-}" = --checks ] && wanted+=("${checks[@]}")
command -v node >/dev/null || wanted+=(nodejs)
command -v npm >/dev/null || wanted+=(npm)

missing=()
for package in "${wanted[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
        missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

echo "installing: ${missing[*]}"
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
"${as_root[@]}" bash "$(dirname "$0")/install_packages.sh" "${missing[@]}"
