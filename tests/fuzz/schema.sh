#!/usr/bin/env bash
# Asks every field of the schema for nonsense (schemathesis), signed in, and wants no fault and no slow answer.
# Needs Python 3 with venv. Usage: tests/fuzz/schema.sh [CASES OF EACH FIELD]
set -euo pipefail
cd "$(dirname "$0")/../.."
cases=${1:-40}
version=4.32.5
# Slower than any bound of a request in the defaults is a fault of ours.
seconds_max=2

target=$(cargo metadata --format-version 1 --no-deps --locked | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
cargo build --locked -p demarche_api
venv=$target/schemathesis-$version
[ -x "$venv/bin/schemathesis" ] || { python3 -m venv "$venv" && "$venv/bin/pip" install -q "schemathesis==$version"; }

work=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
cd "$work"
"$target/debug/demarche" demo --bind 127.0.0.1:0 >welcome 2>log &
server=$!
until grep -q '^curl' welcome; do
  kill -0 "$server" || { cat log; exit 1; }
  sleep 0.1
done
address=$(awk '$1 == "Explorer" { print $2 }' welcome)
# An administrator: what an analyst may not do is refused with FORBIDDEN and a path, which the fuzzer takes for a fault.
export DATABASE_URL=sqlite:.demarche/demarche.db
DEMARCHE_PASSWORD=$(head -c 24 /dev/urandom | base64) "$target/debug/demarche" account create \
  --email fuzz@demo.invalid --name Fuzz --role admin --clearance red >/dev/null
token=$("$target/debug/demarche" token issue --email fuzz@demo.invalid --expires 1h)

cd - >/dev/null
"$venv/bin/schemathesis" run schema.graphql --url "${address}graphql" \
  --header "Authorization: Bearer $token" --header "Content-Type: application/json" \
  --phases fuzzing --checks not_a_server_error --max-response-time "$seconds_max" --max-examples "$cases" \
  --continue-on-failure --generation-deterministic --warnings off
# What it asked may be nonsense; that the server still lives is not.
kill -0 "$server"
