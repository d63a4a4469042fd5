"""--follow: lines as they come."""

import os
import signal
import subprocess
import time

import pytest

from support.client import Client
from support.files import published, waiting
from support.following import feed, followers
from support.waiting import eventually


@pytest.fixture
def follow(binaries, queue):
    with followers(binaries, queue) as start:
        yield start


def payloads(queue):
    """The payloads of all events that wait, in order."""
    return [event["payload"] for event in published(queue)]


def test_lines_arrive_while_more_are_to_come(client, follow):
    process = follow("log.line", "--text-lines")
    for number in range(3):
        feed(process, f'line "{number}"\n')
        [event] = client.receive_events()
        assert (event["event"], event["payload"]) == ("log.line", f'line "{number}"')
    process.stdin.close()
    assert process.wait(10) == 0


def test_lines_are_batched_for_as_long_as_asked(follow, queue):
    process = follow("n", "--every", "1h")
    feed(process, "1\n")
    eventually(lambda: payloads(queue) == [1], "the first is published at once")
    feed(process, "2\n")
    feed(process, "3\n")
    process.stdin.close()
    assert process.wait(10) == 0
    assert payloads(queue) == [1, 2, 3] and len(waiting(queue)) == 2


def test_a_wrong_line_is_told_and_passed_over(follow, queue):
    process = follow("n")
    process.stdin.write(b"1\n{\n\n3\n\xff\n5")
    process.stdin.close()
    assert process.wait(10) == 65
    assert payloads(queue) == [1, 3, 5]
    told = process.stderr.read().decode()
    assert "line 2" in told and "at byte 1" in told and "line 5" in told and told.count("\n") == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_all_whole_lines_published(follow, queue, number):
    process = follow("n", "--every", "1h")
    feed(process, "1\n")
    eventually(lambda: payloads(queue) == [1], "the first is published")
    feed(process, "2\n3\nhalf a li")
    # The pipe is empty when it has read them.
    eventually(lambda: unread(process) == 0, "all is read")
    process.send_signal(number)
    assert process.wait(10) == -number
    assert payloads(queue) == [1, 2, 3]
    assert [name for name in os.listdir(queue) if name.startswith(".")] == []


def unread(process):
    """How many bytes wait in its standard input."""
    import array
    import fcntl
    import termios
    count = array.array("i", [0])
    fcntl.ioctl(process.stdin.fileno(), termios.FIONREAD, count)
    return count[0]


def test_a_server_that_is_away_costs_nothing(start, follow, queue, tmp_path):
    server = start("--journal-events", "100000")
    process = follow("n", "--every", "5ms")
    sent = 0
    received = []
    with Client(server) as client:
        for sent in range(1, 51):
            feed(process, f"{sent}\n")
        received += [event["payload"] for event in client.receive_events(50)]
        cursor_server = server
    assert cursor_server.terminate() == 0
    for sent in range(51, 101):
        feed(process, f"{sent}\n")
    eventually(lambda: payloads(queue)[-1:] == [100], "they wait in the queue")
    again = start("--hold-without-clients")
    with Client(again) as client:
        for sent in range(101, 151):
            feed(process, f"{sent}\n")
        received += [event["payload"] for event in client.receive_events(100)]
    process.stdin.close()
    assert process.wait(10) == 0
    assert received == list(range(1, 151))


@pytest.mark.alone
def test_a_hundred_thousand_lines_a_second(follow, memory_queue, is_measured):
    process = follow("log.line", directory=memory_queue)
    lines = b"".join(b'{"n":%d,"text":"something happened somewhere"}\n' % number for number in range(300_000))
    begin = time.monotonic()
    process.stdin.write(lines)
    process.stdin.close()
    assert process.wait(60) == 0
    seconds = time.monotonic() - begin
    numbers = [payload["n"] for payload in payloads(memory_queue)]
    assert numbers == list(range(300_000))
    if is_measured:
        assert seconds < 3, f"{300_000 / seconds:.0f} lines a second"


def test_a_queue_that_is_away_is_tried_again(follow, queue, tmp_path):
    process = follow("n", "--every", "10ms")
    feed(process, "1\n")
    eventually(lambda: payloads(queue) == [1], "the first is published")
    queue.rename(tmp_path / "away")
    feed(process, "2\n")
    told = process.stderr.readline().decode()
    assert "no such file" in told and told.rstrip().endswith("trying again")
    feed(process, "3\n")
    (tmp_path / "away").rename(queue)
    eventually(lambda: payloads(queue) == [1, 2, 3], "nothing is lost")
    process.stdin.close()
    assert process.wait(10) == 0


def test_without_a_queue_it_does_not_begin(follow, tmp_path):
    process = follow("n", directory=tmp_path / "nowhere")
    process.stdin.close()
    assert process.wait(10) == 73
