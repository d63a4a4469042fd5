#!/bin/sh
# Publishes an event without wsqueue-publish: write under a name that begins with a dot, then rename.
# publish.sh DIRECTORY EVENT [JSON]
set -eu
directory=$1 event=$2 payload=${3:-null}
name=$(date +%s%N)-$$-1-$(od -An -N4 -tx4 /dev/urandom | tr -d ' ').json
trap 'rm -f "$directory/.$name"' EXIT
printf '{"event":"%s","payload":%s,"timestamp":%s}' "$event" "$payload" "$(date +%s)" >"$directory/.$name"
chmod 644 "$directory/.$name"
mv "$directory/.$name" "$directory/$name"
