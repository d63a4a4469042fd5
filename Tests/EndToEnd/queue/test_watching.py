"""How soon a file is seen."""

import os
import random
import statistics
import time

import pytest

from support.client import Client
from support.files import name_of


def delays(queue, client, count):
    """Seconds from the rename to the message, at random moments of the poll."""
    times = []
    for number in range(count):
        hidden = queue / ".next"
        hidden.write_text('{"event":"tick","payload":%d}' % number)
        time.sleep(random.uniform(0, 0.1))
        begin = time.monotonic()
        os.rename(hidden, queue / name_of(number))
        [event] = client.receive_events()
        times.append(time.monotonic() - begin)
        assert event["payload"] == number
    return times


@pytest.mark.alone
def test_with_inotify_an_event_is_there_long_before_the_next_poll(start, queue):
    with Client(start("--poll", "10s")) as client:
        assert statistics.median(delays(queue, client, 20)) < 0.05


@pytest.mark.alone
def test_without_inotify_an_event_is_there_after_a_poll_at_the_latest(start, queue):
    with Client(start("--watch", "poll")) as client:
        times = delays(queue, client, 20)
    # The poll is every 100 ms; the rest is for a busy machine.
    assert statistics.median(times) < 0.15 and max(times) < 0.5, times


@pytest.mark.alone
def test_an_idle_server_costs_next_to_nothing(server, client):
    def ticks():
        with open(f"/proc/{server.pid}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(") ")[2].split()
        return int(fields[11]) + int(fields[12])

    client.expect_silence(0.5)
    before = ticks()
    client.expect_silence(3)
    # Hundredths of a second; the PHP original needs 3 in that time.
    assert ticks() - before <= 3


@pytest.mark.parametrize("options", [(), ("--watch", "poll")], ids=["inotify", "poll"])
def test_a_file_moved_in_from_elsewhere_is_seen(start, queue, options):
    outside = queue.with_name("outside.json")
    outside.write_text('{"event":"moved"}')
    with Client(start(*options)) as client:
        os.rename(outside, queue / "moved.json")
        [event] = client.receive_events()
        # The name may be used again, so it alone is no id.
        assert (event["event"], event["id"].partition("@")[0]) == ("moved", "moved")
