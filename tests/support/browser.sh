#!/bin/sh
# The browser tests drive Chromium. Debian's package is used; it is installed here when it is missing.
command -v chromium >/dev/null && exit 0
echo "Installing Chromium for the browser tests."
as_root=""
[ "$(id -u)" = 0 ] || as_root=sudo
$as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq chromium >/dev/null
