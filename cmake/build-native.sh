#!/usr/bin/env bash
# Builds everything native into native/target/<name>/lib; Maven calls it from jni-bindings.
#
#   cmake/build-native.sh local [cmake arguments...]       for the processor that it runs on
#   cmake/build-native.sh <platform> [cmake arguments...]  for packages, with toolchains/<platform>.cmake
#
# Any other name is a build of its own with the arguments given (sanitize). native/target/<name> holds build/ (CMake's
# tree) and lib/ (the finished libraries). SLED_CMAKE_ARGUMENTS: more arguments, separated by spaces.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
name=$1
shift
target=$root/native/target/$name
mkdir -p "$target"

# Two builds of one tree at once would overwrite each other's objects.
exec 9>"$target/lock"
flock 9

arguments=(-S "$root/native" -B "$target/build" "-DSLED_LIB_DIR=$target/lib")
# The generator and the toolchain of an existing tree cannot be changed: it keeps what it began with.
if [[ ! -e $target/build/CMakeCache.txt ]]; then
  if command -v ninja >/dev/null; then arguments+=(-G Ninja); fi
fi
toolchain=$root/toolchains/$name.cmake
if [[ -e $toolchain ]]; then
  arguments+=("-DCMAKE_TOOLCHAIN_FILE=$toolchain")
  # Also where they were there already: this is what tells apart a platform that needs CUDA from one that does not.
  if grep -q sled_cuda_toolchain "$toolchain"; then
    SLED_CUDA_ROOT=$("$root/toolchains/cross-parts.sh" --cuda-root "$name")
    export SLED_CUDA_ROOT
  fi
fi
# shellcheck disable=SC2206 # a list of options
arguments+=("$@" ${SLED_CMAKE_ARGUMENTS:-})

cmake "${arguments[@]}"
cmake --build "$target/build" --parallel "$(nproc)"
if [[ -e $toolchain ]]; then
  "$root/cmake/check-natives.sh" "$target/lib"
fi
