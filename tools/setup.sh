#!/bin/sh
# Brings .venv up to date: `sh tools/setup.sh app` for the app, `test` for the tests too.
# When nothing changed since the last time it only compares two check sums.
set -eu
cd "$(dirname "$0")/.."
kind=$1
extras=app
[ "$kind" = test ] && extras=app,test

PATH="$PWD/.venv/bin:$PATH"
VIRTUAL_ENV="$PWD/.venv"
export PATH VIRTUAL_ENV

say() { printf '%s\n' "$*"; }
stop() {
    printf '%s\n' "$@" >&2
    exit 1
}

# The sum covers names and contents, and the place: a moved checkout is set up anew.
fingerprint() {
    { pwd && find "$@" -type f ! -name '.*' -exec cksum {} + | sort; } | cksum
}
same() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

find_python() {
    for candidate in python3.13 python3.12 python3.11 python3; do
        found=$(command -v "$candidate" 2>/dev/null) || continue
        "$found" - 2>/dev/null <<'PYTHON' && return 0
import ensurepip, os, sys, sysconfig, venv
header = os.path.join(sysconfig.get_path("include"), "Python.h")
sys.exit(not (sys.version_info >= (3, 11) and os.path.exists(header)))
PYTHON
    done
    return 1
}

with_python() {
    find_python || return 1
    say "Making .venv with $found"
    "$found" -m venv --clear .venv
}
with_uv() {
    command -v uv >/dev/null 2>&1 || return 1
    say "Making .venv with uv"
    # uv's own Pythons bring their headers; those of the system were just found wanting.
    uv venv -q --clear --managed-python --python '>=3.11,<3.14' .venv && .venv/bin/python -m ensurepip >/dev/null
}
make_environment() {
    with_python || with_uv || { sh tools/apt.sh python3 python3-venv python3-dev && with_python; } ||
        stop "shrinkage needs Python 3.11 or newer, with its headers and venv." \
            "Install it (Debian, Ubuntu: apt-get install python3 python3-venv python3-dev;" \
            "macOS: brew install python; elsewhere: https://docs.astral.sh/uv), then repeat."
    pwd >.venv/made-in
}

compiles_cxx20() {
    command -v "${1%% *}" >/dev/null 2>&1 || return 1
    # shellcheck disable=SC2086 # CXX may carry options
    printf '#include <concepts>\n#include <span>\nint f(std::span<int> s, std::integral auto n) { return s[n]; }\n' |
        $1 -std=c++20 -fsyntax-only -x c++ - 2>/dev/null
}
find_compiler() {
    for candidate in ${CXX:+"$CXX"} c++ g++ clang++ g++-14 g++-13 g++-12 g++-11 \
        clang++-19 clang++-18 clang++-17 clang++-16 clang++-15 clang++-14; do
        if compiles_cxx20 "$candidate"; then
            export CXX="$candidate"
            return 0
        fi
    done
    return 1
}
need_compiler() {
    find_compiler && return
    sh tools/apt.sh g++ && find_compiler && return
    stop "shrinkage needs a C++20 compiler: GCC 11, Clang 14, Apple Clang 15, or newer." \
        "Install one (Debian, Ubuntu: apt-get install g++; macOS: xcode-select --install)," \
        "then repeat; the variable CXX may name it."
}

pip() { .venv/bin/python -m pip --disable-pip-version-check "$@"; }

install_dependencies() {
    say "Installing the build tools"
    .venv/bin/python - >.venv/build-requires.txt <<'PYTHON'
import pathlib, tomllib
print(*tomllib.loads(pathlib.Path("pyproject.toml").read_text())["build-system"]["requires"], sep="\n")
PYTHON
    pip install -q -r .venv/build-requires.txt 'cmake>=3.25' ninja
    say "Compiling the core and installing shrinkage[$extras]; the first time takes a few minutes"
    pip install -q --no-build-isolation -e ".[$extras]"
}

deps=$(fingerprint pyproject.toml)
native=$(fingerprint pyproject.toml CMakeLists.txt cpp)
if same ".venv/stamp-$kind" "$deps" && same .venv/stamp-native "$native"; then
    exit 0
fi

if [ -f .venv/made-in ] && ! same .venv/made-in "$PWD"; then
    rm -rf build .venv # both hold absolute paths
fi
.venv/bin/python -m pip --version >/dev/null 2>&1 || make_environment
need_compiler
if ! same ".venv/stamp-$kind" "$deps"; then
    install_dependencies
    [ "$kind" = test ] && printf '%s\n' "$deps" >.venv/stamp-app
    printf '%s\n' "$deps" >".venv/stamp-$kind"
else
    say "Compiling the changed core"
    pip install -q --no-build-isolation --no-deps -e .
fi
printf '%s\n' "$native" >.venv/stamp-native
