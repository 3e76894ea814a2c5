#!/usr/bin/env bash
# Builds everything native into native/target/<platform>/lib; Maven calls it from jni-bindings.
#
#   cmake/build-native.sh <target directory> [cmake arguments...]
#
# The target directory holds build/ (CMake's tree) and lib/ (the finished libraries).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=$1
shift
mkdir -p "$target"
target=$(cd "$target" && pwd)

# Two builds of one tree at once would overwrite each other's objects.
exec 9>"$target/lock"
flock 9

arguments=(-S "$root/native" -B "$target/build" "-DSLED_LIB_DIR=$target/lib")
# The generator of an existing tree cannot be changed: it keeps what it began with.
if [[ ! -e $target/build/CMakeCache.txt ]] && command -v ninja >/dev/null; then
  arguments+=(-G Ninja)
fi
cmake "${arguments[@]}" "$@"
cmake --build "$target/build" --parallel "$(nproc)"
