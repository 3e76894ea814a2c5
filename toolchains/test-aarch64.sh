#!/usr/bin/env bash
# Tests the linux-aarch64 package on this machine; `./sled test linux-aarch64` runs it. On x86-64 everything for aarch64
# runs in QEMU's user mode.
#
#   toolchains/test-aarch64.sh [TARGET.gguf DRAFT.gguf]    default: the demo pair
#
#   1. builds and packages (that checks libraries and instructions: cmake/check-natives.sh)
#   2. native tests (ctest), emulating a Raspberry Pi 5's CPU and, in part, QEMU's newest
#   3. installs the .deb into a root for aarch64
#   4. `sled doctor` there, as a Raspberry Pi 4, a Raspberry Pi 5 and the newest CPU that QEMU knows: each must load the
#      backend that is meant for it
#   5. a daemon of this machine's own build; the text that the server generates alone must come out of aarch64 clients
#      that draft, greedy and sampled
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=$(dirname "$here")
# shellcheck source=toolchains/debian.sh
source "$here/debian.sh"

target=${1:-demo:target} draft=${2:-demo:draft}
platform=linux-aarch64
work=$(mktemp -d)
server=
cleanup() {
  if [[ -n $server ]]; then kill "$server" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT

say "== what the tests need"
command -v dpkg >/dev/null || die "dpkg is needed to install the .deb into a root, and this system has none"
java_root=$("$here/aarch64-root.sh")
"$home/sled" build # the daemon

say "== package"
"$home/sled" package $platform
deb=$(echo "$home"/target/packages/$platform/sled_*_arm64.deb)

say "== the floor is checked"
# A floor that is too low for any library must be noticed: the check can fail.
if "$home/cmake/check-natives.sh" --glibc 2.17 "$home/native/target/$platform/lib" >"$work/floor" 2>&1; then
  die "cmake/check-natives.sh lets pass what it should not"
fi
grep -q 'newer than the floor 2.17' "$work/floor" || { cat "$work/floor" >&2; die "cmake/check-natives.sh failed otherwise"; }

say "== native tests"
# As the CPU of a Raspberry Pi 5; as QEMU's newest, whose emulation of SVE is slow, the two that look at numbers most.
native_tests() {
  (cd "$home/native/target/$platform/build" &&
    SLED_QEMU_CPU=$1 timeout 2400 ctest --output-on-failure --no-tests=error -j "$(nproc)" "${@:2}")
}
# Not test_sessions and test_memory: they take many minutes there, and have not been seen to their end yet.
native_tests cortex-a76 -E 'test_sessions|test_memory'
native_tests max -R 'test_draft|test_exact'

say "== $(basename "$deb") into a root for aarch64"
# A root of links to the one with Java, and this package.
root=$work/root
cp -as "$java_root" "$root"
mkdir -p "$root/var/lib/dpkg"/{info,updates,triggers}
: >"$root/var/lib/dpkg/status"
# dpkg insists on programs that only root has in the PATH.
PATH=$PATH:/usr/sbin:/sbin dpkg --root="$root" --force-not-root --force-architecture --force-depends --force-script-chrootless \
  --log=/dev/null -i "$deb" >"$work/dpkg.log" 2>&1 || { cat "$work/dpkg.log" >&2; die "dpkg did not install $deb"; }

# `java` for the launcher: the emulated one.
mkdir -p "$work/jre/bin"
cat >"$work/jre/bin/java" <<JAVA
#!/bin/sh
exec "$here/emulate-aarch64.sh" "$java_root/usr/lib/jvm/java-17-openjdk-arm64/bin/java" "\$@"
JAVA
chmod +x "$work/jre/bin/java"
cp "$java_root/usr/lib/jvm/java-17-openjdk-arm64/release" "$work/jre/release"
emulated_sled() { JAVA_HOME=$work/jre SLED_JAVA_OPTS="-XX:TieredStopAtLevel=1 ${java_options:-}" timeout 300 "$root/usr/bin/sled" "$@"; }

say "== sled doctor"
while read -r cpu backend; do
  SLED_QEMU_CPU=$cpu emulated_sled doctor >"$work/doctor"
  if ! grep -q "libggml-cpu-$backend.so" "$work/doctor"; then
    cat "$work/doctor" >&2
    die "on $cpu libggml-cpu-$backend.so should have been loaded"
  fi
  say "$cpu: $(grep -m 1 backend "$work/doctor" | tr -s ' ')"
done <<'CPUS'
cortex-a72 armv8.0_1
cortex-a76 armv8.2_2
max armv8.6_2
CPUS

say "== libraries from the jar"
jar=$(echo "$home"/target/packages/$platform/sled-jni-bindings-*-$platform.jar)
SLED_LAUNCH_HOME=$root/usr/lib/sled SLED_LAUNCH_NATIVE='' SLED_LAUNCH_CLASS_PATH="$root/usr/lib/sled/lib/*:$jar" \
  java_options=-Dsled.native.cache=$work/cache emulated_sled doctor >"$work/doctor"
grep -q "^libraries *$work/cache/" "$work/doctor" || { cat "$work/doctor" >&2; die "the jar's libraries were not loaded"; }

say "== the same text from x86-64 and from aarch64"
: >"$work/serve.log"
# An emulated device is so slow that drafting seldom pays: here it drafts all the same, blocks of 4, and the server
# looks at all of them.
"$home/sled" serve --model "$target" --listen 127.0.0.1:0 --threads 1 --context 1024 --scheduler continuous 2>"$work/serve.log" &
server=$!
for _ in $(seq 600); do
  address=$(sed -n 's/^listening on //p' "$work/serve.log")
  if [[ -n $address ]]; then break; fi
  kill -0 $server 2>/dev/null || { cat "$work/serve.log" >&2; die "the daemon did not start"; }
  sleep 0.2
done
[[ -n $address ]] || die "the daemon did not listen in time"
# text FILE: what a report says was generated; accepted FILE: how many drafts were accepted.
text() { grep -o '"text":.*"token_ids":[^]]*]' "$1"; }
accepted() { sed -n 's/.*"accepted":\([0-9]*\).*/\1/p' "$1"; }
for sampling in "--temperature 0" "--temperature 0.9 --top-p 0.95 --repeat-penalty 1.1 --seed 7"; do
  # shellcheck disable=SC2206 # options
  arguments=(generate --server "$address" --model "$draft" --threads 1 -n 48 --ignore-end $sampling --json
    --prompt "Tell me a story about a fox and a lantern")
  "$home/sled" "${arguments[@]}" -k 0 >"$work/here" 2>"$work/log" || { cat "$work/log" >&2; die "the x86-64 client failed"; }
  expected=$(text "$work/here") || die "no text in the report: $(<"$work/here")"
  for cpu in cortex-a72 cortex-a76 max; do
    SLED_QEMU_CPU=$cpu emulated_sled "${arguments[@]}" -k 4 >"$work/there" 2>"$work/log" ||
      { cat "$work/log" >&2; die "the aarch64 client failed on $cpu"; }
    [[ $expected == "$(text "$work/there")" ]] || die "on $cpu the text differs ($sampling):
$expected
$(text "$work/there")"
    say "$cpu, $sampling: equal to the target alone; $(accepted "$work/there") drafts accepted"
  done
  # Drafts are a matter of speed, but none right at all would mean that the draft model computes nonsense.
  if [[ $target == demo:target ]]; then
    (($(accepted "$work/there") > 0)) || die "no draft from aarch64 was accepted"
  fi
done
say "== all good"
