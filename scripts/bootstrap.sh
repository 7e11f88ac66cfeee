# Sourced by scripts/run, test and bench: finds a Python, makes .venv, installs what the lock file says, once.
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root"

fail() { printf '%s\n' "$*" >&2; exit 1; }

find_python() {
  for name in "${PYTHON:-}" python3.12 python3.11 python3 python; do
    [ -n "$name" ] || continue
    command -v "$name" >/dev/null 2>&1 || continue
    "$name" -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 12)))' 2>/dev/null && { command -v "$name"; return; }
  done
  return 1
}

bootstrap() {
  local stamp=.venv/.installed want
  want="$(cat "$@" | cksum)"
  if [ ! -x .venv/bin/python ]; then
    python="$(find_python)" || fail "Dermforward needs Python 3.11 or 3.12. Install one, or name it in PYTHON."
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
      fail "This Python has no venv module. On Debian or Ubuntu: apt-get install python3-venv"
    [ -w . ] || fail "The folder $root cannot be written. Clone into a folder of your own."
    printf 'making .venv\n' >&2
    "$python" -m venv .venv || fail "The virtual environment could not be made in $root/.venv."
  fi
  if [ "$(cat "$stamp" 2>/dev/null)" != "$want" ]; then
    printf 'installing what %s says\n' "$*" >&2
    local arguments=()
    for file in "$@"; do arguments+=(-r "$file"); done
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes "${arguments[@]}" ||
      fail "The packages could not be installed. Is the package index within reach?"
    printf '%s' "$want" > "$stamp"
  fi
}
