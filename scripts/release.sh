#!/usr/bin/env bash
# Builds what a release is made of into dist: a static binary for each platform, beside each what it was built from
# (an SBOM in CycloneDX's JSON), and SHA256SUMS over all of them. The same commit and the same Go give the same bytes.
# The version is that of internal/version/VERSION. Usage: scripts/release.sh [OS/ARCH...]
set -euo pipefail

cd "$(dirname "$0")/.."
version=$(cat internal/version/VERSION)
revision=$(git describe --always --dirty --abbrev=40 --exclude '*')
platforms=("$@")
if [ $# -eq 0 ]; then
	platforms=(linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64)
fi

rm -rf dist
mkdir -p dist bin
# Pinned in a module of its own. It reads what Go wrote into a binary and runs nothing of it.
CGO_ENABLED=0 go build -C tools/deploy -o ../../bin/ github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod

for platform in "${platforms[@]}"; do
	os=${platform%/*} arch=${platform#*/}
	name=todod_${version}_${os}_${arch}
	binary=dist/$name
	if [ "$os" = windows ]; then
		binary=$binary.exe
	fi
	echo "== $name"
	# The machine's own GOAMD64 and the like must not find their way into it.
	env -u GOFLAGS -u GOAMD64 -u GOARM64 -u GOEXPERIMENT CGO_ENABLED=0 GOOS="$os" GOARCH="$arch" \
		go build -trimpath -buildvcs=true -ldflags="-s -X todod/internal/version.revision=$revision" -o "$binary" ./cmd/todod
	bin/cyclonedx-gomod bin -json -std -noserial -notimestamp -version "$version" -output "dist/$name.cdx.json" "$binary" \
		2>/dev/null
done

sum=(sha256sum)
if ! command -v sha256sum >/dev/null; then
	sum=(shasum -a 256) # macOS
fi
(cd dist && "${sum[@]}" todod_* >SHA256SUMS)
