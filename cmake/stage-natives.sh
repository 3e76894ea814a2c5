#!/usr/bin/env bash
# Copies a platform's finished libraries, and the programs that libsled starts (sled-*), to where a package or a jar takes them from, with their hashes beside them.
#
#   cmake/stage-natives.sh <lib directory> <destination>
set -euo pipefail
lib=$1 destination=$2
rm -rf "$destination"
mkdir -p "$destination"
cp "$lib"/*.so "$lib"/sled-* "$lib"/LICENSE.* "$destination/"
cd "$destination"
sha256sum -- *.so sled-* >SHA256SUMS
