"""A hundred connections that misbehave in every way at once, beside a hundred clients that must not notice."""

import json
import os
import pathlib
import subprocess
import sys
import time

import pytest

from support.crowd import Crowd
from support.files import place
from support.mischief import WAYS
from support.waiting import eventually

CLIENTS = 100
MISCHIEF = 100
EVENTS = 500
GAP = 0.01
# Below this, the scheduler of two shared processors decides and not the server.
FLOOR_MS = 25.0


class Publisher:
    """Publishes at a steady rate and measures, in one thread with the clients: who waits for it waits for both."""

    def __init__(self, queue, crowd):
        self.queue = queue
        self.crowd = crowd
        self.number = 0

    def run(self, count):
        """Milliseconds from each event's rename to each client, sorted; fails when one is missing or out of order."""
        first = self.number
        counts = dict.fromkeys((member.index for member in self.crowd.members.values()), first)
        times = []

        def take(member, message):
            event = json.loads(message)
            number, sent = event["payload"]
            assert number == counts[member.index], f"client {member.index} got {number} for {counts[member.index]}"
            counts[member.index] += 1
            times.append((time.monotonic_ns() - sent) / 1e6)

        start = time.monotonic()
        for offset in range(count):
            self.crowd.read_for(start + offset * GAP - time.monotonic(), take)
            self.publish()
        deadline = time.monotonic() + 20
        while min(counts.values()) < first + count:
            self.crowd.read_for(0.1, take)
            assert time.monotonic() < deadline, f"at {sorted(set(counts.values()))} of {first + count}"
        return sorted(times)

    def publish(self):
        text = '{"event":"steady","payload":[%d,%d]}' % (self.number, time.monotonic_ns())
        place(self.queue, f"{time.time_ns()}-{os.getpid()}-{self.number:06d}-0.json", text)
        self.number += 1


def quantile(times, part):
    return times[min(len(times) - 1, int(part * len(times)))]


def descriptors(server):
    return len(os.listdir(f"/proc/{server.pid}/fd"))


@pytest.mark.timeout(180)
def test_a_hundred_clients_do_not_notice_a_hundred_that_misbehave(start, memory_queue, is_measured):
    server = start("--ping", "2s", "--pong", "1s", "--handshake", "1s", directory=memory_queue)
    with Crowd(server, CLIENTS) as crowd:
        publisher = Publisher(memory_queue, crowd)
        publisher.run(50)
        quiet = publisher.run(EVENTS)
        before = descriptors(server), server.memory()["RssAnon"]
        command = [sys.executable, "-m", "support.mischief", server.host, str(server.port), str(MISCHIEF)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            cwd=pathlib.Path(__file__).resolve().parent,
        ) as mischief:
            try:
                assert mischief.stdout.readline() == "begun\n"
                loud = publisher.run(EVENTS)
                most = descriptors(server), server.memory()["RssAnon"]
                mischief.stdin.close()
                crowd.read_while(lambda: mischief.poll() is None)
                counts = json.loads(mischief.stdout.readline())
            finally:
                mischief.kill()
        assert set(counts) == {way.__name__ for way in WAYS}, "each way was gone"
        figures = {part: (quantile(quiet, part), quantile(loud, part)) for part in (0.5, 0.99, 1.0)}
        print(f"ms from rename to receipt, quiet and loud: {figures}")
        print(f"{sum(counts.values())} misbehaviours; descriptors and kB before, at most: {before}, {most}")
        assert quantile(loud, 0.99) < max(2 * quantile(quiet, 0.99), FLOOR_MS) or not is_measured, figures
        # Nothing is left behind of them, and the hundred are all there.
        eventually(lambda: crowd.read_for(0.05, None) or descriptors(server) == before[0], "descriptors are free", 15)
        assert server.memory()["RssAnon"] - before[1] < 4_096 or not is_measured, (before, server.memory())
        assert len(publisher.run(50)) == 50 * CLIENTS
