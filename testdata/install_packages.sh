#!/bin/bash
# Installs Debian packages and leaves the services that come with them off, also after a failure:
# `install_packages.sh PACKAGE...`, as root.
#
# Nothing is started: policy-rc.d tells the maintainer scripts so. If the machine has one, that one
# decides, and what systemd then started is stopped. Nothing stays enabled: the links that enable
# units and init scripts and that were not there before are removed, as `systemctl disable` does it,
# so that upgrades of the packages leave them out too. This needs no systemctl.
set -euo pipefail

policy=/usr/sbin/policy-rc.d
policy_is_ours=''

# Prints the links by which systemd and init know what to start; a masked unit links to /dev/null.
enabling_links() {
    find /etc/systemd/system /etc/systemd/user -type l ! -lname /dev/null 2>/dev/null || true
    find /etc/rc[S2-5].d -type l -name 'S[0-9][0-9]*' 2>/dev/null || true
}

leave_services_off() {
    local link links units=() scripts=()
    [ -z "$policy_is_ours" ] || rm -f "$policy"
    mapfile -t links < <(enabling_links | sort | comm -13 <(printf '%s\n' "$enabled_before") -)
    [ ${#links[@]} -gt 0 ] || return 0
    for link in "${links[@]}"; do
        case $link in
        /etc/systemd/system/*) rm -f "$link" && units+=("${link##*/}") ;;
        /etc/systemd/user/*) rm -f "$link" ;;
        *) scripts+=("${link##*/S[0-9][0-9]}") ;;
        esac
    done
    [ ${#scripts[@]} -eq 0 ] || printf '%s\n' "${scripts[@]}" | sort -u | xargs -I NAME update-rc.d NAME disable
    if [ -d /run/systemd/system ] && [ ${#units[@]} -gt 0 ]; then
        systemctl daemon-reload
        systemctl stop "${units[@]}"
    fi
    echo "left off: $(printf '%s\n' "${links[@]##*/}" | sort -u | paste -sd ' ')"
}

enabled_before=$(enabling_links | sort)
trap leave_services_off EXIT
if [[ ! -e $policy && ! -L $policy ]]; then
    policy_is_ours=yes
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq -y --no-install-recommends install "$@" >/dev/null
