"""A client that does not read, among others that do."""

import json
import multiprocessing
import threading
import time
import types

import pytest

from support.client import Client
from support.crowd import Crowd
from support.files import name_of, place, waiting
from support.waiting import eventually

COUNT = 2_000
BODY = "x" * 10_000


@pytest.mark.alone
def test_a_client_that_stops_reading_is_closed_and_the_others_get_everything(server, queue, is_measured):
    with Client(server, receive_buffer=4_096) as idle, Client(server) as busy:
        begin = time.monotonic()
        received = []
        # Twenty times what a client may owe, a little at a time, so that the server decides with much still to come.
        for number in range(COUNT):
            place(queue, name_of(number), '{"event":"big","payload":[%d,"%s"]}' % (number, BODY))
            if number % 100 == 99:
                received += busy.receive(100)
        assert [json.loads(message)["payload"][0] for message in received] == list(range(COUNT))
        assert time.monotonic() - begin < 30 or not is_measured
        eventually(lambda: waiting(queue) == [], "the queue is empty")
        server.wait_for("client.slow")
        # Reading again after that is too late to stay, and early enough to hear why.
        messages = idle.receive_until_end()
        assert idle.frames.close == (4008, "slow") or not is_measured
        idle.socket.close()
        server.wait_for("client.close", code=4008)
        # What it got before is whole and in order.
        numbers = [json.loads(message)["payload"][0] for message in messages]
        assert numbers == list(range(len(numbers))) and len(numbers) < COUNT
        place(queue, name_of(COUNT), '{"event":"after"}')
        assert busy.receive_events()[0]["event"] == "after"


def test_ten_clients_that_do_not_read_cost_no_more_than_the_ring(server, queue, is_measured):
    idle = [Client(server, receive_buffer=4_096) for _ in range(10)]
    with Client(server) as busy:
        for number in range(COUNT):
            place(queue, name_of(number), '{"event":"big","payload":[%d,"%s"]}' % (number, BODY))
            if number % 100 == 99:
                busy.receive(100, timeout=60)
        memory = server.memory()
        assert memory["VmHWM"] < 65_536 or not is_measured, memory
    for client in idle:
        client.socket.close()


@pytest.mark.parametrize("channels", [[], ["a"], ["a", "b"]], ids=["everyone", "channel", "channels"])
def test_the_cursor_in_the_welcome_of_a_client_that_is_behind_is_where_it_stands(start, queue, channels):
    server = start("--threads", "1", "--behind-size", "64M")
    count = 300
    members = {"channels": channels} if channels else {}
    path = f"/?channels={','.join(channels)}"
    with Client(server, path, receive_buffer=4_096) as slow, Client(server, path) as busy:
        for number in range(1, count + 1):
            place(queue, name_of(number), json.dumps({"event": "big", "payload": [number, BODY], **members}))
        assert [event["seq"] for event in busy.receive_events(count)] == list(range(1, count + 1))
        # The first word of a client that has not subscribed brings the welcome, between two events.
        slow.send_action("ping")
        messages = slow.receive_events(count + 2)
    [place_of_welcome] = [index for index, message in enumerate(messages) if message.get("action") == "welcome"]
    assert 0 < place_of_welcome < count, "it was not behind"
    assert messages[place_of_welcome]["cursor"].endswith(f":{place_of_welcome}")
    seqs = [message["seq"] for message in messages if "seq" in message]
    assert seqs == list(range(1, count + 1))


@pytest.mark.parametrize("count, size", [(30, 300_000), (2_000, 3_000)], ids=["large", "small"])
def test_a_client_that_is_behind_gets_one_copy_of_an_event_with_several_channels(start, queue, count, size):
    server = start("--threads", "1", "--behind-size", "64M", "--behind-age", "10m", "--journal", "off")
    with Client(server, protocol="wsqueue.v1", receive_buffer=4_096) as slow, \
            Client(server, protocol="wsqueue.v1") as busy:
        for one, channels in ((slow, "ab"), (busy, "b")):
            for channel in channels:
                one.send_action("subscribe", channel=channel)
            one.receive(1 + len(channels))
        text = '{"event":"both","payload":[%d,"%s"],"channels":["a","b"]}'
        for number in range(count):
            place(queue, name_of(number), text % (number, "x" * size))
        place(queue, name_of(count), '{"event":"last"}')
        # Every other place in the log is a copy for somebody else, and the slow one's socket is full in any of them.
        assert [event["channel"] for event in busy.receive_events(count)] == ["b"] * count
        assert waiting(queue), "the slow client has taken everything"
        events = slow.receive_events(count + 1, timeout=30)
        assert [(event["payload"][0], event["channel"]) for event in events[:-1]] == [(n, "a") for n in range(count)]
        assert events[-1]["event"] == "last"


def slow_count(server):
    """How many clients were closed as slow; lines of one kind are folded."""
    return server.times("client.slow")


def read_all(server, size, count, is_open):
    """In a process of its own, so that it delays nobody here: many clients get all events in their order."""
    with Crowd(server, size) as crowd:
        is_open.set()

        def handle(member, message):
            # All numbers have one width, so that nothing need be parsed a hundred thousand times.
            assert int(message[26:30]) == 1_000 + member.count, message[:60]
            return member.count == count - 1

        crowd.receive(handle, 60)


@pytest.mark.alone
def test_one_among_a_thousand_that_stops_reading_delays_the_others_once_and_returns(start, memory_queue, is_measured):
    # So little may be owed that the others need not take gigabytes until one is too slow.
    server = start("--behind-size", "64K", "--threads", "1", directory=memory_queue)
    size, count = (998, 100) if is_measured else (98, 100)
    processes = multiprocessing.get_context("fork")
    is_open = processes.Event()
    place_of_server = types.SimpleNamespace(host=server.host, port=server.port)
    crowd = processes.Process(target=read_all, args=(place_of_server, size, count, is_open))
    with Client(server, protocol="wsqueue.v1", receive_buffer=4_096) as idle:
        epoch = idle.receive_events()[0]["cursor"].partition(":")[0]
        crowd.start()
        assert is_open.wait(30)
        delays = []
        # The last to be sent anything.
        with Client(server) as witness:
            begin = time.monotonic()
            placed = []

            def publish():
                for number in range(count):
                    time.sleep(max(0, begin + number * 0.06 - time.monotonic()))
                    placed.append(time.monotonic())
                    place(memory_queue, name_of(number), '{"event":"big","payload":[%d,"%s"]}' % (
                        1_000 + number, "x" * 8_000))

            publisher = threading.Thread(target=publish)
            publisher.start()
            for number in range(count):
                assert witness.receive_events(timeout=30)[0]["payload"][0] == 1_000 + number
                delays.append(time.monotonic() - placed[number])
            publisher.join()
        crowd.join(60)
        assert crowd.exitcode == 0
        server.wait_for("client.slow")
        assert slow_count(server) == 1
        got = [json.loads(message) for message in idle.receive_until_end()]
        assert idle.frames.close == (4008, "slow")
    print([round(delay, 3) for delay in sorted(delays)[-10:]])
    # A stall delays the events that come meanwhile, each less than the one before.
    stalls = [after for before, after in zip([0.0, *delays], delays) if before <= 0.4 < after]
    assert len(stalls) <= 1 or not is_measured, delays
    # A quarter of a second, and what a thousand clients take on a busy machine; it would be ten seconds by age alone.
    assert max(delays) < 1 or not is_measured, delays
    with Client(server, f"/?since={epoch}:{len(got)}", protocol="wsqueue.v1") as back:
        while len(got) < count:
            got += [event for event in back.receive_events() if "seq" in event]
    assert [event["payload"][0] for event in got] == list(range(1_000, 1_000 + count))


@pytest.mark.parametrize("size, count, limit", [(10_000, 400, 24_576), (1_000_000, 12, 49_152)], ids=["small", "large"])
def test_a_thousand_clients_that_read_nothing_cost_little_and_are_all_closed(
        start, queue, is_measured, size, count, limit):
    server = start("--behind-size", "256K", "--threads", "2")
    idle = [Client(server, receive_buffer=4_096) for _ in range(1_000 if is_measured else 100)]

    def own_memory():
        # Kilobytes at the most; the ring's pages are shared ones.
        memory = server.memory()
        return memory["VmHWM"] - memory["RssShmem"]

    with Client(server) as busy:
        before = own_memory()
        for number in range(count):
            place(queue, name_of(number), '{"event":"big","payload":[%d,"%s"]}' % (number, "x" * size))
            assert busy.receive_events(timeout=30)[0]["payload"][0] == number
        eventually(lambda: slow_count(server) == len(idle), lambda: slow_count(server), 30)
        grown = own_memory() - before
        print(grown, "KB")
        assert grown < limit or not is_measured, grown
    for client in idle:
        client.socket.close()
