#!/usr/bin/env bash
# Checks finished libraries and the programs beside them before they go into a package. Says all that is wrong, and exits with 1 if anything is.
#
#   cmake/check-natives.sh [--glibc 2.34] [--glibcxx 3.4.30] [--cuda-architectures "87-real"] <directory>
#
#   - all are for the same CPU architecture
#   - none needs a newer system than JetPack 6, Ubuntu 22.04 and Debian 12 have: glibc 2.34, libstdc++ of GCC 12
#   - everything they link to lies beside them, belongs to every Linux, or to CUDA; found by $ORIGIN alone
#   - segments fit memory pages of 16 and 64 KiB (Raspberry Pi 5, some servers); no executable stack
#   - each CPU backend has the instructions that it is named for, and none that its CPUs lack: those would end the
#     process with SIGILL
#   - with --cuda-architectures: the CUDA backend has code for these GPUs (SLED_CUDA_ROOT: the toolkit)
set -euo pipefail

glibc=2.34 glibcxx=3.4.30 cxxabi=1.3.13
cuda_architectures=
while [[ ${1:-} == --* ]]; do
  case $1 in
    --glibc) glibc=$2 ;;
    --glibcxx) glibcxx=$2 ;;
    --cuda-architectures) cuda_architectures=$2 ;;
    *) echo "check-natives.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done
directory=${1:?usage: cmake/check-natives.sh <directory>}

problems=0
floor_problems=0
problem() {
  printf 'check-natives: %s\n' "$*" >&2
  problems=$((problems + 1))
}

above_floor() { # library, version, floor
  problem "$1 needs $2, newer than the floor $3"
  floor_problems=$((floor_problems + 1))
}

newer() { # is version $1 newer than $2?
  [[ $1 != "$2" && $(printf '%s\n%s\n' "$1" "$2" | sort -V | tail -n 1) == "$1" ]]
}

cd "$directory"
shopt -s nullglob
libraries=(*.so sled-*)
((${#libraries[@]} > 0)) || { echo "check-natives: no libraries in $directory" >&2; exit 1; }
# Programs that libsled starts, and looks for beside itself.
for program in sled-probe sled-template; do
  [[ -x $program ]] || problem "$program is missing, or no program"
done

# ---------------------------------------------------------------- architecture

machine_of() { readelf -hW "$1" | sed -n 's/^ *Machine: *//p'; }
case $(machine_of "${libraries[0]}") in
  AArch64) machine=AArch64 architecture=aarch64 ;;
  *X86-64) machine='Advanced Micro Devices X86-64' architecture=x86_64 ;;
  *) echo "check-natives: ${libraries[0]} is for $(machine_of "${libraries[0]}")" >&2; exit 1 ;;
esac
objdump=objdump
if command -v "$architecture-linux-gnu-objdump" >/dev/null; then objdump=$architecture-linux-gnu-objdump; fi

# ---------------------------------------------------------------- what each needs

system_libraries='^(ld-linux-(aarch64|x86-64)\.so\.[12]|lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+)\.so\.[0-9]+)$'
cuda_libraries='^(libcudart\.so\.1[23]|libcublas(Lt)?\.so\.1[23]|libcuda\.so\.1)$'
highest=0
for library in "${libraries[@]}"; do
  [[ $(machine_of "$library") == "$machine" ]] || problem "$library is for $(machine_of "$library"), others for $machine"

  while read -r name version; do
    case $name in
      GLIBC)
        if newer "$version" "$glibc"; then above_floor "$library" "GLIBC_$version" "$glibc"; fi
        if newer "$version" "$highest"; then highest=$version; fi
        ;;
      GLIBCXX)
        if newer "$version" "$glibcxx"; then above_floor "$library" "GLIBCXX_$version" "$glibcxx"; fi
        ;;
      CXXABI)
        if newer "$version" "$cxxabi"; then above_floor "$library" "CXXABI_$version" "$cxxabi"; fi
        ;;
    esac
  done < <(readelf -VW "$library" | grep -oE '\b(GLIBC|GLIBCXX|CXXABI)_[0-9.]+\b' | sort -u | tr _ ' ')

  while read -r needed; do
    if [[ ! -e $needed && ! $needed =~ $system_libraries &&
      ! ($library == libggml-cuda.so && $needed =~ $cuda_libraries) ]]; then
      problem "$library links to $needed, which is neither here nor on every Linux"
    fi
  done < <(readelf -dW "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')

  search=$(readelf -dW "$library" | sed -n 's/.*(R[UN]*PATH).*\[\(.*\)\]/\1/p')
  # shellcheck disable=SC2016 # the linker's word, no variable
  if [[ -n $search && $search != '$ORIGIN' ]]; then
    problem "$library searches its libraries in '$search', not beside itself"
  fi

  if [[ $architecture == aarch64 ]]; then
    while read -r alignment; do
      if ((alignment < 0x10000)); then problem "$library has a segment aligned to $alignment only"; fi
    done < <(readelf -lW "$library" | awk '$1 == "LOAD" {print $NF}')
  fi
  if readelf -lW "$library" | grep -q 'GNU_STACK.* RWE '; then problem "$library wants an executable stack"; fi
done

# ---------------------------------------------------------------- CPU backends

# backend | instructions it must have | instructions it must not have; several, separated by blanks: extended regular
# expressions over a line of disassembly.
z='z[0-9]+\.[bhsd]'
half='fmla.v[0-9]+\.8h'
# shellcheck disable=SC2034 # used as expected_$architecture
expected_aarch64="
armv8.0_1|fmla.v|sdot $half $z smmla
armv8.2_1|sdot|$half $z smmla
armv8.2_2|sdot $half|$z smmla
armv8.2_3|sdot $half $z|smmla
armv8.6_1|sdot $half $z smmla|[su]sra.z
armv8.6_2|sdot $half $z smmla [su]sra.z|za0
armv9.2_1|sdot $z smmla|
armv9.2_2|sdot $z smmla|
"
# shellcheck disable=SC2034
expected_x86_64="
x64|mulps|%ymm %zmm
sse42|pmaddubsw|%ymm %zmm
sandybridge|%ymm|vfmadd vcvtph2ps vpmaddubsw.*%ymm %zmm
ivybridge|%ymm vcvtph2ps|vfmadd vpmaddubsw.*%ymm %zmm
piledriver|%ymm vfmadd|vpmaddubsw.*%ymm %zmm
haswell|vfmadd vpmaddubsw.*%ymm|%zmm vpdpbusd
alderlake|vfmadd vpdpbusd|%zmm
skylakex|vfmadd %zmm|vpdpbusd vdpbf16ps
cannonlake|%zmm|vpdpbusd vdpbf16ps
cascadelake|%zmm vpdpbusd|vdpbf16ps
icelake|%zmm vpdpbusd|vdpbf16ps
cooperlake|%zmm vpdpbusd vdpbf16ps|
zen4|%zmm vpdpbusd vdpbf16ps|tdpb
sapphirerapids|%zmm vpdpbusd vdpbf16ps tdpb|
"
expected=expected_$architecture
listing=$(mktemp)
trap 'rm -f "$listing"' EXIT

disassemble() { "$objdump" -d --no-show-raw-insn "$1" >"$listing" 2>/dev/null; }
backends=()
while IFS='|' read -r backend has lacks; do
  library=libggml-cpu-$backend.so
  [[ -n $backend && -e $library ]] || continue
  backends+=("$backend")
  disassemble "$library" || { problem "$objdump cannot disassemble $library"; break; }
  for pattern in $has; do
    grep -qE -m 1 "$pattern" "$listing" || problem "$library has no instruction like '$pattern'"
  done
  for pattern in $lacks; do
    if grep -qE -m 1 "$pattern" "$listing"; then
      problem "$library has an instruction that its CPUs lack: $(grep -E -m 1 "$pattern" "$listing" | tr -s '[:space:]' ' ')"
    fi
  done
done <<<"${!expected}"
# The one that every CPU has must be there; a backend without a name is for the CPU that compiled it alone.
case $architecture in
  aarch64) baseline=armv8.0_1 ;;
  *) baseline=x64 ;;
esac
[[ " ${backends[*]} " == *" $baseline "* ]] || problem "libggml-cpu-$baseline.so is missing: not every CPU could run this"
[[ ! -e libggml-cpu.so ]] || problem "libggml-cpu.so is for one CPU only: a local build, not a portable one"
for library in libggml-cpu-*.so; do
  name=${library#libggml-cpu-}
  [[ " ${backends[*]} " == *" ${name%.so} "* ]] || problem "$library is no backend that this check knows"
done
# What every CPU runs. (libsled has AVX2 twins of its sampling loops and asks the CPU before it calls one.)
for library in libggml-base.so libggml.so libllama.so libjnisled.so sled-*; do
  [[ -e $library ]] || continue
  disassemble "$library" || break
  for pattern in %ymm %zmm sdot "$z"; do
    if grep -qE -m 1 "$pattern" "$listing"; then problem "$library has instructions like '$pattern' for newer CPUs"; fi
  done
done

# ---------------------------------------------------------------- CUDA

if [[ -n $cuda_architectures ]]; then
  cuobjdump=${SLED_CUDA_ROOT:+$SLED_CUDA_ROOT/bin/}cuobjdump
  if [[ ! -e libggml-cuda.so ]]; then
    problem "libggml-cuda.so is missing"
  elif ! command -v "$cuobjdump" >/dev/null; then
    problem "cuobjdump was not found, so the CUDA code was not looked at (set SLED_CUDA_ROOT)"
  else
    # "sm_87 x 143 sm_90 x 143": how many parts of the library have code for what.
    codes_in() {
      { "$cuobjdump" "$1" libggml-cuda.so 2>/dev/null | grep -oE 'sm_[0-9]+[a-z]?' || true; } | sort | uniq -c |
        awk '{printf "%s%s x %s", sep, $2, $1; sep = ", "}'
    }
    machine_code=$(codes_in --list-elf)
    intermediate=$(codes_in --list-ptx)
    for wanted in ${cuda_architectures//;/ }; do
      number=${wanted%-*}
      if [[ $wanted != *-virtual ]]; then
        grep -qw "sm_$number" <<<"$machine_code" || problem "libggml-cuda.so has no code for sm_$number, only: ${machine_code:-none}"
      fi
      if [[ $wanted != *-real ]]; then
        grep -qw "sm_$number" <<<"$intermediate" || problem "libggml-cuda.so has no PTX for compute_$number"
      fi
    done
    echo "check-natives: CUDA: machine code: ${machine_code:-none}; PTX: ${intermediate:-none}"
  fi
fi

if ((problems > 0)); then
  echo "check-natives: $problems problems in $PWD" >&2
  if ((floor_problems > 0)); then
    echo "check-natives: compile on Debian 12 or Ubuntu 22.04 (a container will do) to stay below the floor" >&2
  fi
  exit 1
fi
echo "check-natives: ${#libraries[@]} libraries for $architecture, glibc $highest at most (floor $glibc); CPU backends: ${backends[*]}"
