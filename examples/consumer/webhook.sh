#!/bin/sh
# Posts each event to a web hook, in order; one that cannot be delivered now is tried again until it can:
#   WEBHOOK_URL=https://example.org/hook \
#       wsqueue-server tail -c orders --cursor-file /var/lib/hooks/orders --exec /usr/local/bin/webhook.sh
# What the receiver calls wrong (4xx) is set aside in /var/lib/hooks/orders.failed/. It may get an event twice: the
# Idempotency-Key is the same then.
set -eu
status=$(curl -sS -o /dev/null -w '%{http_code}' --max-time 30 -H 'Content-Type: application/json' \
    -H "Idempotency-Key: $WSQUEUE_CURSOR" --data-binary @- "$WEBHOOK_URL")
case $status in
2??) ;;
# It is busy, slow, or mends its door: not the event's fault.
401 | 403 | 404 | 408 | 409 | 425 | 429) echo "$WEBHOOK_URL answers $status" >&2 && exit 1 ;;
4??) echo "$WEBHOOK_URL answers $status" >&2 && exit 65 ;;
*) echo "$WEBHOOK_URL answers $status" >&2 && exit 1 ;;
esac
