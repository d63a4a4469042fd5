#!/bin/sh
# What a language model writes, on a page while it is being written, and whole again when the page is loaded anew:
# answer.html is such a page. A channel is a conversation, there for as long as the server keeps its journal.
#
#   answer.sh chat.7 llm 'Why is the sky blue?'        publishes what llm writes
set -eu
channel=$1
shift
tell() { wsqueue-publish -c "$channel" "$@"; }
tell answer.begins
"$@" | tell --follow answer.text --chunks
tell answer.ends
