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
    say_missing "build for $platform"
    say "Elsewhere: GCC 10 to 12 as a cross compiler named $architecture-linux-gnu-g++, with a libc of glibc 2.34 or
older to link with; then the package runs on any newer system."
    exit 1
  fi
fi

# What the package may need at most is checked at the end of the build; a system that is too new is better known now.
compiler=c++
if [[ $(uname -m) != "$architecture" ]]; then compiler=$architecture-linux-gnu-g++; fi
probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT
printf '#include <string>\nint probe(const std::string &s) { return std::stoi(s); }\n' >"$probe/probe.cpp"
"$compiler" -std=c++17 -O2 -shared -fPIC -o "$probe/probe.so" "$probe/probe.cpp" ||
  die "$compiler does not compile a two-line library, see above"
if readelf -VW "$probe/probe.so" | grep -q 'GLIBC_2\.3[5-9]\|GLIBC_2\.[4-9]'; then
  die "what $compiler makes here needs a newer glibc than the 2.34 that packages promise to run with.
Build packages in Debian 12 or Ubuntu 22.04, a container will do. (For this machine alone: ./sled build)"
fi

case $platform in
  jetson-orin | linux-x86_64-cuda)
    toolkit=$(cuda)
    say "sled: CUDA toolkit: $toolkit"
    ;;
esac
