#!/bin/bash
# dependencies.sh WORK [MACHINE]: musl, a compiler that links with it, and static libraries, all of Debian's sources,
# below the folder WORK: WORK/bin/inlay-musl-cc and WORK/sysroot. MACHINE is x86_64 or aarch64, and this machine's if it is left out;
# for another one than that Debian's cross compiler is used. What is there already is kept as long as sources.txt and
# this file stay as they are. No path of WORK gets into the libraries.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
work=$(cd "$1" && pwd)
sysroot=$work/sysroot
machine=${2:-$(uname -m)}
# The GNU tools' prefix: none for this machine's own.
target=''
if [ "$machine" != "$(uname -m)" ]; then
    target=$machine-linux-gnu-
fi
jobs=${INLAY_BUILD_JOBS:-$(nproc)}
downloads=${INLAY_RELEASE_DOWNLOADS:-$work/downloads}

key=$(cat "$here/sources.txt" "$here/dependencies.sh" | sha256sum | cut -d ' ' -f 1)
if [ "$(cat "$work/key" 2>/dev/null)" != "$key" ]; then
    rm -rf "$work/done" "${work:?}/bin" "$work/sysroot" "$work/musl" "$work/build" "$work/kernel" "$work/log"
    mkdir -p "$work"
    echo "$key" >"$work/key"
fi
mkdir -p "$work"/{bin,build,done,kernel,log} "$sysroot" "$downloads"

# The linker's specs of musl make programs that want its loader; ours want nothing, lie anywhere
# in memory, and give threads the stack that glibc gives them, in place of 128 KiB.
make_compiler() {
    local lib=$work/musl/lib headers
    sed -e "s|$lib/Scrt1.o|$lib/rcrt1.o|" \
        -e 's|^-dynamic-linker .*|-static -pie --no-dynamic-linker -z text -z relro -z now -z noexecstack -z stack-size=8388608 -nostdlib|' \
        "$lib/musl-gcc.specs" >"$work/musl.specs"
    headers=$([ -n "$target" ] && echo "/usr/$machine-linux-gnu/include" || echo /usr/include)
    ln -sfn "$headers/linux" "$work/kernel/linux"
    ln -sfn "$headers/asm-generic" "$work/kernel/asm-generic"
    ln -sfn "$headers$([ -n "$target" ] || echo "/$(gcc -print-multiarch)")/asm" "$work/kernel/asm"
    # In a script, since OpenSSL writes its compiler's flags into the library.
    cat >"$work/bin/inlay-musl-cc" <<END
#!/bin/sh
exec ${target}gcc "\$@" -specs $work/musl.specs -idirafter $work/kernel -ffile-prefix-map=$work=/usr/src
END
    chmod 755 "$work/bin/inlay-musl-cc"
}

# What CMake has to know of it; checks that run a program do so in an emulator, if this machine cannot.
make_toolchain() {
    cat >"$work/toolchain.cmake" <<END
set(CMAKE_C_COMPILER $work/bin/inlay-musl-cc)
set(CMAKE_FIND_ROOT_PATH $sysroot)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_C_STANDARD_INCLUDE_DIRECTORIES $sysroot/usr/include)
set(CMAKE_INSTALL_PREFIX /usr CACHE PATH "")
set(CMAKE_INSTALL_LIBDIR lib CACHE PATH "")
set(ENV{PKG_CONFIG_SYSROOT_DIR} $sysroot)
set(ENV{PKG_CONFIG_LIBDIR} $sysroot/usr/lib/pkgconfig)
END
    [ -n "$target" ] || return 0
    cat >>"$work/toolchain.cmake" <<END
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR $machine)
set(CMAKE_AR $AR)
set(CMAKE_RANLIB $RANLIB)
set(CMAKE_STRIP /usr/bin/${target}strip)
set(CMAKE_CROSSCOMPILING_EMULATOR /usr/bin/qemu-$machine-static)
END
}

# Sources are asked for by apt, which checks Debian's signature, with lists of its own: those of the system have
# no sources, and stay as they are.
apt_here() {
    local apt=$downloads/apt
    apt-get -qq -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State="$apt/state" \
        -o Dir::State::lists="$apt/lists" -o Dir::Cache="$apt/cache" -o APT::Sandbox::User=root "$@"
}

prepare_apt() {
    local apt=$downloads/apt suite=bookworm key='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
    mkdir -p "$apt"/{state,lists/partial,cache/archives/partial}
    cat >"$apt/sources.list" <<END
deb-src $key http://deb.debian.org/debian $suite main
deb-src $key http://deb.debian.org/debian $suite-updates main
deb-src $key http://deb.debian.org/debian-security $suite-security main
END
    apt_here update
}

# unpack NAME VERSION SHA256: fetched if it is not there, and with Debian's patches
unpack() {
    local name=$1 version=$2 sum=$3 dsc=$downloads/$1_${2#*:}.dsc
    if [ ! -f "$dsc" ]; then
        [ -n "$apt_is_ready" ] || prepare_apt
        apt_is_ready=yes
        (cd "$downloads" && apt_here source --download-only "$name=$version") ||
            { echo "Debian has no $name $version any more; $here/sources.txt wants a newer one" >&2 && exit 1; }
    fi
    echo "$sum  $dsc" | sha256sum --check --quiet
    rm -rf "$work/build/$name"
    dpkg-source --require-strong-checksums --no-check -x "$dsc" "$work/build/$name" >"$work/log/$name" 2>&1
}

export CFLAGS="-O2 -fPIE -fstack-protector-strong -fstack-clash-protection"
case $machine in
x86_64) CFLAGS+=" -fcf-protection=full" ;;
aarch64) CFLAGS+=" -mbranch-protection=standard" ;;
esac
export PATH=$work/bin:$PATH CC=inlay-musl-cc AR=/usr/bin/${target}ar RANLIB=/usr/bin/${target}ranlib DESTDIR=$sysroot
# A makefile that sets DESTDIR itself does not look at the environment's.
install_by_make() {
    make -s "$@" DESTDIR="$sysroot"
}

export LC_ALL=C.UTF-8 TZ=UTC

# Into a folder of its own, and with the compiler of GNU, since ours needs it.
build_musl() {
    CC="${target}gcc -ffile-prefix-map=$work=/usr/src" ./configure --target="$machine" --prefix="$work/musl" --syslibdir="$work/musl/lib" \
        --disable-shared --enable-wrapper=gcc
    make -j "$jobs"
    make -s install DESTDIR=
}

build_zlib() {
    ./configure --static --prefix=/usr
    make -j "$jobs" libz.a
    install_by_make install
}

build_bzip2() {
    make -j "$jobs" libbz2.a CC="$CC" AR="$AR" RANLIB="$RANLIB" CFLAGS="$CFLAGS -D_FILE_OFFSET_BITS=64"
    install -D -m 644 libbz2.a "$sysroot/usr/lib/libbz2.a"
    install -D -m 644 bzlib.h "$sysroot/usr/include/bzlib.h"
}

# SOURCE OPTION...
by_cmake() {
    local source=$1
    shift
    cmake -S "$source" -B inlay-build -G Ninja -DCMAKE_TOOLCHAIN_FILE="$work/toolchain.cmake" -DCMAKE_BUILD_TYPE=Release \
        -DBUILD_SHARED_LIBS=OFF "$@"
    cmake --build inlay-build -j "$jobs"
    cmake --install inlay-build
}

build_xz-utils() {
    ./configure --host="$machine-linux-musl" --prefix=/usr --disable-shared --disable-xz --disable-xzdec --disable-lzmadec --disable-lzmainfo \
        --disable-scripts --disable-doc --disable-nls
    make -j "$jobs"
    install_by_make install
}

build_libzstd() {
    by_cmake build/cmake -DZSTD_BUILD_SHARED=OFF -DZSTD_BUILD_PROGRAMS=OFF -DZSTD_BUILD_TESTS=OFF
}

build_jansson() {
    by_cmake . -DJANSSON_BUILD_DOCS=OFF -DJANSSON_WITHOUT_TESTS=ON -DJANSSON_EXAMPLES=OFF
}

# Nothing is loaded at run time: no engines, modules, or configuration of a distribution's own OpenSSL. What TLS 1.2 and
# 1.3, certificates, keys and libcurl's NTLM have no use for is left out.
build_openssl() {
    local without=(shared dso module engine afalgeng autoload-config legacy tests zlib ui-console
        aria bf blake2 camellia cast cmp cms dtls ec2m gost idea mdc2 rc2 rc4 rmd160 seed siphash sm2 sm3 sm4 srp srtp ssl3 ts whirlpool)
    ./Configure "linux-$machine" --prefix=/usr --libdir=lib --openssldir=/etc/ssl enable-ec_nistp_64_gcc_128 "${without[@]/#/no-}"
    make -s -j "$jobs" build_libs
    install_by_make install_dev
}

# HTTP over TCP and unix sockets, and TLS. Where the authorities are is for inlay to find.
build_curl() {
    by_cmake . -DHTTP_ONLY=ON -DBUILD_CURL_EXE=OFF -DBUILD_TESTING=OFF -DENABLE_MANUAL=OFF -DCURL_USE_OPENSSL=ON -DCURL_ZSTD=ON \
        -DCURL_BROTLI=OFF -DUSE_NGHTTP2=OFF -DUSE_LIBIDN2=OFF -DCURL_USE_LIBPSL=OFF -DCURL_USE_LIBSSH2=OFF \
        -DCURL_USE_LIBSSH=OFF -DCURL_USE_GSSAPI=OFF -DCURL_CA_BUNDLE=none -DCURL_CA_PATH=none \
        -DCURL_DISABLE_OPENSSL_AUTO_LOAD_CONFIG=ON -DENABLE_THREADED_RESOLVER=ON
}

build_libarchive() {
    local off=() each
    for each in OPENSSL LIBB2 LZ4 LZO LIBXML2 EXPAT PCREPOSIX LIBGCC CNG TAR CPIO CAT ACL XATTR TEST WERROR MBEDTLS NETTLE; do
        off+=("-DENABLE_$each=OFF")
    done
    by_cmake . -DPOSIX_REGEX_LIB=NONE "${off[@]}"
    rm -f "$sysroot"/usr/lib/libarchive.so* # which it makes in any case
}

make_toolchain
apt_is_ready=''
while read -r name version sum; do
    if [ "$name" = '#' ] || [ -f "$work/done/$name" ]; then
        continue
    fi
    echo "building $name $version"
    unpack "$name" "$version" "$sum"
    (cd "$work/build/$name" && "build_$name") >>"$work/log/$name" 2>&1 & # within || a failure would be passed over
    wait $! ||
        { tail -n 30 "$work/log/$name" >&2 && echo "$name could not be built: $work/log/$name" >&2 && exit 1; }
    rm -rf "$work/build/$name"
    if [ "$name" = musl ]; then
        make_compiler
    fi
    touch "$work/done/$name"
done <"$here/sources.txt"
