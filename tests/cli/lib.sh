# SPDX-License-Identifier: MIT
# Helpers for the scripts beside it, each of which tests one behaviour of the command line:
#
#     . "$(dirname "$0")/lib.sh"
#     run "$PROF" flame -- nosuch
#     want_status 127
#     want_err 'no such program'
#
# A script prints one line for each thing it has checked ("ok NAME", "not ok NAME: why") or, when it
# cannot run here, "skip NAME: reason". PROF and TARGETS say where the programs are.
set -u
export LC_ALL=C.UTF-8
root=$(cd "$(dirname "$0")/../.." && pwd)
PROF=${PROF:-$root/build/prof}
TARGETS=${TARGETS:-$root/build/targets}
name=$(basename "$0" .sh)
failed=0
work=$(mktemp -d)
chmod 755 "$work"
mounted=
leftover=

cleanup() {
    for pid in $leftover; do kill -KILL "$pid" 2> /dev/null; done
    [ -z "$mounted" ] || umount "$mounted" 2> /dev/null
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
cd "$work" || exit 1

ok() { # what
    echo "ok $name${1:+/$1}"
}

not_ok() { # what, why
    echo "not ok $name${1:+/$1}: $2"
    [ ! -s "$work/err" ] || sed 's/^/    stderr: /' "$work/err" | head -20
    failed=1
}

skip() { # reason; ends the script
    echo "skip $name: $1"
    exit 0
}

# Runs a command: $status, the files out and err.
run() {
    status=0
    "$@" > "$work/out" 2> "$work/err" < /dev/null || status=$?
}

want() { # what, command...: the command is the condition
    what=$1
    shift
    if "$@" > /dev/null; then ok "$what"; else not_ok "$what" "'$*' is not so"; fi
}

want_status() { # number [what]
    if [ "$status" = "$1" ]; then ok "${2:-status-$1}"; else not_ok "${2:-status-$1}" "status is $status"; fi
}

want_err() { # text, what
    if grep -qF -e "$1" err; then ok "$2"; else not_ok "$2" "standard error lacks '$1'"; fi
}

want_no_err() { # text, what
    if grep -qF -e "$1" err; then not_ok "$2" "standard error has '$1'"; else ok "$2"; fi
}

want_out() { # text, what
    if grep -qF -e "$1" out; then ok "$2"; else not_ok "$2" "standard output lacks '$1'"; fi
}

want_file() { # file, what: there and not empty
    if [ -s "$1" ]; then ok "$2"; else not_ok "$2" "$1 is missing or empty"; fi
}

want_page() { # file, what
    if [ -s "$1" ] && head -c 20 "$1" | grep -qi '<!doctype html' && grep -q '</html>' "$1"; then
        ok "$2"
    else
        not_ok "$2" "$1 is no whole page"
    fi
}

# Waits for a condition, at most ten seconds.
until_true() {
    tries=0
    until "$@" 2> /dev/null; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || return 1
        sleep 0.05
    done
}

need_sampling() { # ends the script where nothing can be recorded
    level=$("$PROF" check --format json | sed -n 's/.*"level":"\([a-z]*\)".*/\1/p')
    case $level in
    full | user) ;;
    *) skip "perf events are refused here (level '$level')" ;;
    esac
}

need_root() {
    [ "$(id -u)" = 0 ] || skip "needs root"
}

need_command() {
    command -v "$1" > /dev/null || skip "$1 is not installed"
}

# A command as a user without rights; only root can become one.
nobody() {
    setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$@"
}

# A copy of prof that others may execute, wherever the build folder lies.
public_prof() {
    cp "$PROF" "$work/prof-public"
    chmod 755 "$work/prof-public"
}

finish() {
    exit "$failed"
}
