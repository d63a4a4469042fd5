#!/bin/sh
# An event that is published if and only if a transaction is committed: held before the commit, released after it.
# Who dies in between has published nothing; `--release` may be repeated by whoever finds the order without its event.
# order.sh DATABASE CUSTOMER
set -eu
database=$1 customer=$2
held=$(wsqueue-publish --hold order.created customer="$customer")
if sqlite3 -bail "$database" "BEGIN; INSERT INTO orders (customer, event) VALUES ('$(
    printf %s "$customer" | sed "s/'/''/g")', '$held'); COMMIT;"; then
    wsqueue-publish --release "$held"
else
    wsqueue-publish --abort "$held"
    exit 1
fi
