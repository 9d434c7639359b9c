#!/usr/bin/env bash
# Makes the pictures of the README, in docs/images: the documentation page in light and dark, and a terminal. Everything in
# them is what todod really answers: it is built, started on SQLite in a temporary folder and asked, as told below.
# Needs Node.js, Chromium, jq and util-linux's script. Usage: scripts/screenshots.sh
set -euo pipefail

cd "$(dirname "$0")/.."
scripts/ensure-node.sh
scripts/ensure-chromium.sh
scripts/npm-ci.sh test/browser
make build

images=$PWD/docs/images todod=$PWD/bin/todod
folder=$(mktemp -d)
pid=
# stop ends todod and removes what it left.
stop() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || true
	wait
	rm -rf "$folder"
}
trap stop EXIT
mkdir -p "$images"

# In a terminal of its own, or there are no colours. It listens on a port that is free, and says which.
cat >"$folder/serve" <<-END
	#!/bin/sh
	cd "$folder" && echo \$\$ >pid && exec env -i TERM=xterm-256color API_HOST=127.0.0.1 API_PORT=0 "$todod"
END
chmod +x "$folder/serve"
script --quiet --flush --command "$folder/serve" "$folder/printed" >/dev/null </dev/null &
for _ in $(seq 100); do
	url=$(sed -n 's/.*listens on \([0-9.:]*\).*/http:\/\/\1/p' "$folder/printed" 2>/dev/null || true)
	[ -z "$url" ] || ! curl -sf "$url/health/readiness" -o /dev/null || break
	sleep 0.1
done
pid=$(cat "$folder/pid")

# What it said from where it listens on, without the requests, and with the port that it has by default.
listens() {
	sed -n '/listens on/,$p' "$folder/printed" | sed '/\/health\/readiness/d; /^Script done/d' |
		sed "s/127\.0\.0\.1:${url##*:}/localhost:8000/g"
}

# run shows a command as it would be typed, and what it answers.
run() {
	printf '\n\033[92m$\033[0m %s\n' "$1"
	(cd "$folder" && bash -c "${1//localhost:8000/${url#http://}}")
}

{
	printf '\033[92m$\033[0m go run ./cmd/todod\n'
	listens
} >"$folder/session"

export TOKEN
TOKEN=$(curl -s "$url/api/auth/register" -H 'Content-Type: application/json' \
	-d '{"name": "Alice", "email": "alice@example.com", "password": "correct horse battery"}' |
	sed 's/.*"token":"\([^"]*\)".*/\1/')
for task in '"Water the plants", "priority": "low"' '"Pay rent", "due_date": "2026-12-01", "priority": "high"'; do
	curl -sf "$url/api/v1/tasks" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
		-d "{\"title\": $task}" -o /dev/null
done
{
	run 'curl -s localhost:8000/api/v1/tasks -H "Authorization: Bearer $TOKEN" \
    -H "Content-Type: application/json" -d '\''{"title": "Buy milk", "due_date": "2026-12-25"}'\'' |
    jq -c "{id, title, completed, version}"'
	run 'curl -s -X PATCH localhost:8000/api/v1/tasks/2/toggle -H "Authorization: Bearer $TOKEN" |
    jq -c "{id, title, completed, version}"'
	run 'curl -s localhost:8000/api/v1/tasks?sort=due_date -H "Authorization: Bearer $TOKEN" |
    jq -r '\''.[] | "\(if .completed then "x" else "-" end) \(.title), \(.priority), v\(.version)"'\'''
	run 'curl -sNm1 localhost:8000/api/v1/events?since=3 -H "Authorization: Bearer $TOKEN" | grep event'
} >>"$folder/session"

node test/browser/terminal.mjs <"$folder/session" >"$images/terminal.svg"

cd test/browser
for browser in chromium chromium-browser google-chrome "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
	! command -v "$browser" >/dev/null || break
done
HOME=$folder CHROMIUM=$(command -v "$browser") TODOD_URL=$url PICTURES=$images node pictures.mjs
ls -l "$images"
