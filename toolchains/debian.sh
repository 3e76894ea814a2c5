# Sourced by the scripts beside it: Debian packages fetched and unpacked into a directory of our own. Nothing is
# installed, so no rights are needed and the system's package database stays as it is.
# shellcheck shell=bash

# shellcheck source=toolchains/tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"

# Where things are kept that are fetched once: the same rule as cmake/LlamaCpp.cmake.
sled_cache() {
  local base=${SLED_CACHE_DIR:-${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}}
  [[ -n $base ]] || die "no place to keep what is fetched: set SLED_CACHE_DIR (HOME is not set)"
  mkdir -p "$base/sled"
  (cd "$base/sled" && pwd)
}

# give_if_complete DIRECTORY: prints it and ends the script if an earlier run finished it.
give_if_complete() {
  if [[ -e $1/complete ]]; then
    printf '%s\n' "$1"
    exit
  fi
}

# only_one DIRECTORY: from here on, until it ends, no other process makes this one. If one did so meanwhile, that is it.
only_one() {
  exec 7>"$1.lock"
  if ! flock -n 7; then
    say "sled: waiting for another process that makes $1"
    flock 7
  fi
  give_if_complete "$1"
}

# The address of the Debian archive that this machine uses, or of SLED_DEBIAN_ARCHIVE; fails if there is none.
debian_archive() {
  if [[ -n ${SLED_DEBIAN_ARCHIVE:-} ]]; then
    printf '%s\n' "${SLED_DEBIAN_ARCHIVE%/}/"
    return
  fi
  command -v apt-get >/dev/null || return 1
  local archive
  # apt-get update may never have run here: then this lists nothing, and the sources themselves are looked at.
  archive=$(apt-get indextargets --format '$(LABEL)|$(REPO_URI)' 2>/dev/null | sed -n 's/^Debian|//p' | head -n 1)
  if [[ -z $archive ]]; then
    archive=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/debian.{list,sources} 2>/dev/null |
      sed -nE 's/^(deb( \[[^]]*\])?|URIs:) +([^ ]+\/debian\/?)( .*)?$/\3/p' | head -n 1)
  fi
  [[ -n $archive ]] && printf '%s\n' "${archive%/}/"
}

# private_apt DIRECTORY ARCHITECTURE SUITE COMPONENTS: makes DIRECTORY an apt of its own that knows this suite alone,
# and reads the lists. Afterwards `apt_in DIRECTORY ...` is apt-get there.
private_apt() {
  local directory=$1 architecture=$2 suite=$3 components=$4 archive
  archive=$(debian_archive) || return 1
  if [[ ! -e /usr/share/keyrings/debian-archive-keyring.gpg ]]; then
    say "sled: Debian's keys are missing, with which its packages are verified: install debian-archive-keyring"
    return 1
  fi
  mkdir -p "$directory"/{etc,lists/partial,cache/archives/partial}
  : >"$directory/status"
  printf 'deb [arch=%s signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s %s\n' \
    "$architecture" "$archive" "$suite" "$components" >"$directory/etc/sources.list"
  cat >"$directory/etc/apt.conf" <<CONF
APT::Architecture "$architecture";
APT::Architectures { "$architecture"; };
APT::Install-Recommends "false";
Dir::Etc::SourceList "$directory/etc/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State::Lists "$directory/lists";
Dir::State::status "$directory/status";
Dir::State::extended_states "$directory/extended_states";
Dir::Cache "$directory/cache";
Acquire::Languages "none";
Acquire::Retries "3";
Debug::NoLocking "true";
CONF
  if ((EUID == 0)); then printf 'APT::Sandbox::User "root";\n' >>"$directory/etc/apt.conf"; fi
  apt_in "$directory" -qq update >&2
}

apt_in() {
  local directory=$1
  shift
  APT_CONFIG=$directory/etc/apt.conf apt-get "$@"
}

# fetch_packages DIRECTORY NAME...: exactly these packages into DIRECTORY/debs, without what they depend on.
fetch_packages() {
  local directory=$1
  shift
  mkdir -p "$directory/debs"
  (cd "$directory/debs" && apt_in "$directory" -qq download "$@" >&2)
}

# make_links_relative ROOT: absolute symbolic links in an unpacked root would lead into this machine's own files.
make_links_relative() {
  local root=$1 link target
  while IFS= read -r -d '' link; do
    target=$(readlink "$link")
    [[ $target == /* ]] || continue
    ln -snf "$(realpath -m --relative-to="$(dirname "$link")" "$root$target")" "$link"
  done < <(find "$root" -type l -print0)
}
