"""A hundred connections that misbehave in every way at once, beside a hundred clients that must not notice."""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time

import pytest

from support.crowd import Crowd
from support.files import place
from support.mischief import WAYS
from support.places import END_TO_END
from support.waiting import eventually

CLIENTS = 100
MISCHIEF = 100
# Rounds of a second, of which the middle one counts: a processor that others take for a moment spoils one or two.
ROUNDS = 5
EVENTS = 100
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


def rounds(publisher):
    """The middle one of the rounds' medians, 99th percentiles and maxima, in milliseconds."""
    times = [publisher.run(EVENTS) for _ in range(ROUNDS)]
    return {part: statistics.median(quantile(one, part) for one in times) for part in (0.5, 0.99, 1.0)}


def descriptors(server):
    """How many the server holds, but for the journal's: its segments come and go with the events."""
    folder, held = f"/proc/{server.pid}/fd", 0
    for number in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):
            held += "/.journal/" not in os.readlink(f"{folder}/{number}")
    return held


@contextlib.contextmanager
def mischief(server, crowd):
    """A hundred misbehaving connections as long as the block runs; gives how often each way was gone to its end."""
    command = [sys.executable, "-m", "support.mischief", server.host, str(server.port), str(MISCHIEF)]
    counts = {}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=END_TO_END,
    ) as process:
        try:
            assert process.stdout.readline() == "begun\n"
            yield counts
            process.stdin.close()
            crowd.read_while(lambda: process.poll() is None)
            counts.update(json.loads(process.stdout.readline()))
        finally:
            process.kill()


@pytest.mark.alone
@pytest.mark.timeout(180)
def test_a_hundred_clients_do_not_notice_a_hundred_that_misbehave(start, memory_queue, queue, is_measured):
    options = ("--ping", "2s", "--pong", "1s", "--handshake", "1s")
    server, other = start(*options, directory=memory_queue), start(*options, directory=queue)
    with Crowd(server, CLIENTS) as crowd:
        publisher = Publisher(memory_queue, crowd)
        publisher.run(50)
        quiet = rounds(publisher)
        # The same mischief at another server shows what it takes of the machine that all of them share.
        with mischief(other, crowd):
            elsewhere = rounds(publisher)
        before = descriptors(server), server.memory()["RssAnon"]
        with mischief(server, crowd) as counts:
            here = rounds(publisher)
            most = descriptors(server), server.memory()["RssAnon"]
        assert set(counts) == {way.__name__ for way in WAYS}, "each way was gone"
        print(f"ms from rename to receipt: quiet {quiet}, elsewhere {elsewhere}, here {here}")
        print(f"{sum(counts.values())} misbehaviours; descriptors and kB before, during: {before}, {most}")
        bound = max(2 * quiet[0.99], 2 * elsewhere[0.99], FLOOR_MS)
        assert here[0.99] < bound or not is_measured, (quiet, elsewhere, here)
        # Nothing is left behind of them, and the hundred are all there.
        eventually(lambda: crowd.read_for(0.05, None) or descriptors(server) == before[0], "descriptors are free", 15)
        assert server.memory()["RssAnon"] - before[1] < 4_096 or not is_measured, (before, server.memory())
        assert len(publisher.run(50)) == 50 * CLIENTS
