#!/bin/sh
# Writes each event into a table, where it stands once however often it comes: its cursor is the key.
#   DATABASE=/var/lib/orders/events.db wsqueue-server tail -c orders --cursor-file /var/lib/orders/cursor \
#       --exec /usr/local/bin/table.sh
# SQLite reads the event itself, so that nothing of it is ever part of a statement. The same with psql:
#   psql -v ON_ERROR_STOP=1 -v cursor="$WSQUEUE_CURSOR" -v event="$(cat)" <<'SQL'
#   INSERT INTO events VALUES (:'cursor', :'event'::jsonb) ON CONFLICT DO NOTHING;
#   SQL
set -eu
case $WSQUEUE_CURSOR in '' | *[!a-z0-9:]*) exit 65 ;; esac
sqlite3 -cmd '.timeout 30000' "$DATABASE" "
CREATE TABLE IF NOT EXISTS events (cursor TEXT PRIMARY KEY, event TEXT, payload TEXT, time INTEGER);
INSERT OR IGNORE INTO events
SELECT '$WSQUEUE_CURSOR', message ->> 'event', message -> 'payload', message ->> 'timestamp'
FROM (SELECT CAST(readfile('/dev/stdin') AS TEXT) AS message);"
