#!/usr/bin/env bash
# Has others judge the OpenAPI documents that a running todod serves: linters and validators look at both, and generators make
# clients of them, each of which is compiled and then used. Prints a table; what fails says why. The tools are pinned in
# tools/openapi, and what npm has of them is installed there when it is missing.
set -euo pipefail

cd "$(dirname "$0")/.."
here=tools/openapi
bin=$PWD/$here/node_modules/.bin
made=$PWD/$here/generated
work=$(mktemp -d)
todod=
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true NO_COLOR=1

# clean ends todod and removes what belongs to this run.
clean() {
	if [ -n "$todod" ]; then
		kill "$todod" 2>/dev/null || true
		wait "$todod" 2>/dev/null || true
	fi
	rm -rf "$work"
}
trap clean EXIT

# serve starts todod on a free port, with SQLite, and sets url when it is ready.
serve() {
	CGO_ENABLED=0 go build -o "$work/todod" ./cmd/todod
	env -i PATH="$PATH" API_HOST=127.0.0.1 API_PORT=0 DATABASE_URL="sqlite:$work/todod.db" RATE_LIMIT_ENABLED=false \
		"$work/todod" serve >"$work/log" 2>&1 &
	todod=$!
	for _ in $(seq 300); do
		url=http://$(sed -n 's/.*listens on \([0-9.]*:[0-9]*\).*/\1/p' "$work/log")
		if curl -fs -o "$work/ready" "$url/health/readiness"; then
			return
		fi
		sleep 0.1
	done
	cat "$work/log" >&2
	echo "check-openapi: todod did not start" >&2
	exit 1
}

# of_npm prints which version of an npm package is installed; of_go does for a Go module.
of_npm() { node -p 'JSON.parse(fs.readFileSync(process.argv[1])).version' "$here/node_modules/$1/package.json"; }
of_go() { (cd "$here" && go list -m -f '{{.Version}}' "$1"); }

# check runs a command in the folder of the tools and adds a line to the table. What fails shows what it said.
check() {
	local tool=$1 version=$2 what=$3
	shift 3
	if (cd "$here" && "$@") >"$work/said" 2>&1 </dev/null; then
		printf '%-30s %-10s %s\n' "$tool" "$version" "$what"
		return
	fi
	cat "$work/said" >&2
	printf '%-30s %-10s FAILED: %s\n' "$tool" "$version" "$what"
	failed=1
}

# A client is made of a document by a generator, compiled, and used as somebody new.
use_go() { go build -o "$work/use-$1" "./clients/$1" && "$work/use-$1" "$url" "$1@example.com"; }
use_ts() {
	"$bin/esbuild" "clients/$1.ts" --bundle --format=esm --platform=node --log-level=warning --outfile="$work/$1.mjs" &&
		node "$work/$1.mjs" "$url" "$1@example.com"
}
oapi_codegen() { mkdir -p "$made/oapi" && go tool oapi-codegen -config oapi-codegen.yaml "$work/openapi-3.0.json" && use_go oapi-codegen; }
ogen() { go tool ogen -config ogen.yaml -package api -target "$made/ogen" -clean "$work/openapi.json" && use_go ogen; }

# typescript makes all clients in TypeScript and compiles them together.
typescript() {
	OPENAPI_DOCUMENT=$work/openapi.json "$bin/orval" --config orval.config.cjs &&
		"$bin/openapi-ts" --input "$work/openapi.json" --output "$made/hey-api" --silent &&
		"$bin/openapi-typescript" "$work/openapi.json" --output "$made/openapi-typescript.d.ts" &&
		"$bin/tsc" --project .
}

scripts/ensure-node.sh
scripts/npm-ci.sh "$here"
serve
curl -fsS "$url/openapi.json" -o "$work/openapi.json"
curl -fsS "$url/openapi-3.0.json" -o "$work/openapi-3.0.json"
both=("$work/openapi.json" "$work/openapi-3.0.json")
rm -rf "$made"
failed=

check Redocly "$(of_npm @redocly/cli)" "lints 3.1 and 3.0" "$bin/redocly" lint --config redocly.yaml "${both[@]}"
check Spectral "$(of_npm @stoplight/spectral-cli)" "lints 3.1 and 3.0" \
	"$bin/spectral" lint --ruleset spectral.yaml --fail-severity warn "${both[@]}"
check openapi-schema-validator "$(of_npm @seriousme/openapi-schema-validator)" "finds 3.1 and 3.0 valid" node validate.mjs "${both[@]}"
check kin-openapi "$(of_go github.com/getkin/kin-openapi)" "finds 3.1 and 3.0 valid" go run ./validate "${both[@]}"
check oapi-codegen "$(of_go github.com/oapi-codegen/oapi-codegen/v2)" "its client of 3.0 works" oapi_codegen
check ogen "$(of_go github.com/ogen-go/ogen)" "its client of 3.1 works" ogen
check TypeScript "$(of_npm typescript)" "compiles the clients below" typescript
check openapi-typescript "$(of_npm openapi-typescript)" "its types are those in clients/typescript" \
	diff ../../clients/typescript/src/api.ts generated/openapi-typescript.d.ts
check orval "$(of_npm orval)" "its client of 3.1 works" use_ts orval
check @hey-api/openapi-ts "$(of_npm @hey-api/openapi-ts)" "its client of 3.1 works" use_ts hey-api
check openapi-typescript "$(of_npm openapi-typescript)" "its client of 3.1 works" use_ts openapi-typescript

[ -z "$failed" ]
