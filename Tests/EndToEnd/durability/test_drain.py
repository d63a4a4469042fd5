"""The end of a server."""

import json
import re
import signal
import time

import pytest

from support.client import Client
from support.files import fill, name_of, place, place_large, waiting
from support.waiting import holds


def content(number):
    return b'{"event":"drain","payload":%d,"timestamp":1795231800}' % number


def test_clients_are_told_when_to_come_back_and_the_exit_status_is_zero(start):
    server = start()
    clients = [Client(server) for _ in range(20)]
    server.signal(signal.SIGTERM)
    delays = []
    for client in clients:
        client.receive_until_end()
        code, reason = client.frames.close
        assert code == 1001
        delays.append(int(re.fullmatch(r"retry_ms=(\d+)", reason)[1]))
        client.socket.close()
    assert server.exit_status() == 0
    assert len(set(delays)) > 1, "all would return at once"
    server.wait_for("server.drain")
    server.wait_for("server.stop")


def test_interrupt_drains_as_terminate_does(start):
    server = start()
    with Client(server) as client:
        server.signal(signal.SIGINT)
        client.receive_until_end()
        assert client.frames.close[0] == 1001
    assert server.exit_status() == 0


def test_what_was_sent_is_deleted_and_what_was_not_stays(start, memory_queue):
    count = 30_000
    fill(memory_queue, range(count), content)
    server = start("--hold-without-clients", directory=memory_queue)
    with Client(server) as client:
        received = client.receive(1_000)
        server.signal(signal.SIGTERM)
        received += client.receive_until_end()
    assert server.exit_status() == 0
    sent = [json.loads(message)["payload"] for message in received]
    assert sent == list(range(len(sent)))
    assert waiting(memory_queue) == [name_of(number) for number in range(len(sent), count)]


@pytest.mark.alone
def test_a_batch_that_has_begun_is_sent_whole(start, memory_queue):
    count = 200_000
    lines = "".join('{"event":"batch","payload":%d}\n' % number for number in range(count))
    place(memory_queue, name_of(1).replace(".json", ".jsonl"), lines)
    place(memory_queue, name_of(2), '{"event":"behind"}')
    server = start("--hold-without-clients", "--drain", "5m", directory=memory_queue)
    with Client(server) as client:
        received = client.receive(1_000, timeout=60)
        server.signal(signal.SIGTERM)
        received += client.receive_until_end(60)
        # Not 4008: it reads as fast as this machine lets it.
        assert client.frames.close[0] == 1001
    assert server.exit_status() == 0
    assert [json.loads(message)["payload"] for message in received] == list(range(count))
    assert waiting(memory_queue) == [name_of(2)]


def test_the_next_server_sends_what_stayed(start, memory_queue):
    count = 30_000
    fill(memory_queue, range(count), content)
    received = []
    while len(received) < count:
        server = start("--hold-without-clients", directory=memory_queue)
        with Client(server) as client:
            received += client.receive(min(8_000, count - len(received)))
            server.signal(signal.SIGTERM)
            received += client.receive_until_end()
        assert server.exit_status() == 0
    assert [json.loads(message)["payload"] for message in received] == list(range(count))


def test_a_killed_server_loses_nothing_and_repeats_under_the_same_id(start, memory_queue):
    count = 30_000
    fill(memory_queue, range(count), content)
    runs = []
    for wanted in (5_000, 9_000, None):
        # Counted before there is a client, because with the first one the queue begins to move.
        left = len(waiting(memory_queue))
        server = start("--hold-without-clients", "--journal", "off", directory=memory_queue)
        with Client(server) as client:
            if wanted:
                received = client.receive(wanted)
                server.process.kill()
                server.exit_status()
                received += client.receive_until_end()
            else:
                received = client.receive(left)
                server.terminate()
        runs.append([json.loads(message) for message in received])
    ids = {}
    for events in runs:
        numbers = [event["payload"] for event in events]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        for event in events:
            assert ids.setdefault(event["payload"], event["id"]) == event["id"]
    assert sorted(ids) == list(range(count))


def test_a_second_signal_ends_it_at_once(start, queue):
    server = start("--drain", "60s")
    with Client(server, receive_buffer=4_096) as client:
        # More than the socket takes, to a client that does not read: the drain has to wait for it.
        place_large(queue, 60, 10_000)
        client.receive(1)
        server.signal(signal.SIGTERM)
        server.wait_for("server.drain")
        begin = time.monotonic()
        server.signal(signal.SIGTERM)
        assert server.exit_status(10) == 0
        assert time.monotonic() - begin < 2


@pytest.mark.parametrize("owed", [30, 0], ids=["events", "nothing"])
def test_waiting_for_a_client_that_does_not_read_costs_no_processor_time(start, queue, is_measured, owed):
    server = start("--threads", "1", "--behind-size", "64M", "--drain", "60s")
    with Client(server, receive_buffer=4_096) as idle:
        if owed:
            place_large(queue, owed, 300_000)
            idle.receive(1)
        server.signal(signal.SIGTERM)
        server.wait_for("server.drain")
        # Nobody takes it any more.
        place(queue, name_of(31), content(31))
        before = server.processor_seconds()
        holds(lambda: server.process.poll() is None, 1)
        if is_measured:
            assert server.processor_seconds() - before < 0.3
