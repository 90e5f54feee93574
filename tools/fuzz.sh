#!/bin/sh
# Looks for inputs that break a fit: `sh tools/fuzz.sh SECONDS`. What was learnt is kept in
# build/fuzz/corpus; an input that breaks something is written to build/fuzz/findings.
set -eu
cd "$(dirname "$0")/.."
seconds=$1
sh tools/setup.sh test
PATH="$PWD/.venv/bin:$PATH"
command -v clang++ >/dev/null 2>&1 || sh tools/apt.sh clang libclang-rt-14-dev || {
    echo "make fuzz needs Clang with its runtime (Debian, Ubuntu: apt-get install clang)" >&2
    exit 1
}
cmake --preset fuzz
cmake --build --preset fuzz
mkdir -p build/fuzz/corpus build/fuzz/findings
exec build/fuzz/tests/fuzz/fit_fuzz -max_total_time="$seconds" -timeout=10 -max_len=1024 \
    -print_final_stats=1 -artifact_prefix=build/fuzz/findings/ build/fuzz/corpus
