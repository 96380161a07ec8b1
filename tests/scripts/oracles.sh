#!/usr/bin/env bash
# Compares slm's token ids with the original tokenizers library, installed into an environment of its own.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$root/tools/setup/setup.sh"
venv=$root/build/oracle-venv
if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import tokenizers' 2>/dev/null; then
  quietly oracle-venv.log setup.oracles python3 -m venv "$venv"
  # Without its dependencies: they serve downloads from a hub, which nothing here needs.
  quietly oracle-pip.log setup.oracles "$venv/bin/pip" install --no-deps --disable-pip-version-check tokenizers==0.23.3
fi
exec "$venv/bin/python" "$root/tests/scripts/tokenizer_compare.py" "$root/build/slm" "$@"
