#!/bin/sh
# Ways to publish from a script, each a function that may be copied. WSQUEUE_DIR says where the queue is.
set -eu

# A job that says how it ended, whichever way it does. --run does the same for a command.
report_end() {
    trap 'status=$?; wsqueue-publish job.finished exit:=$status; exit $status' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    wsqueue-publish job.started pid:=$$
    "$@"
}

# A command that is not to fail because nobody can be told.
tell() {
    wsqueue-publish -q "$@" || logger -t wsqueue "event $1 was not published ($?)" || true
}

# Each line of a file, with what belongs to it: standard input stays the loop's.
each_line() {
    while IFS=, read -r id customer; do
        wsqueue-publish order.imported id:="$id" customer="$customer"
    done
}

# Only what could not be published for a moment is worth trying again (exit status 75).
insist() {
    for pause in 1 2 4 8; do
        wsqueue-publish "$@" && return 0
        [ $? -eq 75 ] || return 1
        sleep $pause
    done
    return 75
}

"$@"
