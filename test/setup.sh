#!/bin/sh
# Everything a clone needs before `npm start` and `npm test`: Debian packages, a Node that is new enough, npm packages.
# Quick when nothing is missing; can be run any number of times. Plain POSIX sh: nothing is installed yet when it runs.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { printf 'setup: cannot go on: %s\n' "$*" >&2; exit 3; }

# command:package
needed="nft:nftables ip:iproute2 conntrack:conntrack arping:iputils-arping socat:socat ping:iputils-ping tcpdump:tcpdump
curl:curl openssl:openssl git:git unshare:util-linux sysctl:procps
zsh:zsh fish:fish"
missing=
for pair in $needed; do
  PATH="$PATH:/usr/sbin:/sbin" command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
done
if [ -n "$missing" ]; then
  command -v apt-get >/dev/null 2>&1 || fail "these Debian packages are missing and there is no apt-get:$missing"
  [ "$(id -u)" = 0 ] || fail "Debian packages are missing; as root: apt-get install$missing"
  say "installing Debian packages:$missing"
  log=$(mktemp)
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 # a list of package names
  { apt-get update -q && apt-get install -y -q --no-install-recommends $missing; } >"$log" 2>&1 || {
    tail -n 5 "$log" >&2
    rm -f "$log"
    fail "apt-get could not install$missing"
  }
  rm -f "$log"
fi

# npm puts node_modules/.bin first, so this finds a Node that is already there.
node_is_old() { ! PATH="$PWD/node_modules/.bin:$PATH" node -e 'process.exit(+(process.versions.node.split(".")[0] < 24))'; }

stamp=node_modules/.setup-stamp
wanted=$(cksum <package-lock.json)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ] || node_is_old; then
  extra=
  if node_is_old; then
    case $(node -p process.arch) in
      x64 | arm64) extra=node-linux-$(node -p process.arch)@$(node -p 'require("./package.json").config.node') ;;
      *) fail "Node 24 or newer is needed; this is $(node --version), and npm has none for $(node -p process.arch)" ;;
    esac
    say "this machine's Node is $(node --version): $extra goes into node_modules (about 200 MB)"
  fi
  say "installing npm packages"
  # Not `npm ci`: it refuses a lock file without the optional packages of other platforms. Not saved: only a clone on a
  # machine with an old Node needs a newer one, the published package does not bring it.
  # shellcheck disable=SC2086 # empty or one word
  npm install --no-save --no-audit --no-fund --loglevel=error $extra >&2 || fail "npm could not install the packages"
  printf '%s\n' "$wanted" >"$stamp"
fi
