#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh [COMMAND...]: makes a minimal Debian in a temporary folder, puts a clean clone of the last
# commit into it and runs there what the README tells a newcomer: make demo, then make test. Packages
# come from the mirror that this machine uses. Needs root, debootstrap and about 4 GB.
#
# FRESH_ROOT=FOLDER keeps the system there for another run, which then gets a new clone only.
set -eu
cd "$(dirname "$0")/../.."
suite=bookworm

[ "$(id -u)" = 0 ] || { echo "fresh: needs root, for chroot"; exit 2; }
command -v debootstrap > /dev/null || { echo "fresh: apt-get install debootstrap"; exit 2; }

# The first mirror that apt knows for the suite, in either of its two notations.
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources \
    2> /dev/null | awk -v suite=$suite '
    $1 == "deb" { for (i = 2; i < NF; i++) if ($i ~ /:\/\// && $(i + 1) == suite) { print $i; exit } }
    $1 == "URIs:" { uri = $2 }
    $1 == "Suites:" && $2 == suite { print uri; exit }')
[ -n "$mirror" ] || { echo "fresh: apt's sources name no mirror for $suite"; exit 2; }

root=${FRESH_ROOT:-}
if [ -z "$root" ]; then
    root=$(mktemp -d)
    # --one-file-system: were a mount ever left, what is behind it stays.
    trap 'rm -rf --one-file-system "$root"' EXIT
    chmod 755 "$root" # root directory of a system for all its users
fi
if [ ! -e "$root/etc/debian_version" ]; then
    echo "fresh: a minimal $suite in $root"
    debootstrap --variant=minbase --include=make,ca-certificates "$suite" "$root" "$mirror" \
        > "$root.log" 2>&1 || { tail -n 20 "$root.log"; exit 1; }
    rm -f "$root.log"
fi

# How this machine reaches the network: names, certificates, proxies, npm's registry.
for file in /etc/resolv.conf /etc/hosts "$HOME/.npmrc" /etc/apt/apt.conf.d/*proxy*; do
    [ -f "$file" ] || continue
    case $file in "$HOME"/*) to=$root/root/${file##*/} ;; *) to=$root$file ;; esac
    cp "$file" "$to"
done
[ ! -d /usr/local/share/ca-certificates ] ||
    cp -r /usr/local/share/ca-certificates "$root/usr/local/share/"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"

rm -rf "$root/prof"
git clone -q --no-hardlinks . "$root/prof"
echo "fresh: $(git -C "$root/prof" log --oneline -1)"

[ $# -gt 0 ] || set -- sh -c 'make demo && make test'
status=0
# The mounts live in a namespace of their own and are gone with it.
unshare --mount --propagation private sh -c '
    root=$1; shift
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    exec env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        LC_ALL=C.UTF-8 chroot "$root" sh -c "cd /prof && exec \"\$@\"" sh "$@"
' sh "$root" "$@" < /dev/null || status=$?
echo "fresh: status $status"
exit "$status"
