"""What names say about the order, and what they do not."""

import json
import os
import signal
import subprocess
import time

import pytest

from support.client import Client
from support.files import place
from support.waiting import eventually

ODD = [
    "9f1c2b34-5d6e-4f70-8a91-b2c3d4e5f607", "1b2c3d4e-0000-4000-8000-000000000001", "671e5a9fc31d2", "tmp.7hK3xQ",
    "01JD8ZQXW0V2G5", "a1b2c3", "2026-11-21", "20261121-3", "42", "7-order", "0001", "17a", "1000000000-old",
    "4000000000_new", "order.10", "order.9", "1e9", "١٧٩٥٢٣١٨٠٦",
]


def set_aside_while(server, write):
    """Has files written that the server finds together."""
    server.signal(signal.SIGSTOP)
    eventually(lambda: server.state() == "T", "the server is stopped")
    write()
    server.signal(signal.SIGCONT)


def test_names_that_say_no_time_come_in_the_order_of_their_files_times(server, client, queue):
    begin = time.time()

    def write():
        for number, name in enumerate(ODD):
            place(queue, f"{name}.json", '{"event":"odd","payload":%d}' % number)
            os.utime(queue / f"{name}.json", ns=(0, time.time_ns() - (len(ODD) - number) * 1_000_000))

    set_aside_while(server, write)
    events = client.receive_events(len(ODD))
    assert [event["payload"] for event in events] == list(range(len(ODD)))
    assert all(begin - 2 < event["timestamp"] < time.time() + 1 for event in events), events
    lines = eventually(
        lambda: len(found := server.logged("event.sent")) == len(ODD) and found, lambda: f"all lines:\n{server.log}")
    assert all(float(line["wait_ms"]) < 60_000 for line in lines), lines


@pytest.mark.parametrize("options", [(), ("--poll", "10ms")], ids=["notices", "notices and looks"])
def test_files_of_one_tick_come_in_the_order_in_which_they_were_written(start, queue, options):
    tick = time.time_ns()
    with Client(start(*options)) as client:
        for turn in range(20):
            names = [f"{letter}{turn}.json" for letter in "zsmbqa"]
            for number, name in enumerate(names):
                hidden = queue / f".{name}"
                hidden.write_text('{"event":"tick","payload":%d}' % number)
                os.utime(hidden, ns=(tick + turn, tick + turn))
                os.rename(hidden, queue / name)
            events = client.receive_events(len(names))
            assert [event["payload"] for event in events] == list(range(len(names)))


def test_a_number_in_front_is_a_time_where_it_is_near_the_files_own(server, client, queue):
    now = int(time.time())

    def write():
        for name in [f"{now - 5}.3-b", f"{now - 5}-a", f"{(now - 6) * 1000}_c", f"{now - 5}x", f"{now - 10 ** 9}"]:
            rest = name.partition(f"{now - 5}")[2] or name
            place(queue, f"{name}.json", json.dumps({"event": "near", "payload": rest}))

    set_aside_while(server, write)
    events = client.receive_events(5)
    assert [event["payload"] for event in events[:3]] == [f"{(now - 6) * 1000}_c", "-a", ".3-b"]
    assert [event["timestamp"] for event in events[:3]] == [now - 6, now - 5, now - 5]
    assert all(event["timestamp"] >= now for event in events[3:])


def test_what_is_listed_is_in_the_servers_order(binaries, queue):
    now = time.time_ns()
    for number, name in enumerate(["0001", "9f1c2b34-5d6e", "2026-11-21", "at-tea", "42"]):
        place(queue, f"{name}.json", '{"event":"odd"}')
        os.utime(queue / f"{name}.json", ns=(0, now - (9 - number) * 10 ** 9))
    place(queue, "at-late.json", '{"event":"odd","timestamp":%d}' % (now // 10 ** 9 + 3600))
    command = [binaries / "wsqueue-server", "queue", "ls", "--json", "-d", queue]
    listed = [json.loads(line) for line in subprocess.run(
        command, check=True, capture_output=True, text=True).stdout.splitlines()]
    assert [(one["name"], one["state"]) for one in listed] == [
        ("0001.json", "waiting"), ("9f1c2b34-5d6e.json", "waiting"), ("2026-11-21.json", "waiting"),
        ("at-tea.json", "waiting"), ("42.json", "waiting"), ("at-late.json", "later")]


def test_a_copy_that_drops_the_mtime_still_waits_for_the_time_that_the_event_says(server, client, queue):
    due = int(time.time()) + 3
    place(queue, "at-copied.json", '{"event":"later","timestamp":%d}' % due)
    place(queue, "at-once.json", '{"event":"now"}')
    assert client.receive_events()[0]["event"] == "now"
    [event] = client.receive_events(timeout=10)
    assert event["event"] == "later" and due - 0.1 < time.time() < due + 2
