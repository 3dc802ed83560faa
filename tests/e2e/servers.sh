#!/usr/bin/env bash
# Sourced by the scripts of this folder: starts and stops what they run. They set $program and $root,
# and call stop_servers when they end.

servers=()
readonly WAIT_STEPS=200 # of 0.1 s

# Kills what was started and is still there; asks nicely first.
stop_servers() {
  local pid
  for pid in "${servers[@]}"; do
    kill -TERM "$pid" 2>/dev/null || true
  done
  for pid in "${servers[@]}"; do
    for ((i = 0; i < WAIT_STEPS; ++i)); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  servers=()
}

# start FOLDER NAME WORD COMMAND...: runs it until it says a line that starts with WORD; puts the rest of
# that line into $said and the process into $started. Its output lies in FOLDER/NAME.out and .err. Fails
# when it ends or says nothing in time.
start() {
  local folder=$1 name=$2 word=$3
  shift 3
  : >"$folder/$name.out"
  "$@" >"$folder/$name.out" 2>"$folder/$name.err" &
  started=$!
  servers+=("$started")
  for ((i = 0; i < WAIT_STEPS; ++i)); do
    said=$(sed -n "s/^$word //p" "$folder/$name.out")
    [[ -z $said ]] || return 0
    kill -0 "$started" 2>/dev/null || break
    sleep 0.1
  done
  cat "$folder/$name.err" >&2
  return 1
}

# start_provider FOLDER ACCOUNTS BASE_URL [OPTION...]: the development identity provider on a free port; it
# keeps its keys in FOLDER/keys. Sets what identity-provider/sign-in reads.
start_provider() {
  local folder=$1 accounts=$2
  export CONTINUUM_BASE_URL=$3 CONTINUUM_IDP_KEYS=$folder/keys
  shift 3
  # shellcheck disable=SC2154  # root is set by the script that sources this file, as its head asks
  start "$folder" provider issuer node "$root/identity-provider/server.mjs" --accounts "$accounts" \
    --base-url "$CONTINUUM_BASE_URL" --keys "$CONTINUUM_IDP_KEYS" "$@" || return 1
  export CONTINUUM_ISSUER=$said
}

sign_in() { "$root/identity-provider/sign-in" "$@"; }

# pick EXPRESSION <JSON: what a JavaScript expression makes of the parsed `json`; a list: a line each.
pick() {
  node -e '
    const json = JSON.parse(require("fs").readFileSync(0));
    const found = eval(process.argv[1]);
    if (found === undefined || found === null) process.exit(1);
    console.log([found].flat().join("\n"));' "$1"
}
