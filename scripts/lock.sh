#!/bin/sh
# Resolves pyproject.toml into the hash-pinned locks, for Linux and every Python from 3.11 on. Needs `uv` on the PATH.
set -eu
cd "$(dirname "$0")/.."

compile() { # compile LOCK ARGUMENT...
    lock=$1
    shift
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
        --no-emit-index-url --no-emit-find-links --output-file "$lock" "$@"
}

compile requirements.lock --no-binary llama-cpp-python --emit-build-options pyproject.toml
compile requirements-build.lock --constraint requirements.lock --group pyproject.toml:build
compile requirements-dev.lock --constraint requirements.lock --constraint requirements-build.lock --group pyproject.toml:dev
