#!/bin/sh
# SPDX-License-Identifier: MIT
# deps.sh NEED...: installs the Debian packages that are missing, and says which. NEED is the name of
# a package, or COMMAND=PACKAGE when any program of that name will do, wherever it came from.
# Status 1 when something is missing that could not be installed.
set -u

missing() {
    for need in "$@"; do
        case $need in
        *=*) command -v "${need%%=*}" > /dev/null && continue ;;
        esac
        package=${need#*=}
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2> /dev/null)" = installed ] && continue
        printf '%s ' "$package"
    done
}

if ! command -v dpkg-query > /dev/null; then
    echo "deps: this is not Debian or a relative of it; prof needs what these packages hold: $*"
    exit 0
fi
wanted=$(missing "$@")
[ -z "$wanted" ] && exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
    if ! sudo -n true 2> /dev/null; then
        echo "deps: missing: $wanted"
        echo "hint: sudo apt-get install $wanted"
        exit 1
    fi
    as_root='sudo -n'
fi

# Services that a package brings are not started, whatever the machine's policy.
install() {
    # shellcheck disable=SC2086 # words on purpose
    $as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -q --no-install-recommends $wanted < /dev/null
}

echo "deps: installing: $wanted"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install > "$log" 2>&1 && exit 0
$as_root apt-get update -q < /dev/null >> "$log" 2>&1
install >> "$log" 2>&1 && exit 0
tail -n 30 "$log"
echo "deps: could not install: $wanted"
exit 1
