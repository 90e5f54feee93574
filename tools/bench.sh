#!/bin/sh
# Times ours against the peers in .venv-bench: the peers pin other versions than we do.
# Arguments go to benchmarks/run.py.
set -eu
cd "$(dirname "$0")/.."
sh tools/setup.sh app
[ -x .venv-bench/bin/python ] || .venv/bin/python -m venv .venv-bench
pip() { .venv-bench/bin/python -m pip --disable-pip-version-check -q "$@"; }

wanted=$(find cpp python CMakeLists.txt pyproject.toml benchmarks/requirements.txt -type f \
    ! -name '*.pyc' -exec cksum {} + | sort | cksum)
if [ ! -f .venv-bench/stamp ] || [ "$(cat .venv-bench/stamp)" != "$wanted" ]; then
    echo "Installing shrinkage and the peers into .venv-bench"
    pip install .
    grep -v -e '^#' -e '^ *$' benchmarks/requirements.txt | while IFS= read -r peer; do
        pip install "$peer" </dev/null || echo "$peer does not install here: timed without it"
    done
    printf '%s\n' "$wanted" >.venv-bench/stamp
fi
exec .venv-bench/bin/python benchmarks/run.py "$@"
