#!/usr/bin/env bash
# Brings a C compiler, which Go's race detector needs. Says and does nothing where there is one.
set -euo pipefail

cd "$(dirname "$0")/.."

# Asked of Go, as CC may name another compiler than gcc.
compiler=$(go env CC)
if command -v "${compiler%% *}" >/dev/null && echo 'int main(void) { return 0; }' | $compiler -x c -o /dev/null - 2>/dev/null; then
	exit 0
fi
if ! command -v apt-get >/dev/null; then
	echo "The tests run under Go's race detector, which needs a C compiler: install gcc, or clang (macOS: xcode-select --install)." >&2
	exit 1
fi
scripts/apt-install.sh gcc libc6-dev
