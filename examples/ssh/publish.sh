#!/bin/sh
# Publishes on another machine over ssh. The payload goes through standard input: no quoting twice, and no limit but the
# server's. For a key that may do nothing else, in authorized_keys:
#   command="wsqueue-publish -d /var/spool/wsqueue --lines",restrict ssh-ed25519 AAAA…
# publish.sh HOST EVENT <PAYLOAD
set -eu
# A quote or a backslash would make another event of it.
case $2 in '' | *[[:cntrl:]]* | *['"\']*) echo "publish.sh: such an event cannot be sent: $2" >&2; exit 64 ;; esac
printf '{"event":"%s","payload":%s}\n' "$2" "$(tr '\n' ' ')" | ${SSH:-ssh} "$1" wsqueue-publish --lines
