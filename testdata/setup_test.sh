#!/bin/bash
# install_packages.sh: what maintainer scripts start and enable stays off. A stand-in for apt-get does
# what the scripts of Debian's packages do, in a mount namespace with overlays on the machine's folders.
# And the README names the packages that setup.sh takes for building.
. "$(dirname "$0")/lib.sh"

words() { tr -s ' ()' '\n' | grep . | sort; }
expect_eq "$(sed -n '/^build=(/,/)$/p' "$TESTDATA/setup.sh" | sed 's/^build=//' | words)" \
    "$(sed -n 's/^    apt-get install --no-install-recommends //p' "$TESTDATA/../README.md" | words)" \
    'packages for building, in setup.sh and in README.md'

command -v deb-systemd-helper update-rc.d >/dev/null && unshare -m true 2>/dev/null || exit 0

mkdir "$TEST_DIR/bin" "$TEST_DIR/over"
real_systemctl=$(command -v systemctl || echo true)
cat >"$TEST_DIR/bin/systemctl" <<STUB
#!/bin/sh
case \$1 in
--*) exec $real_systemctl "\$@" ;;
*) echo "systemctl \$*" >>"$TEST_DIR/calls" ;;
esac
STUB
cat >"$TEST_DIR/bin/apt-get" <<STUB
#!/bin/bash
set -e
export DPKG_MAINTSCRIPT_PACKAGE=inlay-test DPKG_MAINTSCRIPT_NAME=postinst
[[ " \$* " == *' install '* ]] || exit 0
printf '[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n' >/usr/lib/systemd/system/inlay-test.service
printf '[Socket]\nListenStream=%%t/x\n[Install]\nWantedBy=sockets.target\n' >/usr/lib/systemd/user/inlay-test.socket
printf '#!/bin/sh\n### BEGIN INIT INFO\n# Provides: inlay-test\n# Required-Start:\n# Required-Stop:\n' >/etc/init.d/inlay-test
printf '# Default-Start: 2 3 4 5\n# Default-Stop: 0 1 6\n### END INIT INFO\n' >>/etc/init.d/inlay-test
chmod 755 /etc/init.d/inlay-test
deb-systemd-helper unmask inlay-test.service
deb-systemd-helper was-enabled inlay-test.service && deb-systemd-helper enable inlay-test.service
deb-systemd-helper --user was-enabled inlay-test.socket && deb-systemd-helper --user enable inlay-test.socket
update-rc.d inlay-test defaults
find /etc/systemd /etc/rc2.d -name '*inlay-test*' | wc -l >>"$TEST_DIR/calls"
/usr/sbin/policy-rc.d inlay-test start || echo "policy \$?" >>"$TEST_DIR/calls"
[[ \$* != *broken* ]]
STUB
chmod +x "$TEST_DIR/bin/"*

# in_overlay COMMAND: with overlays on the folders that are written to, gone when it ends
in_overlay() {
    unshare -m bash -euc '
        mount -t tmpfs tmpfs "$0/over" && mount -t tmpfs tmpfs /run
        mkdir -p /run/systemd/system
        for folder in /etc /usr/sbin /usr/lib/systemd /var/lib/systemd; do
            mkdir -p "$0/over$folder/"{upper,work}
            mount -t overlay overlay "$folder" \
                -o "lowerdir=$folder,upperdir=$0/over$folder/upper,workdir=$0/over$folder/work"
        done
        rm -f /usr/sbin/policy-rc.d
        PATH=$0/bin:$PATH
        eval "$1"' "$TEST_DIR" "$1"
}

# left_off STATUS BEFORE ARGUMENT: after the installation no link is there but those of before
left_off() {
    rm -f "$TEST_DIR/calls"
    expect_exit "$1" in_overlay "$2
        status=0
        find /etc/systemd /etc/rc?.d -type l -not -name 'K*' | sort >'$TEST_DIR/before'
        bash '$TESTDATA/install_packages.sh' $3 || status=\$?
        find /etc/systemd /etc/rc?.d -type l -not -name 'K*' | sort | diff '$TEST_DIR/before' -
        cat /usr/sbin/policy-rc.d 2>/dev/null || echo no policy
        exit \$status"
    expect_contains "$OUT" 'left off: S01inlay-test inlay-test.service inlay-test.socket'
}

left_off 0 '' package
expect_contains "$OUT" 'no policy'
expect_eq "3
policy 101
systemctl stop inlay-test.service" "$(grep -v daemon-reload "$TEST_DIR/calls")"

left_off 1 '' broken
expect_contains "$OUT" 'no policy'

left_off 0 'printf "#!/bin/sh\n# my own\nexit 104\n" >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d' package
expect_contains "$OUT" 'my own'
expect_contains "$(cat "$TEST_DIR/calls")" 'policy 104'

# Upgrades leave it off: the same maintainer scripts a second time.
left_off 0 '' 'package && apt-get install upgrade'
