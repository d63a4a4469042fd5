#!/bin/sh
# Shows each event on a phone that has the app of ntfy (https://ntfy.sh, or a server of one's own):
#   PUSH_URL=https://ntfy.example.org/a-name-that-none-guesses PUSH_HEADERS=/etc/push.headers \
#       wsqueue-server tail -e 'alarm.*' --cursor-file /var/lib/push/cursor --format payload --exec /usr/local/bin/push.sh
# PUSH_HEADERS is a file with what else the request says, such as "Authorization: Bearer …": a command line is everybody's.
set -eu
curl -sS --fail -o /dev/null --max-time 30 -H "Title: $WSQUEUE_EVENT" ${PUSH_HEADERS:+-H "@$PUSH_HEADERS"} \
    --data-binary @- "$PUSH_URL"
