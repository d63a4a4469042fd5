#!/bin/sh
# Tells how far a job is, as the state of one key: examples/dashboard and examples/php/dashboard.php show it, however late they
# are opened, and no longer once it has ended. Should the machine go down meanwhile, it is no state any more after an hour.
#
#   progress.sh thumbnails make-thumbnail /srv/photos/*.jpg        runs make-thumbnail with each
set -eu
name=$1 command=$2
shift 2
tell() { wsqueue-publish -c jobs -k "job:$name" "$@"; }
trap 'tell --clear job.done exit:=$?' EXIT

count=0
for file; do
    tell --ttl 1h job.progress pct:=$((100 * count / $#)) file="$file"
    "$command" "$file"
    count=$((count + 1))
done
