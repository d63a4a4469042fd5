#!/bin/sh
# The lines of a log as events, as they are written: a batch every 100 ms. The writer of the log waits for nobody, and
# with the server down the events wait in the queue. It goes on with the next file when the log is rotated.
# follow.sh FILE EVENT
set -eu
exec wsqueue-publish --follow "$2" --text-lines -f "$1"
