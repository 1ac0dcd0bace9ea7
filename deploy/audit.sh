#!/bin/sh
# Known weaknesses of the locked packages: sh deploy/audit.sh pip-audit. Exit 0: none; 1: some; 2: not all could be asked.
set -u
tool=${1:?Name the pip-audit program}
shift
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
said=$(mktemp)
trap 'rm -f "$said"' EXIT
"$tool" --requirement "$here/requirements.lock" --require-hashes --disable-pip --progress-spinner off "$@" >"$said" 2>&1
code=$?
if [ "$code" -ne 0 ] && ! grep -q "Found .* known vulnerabilit" "$said"; then
    tail -n 1 "$said" >&2
    echo "The service that knows weaknesses cannot be reached, so this says nothing about the packages. Try again later." >&2
    exit 2
fi
cat "$said"
n_unknown=$(grep -c "could not be audited" "$said")
if [ "$code" -eq 0 ] && [ "$n_unknown" -gt 0 ]; then
    echo "The service knows nothing about $n_unknown packages, so this says nothing about them. Try again elsewhere." >&2
    exit 2
fi
exit "$code"
