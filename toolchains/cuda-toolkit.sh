#!/usr/bin/env bash
# A CUDA 12 toolkit to compile with on this x86-64 machine, for this architecture or for aarch64.
#
#   toolchains/cuda-toolkit.sh aarch64|x86_64
#
# Prints the toolkit's directory. Taken is the first that there is:
#   1. SLED_CUDA_ROOT: a toolkit of your own (for aarch64: with headers and libraries for aarch64 in it)
#   2. what an earlier run put together in the cache
#   3. the one of nvcc on the PATH, /usr/local/cuda and /usr/local/cuda-12*, if cuBLAS for the architecture is in it:
#      beside nvcc, or in targets/, where NVIDIA's cross packages put it
#   4. Debian's packages of CUDA 12.4 (suite trixie, non-free): fetched, unpacked and arranged in the cache, about
#      1 GB to fetch and 0.7 GB kept on disk. They are not installed, and no rights are needed. CUDA's licence is NVIDIA's.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=toolchains/debian.sh
source "$here/debian.sh"

architecture=${1:-}
case $architecture in
  aarch64) debian_architecture=arm64 ;;
  x86_64) debian_architecture=amd64 ;;
  *) die "usage: toolchains/cuda-toolkit.sh aarch64|x86_64" ;;
esac
[[ $(uname -m) == x86_64 ]] || die "this puts a toolkit together that runs on x86-64; this machine is $(uname -m).
On a Jetson, JetPack's own toolkit builds SLED: SLED_CUDA_ROOT=/usr/local/cuda ./sled build jetson-orin"

# is_toolkit DIRECTORY: nvcc of CUDA 12 or 13, and cuBLAS for the architecture: in the toolkit's own directories, or, for
# another architecture than this machine's, in the targets/ of NVIDIA's cross packages.
is_toolkit() {
  [[ -x $1/bin/nvcc ]] && "$1/bin/nvcc" --version 2>/dev/null | grep -qE 'release 1[23]\.' || return 1
  local place cublas
  for place in "$1/targets/$architecture-linux" "$1/targets/sbsa-linux" "$1"; do
    [[ -e $place/include/cublas_v2.h ]] || continue
    for cublas in "$place"/lib{,64}/libcublas.so "$place"/lib{,64}/stubs/libcublas.so; do
      if [[ -e $cublas ]] && readelf -h "$cublas" 2>/dev/null | grep -qiE "machine:.*${architecture/_/-}"; then return 0; fi
    done
  done
  return 1
}

if [[ -n ${SLED_CUDA_ROOT:-} ]]; then
  is_toolkit "$SLED_CUDA_ROOT" ||
    die "SLED_CUDA_ROOT=$SLED_CUDA_ROOT is no CUDA toolkit (12 or 13) with cuBLAS for $architecture: bin/nvcc, cublas_v2.h or
libcublas.so is missing there, or is for another architecture"
  printf '%s\n' "$SLED_CUDA_ROOT"
  exit
fi

cache=$(sled_cache)
root=$cache/cuda-12.4-$architecture
give_if_complete "$root"

candidates=(/usr/local/cuda /usr/local/cuda-12*)
if nvcc=$(command -v nvcc); then candidates=("$(dirname "$(dirname "$(readlink -f "$nvcc")")")" "${candidates[@]}"); fi
for candidate in "${candidates[@]}"; do
  if is_toolkit "$candidate"; then
    printf '%s\n' "$candidate"
    exit
  fi
done

advice="no CUDA 12 toolkit for $architecture was found.
  - With a toolkit of your own: SLED_CUDA_ROOT=/path/to/cuda ./sled build PLATFORM
  - NVIDIA's cross packages (cuda-cross-aarch64 for Jetson) in /usr/local/cuda are found by themselves.
  - Debian's packages are fetched where apt knows a Debian archive; elsewhere name one in SLED_DEBIAN_ARCHIVE."
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || die "$advice
  (this system has no apt-get or no dpkg-deb)"
debian_archive >/dev/null || die "$advice
  (apt knows no Debian archive here)"

only_one "$root"
work=$cache/cuda-12.4-$architecture.work
rm -rf "$work"
mkdir -p "$work"
say "sled: fetching CUDA 12.4 for $architecture from Debian's archive (once, about 1.25 GB) ..."
private_apt "$work/host" amd64 trixie "main contrib non-free" || die "$advice
  (reading the Debian archive failed, see above)"
private_apt "$work/target" "$debian_architecture" trixie "main contrib non-free" || die "$advice"
# The compiler, for this machine; headers and libraries, for the target.
fetch_packages "$work/host" nvidia-cuda-toolkit || die "$advice"
fetch_packages "$work/target" nvidia-cuda-dev libcudart12 libcublas12 libcublaslt12 libcu++-dev libcub-dev \
  libthrust-dev || die "$advice"

say "sled: unpacking ..."
for part in host target; do
  for deb in "$work/$part"/debs/*.deb; do
    dpkg-deb -x "$deb" "$work/$part/root"
  done
  rm -rf "$work/$part/debs" "$work/$part/lists" "$work/$part/cache"
done

# Debian spreads the toolkit over the file system; nvcc finds its parts by their places next to each other.
host=$work/host/root target=$work/target/root multiarch=$architecture-linux-gnu
toolkit=$work/toolkit
mkdir -p "$toolkit"/{nvvm/bin,lib64}
mv "$host/usr/lib/nvidia-cuda-toolkit/bin" "$toolkit/bin"
mv "$toolkit/bin/cicc" "$toolkit/nvvm/bin/"
mv "$host/usr/lib/nvidia-cuda-toolkit/libdevice" "$toolkit/nvvm/libdevice"
for tool in ptxas fatbinary cudafe++ nvlink bin2c cuobjdump nvdisasm; do
  if [[ -e $host/usr/bin/$tool ]]; then mv "$host/usr/bin/$tool" "$toolkit/bin/"; fi
done
mv "$target/usr/include" "$toolkit/include"
mv "$target/usr/lib/$multiarch"/* "$toolkit/lib64/"
rm -f "$toolkit"/bin/{nvcc.profile,gcc,g++} # links into a system that is not there
# What would link statically is 2 GB; CMake looks for the runtime's.
find "$toolkit/lib64" -name '*.a' ! -name libcudart_static.a ! -name libcudadevrt.a -delete
cat >"$toolkit/bin/nvcc.profile" <<'PROFILE'
TOP                = $(_HERE_)/..
CICC_PATH          = $(TOP)/nvvm/bin
NVVMIR_LIBRARY_DIR = $(TOP)/nvvm/libdevice
PATH              += $(TOP)/nvvm/bin:$(_HERE_):
INCLUDES          += "-I$(TOP)/include" $(_SPACE_)
LIBRARIES         =+ $(_SPACE_) "-L$(TOP)/lib64/stubs" "-L$(TOP)/lib64"
PROFILE
is_toolkit "$toolkit" || die "Debian's packages did not make a toolkit: bin/nvcc or cublas_v2.h is missing in $toolkit"
"$toolkit/bin/nvcc" --version >&2
touch "$toolkit/complete"
rm -rf "$root"
mv "$toolkit" "$root"
rm -rf "$work"
printf '%s\n' "$root"
