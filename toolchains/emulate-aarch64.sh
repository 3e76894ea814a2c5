#!/usr/bin/env bash
# Runs a program for aarch64 on this machine, with QEMU's user mode and the libraries of aarch64-root.sh.
#
#   toolchains/emulate-aarch64.sh PROGRAM [ARGUMENTS...]
#
# SLED_QEMU_CPU: the processor to be, such as cortex-a72 (Raspberry Pi 4) or cortex-a76 (Raspberry Pi 5); by default
# "max", with everything that QEMU knows.
#
# Always give an emulated run a timeout: with the loader of one set of libraries and the libc of another (a system that
# has arm64 packages installed as well) programs have been seen to spin for ever; -L with a whole root avoids that.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# libsled starts programs of its own, which this machine's kernel cannot run: they come here again.
root=${SLED_EMULATED_ROOT:-$("$here/aarch64-root.sh")}
export SLED_EMULATOR=$here/emulate-aarch64.sh SLED_EMULATED_ROOT=$root
for qemu in qemu-aarch64-static qemu-aarch64; do
  if command -v $qemu >/dev/null; then
    exec $qemu -L "$root" -cpu "${SLED_QEMU_CPU:-max}" "$@"
  fi
done
echo "sled: qemu-aarch64 was not found: sudo apt-get install qemu-user-static" >&2
exit 1
