#!/usr/bin/env bash
# The whole job in a network namespace without an interface, every system call about sockets traced:
#   bash tests/e2e/no_network_long.sh [PYTHON]
# Needs util-linux and strace. Prints the calls that are not between our own processes; none is
# what must come out. docs/safety/audit.md has the figures.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${1:-.venv/bin/python}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export FACEDESK_CACHE="$folder/cache" FACEDESK_CONFIG=/nonexistent PYTHONPATH=.
facedesk() {
  local name=$1
  shift
  unshare -rn strace -f -qq -e signal=none -e trace=socket,connect,sendto,sendmsg,bind \
    -o "$folder/trace.$name" "$python" -m tui --workspace "$folder/workspace" --quiet "$@" \
    </dev/null >"$folder/out.$name" 2>&1 && echo "$name: done" || echo "$name: exit code $?"
}
facedesk demo demo
facedesk classic train --recipe classic --epochs 1
facedesk keras recognize --source "demo:collins?frames=20" --pace fast
facedesk evaluate evaluate
facedesk doctor doctor
facedesk bench bench --quick
facedesk bake-off bake-off
# The app on a terminal of its own, told to quit.
(sleep 15; printf q; sleep 5; printf q) | unshare -rn strace -f -qq -e signal=none \
  -e trace=socket,connect,sendto,sendmsg,bind -o "$folder/trace.app" \
  script -qec "$python -m tui --workspace $folder/workspace" /dev/null >/dev/null || true
echo "traced calls by family:"
cat "$folder"/trace.* | grep -oE "AF_[A-Z0-9]+" | sort | uniq -c
echo "of the internet's families, or to a name server:"
grep -hE "AF_INET|AF_NETLINK|nscd|resolv" "$folder"/trace.* || echo "none"
