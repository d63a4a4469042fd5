"""What the members of an event do."""

import json
import signal
import time

from support.client import Client
from support.files import name_of, place, waiting
from support.waiting import eventually


def test_an_event_past_its_time_is_not_sent(server, client, queue):
    now = int(time.time())
    place(queue, name_of(1), '{"event":"late","expires_at":%d}' % (now - 1))
    place(queue, name_of(2), '{"event":"in time","expires_at":%d}' % (now + 600))
    assert client.receive_events()[0]["event"] == "in time"
    server.wait_for("event.expired", event="late")
    eventually(lambda: waiting(queue) == [], "both files are deleted")


def test_a_time_to_live_is_kept_by_publisher_and_server(client, publish):
    publish("--ttl", "10m", "in time")
    assert client.receive_events()[0]["event"] == "in time"


def test_the_connection_that_caused_an_event_does_not_get_it(server, publish):
    with Client(server, protocol="wsqueue.v1") as cause, Client(server) as other:
        assert cause.headers["sec-websocket-protocol"] == "wsqueue.v1"
        [welcome] = cause.receive_events()
        assert welcome["action"] == "welcome" and welcome["authenticated"] is False
        assert isinstance(welcome["connection_id"], int) and isinstance(welcome["cursor"], str)
        publish("mine", "-x", str(welcome["connection_id"]))
        publish("for all")
        assert [event["event"] for event in other.receive_events(2)] == ["mine", "for all"]
        assert [event["event"] for event in cause.receive_events(1)] == ["for all"]


def test_a_plain_client_is_not_greeted(client):
    client.expect_silence(0.3)


def test_an_event_with_a_channel_does_not_reach_plain_clients(client, publish, queue):
    publish("-c", "orders", "of a channel")
    publish("of none")
    assert client.receive_events()[0]["event"] == "of none"
    eventually(lambda: waiting(queue) == [], "both files are deleted")


def test_an_event_with_a_channel_reaches_those_who_subscribed(server, publish):
    with Client(server, protocol="wsqueue.v1") as subscriber:
        assert subscriber.receive_events()[0]["action"] == "welcome"
        subscriber.send_action("subscribe", channel="orders")
        assert subscriber.receive_events() == [{"success": True, "action": "subscribe", "channel": "orders"}]
        publish("-c", "orders", "-j", "[1]", "of a channel")
        publish("-c", "others", "of another")
        publish("of none")
        events = subscriber.receive_events(2)
        assert [event["event"] for event in events] == ["of a channel", "of none"]
        assert list(events[0]) == ["event", "payload", "timestamp", "id", "seq", "channel"]
        assert events[0]["channel"] == "orders"


def test_a_subscription_ends_with_its_connection_and_never_passes_to_the_next(start, queue):
    server = start("--threads", "1")
    for number in range(3):
        with Client(server) as vanished:
            # The server finds the wish and the end of the connection in one turn.
            server.signal(signal.SIGSTOP)
            eventually(lambda: server.state() == "T", "the server stands still")
            vanished.send_action("subscribe", channel="orders")
        server.signal(signal.SIGCONT)
        eventually(lambda: len(server.logged("client.close")) == 2 * number + 1, "the end is noticed")
        with Client(server) as successor:
            place(queue, name_of(number), '{"event":"for subscribers","channel":"orders"}')
            place(queue, name_of(number + 1), '{"event":"for all"}')
            assert successor.receive_events()[0]["event"] == "for all"
            eventually(lambda: waiting(queue) == [], "both files are deleted")
        eventually(lambda: len(server.logged("client.close")) == 2 * number + 2, "the end is noticed")


def test_an_event_for_a_user_does_not_reach_a_client_without_one(client, publish):
    publish("-u", "42", "for one")
    publish("for all")
    assert client.receive_events()[0]["event"] == "for all"


def test_an_event_keeps_its_own_id_and_time(client, queue):
    place(queue, name_of(1), '{"payload":[],"id":"order-7","timestamp":1729000000,"event":"own","unknown":1}')
    [message] = client.receive()
    assert message == b'{"event":"own","payload":[],"timestamp":1729000000,"id":"order-7","seq":1}'


def test_an_event_without_id_and_time_has_those_of_its_name(client, queue):
    place(queue, name_of(1), '{"event":"bare"}')
    [event] = client.receive_events()
    assert list(event.items()) == [
        ("event", "bare"), ("payload", None), ("timestamp", 1795231800),
        ("id", name_of(1).removesuffix(".json")), ("seq", 1)]


def test_the_largest_event_arrives(client, queue):
    frame = '{"event":"large","payload":"%s"}'
    text = frame % ("x" * (1_048_576 - len(frame) + 2))
    place(queue, name_of(1), text)
    assert client.receive_events()[0]["payload"] == json.loads(text)["payload"]
