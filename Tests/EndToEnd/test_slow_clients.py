"""A client that does not read, among others that do."""

import json
import time

import pytest

from support.client import Client
from support.files import name_of, place, waiting
from support.waiting import eventually

COUNT = 2_000
BODY = "x" * 10_000


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
