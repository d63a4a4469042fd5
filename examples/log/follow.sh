#!/bin/sh
# The lines of a log as events, as they are written: a batch every 100 ms. The writer of the log waits for nobody, and
# with the server down the events wait in the queue. tail -F goes on when the log is rotated.
# follow.sh FILE EVENT
set -eu
tail -n 0 -F "$1" 2>/dev/null | wsqueue-publish --follow "$2" --text-lines
