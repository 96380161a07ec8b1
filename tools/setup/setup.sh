# Sourced by run.sh and test.sh: what both need. Texts come from the message table, src/base/messages/setup.inc.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
log_dir=$root/build/logs

case "${SLM_LANG:-${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}}" in zh*) say_column=3 ;; *) say_column=2 ;; esac

# say KEY ARGS...: the text of KEY in the user's language, {0} {1} ... replaced by ARGS.
say() {
  local key=$1 text i=0
  shift
  text=$(sed -n "s/^M(\"$key\", \"\(.*\)\", \"\(.*\)\")\$/\\$((say_column - 1))/p" "$root/src/base/messages/setup.inc")
  for arg in "$@"; do
    text=${text//"{$i}"/$arg}
    i=$((i + 1))
  done
  printf '%s\n' "${text:-$key $*}"
}

fail() {
  say "$@" >&2
  exit 1
}

# step N OF KEY ARGS...: a headline that says how far along we are.
step() {
  local n=$1 of=$2
  shift 2
  printf '\n[%s/%s] %s\n' "$n" "$of" "$(say "$@")"
}

# quietly LOG KEY COMMAND...: runs with its noise in LOG and the last line of it as progress; on failure shows the log's end.
quietly() {
  local log=$log_dir/$1 key=$2 pid status last= line
  shift 2
  mkdir -p "$log_dir"
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    line=$(tail -c 400 "$log" 2>/dev/null | tr '\r' '\n' | tail -n 1 | cut -c1-76)
    if [ -n "$line" ] && [ "$line" != "$last" ]; then
      if [ -t 1 ]; then printf '\r\033[K  %s' "$line"; fi
      last=$line
    fi
    sleep 0.3
  done
  status=0
  wait "$pid" || status=$?
  [ ! -t 1 ] || printf '\r\033[K'
  if [ "$status" -ne 0 ]; then
    tail -n 25 "$log" >&2
    say setup.failed "$(say "$key")" "$log" >&2
  fi
  return "$status"
}

packages() {  # build | test
  if [ "$1" = test ]; then sed -n 's/^\(test: \)\{0,1\}\([a-z].*\)$/\2/p' "$root/tools/setup/packages.txt"
  else sed -n '/^test:/d; s/^\([a-z].*\)$/\1/p' "$root/tools/setup/packages.txt"; fi
}

missing_packages() {
  local name
  for name in $(packages "$1"); do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || printf '%s ' "$name"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install_packages() {  # build | test
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    fail setup.unknown_system "$(packages "$1" | tr '\n' ' ')"
  fi
  local missing
  missing=$(missing_packages "$1")
  if [ -z "$missing" ]; then
    say setup.packages_present
    return
  fi
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then fail setup.need_root "$missing"; fi
  say setup.packages_missing "$missing"
  [ "$(id -u)" = 0 ] || sudo -v
  export DEBIAN_FRONTEND=noninteractive
  quietly apt-update.log setup.apt_update as_root apt-get update || fail setup.apt_hint
  # shellcheck disable=SC2086
  quietly apt-install.log setup.apt_install as_root apt-get install -y --no-install-recommends $missing || fail setup.apt_hint
}

# build PRESET TARGETS...: configures and builds.
build() {
  local preset=$1
  shift
  quietly "configure-$preset.log" setup.configure cmake --preset "$preset" || exit 1
  if [ $# -gt 0 ]; then quietly "build-$preset.log" setup.compile cmake --build --preset "$preset" --target "$@" || exit 1
  else quietly "build-$preset.log" setup.compile cmake --build --preset "$preset" || exit 1; fi
}
