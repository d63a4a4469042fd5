#!/bin/sh
# Gives what was set aside to the command again, the oldest first. What it has done goes, the rest stays:
#   again.sh /var/lib/hooks/orders.failed /usr/local/bin/webhook.sh
set -u
directory=$1 command=$2 status=0
ls -tr "$directory" | grep '\.json$' | {
    while read -r name; do
        file=$directory/$name
        cursor=${name#id-}
        WSQUEUE_CURSOR=${cursor%.json} WSQUEUE_EVENT=$(jq -r .event "$file") WSQUEUE_ID=$(jq -r .id "$file")
        WSQUEUE_SEQ=$(jq -r .seq "$file") WSQUEUE_CHANNEL=$(jq -r '.channel // ""' "$file")
        WSQUEUE_TIMESTAMP=$(jq -r .timestamp "$file")
        export WSQUEUE_CURSOR WSQUEUE_EVENT WSQUEUE_ID WSQUEUE_SEQ WSQUEUE_CHANNEL WSQUEUE_TIMESTAMP
        if sh -c "$command" <"$file"; then rm -- "$file" "$file.why"; else status=1; fi
    done
    exit $status
}
