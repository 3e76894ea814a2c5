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

# say_missing PURPOSE: what is missing for it, and the command that installs it.
say_missing() {
  say "sled: to $1, this machine lacks:"
  printf '  %s\n' "${missing[@]}" >&2
  say "On Debian or Ubuntu:"
  say "  sudo apt-get install ${packages[*]}"
}
