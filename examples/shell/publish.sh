#!/bin/sh
# Publishes an event without wsqueue-publish: write under a name that begins with a dot, then rename. Any POSIX shell
# will do, BusyBox's too.
# publish.sh DIRECTORY EVENT [JSON [CHANNEL [KEY]]]; an empty CHANNEL is none
set -eu
LC_ALL=C export LC_ALL
directory=$1 event=$2 payload=${3:-null} channel=${4:-} key=${5:-}

refuse() {
    echo "publish.sh: $1" >&2
    exit 64
}
# A line's end, a control character, a quote or a backslash would make another event of it; so would what is no UTF-8.
check() {
    case $2 in
    *[[:cntrl:]]* | *['"\']* | *"$(printf '\302')"["$(printf '\200')"-"$(printf '\237')"]*)
        refuse "the $1 has to be 1 to 255 bytes without control characters, quotes and backslashes" ;;
    esac
    [ ${#2} -le 255 ] || refuse "the $1 has more than 255 bytes"
}
[ -n "$event" ] || refuse "the event has to be 1 to 255 bytes"
check event "$event"
check key "$key"
case $channel in *[!A-Za-z0-9._:-]*) refuse "a channel is 1 to 255 of A-Z a-z 0-9 . _ - :" ;; esac
[ ${#channel} -le 255 ] || refuse "the channel has more than 255 bytes"

# Without a clock of nanoseconds the name says no time, and the file's own counts.
time=$(date +%s%N)
case $time in *[!0-9]* | ?????????? | ???????????) time=event-${time%%[!0-9]*} ;; esac
name=$time-$$-1-$(tr -dc a-z0-9 </dev/urandom | head -c 8).json
trap 'rm -f "$directory/.$name.tmp"' EXIT
printf '{"event":"%s","payload":%s,"timestamp":%s%s%s}' "$event" "$payload" "$(date +%s)" \
    "${channel:+,\"channel\":\"$channel\"}" "${key:+,\"key\":\"$key\"}" >"$directory/.$name.tmp"
chmod 644 "$directory/.$name.tmp"
mv "$directory/.$name.tmp" "$directory/$name"
