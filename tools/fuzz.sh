#!/bin/sh
# Looks for files that break the reader, then for inputs that break a fit: `sh tools/fuzz.sh
# SECONDS [FILES]`. What was learnt is kept in build/fuzz/corpus; what breaks something is written to
# build/fuzz/findings.
set -eu
cd "$(dirname "$0")/.."
seconds=$1
files=${2:-3000}
sh tools/setup.sh test
PATH="$PWD/.venv/bin:$PATH"
mkdir -p build/fuzz/corpus build/fuzz/findings
broken=0
python tests/fuzz/read_fuzz.py "$files" || broken=1
command -v clang++ >/dev/null 2>&1 || sh tools/apt.sh clang libclang-rt-14-dev || {
    echo "make fuzz needs Clang with its runtime (Debian, Ubuntu: apt-get install clang)" >&2
    exit 1
}
cmake --preset fuzz
cmake --build --preset fuzz
# Mutation alone is long in finding designs full of numbers.
python tests/fuzz/seeds.py build/fuzz/corpus
build/fuzz/tests/fuzz/fit_fuzz -fork=1 -ignore_crashes=1 -ignore_timeouts=1 -timeout=30 \
    -max_total_time="$seconds" -max_len=2048 -len_control=0 \
    -artifact_prefix=build/fuzz/findings/ build/fuzz/corpus
found=$(find build/fuzz/findings -type f | wc -l)
echo "$found findings in build/fuzz/findings; build/fuzz/tests/fuzz/fit_fuzz FILE repeats one of a"
echo "fit, python tests/fuzz/read_fuzz.py --file FILE one of the reader"
[ "$found" -eq 0 ] && [ "$broken" -eq 0 ]
