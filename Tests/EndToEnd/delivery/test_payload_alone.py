"""The payload alone: what each message is then, and where it must not come from."""

import json
import signal

import pytest

from support.client import Client, handshake_request
from support.files import name_of, place, place_each, waiting
from support.http import exchange, request
from support.rules import write_rules
from support.speaking import PROTOCOL, Speaking
from support.stream import Stream
from support.tokens import make_token, write_secrets
from support.waiting import eventually

TURBO = '<turbo-stream action="append" target="orders">\n<template>é</template>\r\n</turbo-stream>'


def put(queue, *events):
    for number, event in enumerate(events):
        place(queue, name_of(number), event if isinstance(event, str) else json.dumps(event))
    eventually(lambda: waiting(queue) == [], "the files are deleted")


@pytest.fixture
def chat(start, queue):
    """A server with a channel into which users may send."""
    rules = write_rules(queue, [{"channel": "chat.{room}", "publish": "authenticated"}])
    return start("--rules", str(rules), "--jwt-secret-file", str(write_secrets(queue)))


def test_each_message_is_the_payload_live_and_replayed(server, queue):
    with Client(server, "/?as=payload&channels=orders") as client:
        put(
            queue, {"event": "a", "payload": TURBO, "channel": "orders"}, '{"event":"b","payload":{"n":  1.50}}',
            {"event": "c"}, {"event": "d", "payload": ""}, {"event": "e", "payload": 1, "channel": "other"})
        wanted = [TURBO.encode(), b'{"n":  1.50}', b"null", b""]
        assert client.receive(4) == wanted
    with Client(server, "/?as=payload&channels=orders&since=all&events=a,c") as client:
        assert client.receive(2) == [wanted[0], wanted[2]]
        place(queue, name_of(9), '{"event":"c","payload":5}')
        assert client.receive() == [b"5"]


def test_a_stream_has_names_and_lines_of_data_and_resumes(server, queue):
    with Stream(server, "/events?as=payload&names=1") as stream:
        put(queue, {"event": "order.created", "payload": TURBO}, {"event": "message", "payload": {"n": 1}})
        [(cursor, text), (_, second)] = stream.receive(2)
        assert text == TURBO.replace("\r\n", "\n") and second == '{"n": 1}'
        assert stream.names == ["order.created", None]
    with Stream(server, "/events?as=payload&names=1", [f"Last-Event-ID: {cursor}"]) as stream:
        assert stream.receive() == [(stream.last_id, '{"n": 1}')]
    with Stream(server, "/events?names=1&since=all") as stream:
        assert stream.receive_events()[0]["event"] == "order.created" and stream.names[0] == "order.created"


def test_a_gap_closes_a_websocket_and_is_an_event_of_a_stream(start, queue):
    server = start("--journal-events", "8")
    with Speaking(server) as live:
        beginning = live.welcome["cursor"]
    for first in range(0, 60, 4):
        place_each(queue, range(first, first + 4))
        eventually(lambda: waiting(queue) == [], "the files are deleted")
    with Client(server, f"/?as=payload&since={beginning}") as client:
        messages = client.receive_until_end()
        assert client.frames.close[0] == 4505 and b"59" in messages
    for query in ("as=payload", "names=1"):
        with Stream(server, f"/events?{query}&since={beginning}") as stream:
            stream.wait_until(lambda stream: "wsqueue.gap" in stream.names)
            gap = json.loads(stream.messages[stream.names.index("wsqueue.gap")][1])
            assert gap["gap"]["from"] == beginning and not gap["complete"]


def test_no_payload_comes_from_where_clients_may_send(chat, queue):
    with Client(chat, "/?as=payload&channels=news,chat.*&since=all", headers=[
            f"Authorization: Bearer {make_token('42')}"]) as client, \
            Speaking(chat, f"/?token={make_token('7')}", "chat.1") as other, \
            Stream(chat, f"/events?as=payload&channels=chat.*&token={make_token('42')}") as stream:
        other.ask("message", channel="chat.1", message="<script>")
        put(
            queue, {"event": "a", "payload": "from chat", "channels": ["chat.1"]},
            {"event": "b", "payload": "news", "channel": "news"}, {"event": "c", "payload": "for all"})
        assert client.receive(2) == [b"news", b"for all"]
        assert [data for _, data in stream.receive()] == ["for all"]
        assert [event["event"] for event in other.receive_events(3) if "event" in event] == ["a", "c"]


def test_a_channel_that_cannot_be_shown_so_is_refused_and_heard(chat, queue):
    for channel in ("chat.1", "presence.room", "b!d"):
        with Client(chat, f"/?as=payload&channels=news,{channel}") as client:
            assert client.receive_until_end() == [] and client.frames.close[0] == 4503
    with Stream(chat, "/events?as=payload&channels=chat.1") as stream:
        assert stream.receive_events()[0]["code"] == "forbidden" and stream.names == ["wsqueue.error"]


def test_the_rules_are_looked_at_with_each_delivery(start, queue):
    server = start("--rules", str(write_rules(queue, [])))
    with Client(server, "/?as=payload&channels=chat.1") as client:
        put(queue, {"event": "a", "payload": 1, "channel": "chat.1"})
        assert client.receive() == [b"1"]
        write_rules(queue, [{"channel": "chat.{room}", "publish": "anyone"}])
        server.signal(signal.SIGHUP)
        server.wait_for("rules.reload")
        put(queue, {"event": "a", "payload": 2, "channel": "chat.1"}, {"event": "b", "payload": 3})
        assert client.receive() == [b"3"]


def test_it_goes_with_no_subprotocol_and_answers_no_actions(server):
    asked, _ = handshake_request(server.host, server.port, "/?as=payload", PROTOCOL)
    answer = exchange(server, asked)
    assert answer.status == 400 and b"as=payload" in answer.body
    with Client(server, "/?as=payload") as client:
        client.send_action("pong")
        client.send_action("subscribe", channel="orders")
        client.receive_until_end()
        assert client.frames.close[0] == 1003


def test_lines_of_json_have_whole_messages(server):
    answer = request(server, "/events?as=payload&poll=1", "Accept: application/x-ndjson")
    assert answer.status == 400 and b"jq .payload" in answer.body
