#!/bin/sh
# Makes .venv ready: `setup.sh run` for the app, `setup.sh test` for the tests as well, `setup.sh check` only looks.
# Each step leaves a stamp when it is done, so that a second run ends at once and an interrupted one goes on rightly.
set -eu
cd "$(dirname "$0")/.."
goal=${1:-run}
python=${PYTHON:-python3}
here=$(pwd -P)
again="make $goal"
[ "$goal" = check ] && again="make run"
needed_kb=1500000
missing=
packages=
advice=

say() { printf '%s\n' "$*" >&2; }

give_up() { # all is said; the trap of the step need not add to it
    say "$1"
    trap - EXIT
    exit 1
}

lack() { # lack WHAT PACKAGE...: notes one thing that is not there and the Debian packages that bring it
    missing="$missing  - $1
"
    shift
    packages="$packages $*"
}

python_version() { # python_version COMMAND: "3.11", or nothing where it does not start
    "$1" -ESc 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

new_enough() { [ "${1%%.*}" -eq 3 ] && [ "${1#*.}" -ge 11 ]; }

another_python() { # a Python on the PATH that is new enough, or nothing
    for name in python3.13 python3.12 python3.11; do
        if [ -n "$(python_version "$name")" ]; then # a name may be a shim for one that is not installed
            echo "$name"
            return
        fi
    done
}

check_python() {
    if [ -z "$version" ]; then
        lack "Python: '$python' is not there or does not start" python3 python3-venv
    elif ! new_enough "$version"; then
        lack "Python 3.11 or newer: '$python' is $version"
        other=$(another_python)
        advice="  $again PYTHON=${other:-/path/to/python3.11}"
    elif ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        lack "Python's venv module (with ensurepip)" "python$version-venv"
    fi
}

check_compiler() { # check_compiler WHAT LANGUAGE STANDARD HEADER COMMAND...: the first command there is must compile a line
    what=$1 language=$2 standard=$3 header=$4
    shift 4
    for compiler in "$@"; do
        if command -v "${compiler%% *}" >/dev/null 2>&1; then
            # shellcheck disable=SC2086 # CC and CXX may hold options
            printf '#include <%s>\nint main(void) { return 0; }\n' "$header" |
                $compiler -x "$language" -std="$standard" -fsyntax-only - >/dev/null 2>&1 && return
            break
        fi
    done
    lack "$what" build-essential
}

check_disk() {
    free_kb=$(df -Pk . | awk 'NR == 2 { print $4 }')
    if [ "$free_kb" -lt "$needed_kb" ]; then
        lack "room on the disk of $here: $((free_kb / 1000)) MB free, $((needed_kb / 1000)) MB needed"
        advice="${advice:+$advice
}  df -h '$here'    (then make room there)"
    fi
}

preflight() { # ends the set-up with one message where something is missing
    check_python
    check_compiler "a C compiler" c c11 stdio.h ${CC:+"$CC"} cc gcc clang
    check_compiler "a C++17 compiler" c++ c++17 thread ${CXX:+"$CXX"} c++ g++ clang++
    check_disk
    [ -z "$missing" ] && return
    say "assistant cannot be set up yet. Missing:"
    say "${missing%?}"
    say "This mends it:"
    packages=$(for package in $packages; do echo "$package"; done | sort -u | tr '\n' ' ')
    if [ -n "$packages" ]; then
        sudo=sudo\ 
        [ "$(id -u)" -eq 0 ] && sudo=
        say "  ${sudo}apt-get update && ${sudo}apt-get install -y ${packages% }"
    fi
    [ -z "$advice" ] || say "$advice"
    give_up "Then run '$again' again."
}

jobs() { # compilers at once: one per core, and 1.5 GB of free memory for each
    cores=$(nproc 2>/dev/null || echo 1)
    awk -v cores="$cores" '/^MemAvailable:/ { fit = int($2 / 1500000) }
        END { n = (fit < cores) ? fit : cores; print (n < 1) ? 1 : n }' /proc/meminfo
}

processor() { # what the compiler's "native" depends on
    uname -m
    grep -E '^(model name|flags|Features|CPU (implementer|variant|part))' /proc/cpuinfo | sort -u || true
}

digest() { sha256sum | cut -c 1-16; }

step() { # step NAME KEY FUNCTION: runs FUNCTION unless NAME's stamp says KEY; the stamp is written last
    stamp=.venv/.done-$1
    if [ -f "$stamp" ] && read -r last <"$stamp" && [ "$last" = "$2" ]; then
        return
    fi
    doing=$1
    trap 'say "Set-up stopped at: $doing. What went wrong is said above. To go on: $again"' EXIT
    "$3"
    trap - EXIT
    echo "$2" >"$stamp"
}

pip() { .venv/bin/python -m pip --disable-pip-version-check "$@"; }

make_venv() { # Python, the locked packages, and llama.cpp built here; always from scratch
    preflight
    if [ -e .venv ] && [ ! -e .venv/.made-by-setup ]; then
        give_up "The folder .venv was not made by this set-up: move it away first."
    fi
    rm -rf .venv
    mkdir .venv .venv/tmp
    : >.venv/.made-by-setup
    "$python" -m venv .venv
    export TMPDIR="$here/.venv/tmp" # /tmp may be in memory, and a build needs room
    export CMAKE_BUILD_PARALLEL_LEVEL="${CMAKE_BUILD_PARALLEL_LEVEL:-$(jobs)}"
    export CMAKE_ARGS="-DGGML_NATIVE=ON -DLLAVA_BUILD=OFF '-DCMAKE_PROJECT_INCLUDE=$here/scripts/llama.cmake' ${CMAKE_ARGS:-}"
    say "Installing what the build needs."
    pip install --quiet --require-hashes --only-binary :all: -r requirements-build.lock
    # A wheel that another processor or other options made must not come back: the cache carries both in its name.
    cache=${XDG_CACHE_HOME:-${HOME:-$here/.venv}/.cache}/hat-assistant/build-$({ processor && echo "${CMAKE_ARGS#*llama.cmake}"; } | digest)
    say "Installing the packages and building llama.cpp for this processor ($CMAKE_BUILD_PARALLEL_LEVEL at once). The first time takes minutes."
    PATH="$here/.venv/bin:$PATH" pip install --require-hashes --no-build-isolation --no-binary llama-cpp-python \
        --cache-dir "$cache" -r requirements.lock
    rm -rf .venv/tmp
}

install_app() {
    pip install --quiet --no-index --no-deps --no-build-isolation --editable .
    problems=$(pip check) || { # the locks no longer fit pyproject.toml
        say "$problems"
        return 1
    }
}

install_tools() { pip install --quiet --require-hashes --only-binary :all: -r requirements-dev.lock; }

fetch_starter() {
    say "Fetching the starter model for the tests (98 MB)."
    .venv/bin/python scripts/starter.py
}

export PIP_USER=0
version=$(python_version "$python")
case $goal in
check)
    preflight
    say "All that the set-up needs is here."
    exit
    ;;
run | test) ;;
*)
    say "usage: setup.sh run|test|check"
    exit 2
    ;;
esac
if command -v flock >/dev/null 2>&1; then
    exec 9>.setup.lock # two at once would build into each other
    flock 9
fi
step environment "$({ echo "$version" "$here" && processor && cat scripts/setup.sh scripts/llama.cmake requirements-build.lock requirements.lock; } | digest)" make_venv
step app "$(cat pyproject.toml assistant/__init__.py | digest)" install_app
if [ "$goal" = test ]; then
    step tools "$(digest <requirements-dev.lock)" install_tools
    step starter "$(digest <requirements-starter.lock)" fetch_starter
fi
