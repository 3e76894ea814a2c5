# Sourced by ./sled and by the scripts beside it: what they say, and what this machine lacks.
# shellcheck shell=bash

say() { printf '%s\n' "$*" >&2; }
die() {
  say "sled: $*"
  exit 1
}

missing=()  # for people
packages=() # Debian's

# need COMMAND PACKAGE WHAT: notes the command as missing if it is, with Debian's package and what it is for.
need() {
  if ! command -v "$1" >/dev/null; then
    missing+=("$1 ($3)")
    packages+=("$2")
  fi
}

# A JDK of Debian or Ubuntu that is new enough: 17, which newer releases no longer have.
jdk_package() {
  local package
  for package in openjdk-17-jdk-headless openjdk-21-jdk-headless openjdk-25-jdk-headless; do
    if apt-cache show $package >/dev/null 2>&1; then
      echo $package
      return
    fi
  done
  echo openjdk-17-jdk-headless
}

# provide PURPOSE [--yes]: installs what need() noted, after one question. Root is not asked where nobody can answer, nor
# anybody with --yes. Where that is impossible or unwanted, it says what is missing and ends.
provide() {
  if ((${#missing[@]} == 0)); then return; fi
  local install=(apt-get install -y --no-install-recommends "${packages[@]}") as=() answer=y
  say "sled: to $1, this machine lacks: ${packages[*]}"
  if ((EUID != 0)); then as=(sudo); fi
  if ! command -v apt-get >/dev/null || { ((EUID != 0)) && ! command -v sudo >/dev/null; } ||
    { ((EUID != 0)) && [[ ! -t 0 ]] && ! sudo -n true 2>/dev/null; }; then
    say_missing "$1"
    exit 1
  fi
  if [[ ${2:-} != --yes ]]; then
    if [[ -t 0 ]]; then
      read -r -p "Install them now, with ${as[*]:+${as[*]} }apt-get? [Y/n] " answer || answer=n
    elif ((EUID != 0)); then
      answer=n
    fi
  fi
  if [[ ! ${answer:-y} =~ ^[Yy]([Ee][Ss])?$ ]]; then
    say_missing "$1"
    exit 1
  fi
  say "sled: installing them (apt-get)"
  # On a new machine the lists of packages may be missing or old. What apt-get says goes to stderr: stdout may be read.
  "${as[@]}" apt-get update -qq >&2 || say "sled: apt-get update failed; going on with the lists that are here"
  "${as[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}" -qq >&2 ||
    die "'${as[*]:+${as[*]} }${install[*]}' failed; what it says stands above"
  hash -r
  missing=() packages=()
}

# say_missing PURPOSE: what is missing for it, and the command that installs it.
say_missing() {
  say "sled: to $1, this machine lacks:"
  printf '  %s\n' "${missing[@]}" >&2
  say "On Debian or Ubuntu:"
  say "  $( ((EUID == 0)) || echo "sudo ")apt-get install ${packages[*]}"
}
