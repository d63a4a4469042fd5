"""How much a client may say, what it is told beyond that, and when it is closed (SPEC §4, limits)."""

import json
import signal
import time

import pytest

from support.client import Client
from support.frames import client_frame
from support.speaking import Chatting, Speaking
from support.waiting import eventually

TEXT = "Rate limit exceeded. Please slow down."


def action(name, **data):
    return client_frame(1, json.dumps({"action": name, "data": data}).encode())


def ask_much(client, count, what=None):
    client.socket.sendall((what or action("subscribe", channel="x")) * count)


@pytest.mark.parametrize("dialect", [Speaking, Chatting])
def test_sixty_messages_a_minute_are_answered_and_the_next_is_told_when_to_come_back(server, dialect):
    with dialect(server) as one:
        ask_much(one, 61)
        *answers, error = one.receive_events(61)
        assert all(answer["success"] for answer in answers)
        assert error == {
            "success": False, "action": "error", "error": TEXT, "code": "rate_limited", "retry_after": 1,
            "request": "subscribe"}


def test_who_waits_as_long_as_he_is_told_is_answered(start):
    server = start("--messages-per-minute", "30")
    with Speaking(server) as one:
        ask_much(one, 31)
        error = one.receive_events(31)[-1]
        assert error["retry_after"] in (1, 2), error
        # The clock is what this is about.
        time.sleep(error["retry_after"])
        assert one.ask("subscribe", channel="x")["success"] is True


def test_the_seconds_left_are_the_real_ones(start):
    server = start("--messages-per-minute", "2")
    with Speaking(server) as one:
        ask_much(one, 3)
        assert one.receive_events(3)[-1]["retry_after"] == 30


@pytest.mark.parametrize("heartbeat, answer", [("ping", {"action": "pong"}), ("pong", None)])
def test_heartbeats_are_free(start, heartbeat, answer):
    server = start("--messages-per-minute", "1")
    with Speaking(server) as one:
        ask_much(one, 200, action(heartbeat))
        if answer:
            assert one.receive_events(200) == [answer] * 200
        assert one.ask("subscribe", channel="x")["success"] is True


def test_what_is_given_back_is_free_and_many_channels_are_one_message(start):
    server = start("--messages-per-minute", "1")
    with Speaking(server) as one:
        names = [f"room.{number}" for number in range(100)]
        answer = one.ask("subscribe", channels=[*names, "private.x"])
        assert (answer["channels"], answer["refused"]) == (names, {"private.x": "forbidden"})
        assert one.ask("subscribe", channel="y")["code"] == "rate_limited"
        ask_much(one, 200, action("unsubscribe", channel="x"))
        assert all(answer["success"] for answer in one.receive_events(200))
        assert one.ask("unsubscribe", channels=names[:99])["channels"] == names[:99]


@pytest.mark.parametrize("text", [b"", b"{}", b"no json", b'{"action":"dance"}', b'{"action":"subscribe"}'])
def test_a_message_that_means_nothing_counts_too(start, text):
    server = start("--messages-per-minute", "3")
    with Speaking(server) as one:
        ask_much(one, 4, client_frame(1, text))
        assert [answer["code"] == "rate_limited" for answer in one.receive_events(4)] == [False] * 3 + [True]


def test_who_goes_on_is_closed(start):
    server = start("--messages-per-minute", "10")
    with Speaking(server) as one, Speaking(server) as other:
        ask_much(one, 25)
        messages = [json.loads(message) for message in one.receive_until_end()]
        assert [message.get("code") for message in messages] == [None] * 10 + ["rate_limited"] * 10
        assert one.frames.close == (4029, "too many messages")
        server.wait_for("client.error", code=4029, reason="message rate")
        assert other.ask("subscribe", channel="x")["success"] is True
    server.signal(signal.SIGUSR1)
    status = server.wait_for("server.status")
    assert (status["limited"], status["flooded"]) == ("11", "1")


def test_no_limit_is_a_choice(start):
    server = start("--messages-per-minute", "0", "--frame-rate", "0")
    with Speaking(server) as one:
        ask_much(one, 2_000)
        assert all(answer["success"] for answer in one.receive_events(2_000))


def test_a_client_that_asks_for_it_is_pinged_by_messages(start):
    server = start("--ping", "200ms", "--pong", "150ms")
    with Client(server, "/?heartbeat=app") as one, Client(server) as other:
        for _ in range(5):
            assert one.receive_events() == [{"action": "ping"}]
            one.send_action("pong")
        assert not other.frames.messages
    with Speaking(server, "/?heartbeat=app", "x") as one:
        # Who speaks is told where it stands, too.
        assert one.receive_events(3) == [{"action": "ping", "cursor": one.welcome["cursor"]}] * 3


def test_a_client_that_answers_no_ping_message_is_closed(start):
    server = start("--ping", "300ms", "--pong", "200ms")
    one = Client(server, "/?heartbeat=app")
    # Only read, never answered.
    received = b""
    one.socket.settimeout(10)
    while data := one.socket.recv(65_536):
        received += data
    assert received.startswith(client_frame(1, b"")[:1]) and b'{"action":"ping"}' in received
    eventually(lambda: server.logged("client.close", code=1001), "the end is logged")
