#!/usr/bin/env bash
# Brings what a build for another platform takes: cross compiler, emulator, CUDA toolkit.
#
#   toolchains/cross-parts.sh PLATFORM               checks; installs or fetches what is missing, or says what it is
#   toolchains/cross-parts.sh --cuda-root PLATFORM   prints the directory of the CUDA toolkit, fetched if need be
#
# PLATFORM: linux-x86_64, linux-aarch64, jetson-orin, linux-x86_64-cuda.
#
# The compiler is the distribution's own package. As root on Debian or Ubuntu (a container, CI) it is installed; other
# users are told the command. SLED_INSTALL=no: never install anything.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=toolchains/debian.sh
source "$here/debian.sh"

cuda_root=no
if [[ ${1:-} == --cuda-root ]]; then
  cuda_root=yes
  shift
fi
platform=${1:-}
case $platform in
  linux-x86_64 | linux-x86_64-cuda) architecture=x86_64 ;;
  linux-aarch64 | jetson-orin) architecture=aarch64 ;;
  *) die "'$platform' is no platform; there are linux-x86_64, linux-aarch64, jetson-orin and linux-x86_64-cuda" ;;
esac

cuda() {
  # On the board itself its own toolkit is taken.
  if [[ $architecture == aarch64 && $(uname -m) == aarch64 ]]; then
    local own=${SLED_CUDA_ROOT:-/usr/local/cuda}
    [[ -x $own/bin/nvcc ]] || die "no CUDA toolkit in $own: install JetPack's (sudo apt-get install nvidia-jetpack), or
set SLED_CUDA_ROOT"
    printf '%s\n' "$own"
  else
    "$here/cuda-toolkit.sh" "$architecture"
  fi
}

if [[ $cuda_root == yes ]]; then
  cuda
  exit
fi

packages=()
missing=()
need() { # command, Debian package, what it is
  if ! command -v "$1" >/dev/null; then
    missing+=("$1 ($3)")
    packages+=("$2")
  fi
}
if [[ $(uname -m) != "$architecture" ]]; then
  triplet=$architecture-linux-gnu
  need "$triplet-g++" "g++-${triplet/_/-}" "C++ compiler for $architecture"
  # Only tests need it, but a build that nobody can try out is half a build.
  if [[ $architecture == aarch64 ]]; then
    if ! command -v qemu-aarch64 >/dev/null; then
      need qemu-aarch64-static qemu-user-static "runs programs for aarch64 here, for tests"
    fi
  fi
fi
if ((${#missing[@]} > 0)); then
  if ((EUID == 0)) && command -v apt-get >/dev/null && [[ ${SLED_INSTALL:-yes} != no ]]; then
    say "sled: installing ${packages[*]} with apt-get (SLED_INSTALL=no: say so instead)"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >&2
    apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null ||
      die "apt-get could not install ${packages[*]}, see above"
  else
    say "sled: to build for $platform, this machine lacks:"
    printf '  %s\n' "${missing[@]}" >&2
    say "On Debian or Ubuntu:"
    say "  sudo apt-get install ${packages[*]}"
    say "Elsewhere: GCC 10 to 12 as a cross compiler named $architecture-linux-gnu-g++, with a libc of glibc 2.34 or
older to link with; then the package runs on any newer system."
    exit 1
  fi
fi
case $platform in
  jetson-orin | linux-x86_64-cuda) say "sled: CUDA toolkit: $(cuda)" ;;
esac
