#!/usr/bin/env bash
# Builds everything native into native/target/<name>/lib; Maven calls it from jni-bindings.
#
#   cmake/build-native.sh local [cmake arguments...]       for the processor that it runs on
#   cmake/build-native.sh <platform> [cmake arguments...]  for packages, with toolchains/<platform>.cmake
#   cmake/build-native.sh --target <target> ...            the same, but builds no more than that
#
# Any other name is a build of its own with the arguments given (sanitize). native/target/<name> holds build/ (CMake's
# tree) and lib/ (the finished libraries). SLED_CMAKE_ARGUMENTS: more arguments, separated by spaces.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
targets=()
if [[ $1 == --target ]]; then
  targets=(--target "$2")
  shift 2
fi
name=$1
shift
target=$root/native/target/$name
mkdir -p "$target"

# Two builds of one tree at once would overwrite each other's objects.
exec 9>"$target/lock"
flock 9

arguments=(-S "$root/native" -B "$target/build" "-DSLED_LIB_DIR=$target/lib")
if command -v ninja >/dev/null; then arguments+=(-G Ninja); fi
toolchain=$root/toolchains/$name.cmake
if [[ -e $toolchain ]]; then
  arguments+=("-DCMAKE_TOOLCHAIN_FILE=$toolchain")
  if grep -q sled_cuda_toolchain "$toolchain" && [[ -z ${SLED_CUDA_ROOT:-} ]]; then
    SLED_CUDA_ROOT=$("$root/toolchains/cross-parts.sh" --cuda-root "$name")
    export SLED_CUDA_ROOT
  fi
fi
# shellcheck disable=SC2206 # a list of options
arguments+=("$@" ${SLED_CMAKE_ARGUMENTS:-})

# CMake keeps the generator, the toolchain and every option that it was once given. Where they are others than last
# time, or llama.cpp is, it begins anew (the compiler's own cache helps); nothing of an earlier build is left in lib/.
# Not where the JDK is another: every one has the same jni.h. Nor where the JNI sources are not there yet.
signature=$(printf '%s\n' "${arguments[@]}" "${SLED_CUDA_ROOT:-}" "${SLED_LLAMA_CPP_DIR:-}" |
  grep -vE '^-DSLED_(JAVA_HOME|JNI_DIR)=' | cat - "$root/cmake/LlamaCpp.cmake" "$root/cmake/llama-cpp.patch" | sha256sum)
if [[ ! -e $target/signature || $(<"$target/signature") != "$signature" ]]; then
  rm -rf "${target:?}/build" "${target:?}/lib"
  printf '%s\n' "$signature" >"$target/signature"
fi

cmake "${arguments[@]}"
cmake --build "$target/build" --parallel "$(nproc)" "${targets[@]}"
if [[ -e $toolchain ]]; then
  cuda_architectures=
  if [[ -n ${SLED_CUDA_ROOT:-} ]]; then
    cuda_architectures=$(sed -n 's/^CMAKE_CUDA_ARCHITECTURES:[A-Z]*=//p' "$target/build/CMakeCache.txt")
  fi
  "$root/cmake/check-natives.sh" --cuda-architectures "$cuda_architectures" "$target/lib"
fi
