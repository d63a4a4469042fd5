"""What it costs the server to tell clients of the past."""

import contextlib
import json
import os
import time

import pytest

from support.client import Client
from support.files import place
from support.stream import Stream
from support.waiting import eventually

COUNT = 9_900
# All match; a pattern may have * anywhere, and ** last.
PATTERNS = ["**"] + [f"{a}.{b}.{c}.{d}.{e}.{f}.*"
                     for a in ("room", "*") for b in ("a", "*") for c in ("b", "*")
                     for d in ("c", "*") for e in ("d", "*") for f in ("e", "*")]


def cpu_seconds(server):
    with open(f"/proc/{server.pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def remember(queue, server, channels):
    """Has the server's journal hold many events of some channels."""
    lines = [json.dumps({"event": "e", "payload": number, "channel": f"room.a.b.c.d.e.{number % channels}"})
             for number in range(COUNT)]
    for start in range(0, COUNT, 3_300):
        place(queue, f"past-{start}.jsonl", "\n".join(lines[start:start + 3_300]) + "\n")
    eventually(lambda: f'"cursor":"{server.epoch}:{COUNT}"' in welcome(server), "all are in the journal", 20)


def welcome(server):
    with Client(server, protocol="wsqueue.v1") as client:
        text = client.receive()[0].decode()
    server.epoch = json.loads(text)["cursor"].partition(":")[0]
    return text


def cost(server, path, times):
    """Seconds of processor time for one stream that gets all of the past."""
    begin = cpu_seconds(server)
    for _ in range(times):
        with Stream(server, f"{path}&since={server.epoch}:0") as stream:
            stream.wait_until(lambda stream: stream.last_id == f"{server.epoch}:{COUNT}", 60)
    return (cpu_seconds(server) - begin) / times


@pytest.mark.alone
@pytest.mark.parametrize("channels", [10, COUNT])
def test_many_patterns_cost_little_more_than_one(start, memory_queue, is_measured, channels):
    server = start("--threads", "1", directory=memory_queue)
    welcome(server)
    remember(memory_queue, server, channels)
    plain = cost(server, "/events?channels=**&events=zz", 20)
    many = cost(server, f"/events?channels={','.join(PATTERNS)}&events=zz", 20)
    print(f"{plain * 1000:.1f} ms, with {len(PATTERNS)} patterns {many * 1000:.1f} ms")
    # With as many channels as events each is matched anew, once.
    assert many < (3 if channels == 10 else 12) * max(plain, 0.005) or not is_measured, (many, plain)


@pytest.mark.alone
def test_one_that_asks_for_all_of_the_past_again_and_again_takes_a_part_of_a_loop(start, memory_queue, is_measured):
    server = start("--threads", "1", "--messages-per-minute", "0", directory=memory_queue)
    welcome(server)
    remember(memory_queue, server, 10)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(server, f"/?channels={','.join(PATTERNS)}&events=zz"))
                   for _ in range(20)]
        for client in clients:
            for _ in range(100):
                client.send_action("resume", since=f"{server.epoch}:0")
        # What they may take is soon taken.
        time.sleep(5 if is_measured else 1)
        busy, begin = cpu_seconds(server), time.monotonic()
        time.sleep(2)
        share = (cpu_seconds(server) - busy) / (time.monotonic() - begin)
    print(f"{share:.2f} of a processor")
    assert share < 0.4 or not is_measured, share
