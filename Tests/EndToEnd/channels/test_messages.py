"""What clients say to each other, as far as rules let them (SPEC §4, `message`)."""

import json
import time

import pytest

from support.client import Client
from support.rules import write_rules
from support.speaking import Chatting, Speaking

RULES = [
    {"channel": "chat.{room}", "publish": "anyone"},
    {"channel": "chat.{room}.read", "publish": "none"},
]


@pytest.fixture
def rules(queue):
    return str(write_rules(queue, RULES))


@pytest.fixture(params=["1", "3"])
def chat(request, start, rules):
    """A server with so many loops, in which clients may send to `chat.…`."""
    return start("--rules", rules, "--threads", request.param)


@pytest.mark.parametrize("dialect", [Speaking, Chatting])
def test_a_message_goes_to_every_subscriber_and_the_sender_is_told_how_many(chat, dialect):
    with dialect(chat, "/", "chat.a") as sender, Speaking(chat, "/", "chat.*") as one, \
            Chatting(chat, "/", "chat.a") as two, Speaking(chat, "/", "chat.b") as other:
        before = int(time.time())
        sender.send(1, b'{"action":"message","data":{"channel":"chat.a","message":{"text" : "\\u00e9"}}}')
        texts = {client.receive()[0].decode() for client in (one, two, sender)}
        assert len(texts) == 1
        moment = json.loads(*texts)["time"]
        assert before <= moment <= time.time()
        assert texts == {
            '{"action":"message","channel":"chat.a","sender":%d,"message":{"text" : "\\u00e9"},"time":%d}'
            % (sender.id, moment)}
        assert sender.receive() == [b'{"success":true,"action":"message_sent","recipients_count":3}']
        assert other.ask("ping") == {"action": "pong"}


def test_a_message_may_be_for_some_of_the_subscribers(chat):
    clients = [Speaking(chat, "/", "chat.a") for _ in range(6)]
    outside = Speaking(chat)
    chosen = clients[1:4]
    ids = [client.id for client in chosen]
    clients[0].send_action("message", channel="chat.a", message=1, recipients=[*ids, ids[0], outside.id, 999_999])
    for client in chosen:
        assert client.receive_events()[0]["message"] == 1
    assert clients[0].receive_events() == [{"success": True, "action": "message_sent", "recipients_count": 3}]
    for client in (*clients[4:], outside):
        assert client.ask("ping") == {"action": "pong"}
    for client in (*clients, outside):
        client.socket.close()


@pytest.mark.parametrize("recipients", [[], [999_999]])
def test_a_message_for_nobody_reaches_nobody(chat, recipients):
    with Speaking(chat, "/", "chat.a") as sender:
        answer = sender.ask("message", channel="chat.a", message=1, recipients=recipients)
        assert answer == {"success": True, "action": "message_sent", "recipients_count": 0}


def test_messages_of_one_sender_keep_their_order_for_everyone(start, rules):
    server = start("--rules", rules, "--threads", "3", "--messages-per-minute", "0")
    clients = [Speaking(server, "/", "chat.a") for _ in range(7)]
    for number in range(300):
        clients[0].send_action("message", channel="chat.a", message=number)
    for client in clients[1:]:
        assert [event["message"] for event in client.receive_events(300)] == list(range(300))
    # Each is answered before the next is heard.
    own = clients[0].receive_events(600)
    assert [event["action"] for event in own] == ["message", "message_sent"] * 300
    assert [event["message"] for event in own if event["action"] == "message"] == list(range(300))
    assert [event["recipients_count"] for event in own if event["action"] == "message_sent"] == [7] * 300
    for client in clients:
        client.socket.close()


def test_only_a_subscriber_may_send(chat):
    with Speaking(chat, "/", "chat.b") as sender:
        assert sender.ask("message", channel="chat.a", message=1) == {
            "success": False, "action": "error", "error": "Not subscribed to channel", "code": "not_subscribed",
            "channel": "chat.a", "request": "message"}


def test_only_where_a_rule_lets_clients_send(chat):
    with Speaking(chat, "/", "chat.a.read", "news", "**") as sender:
        for channel in ("chat.a.read", "news", "anything"):
            assert sender.ask("message", channel=channel, message=1)["code"] == "forbidden"


@pytest.mark.parametrize("recipients, is_valid", [
    (None, True), ([1.5], False), (["1"], False), ({}, False), (7, False),
])
def test_recipients_are_connection_ids(chat, recipients, is_valid):
    with Speaking(chat, "/", "chat.a") as sender:
        answer = sender.ask("message", channel="chat.a", message=1, recipients=recipients)
        assert (answer["action"] == "message") == is_valid
        assert is_valid or answer["code"] == "invalid_field"


def test_a_message_is_not_kept(chat):
    with Speaking(chat, "/", "chat.a") as sender:
        cursor = sender.welcome["cursor"]
        sender.send_action("message", channel="chat.a", message=1)
        sender.receive(2)
    with Speaking(chat) as late:
        late.send_action("subscribe", channel="chat.a", since=cursor)
        assert late.receive_events()[0]["success"]
        assert late.ask("ping") == {"action": "pong"}


def test_a_subscriber_that_reads_nothing_is_closed_and_costs_bounded_memory(start, rules):
    server = start("--rules", rules, "--messages-per-minute", "0", "--behind-size", "256K", "--threads", "1")
    with Client(server, "/?channels=chat.a", receive_buffer=4_096) as deaf, Speaking(server, "/", "chat.a") as sender:
        text = "x" * 60_000
        for number in range(200):
            sender.send_action("message", channel="chat.a", message=text)
            sender.receive(2)
            if server.logged("client.slow"):
                break
        assert server.logged("client.slow") and number < 199
        deaf.receive_until_end()
        assert deaf.frames.close[0] == 4008
        answer = [sender.send_action("message", channel="chat.a", message=1), *sender.receive_events(2)][-1]
        assert answer["recipients_count"] == 1
