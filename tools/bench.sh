#!/bin/sh
# Times ours against the peers in .venv-bench: the peers pin other versions than we do.
# Arguments go to `python -m benchmarks`.
set -eu
cd "$(dirname "$0")/.."
sh tools/setup.sh app
[ -x .venv-bench/bin/python ] || .venv/bin/python -m venv .venv-bench
pip() { .venv-bench/bin/python -m pip --disable-pip-version-check -q "$@"; }
same() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

peers=$(cksum <benchmarks/requirements.txt)
if ! same .venv-bench/stamp-peers "$peers"; then
    grep -v -e '^#' -e '^ *$' benchmarks/requirements.txt | while IFS= read -r peer; do
        echo "Installing $peer into .venv-bench"
        pip install "$peer" </dev/null || echo "$peer does not install here: timed without it"
    done
    printf '%s\n' "$peers" >.venv-bench/stamp-peers
fi

ours=$(find cpp python CMakeLists.txt pyproject.toml -type f ! -name '*.pyc' -exec cksum {} + |
    sort | cksum)
if ! same .venv-bench/stamp-ours "$ours"; then
    echo "Compiling shrinkage and installing it into .venv-bench"
    pip install .
    printf '%s\n' "$ours" >.venv-bench/stamp-ours
fi
exec .venv-bench/bin/python -m benchmarks "$@"
