#!/bin/sh
# Install CardioV from this checkout into a new environment: sh deploy/install.sh /opt/cardiov [--locked]
# --locked: every package by its checksum (requirements.lock), as the image does; otherwise the versions of constraints.txt.
set -eu
target=${1:?Name the folder of the environment, for example /opt/cardiov}
here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
if [ -e "$target/bin/python" ]; then
    echo "There is an environment in $target already: remove it, or name another folder." >&2
    exit 1
fi
"${PYTHON:-python3}" -m venv "$target"
install() {
    "$target/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir "$@"
}
if [ "${2:-}" = --locked ]; then
    install --require-hashes -r "$here/deploy/requirements.lock"
    # What builds the wheel is no part of what runs.
    install -c "$here/constraints.txt" --no-deps "$here"
else
    install -c "$here/constraints.txt" "$here[postgres,dicom]"
fi
# A lock without one of the packages would show only when somebody opens an ECG.
"$target/bin/pip" check --disable-pip-version-check
"$target/bin/cardiov" --version
