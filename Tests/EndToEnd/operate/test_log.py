"""The lines an operator reads."""

import json
import re

from support.client import Client
from support.files import name_of, place, waiting
from support.server import LINE
from support.waiting import eventually

EVIL = [
    'quote"inside', "key=value level=error", "back\\slash", "\u2028line\u2029separator", "\u202eturned round",
    "\U0001f600 emoji", "x" * 255, " ", "<script>", "%s%n", "'; drop",
]
EVIL_NAMES = [b"new\nline", b"esc\x1b[31m", b"\xff\xfe", b'qu"ote', b"eq=ual level=error", b"\x7f"]


def test_every_line_has_the_form_whatever_is_in_names(start, queue):
    server = start()
    with Client(server) as client:
        for number, event in enumerate(EVIL):
            place(queue, name_of(number), json.dumps({"event": event, "id": f"{number} {event[:200]}"}))
        assert [event["event"] for event in client.receive_events(len(EVIL))] == EVIL
        for number, name in enumerate(EVIL_NAMES):
            place(queue, b"%d-%b.json" % (number + 1, name), '{"event":"file"}' if number % 2 else "no event")
            place(queue, b"%d-%b.txt" % (number + 1, name), "foreign")
        place(queue, name_of(99), '{"event":"last"}')
        while client.receive_events()[0]["event"] != "last":
            pass
        eventually(lambda: len(server.logged("event.rejected")) == 3, lambda: server.log)
    assert server.terminate() == 0
    lines = server.raw_log.split(b"\n")
    assert lines.pop() == b""
    for line in lines:
        assert LINE.fullmatch(line), line
        assert len(line) < 4_096
        assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", line.decode())
    assert [line["event"] for line in server.logged("event.sent")][:len(EVIL)] == EVIL


def test_many_events_a_second_are_summed_up(start, queue):
    server = start()
    with Client(server) as client:
        for number in range(1_000):
            place(queue, name_of(number), '{"event":"many"}')
        client.receive(1_000)
        eventually(lambda: waiting(queue) == [], "the queue is empty")
        eventually(
            lambda: len(server.logged("event.sent")) + sum(int(line["sent"]) for line in server.logged("events.sum"))
            >= 1_000, lambda: server.log)
    assert server.terminate() == 0
    seconds = {}
    for line in server.logged("event.sent"):
        seconds[line["ts"][:19]] = seconds.get(line["ts"][:19], 0) + 1
    assert max(seconds.values()) <= 55, seconds


def test_all_event_lines_are_there_when_they_are_asked_for(start, queue):
    server = start("--log-events", "all")
    with Client(server) as client:
        for number in range(500):
            place(queue, name_of(number), '{"event":"many"}')
        client.receive(500)
        eventually(lambda: len(server.logged("event.sent")) == 500, lambda: len(server.logged("event.sent")))
    assert server.logged("events.sum") == []


def test_the_log_can_be_json_with_the_same_keys(start, queue):
    server = start("--log-format", "json", is_ready=False)
    eventually(lambda: b'"ev":"server.ready"' in server.raw_log, lambda: server.raw_log)
    assert server.terminate() == 0
    lines = [json.loads(line) for line in server.raw_log.splitlines()]
    assert all(list(line)[:3] == ["ts", "level", "ev"] for line in lines)
    assert {"server.ready", "server.stop"} <= {line["ev"] for line in lines}


def test_the_life_of_a_server_and_a_client_is_in_the_log(start):
    server = start()
    with Client(server) as client:
        server.wait_for("client.open")
        client.send(8, (1000).to_bytes(2, "big"))
        client.receive_until_end()
        assert client.frames.close[0] == 1000
    assert server.wait_for("client.close")["code"] == "1000"
    assert server.terminate() == 0
    names = [line["ev"] for line in server.lines]
    assert [name for name in names if name.startswith("server.")] == [
        "server.start", "server.ready", "server.drain", "server.stop"]
