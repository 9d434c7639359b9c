# `make help` lists what there is to do. CI runs `make check`.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Steps run one after the other: the first that fails is the last thing on the screen.
.NOTPARALLEL:

# The tools are built once per Go version, as a linter can't read code newer than the Go it was built with.
tools := bin/tools-$(shell go env GOVERSION)

# The commit that is built; the version stands in internal/version/VERSION.
revision = $(shell git describe --always --dirty --abbrev=40 --exclude '*' 2>/dev/null)

# step,NAME,COMMAND runs one step of `make check` and says which one failed.
define step
@echo "== $(1)"
@{ $(2); } || { echo "make check: $(1) failed" >&2; exit 1; }
endef

# The packages that take the longest begin first: one that began last would leave cores with nothing to do.
longest := ./test ./internal/httpapi ./test/faults ./test/client ./test/app ./internal/store/postgres ./cmd/todod

# What others wrote and computes all the time is not looked at by the race detector, under which SQLite, which is Go
# here, and hashes of passwords take three times as long. The driver of SQLite, which is given what is ours, is.
race_free := $(foreach path,modernc.org/sqlite/lib modernc.org/libc/... modernc.org/memory golang.org/x/crypto/...,-gcflags=$(path)=-race=false)

.PHONY: help
help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## start todod on http://localhost:8000, with SQLite in ./data
	go run ./cmd/todod

.PHONY: build
build: ## build bin/todod, a static binary
	CGO_ENABLED=0 go build -trimpath -ldflags="-s -X todod/internal/version.revision=$(revision)" -o bin/todod ./cmd/todod

.PHONY: app
app: ## build the web app from web into internal/httpapi/webapp/dist
	@scripts/ensure-node.sh
	@scripts/npm-ci.sh clients/typescript web
	cd web && node node_modules/typescript/bin/tsc && npm run --silent build

.PHONY: release
release: ## build dist/: static binaries for six platforms, checksums, SBOMs
	@scripts/release.sh

.PHONY: image
image: ## build the container image todod, with all of its labels
	docker build --tag "todod:$$(cat internal/version/VERSION)" --tag todod --build-arg REVISION="$(revision)" \
		--build-arg CREATED="$$(date -u +%Y-%m-%dT%H:%M:%SZ)" --build-arg SOURCE="$$(git remote get-url origin 2>/dev/null)" .

.PHONY: test
test: ## run all tests, bringing what they need
	@scripts/ensure-gcc.sh
	@scripts/ensure-curl.sh
	@scripts/ensure-postgres.sh
	@scripts/ensure-pgbouncer.sh
	@scripts/ensure-redis.sh
	@scripts/ensure-promtool.sh
	@scripts/ensure-proxies.sh
	@scripts/ensure-calendars.sh
	@scripts/ensure-node.sh
	@scripts/ensure-chromium.sh
	@scripts/npm-ci.sh examples/nextjs-better-auth test/browser clients/typescript web
	go test -run TestBounded ./internal/store/sqlite
	CGO_ENABLED=1 go test -race $(race_free) -shuffle=on -tags heavy -timeout 30m $(longest) ./...

.PHONY: figures
figures: ## do what the published figures say as often as they say it: an hour or more
	@scripts/ensure-gcc.sh
	@scripts/ensure-postgres.sh
	@scripts/ensure-pgbouncer.sh
	@scripts/ensure-redis.sh
	@scripts/ensure-calendars.sh
	@scripts/ensure-node.sh
	@scripts/ensure-chromium.sh
	@scripts/npm-ci.sh test/browser clients/typescript
	CGO_ENABLED=1 go test -tags 'heavy figures' -timeout 40m -v -run 'UnderFire|SIGKILL|Cut|Linear|Walk|AHundred|EachRevision|Nobody|AThousand|AMillion|AnHour|AFlood|AHostile|ToldApart|OfDistributions|Rotate|Elsewhere|Moves|DatesAre|InstantsAre|OnceEach|TestStore' \
		./test/faults ./test ./test/client ./test/recur ./internal/legacy ./internal/account ./internal/store/sqlite ./internal/store/postgres
	CGO_ENABLED=1 go test -tags 'heavy figures' -timeout 40m ./internal/httpapi

.PHONY: bench bench-quick bench-peers bench-growth bench-memory bench-start bench-soak bench-page bench-all
bench: ensure-bench ## measure todod against pgbench: half an hour. ARGS="-against main" adds a revision
	go run ./bench/compare -clients 64,1,8,256 $(ARGS)

bench-quick: ensure-bench ## measure less of it: two minutes, for a first look
	go run ./bench/compare -engines postgres,sqlite -users 200 -tasks 100 -duration 1s $(ARGS)

bench-peers: ensure-bench ## measure todod beside FastAPI + SQLModel and PocketBase: ten minutes
	@scripts/ensure-fastapi.sh
	go run ./bench/compare -measure peers $(ARGS)

bench-growth: ensure-bench ## measure what ten times the tasks cost, 10,000,000 in all: half an hour
	go run ./bench/compare -measure growth $(ARGS)

bench-memory: ensure-bench ## measure what 1,000 connections and 1,000 event streams take
	go run ./bench/compare -measure memory $(ARGS)

bench-start: ensure-bench ## measure how long a start takes: 20 of each kind
	go run ./bench/compare -measure start $(ARGS)

bench-soak: ensure-bench ## watch memory, goroutines and files during 20 minutes of load
	go run ./bench/compare -measure soak $(ARGS)

bench-page: ## put the reports of the above into docs/performance.md, and draw its chart
	go run ./bench/page

bench-all: bench bench-peers bench-growth bench-memory bench-start bench-soak bench-page ## measure all of it, and write docs/performance.md: an hour and a half

.PHONY: ensure-bench
ensure-bench:
	@scripts/ensure-postgres.sh
	@scripts/ensure-pgbouncer.sh
	@scripts/ensure-wrk.sh

.PHONY: check
check: check-format check-vet check-staticcheck check-lint check-generated check-openapi check-deploy check-test ## all that CI runs: linters, generated files, tests
	@echo "make check: passed"

.PHONY: fmt
fmt: $(tools) ## format the code
	$(tools)/golangci-lint fmt

.PHONY: lint
lint: $(tools) ## run staticcheck and golangci-lint
	$(tools)/staticcheck -tags heavy ./...
	$(tools)/golangci-lint run

.PHONY: generate
generate: ## write the generated files: api/openapi.json, the table in docs/configuration.md
	@mkdir -p api bin
	go run ./cmd/todod openapi >bin/openapi.json
	mv bin/openapi.json api/openapi.json
	go run ./internal/config/document docs/configuration.md >bin/configuration.md
	mv bin/configuration.md docs/configuration.md

.PHONY: clean
clean: ## remove what the targets above made
	rm -rf bin dist bench/out coverage.txt examples/nextjs-better-auth/{node_modules,.next} test/browser/node_modules internal/httpapi/testdata/node_modules tools/openapi/{node_modules,generated} clients/typescript/{node_modules,dist} web/node_modules

.PHONY: check-format check-vet check-staticcheck check-lint check-generated check-openapi check-deploy check-test
check-format:
	$(call step,gofmt,unformatted=$$(find . \( -name node_modules -o -path ./tools/openapi/generated \) -prune -o -name '*.go' -print0 | xargs -0 gofmt -s -d) && [ -z "$$unformatted" ] || { echo "$$unformatted"; echo "run: make fmt"; false; })

check-vet:
	$(call step,go vet,go vet -tags heavy ./...)

check-staticcheck: $(tools)
	$(call step,staticcheck,$(tools)/staticcheck -tags heavy ./...)

check-lint: $(tools)
	$(call step,golangci-lint,$(tools)/golangci-lint run)

check-generated:
	$(call step,generated files,mkdir -p bin && go run ./cmd/todod openapi >bin/openapi.json && diff -u api/openapi.json bin/openapi.json && go run ./internal/config/document docs/configuration.md >bin/configuration.md && diff -u docs/configuration.md bin/configuration.md || { echo "run: make generate"; false; })

check-openapi:
	$(call step,OpenAPI documents,scripts/check-openapi.sh)

check-deploy:
	$(call step,deployment files,go run -C tools/deploy . $(CURDIR))

check-test:
	$(call step,tests,$(MAKE) --no-print-directory test)

# Pinned in a module of their own, so that what they need is no dependency of todod.
$(tools): tools/go.mod tools/go.sum
	@echo "== building the linters (once, a minute or two)"
	@rm -rf bin/tools-*
	@mkdir -p $@.new
	@CGO_ENABLED=0 go build -C tools -o ../$@.new/ tool
	@mv $@.new $@
	@touch $@
