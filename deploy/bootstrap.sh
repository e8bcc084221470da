#!/bin/sh
# Install what Mneme is built and tested with, from Debian's packages. Idempotent; silent when
# nothing is missing; says plainly what it cannot do without root.
# usage: deploy/bootstrap.sh [developer]    developer: also what `make lint`, `make fuzz` and
#        `make model` need
set -u
packages="gcc clang make pkg-config libzmq3-dev libprotobuf-c-dev protobuf-c-compiler
protobuf-compiler libyaml-dev libcmocka-dev libsqlite3-dev libsodium-dev libzstd-dev libjansson-dev"
if [ "${1:-}" = developer ]; then
    packages="$packages clang-format clang-tidy cppcheck libclang-rt-14-dev spin"
fi

missing=
for package in $packages; do
    if ! dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^.i'; then
        missing="$missing $package"
    fi
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1; then
    as_root=sudo
else
    echo "bootstrap: these Debian packages are missing and only root can install them:$missing" >&2
    echo "bootstrap: run as root: apt-get install$missing" >&2
    exit 1
fi
echo "bootstrap: installing$missing"
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # the words are meant to split
if ! { $as_root apt-get -qq update &&
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -y install --no-install-recommends $missing; } >"$log" 2>&1; then
    cat "$log" >&2
    echo "bootstrap: apt-get could not install:$missing" >&2
    exit 1
fi
