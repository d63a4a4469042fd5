"""A queue that is full when the server comes, or comes back.

`TEST_BACKLOG=1000000` makes the backlog at the start a million files, for which /dev/shm needs 6 GB."""

import os
import random
import shutil
import signal

import pytest

from support.crowd import Crowd
from support.files import fill, waiting
from support.waiting import eventually

# Clients that read slower than their ten seconds, because other tests run too, are closed as slow.
pytestmark = pytest.mark.alone

# Of 200 bytes, as ordinary events are: the memory that is compared must not be spared by small ones.
FILLER = b"x" * 100
LARGE = int(os.environ.get("TEST_BACKLOG", "200000"))


def content(number):
    return b'{"event":"backlog","payload":{"n":%d,"filler":"%b"},"timestamp":1795231800}' % (number, FILLER)


def shuffled(count):
    """Numbers in no order, so that nothing can be had from the order of creation."""
    numbers = list(range(count))
    random.Random(7).shuffle(numbers)
    return numbers


def in_order(count):
    """A handler that wants an unbroken run of numbers up to the last; gives it and the first number of each client."""
    beginnings = [b'{"event":"backlog","payload":{"n":%d,' % number for number in range(count)]
    first = {}

    def handle(member, message):
        if member.count == 0:
            first[member] = int(message[len(beginnings[0]) - 2:message.index(b",", len(beginnings[0]) - 2)])
        number = first[member] + member.count
        assert number < count and message.startswith(beginnings[number]), f"not event {number}: {message!r}"
        return number == count - 1

    return handle, first


def own_memory(server):
    """The most that the server's own pages ever were, in kilobytes.

    The ring's pages are shared ones, mapped twice and counted twice; it has a fixed size, fills once and never shrinks.
    """
    memory = server.memory()
    return memory["VmHWM"] - memory["RssShmem"]


@pytest.mark.timeout(240 + LARGE // 2_000)
def test_a_backlog_at_the_start_arrives_in_order_and_costs_no_memory(start, memory_queue, is_measured):
    peaks = []
    for count in (70_000, LARGE) if is_measured else (10_000, 40_000):
        fill(memory_queue, shuffled(count), content)
        # What history itself takes, an index entry for each event, is no part of this.
        server = start("--hold-without-clients", "--journal-events", "10000", directory=memory_queue)
        with Crowd(server, 10, keeps_early=True) as crowd:
            handle, first = in_order(count)
            crowd.receive(handle, timeout=90 + count // 5_000)
            # The queue begins to move with the first client; the others join an unbroken stream.
            assert min(first.values()) == 0
            eventually(lambda: waiting(memory_queue) == [], "the queue is empty")
        peaks.append(own_memory(server))
        print(f"{count} files: {server.memory()}")
        assert server.terminate() == 0
        # Their names would be known: the journal has room for all of them.
        shutil.rmtree(memory_queue / ".journal")
    # Kilobytes. The smaller one is larger than what the server holds at a time.
    assert peaks[-1] < peaks[0] + 8_192 or not is_measured, peaks
    assert peaks[-1] < 65_536 or not is_measured, peaks


@pytest.mark.timeout(240)
def test_200000_files_that_came_while_the_server_stood_still_reach_10_clients_in_order(
        start, memory_queue, is_measured):
    # Far more notices than the kernel keeps: what follows the overflow has to be found by listing.
    count = 200_000 if is_measured else 40_000
    server = start(directory=memory_queue)
    with Crowd(server, 10) as crowd:
        server.signal(signal.SIGSTOP)
        fill(memory_queue, shuffled(count), content)
        server.signal(signal.SIGCONT)
        handle, first = in_order(count)
        crowd.receive(handle, timeout=90)
        assert set(first.values()) == {0}
        assert {member.count for member in crowd.members.values()} == {count}
        eventually(lambda: waiting(memory_queue) == [], "the queue is empty")
