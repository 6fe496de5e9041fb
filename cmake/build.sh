# SPDX-License-Identifier: Apache-2.0
# Shared by ./onceproof and ./test, which source it after setting `root`: packages, then the build. Says on
# standard error what it does, nothing when there is nothing to do. Exit code 70: it could not be built.
# shellcheck shell=bash

say() { printf 'onceproof: %s\n' "$*" >&2; }

# die_with_log MESSAGE FILE: the end of the log, then what happened and where the rest is.
die_with_log() {
  tail -n 40 -- "$2" >&2 || true
  say "$1; the whole log: $2"
  exit 70
}

# ensure_packages NAME...: asks dpkg once; touches apt only when something is missing.
ensure_packages() {
  local missing=() installed name
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    return 0 # not Debian: the build itself will say what it lacks
  fi
  installed="$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)"
  for name in "$@"; do
    grep -qxF "installed $name" <<<"$installed" || missing+=("$name")
  done
  ((${#missing[@]})) || return 0

  local as_root=()
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      say "packages are missing; as root, run: apt-get install --no-install-recommends ${missing[*]}"
      exit 70
    fi
    as_root=(sudo)
  fi
  mkdir -p -- "$root/build"
  local log="$root/build/install.log"
  say "installing ${missing[*]}"
  "${as_root[@]}" apt-get update >"$log" 2>&1 </dev/null ||
    say "the package lists could not be brought up to date ($log); trying with those that are here"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" \
    >>"$log" 2>&1 </dev/null || die_with_log "packages could not be installed" "$log"
}

# build_preset NAME: configures build/NAME once and builds it; at once when nothing changed. One build of a
# preset at a time: a second caller waits for the first.
build_preset() {
  local preset="$1" folder="$root/build/$1" status
  local log="$folder/build.log"
  mkdir -p -- "$folder"
  exec {build_lock}>"$folder/.lock"
  flock "$build_lock"
  # Older generators' or moved trees' leftovers are not worth understanding: the cache knows its own home.
  if [[ -f $folder/CMakeCache.txt ]] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$folder/CMakeCache.txt"; then
    rm -rf -- "$folder/CMakeCache.txt" "$folder/CMakeFiles"
  fi
  if [[ ! -f $folder/build.ninja ]]; then
    [[ -t 2 ]] || say "building, the first time takes a minute or two"
    (cd -- "$root" && cmake --preset "$preset") >"$log" 2>&1 </dev/null ||
      die_with_log "the build could not be configured" "$log"
  fi
  status=0
  if [[ -t 2 ]]; then
    ninja_with_progress "$folder" "$log" || status=$?
  else
    ninja -C "$folder" >"$log" 2>&1 </dev/null || status=$?
  fi
  ((status == 0)) || die_with_log "the build failed" "$log"
  exec {build_lock}>&-
}

# ninja_with_progress FOLDER LOG: one line that is rewritten, and gone at the end.
ninja_with_progress() {
  local line
  NINJA_STATUS='[%f/%t] ' ninja -C "$1" 2>&1 </dev/null | tee -- "$2" | while IFS= read -r line; do
    [[ $line == \[* ]] && printf '\r\033[Konceproof: building %.90s' "$line" >&2
  done
  local status="${PIPESTATUS[0]}"
  printf '\r\033[K' >&2
  return "$status"
}
