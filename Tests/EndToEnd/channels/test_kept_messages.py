"""Messages of clients that are kept, where a rule says `"durable": true` (SPEC §4): events of the queue, with a seq."""

import contextlib

import pytest

from support.client import Client
from support.files import waiting
from support.rules import write_rules
from support.speaking import PROTOCOL, Chatting, Speaking
from support.tokens import make_token, write_secrets
from support.waiting import eventually

RULES = [
    {"channel": "chat.{room}", "subscribe": "anyone", "publish": "authenticated", "durable": True},
    {"channel": "open", "subscribe": "anyone", "publish": "anyone", "durable": True},
    {"channel": "talk", "subscribe": "anyone", "publish": "anyone", "durable": False},
]


@pytest.fixture
def options(queue):
    return ["--jwt-secret-file", str(write_secrets(queue)), "--rules", str(write_rules(queue, RULES))]


@pytest.fixture
def many():
    with contextlib.ExitStack() as stack:
        yield stack.enter_context


def user(server, name="42"):
    return Speaking(server, f"/?token={make_token(name)}").subscribe("chat.1", "open", "talk")


def say(client, message, channel="chat.1", **data):
    """Sends a message; gives the answer and what came as an event."""
    client.send_action("message", channel=channel, message=message, **data)
    answers = {got.get("action") == "message_sent": got for got in client.receive_events(2)}
    return answers[True], answers[False]


def refused(client, message="x", channel="chat.1", **data):
    client.send_action("message", channel=channel, message=message, **data)
    [answer] = client.receive_events()
    assert answer["action"] == "error", answer
    return answer["code"]


def test_a_message_is_an_event_for_all_who_listen_and_stays_in_the_history(queue, start, options, many):
    server = start(*options)
    sender, stranger = many(user(server)), many(Speaking(server).subscribe("chat.1"))
    page = many(Chatting(server).subscribe("chat.1"))
    cursor = sender.welcome["cursor"]
    text = {"text": "hällo", "n": 1.5}
    answer, event = say(sender, text)
    assert answer == {"success": True, "action": "message_sent", "id": event["id"]}
    assert event["event"] == "message" and event["payload"] == text and event["channel"] == "chat.1"
    prefix, author, rest = event["id"].split(":")
    assert (prefix, author, len(rest)) == ("client", "42", 16)
    assert stranger.receive_events() == [event]
    [old] = page.receive_events()
    assert old == {
        "action": "message", "channel": "chat.1", "sender": 0, "message": text, "time": event["timestamp"],
        "event": "message", "id": event["id"], "seq": event["seq"]}
    server.wait_for("event.sent", id=event["id"], pub="client:42")
    eventually(lambda: waiting(queue) == [], "its file is gone")
    for _ in range(2):
        with Client(server, f"/?channels=chat.1&since={cursor}", protocol=PROTOCOL) as again:
            assert event in again.receive_events(3)
        server.terminate()
        server = start(*options)


def test_messages_of_one_client_keep_their_order(start, options, many):
    server = start(*options, "--messages-per-minute", "0", "--threads", "3")
    sender, listener = many(user(server)), many(Speaking(server).subscribe("chat.1"))
    for number in range(100):
        sender.send_action("message", channel="chat.1", message=number)
    assert [event["payload"] for event in listener.receive_events(100)] == list(range(100))
    answers = [got for got in sender.receive_events(200) if got.get("action") == "message_sent"]
    assert len({answer["id"] for answer in answers}) == 100


def test_what_cannot_be_kept_is_refused_with_an_error(queue, start, options, many):
    server = start(*options, "--event-size", "2K")
    sender, stranger = many(user(server)), many(Speaking(server).subscribe("chat.1", "open", "talk"))
    assert refused(stranger) == refused(stranger, channel="open") == "forbidden"
    assert refused(sender, recipients=[stranger.id]) == "invalid_field"
    assert refused(many(Speaking(server, f"/?token={make_token('7')}"))) == "not_subscribed"
    assert refused(sender, "x" * 3_000) == "too_large"
    queue.rename(queue.parent / "gone")
    assert refused(sender) == "unavailable"
    (queue.parent / "gone").rename(queue)
    # Where the rule does not say so it is of the moment, also for strangers.
    stranger.send_action("message", channel="talk", message=1)
    assert {got["action"] for got in stranger.receive_events(2)} == {"message", "message_sent"}


def test_the_rate_holds(start, options, many):
    # Three subscriptions were charged before.
    sender = many(user(start(*options, "--messages-per-minute", "5")))
    for number in range(2):
        say(sender, number)
    assert refused(sender) == "rate_limited"


def test_on_all_nodes_with_one_number(start_nodes, redis, options, many):
    nodes = start_nodes(2, redis, *options)
    sender, other = many(user(nodes[0])), many(user(nodes[1], "43"))
    _, event = say(sender, "to all")
    assert other.receive_events() == [event] and event["payload"] == "to all"
