#!/usr/bin/env bash
# Brings the embedded Swagger UI to the version below, from npm. Needs npm and tar. To update: change the version, run
# this, run the tests, look at /docs.
set -euo pipefail

version=5.35.0

cd "$(dirname "$0")/.."
assets=internal/httpapi/docsui/assets
files=(swagger-ui-bundle.js swagger-ui-bundle.js.LICENSE.txt swagger-ui.css LICENSE NOTICE)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "swagger-ui-dist@$version" >/dev/null && tar -xzf "swagger-ui-dist-$version.tgz")

rm -rf "$assets"
mkdir -p "$assets"
for file in "${files[@]}"; do
	install -m 644 "$work/package/$file" "$assets/$file"
done
# The large ones go into the binary as browsers take them.
gzip -9n "$assets"/swagger-ui-bundle.js "$assets"/swagger-ui.css
