#!/bin/sh
# Install CardioV from this checkout into a new environment: sh deploy/install.sh /opt/cardiov
set -eu
target=${1:?Name the folder of the environment, for example /opt/cardiov}
here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
if [ -e "$target/bin/python" ]; then
    echo "There is an environment in $target already: remove it, or name another folder." >&2
    exit 1
fi
"${PYTHON:-python3}" -m venv "$target"
"$target/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir \
    -c "$here/constraints.txt" "$here[postgres]"
"$target/bin/cardiov" --version
