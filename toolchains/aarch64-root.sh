#!/usr/bin/env bash
# A small Debian 12 for aarch64 with Java, to run programs for aarch64 in with QEMU's user mode: tests of the
# linux-aarch64 package on an x86-64 machine.
#
#   toolchains/aarch64-root.sh
#
# Prints the root's directory, which is made once (about 70 MB to fetch) and kept in the cache. The packages are
# unpacked, not installed: nothing of this machine changes and no rights are needed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=toolchains/debian.sh
source "$here/debian.sh"

cache=$(sled_cache)
root=$cache/aarch64-root-1
give_if_complete "$root"
only_one "$root"
for command in apt-get dpkg-deb; do
  command -v $command >/dev/null || die "$command is needed to make a root for aarch64, and this system has none.
Run the package on a board instead; or make a root elsewhere (debootstrap --arch=arm64) and put it, with a file named
'complete', at $root"
done
debian_archive >/dev/null || die "apt knows no Debian archive here; name one in SLED_DEBIAN_ARCHIVE"

work=$root.work
rm -rf "$work"
mkdir -p "$work/root"
say "sled: fetching a Debian root for aarch64 with Java (once, about 70 MB) ..."
private_apt "$work" arm64 bookworm main || die "reading the Debian archive failed"
# No package counts as installed there, so apt brings everything that Java needs, down to libc.
apt_in "$work" -qq -y --download-only install openjdk-17-jre-headless libstdc++6 bash passwd >&2 ||
  die "fetching packages for aarch64 failed"
say "sled: unpacking ..."
for deb in "$work"/cache/archives/*.deb; do
  dpkg-deb -x "$deb" "$work/root"
done
make_links_relative "$work/root"
touch "$work/root/complete"
rm -rf "$root"
mv "$work/root" "$root"
rm -rf "$work"
printf '%s\n' "$root"
