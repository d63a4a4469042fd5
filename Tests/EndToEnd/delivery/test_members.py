"""The members of an event: what each of them does, and that a slip reaches no one."""

import contextlib
import json
import subprocess

import pytest

from support.client import Client
from support.files import failed, name_of, place, waiting
from support.speaking import Speaking
from support.stream import Stream
from support.tokens import make_token, write_secrets
from support.waiting import eventually

MOMENT = 1_729_000_000
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def put(queue, *events):
    """Publishes events, or texts, in their order."""
    for number, event in enumerate(events):
        place(queue, name_of(number), event if isinstance(event, str) else json.dumps(event))


def reason(queue, number):
    return (queue / ".failed" / f"{name_of(number)}.why").read_text()


@pytest.mark.parametrize("slip, member", [
    ("chanel", "channel"), ("Channels", "channels"), ("recipient", "recipients"), ("exept", "except"),
    ("expires", "expires_at"), ("except-users", "except_users"),
])
def test_a_slip_goes_to_no_one_and_says_what_was_meant(queue, client, slip, member):
    put(queue, {"event": "secret", slip: "ops", "payload": 1}, {"event": "open", "excerpt": "none of ours", "keys": 1})
    assert client.receive_events()[0]["event"] == "open"
    eventually(lambda: len(failed(queue)) == 2, "the slip is set aside")
    assert f"'{member}' is meant" in reason(queue, 0)


def test_data_is_the_payload_where_there_is_none(queue, client):
    put(queue, {"event": "a", "data": {"n": 1}}, {"event": "b", "data": 1, "payload": 2}, '{"event":"c","data":   [3]}')
    assert [event["payload"] for event in client.receive_events(3)] == [{"n": 1}, 2, [3]]


def test_a_member_that_means_nothing_is_named_once(queue, server, client):
    put(
        queue, {"event": "a", "excerpt": 1}, {"event": "b", "excerpt": 2}, {"event": "c", "data": 1, "payload": 2},
        {"event": "d", "channel_id": 1}, {"event": "e", "data": 1})
    client.receive_events(5)
    server.wait_for("event.member", member="channel_id")
    assert [line["member"] for line in server.logged("event.member")] == ["excerpt", "data", "channel_id"]


@pytest.mark.parametrize("factor", [1, 10**3, 10**6, 10**9])
def test_times_in_any_unit_are_seconds_for_clients(queue, client, factor):
    put(
        queue, {"event": "late", "expires_at": MOMENT * factor},
        {"event": "a", "timestamp": MOMENT * factor, "queued_at": "soon"},
        {"event": "b", "timestamp": str(MOMENT * factor), "queued_at": 1e300})
    events = client.receive_events(2)
    assert [(event["event"], event["timestamp"]) for event in events] == [("a", MOMENT), ("b", MOMENT)]
    assert failed(queue) == []


def test_several_connections_and_users_are_left_out(queue, start):
    server = start("--jwt-secret-file", str(write_secrets(queue)))
    with contextlib.ExitStack() as stack:
        first, second, third = (stack.enter_context(Speaking(server)) for _ in range(3))
        user = stack.enter_context(Speaking(server, f"/?token={make_token('42')}"))
        put(
            queue, {"event": "a", "except": [first.id, second.id]},
            {"event": "b", "except": first.id, "except_users": [42, "43"]}, {"event": "c", "except_users": "42"},
            {"event": "d", "except": []})
        for one, names in ((first, "cd"), (second, "bcd"), (third, "abcd"), (user, "ad")):
            assert "".join(event["event"] for event in one.receive_events(len(names))) == names


def test_a_key_goes_to_clients_and_not_to_some_of_them(queue, client):
    put(
        queue, {"event": "a", "key": "order-7"}, {"event": "b", "key": "order-7", "clear": True},
        {"event": "c", "key": "order-7", "recipients": [1]}, {"event": "d", "clear": True},
        {"event": "e", "recipients": list(range(1_025))}, {"event": "f"})
    events = client.receive_events(3)
    assert [(event["event"], event.get("key")) for event in events] == [("a", "order-7"), ("b", "order-7"), ("f", None)]
    assert list(events[0]) == ["event", "payload", "timestamp", "id", "seq", "key"]
    eventually(lambda: waiting(queue) == [], "the queue is empty")
    assert [name for name in failed(queue) if not name.endswith(".why")] == [name_of(n) for n in (2, 3, 4)]
    assert "'key' beside 'recipients'" in reason(queue, 2) and "'clear' without 'key'" in reason(queue, 3)
    assert "more than 1024 users" in reason(queue, 4)


def test_a_replay_sends_the_very_bytes_that_were_sent(queue, start):
    server = start()
    with Speaking(server, "/", "orders") as live:
        put(
            queue, {"event": "a", "key": "or\"der,\"key\":7", "channel": "orders"}, {"event": "b", "channel": "orders"},
            {"event": "c", "key": "k"}, {"event": "d", "payload": {"key": 1, "a": [1]}, "channel": "orders"},
            {"event": "e", "channel": "orders", "except": [live.id + 1_000, -1]},
            {"event": "f", "channel": "orders", "key": "k", "traceparent": TRACE}, {"event": "g", "traceparent": TRACE})
        sent = live.receive(7)
        assert [list(json.loads(message))[5:] for message in sent] == [
            ["channel", "key"], ["channel"], ["key"], ["channel"], ["channel"], ["traceparent", "channel", "key"],
            ["traceparent"]]
        start_of_it = live.welcome["cursor"]
    with Client(server, f"/?channels=orders&since={start_of_it}", protocol="wsqueue.v1") as again:
        messages = again.receive(len(sent) + 1)
        assert messages[1:] == sent or messages[:-1] == sent, messages


def test_a_trace_context_goes_to_clients_and_into_the_log(queue, server, client):
    put(
        queue, {"event": "a", "traceparent": TRACE, "channel": "orders"}, {"event": "b", "traceparent": TRACE},
        {"event": "c", "traceparent": TRACE.upper()}, {"event": "d", "traceparent": {"not": "one"}},
        {"event": "e", "traceparent": "00-" + "0" * 32 + "-b7ad6b7169203331-01"})
    events = client.receive_events(4)
    assert [event.get("traceparent") for event in events] == [TRACE, None, None, None]
    eventually(lambda: len(server.logged("event.sent")) == 5, "the events are logged")
    assert [line.get("traceparent") for line in server.logged("event.sent")] == [TRACE, TRACE, None, None, None]
    assert failed(queue) == []


def test_a_stream_and_tail_show_the_key(queue, server, binaries):
    address = f"{server.host}:{server.port}"
    command = [binaries / "wsqueue-server", "tail", address, "-n", "2", "-c", "orders", "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as tail, \
            Stream(server, "/events?channels=orders") as stream:
        eventually(lambda: len(server.logged("client.open")) == 2, "both listen")
        put(queue, {"event": "a", "key": "k"}, {"event": "b", "key": "k", "clear": True, "channel": "orders"})
        shown = stream.receive_events(2)
        assert [(event["event"], event["key"]) for event in shown] == [("a", "k"), ("b", "k")]
        assert [json.loads(line) for line in tail.communicate(timeout=20)[0].splitlines()] == shown
