#!/bin/sh
# What tests need besides Python packages: Chromium, PostgreSQL, Redis and nginx. Debian's packages are installed where
# one is missing, without starting any service. Where that is not possible, tests that need it are skipped by name.
set -eu

missing=""
command -v chromium >/dev/null || missing="$missing chromium"
command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
command -v redis-server >/dev/null || missing="$missing redis-server"
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing="$missing nginx"
[ -n "$missing" ] || exit 0

as_root=""
[ "$(id -u)" = 0 ] || as_root=sudo
if ! command -v apt-get >/dev/null || ! command -v ${as_root:-env} >/dev/null; then
    echo "Not on this machine:$missing. They cannot be installed by apt here: tests that need them are skipped."
    exit 0
fi

echo "Installing for the tests:$missing."
# Debian asks this program before it starts a service; 101 is no.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    trap '$as_root rm -f $policy' EXIT
    printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
    $as_root chmod 755 $policy
fi
$as_root apt-get -o Acquire::Retries=3 update -qq
$as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -o Acquire::Retries=3 install -y -qq $missing >/dev/null
