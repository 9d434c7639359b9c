#!/usr/bin/env bash
# Brings what bench/peers/fastapi needs, for make bench-peers. Says and does nothing where it is there.
set -euo pipefail

cd "$(dirname "$0")/.."

# have_fastapi tells whether a Python has the modules, where bench/compare looks for one.
have_fastapi() {
	local python
	for python in /usr/bin/python3 python3; do
		if "$python" -c 'import asyncpg, fastapi, httptools, jwt, sqlmodel, uvicorn, uvloop' 2>/dev/null; then
			return 0
		fi
	done
	return 1
}

if have_fastapi; then
	exit 0
fi

if ! command -v apt-get >/dev/null; then
	cat >&2 <<-'END'
		make bench-peers needs a python3 with FastAPI, SQLModel, asyncpg and uvicorn. Install them:
		  pip install 'fastapi<0.100' 'sqlmodel==0.0.8' asyncpg uvicorn uvloop httptools pyjwt
	END
	exit 1
fi
scripts/apt-install.sh python3-fastapi python3-sqlmodel python3-asyncpg python3-uvicorn python3-uvloop python3-httptools python3-jwt

if ! have_fastapi; then
	echo "ensure-fastapi: installed FastAPI and SQLModel, but Python does not find them" >&2
	exit 1
fi
