#!/bin/sh
# Installs Debian or Ubuntu packages when that needs no password; exit code 1 when it does.
# Usage: sh tools/apt.sh PACKAGE...
set -u
command -v apt-get >/dev/null 2>&1 || exit 1
if [ "$(id -u)" = 0 ]; then
    as_root=
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n "
else
    exit 1
fi

apt() {
    echo "+ ${as_root}apt-get $*"
    # shellcheck disable=SC2086 # as_root is empty or two words
    ${as_root}env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 \
        "$@" </dev/null >/dev/null
}
apt install --no-install-recommends "$@" && exit 0
apt update
apt install --no-install-recommends "$@"
