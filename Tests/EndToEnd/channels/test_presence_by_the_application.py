"""Who is there because the application says so: `POST /presence/<channel>` (SPEC §4)."""

import json

import pytest

from support.asking import app, told, write_app_tokens
from support.speaking import Speaking, presence_of
from support.tokens import make_token, write_secrets

ROOM = "/presence/presence.room"


@pytest.fixture
def server(queue, start):
    return start(
        "--jwt-secret-file", str(write_secrets(queue)), "--app-token-file", str(write_app_tokens(queue)),
        "--presence-grace", "300ms")


@pytest.fixture
def listener(server):
    """A client that listens and, without a token, is not there itself."""
    with Speaking(server) as client:
        client.subscribe("presence.room")
        client.receive_events()
        yield client


def news(client):
    kind, users, count = presence_of(client.receive_events()[0])
    return kind, tuple(sorted(users)), count


def test_users_come_by_word_and_leave_when_it_is_over_or_taken_back(server, listener):
    assert told(server, ROOM, {"user": 42, "status": "busy", "info": {"name": "Jo"}, "for": "10m"}) == {
        "channel": "presence.room", "set": 1, "count": 1}
    [joined] = listener.receive_events()
    assert presence_of(joined) == ("join", ("42",), 1)
    assert joined["payload"]["members"][0] == {"user": "42", "status": "busy", "info": {"name": "Jo"}}
    assert told(server, ROOM, {"user": 43, "for": "100ms"})["count"] == 2
    assert news(listener) == ("join", ("43",), 2)
    assert news(listener) == ("leave", ("43",), 1)
    assert told(server, ROOM, {"user": "42", "for": "0s"})["set"] == 1
    assert news(listener) == ("leave", ("42",), 0)
    assert told(server, ROOM)["members"] == []


def test_a_whole_list_replaces_what_was_said_and_leaves_who_is_connected(server, listener):
    with Speaking(server, f"/?token={make_token('7')}") as client:
        client.subscribe("presence.room")
        assert news(listener) == ("join", ("7",), 1)
        assert told(server, ROOM, {"users": [1, "2", {"user": 3, "status": "away"}], "for": "5m"})["count"] == 4
        assert news(listener) == ("join", ("1", "2", "3"), 4)
        assert told(server, ROOM, {"users": [3], "for": "5m"})["set"] == 1
        assert news(listener) == ("leave", ("1", "2"), 2)
        members = told(server, ROOM)["members"]
        assert members == [{"user": "7", "status": "online"}, {"user": "3", "status": "away"}]
        told(server, ROOM, {"users": [], "for": "5m"})
        assert news(listener) == ("leave", ("3",), 1)


def test_how_one_is_who_is_connected(server, listener):
    with Speaking(server, f"/?token={make_token('7', info={'name': 'Jo'})}") as client:
        client.subscribe("presence.room")
        listener.receive_events()
        body = {"user": 7, "status": "away", "activity": {"page": 3}}
        assert told(server, ROOM, body) == {"channel": "presence.room", "set": 1, "count": 1}
        [update] = listener.receive_events()
        assert update["payload"]["members"] == [
            {"user": "7", "status": "away", "activity": {"page": 3}, "info": {"name": "Jo"}}]
        told(server, ROOM, {"user": 7, "activity": None})
        assert "activity" not in listener.receive_events()[0]["payload"]["members"][0]
        assert told(server, ROOM, {"user": 8, "status": "away"})["set"] == 0
    assert news(listener) == ("leave", ("7",), 0)


@pytest.mark.parametrize("body, says", [
    ({}, "Say of whom"), ({"user": 1, "status": "gone"}, "'status' is online"), ({"user": ""}, "id"),
    ({"user": 1, "for": "2d"}, "at most 1 days"), ([], "expected"),
    ({"users": [1]}, "Say with 'for'"), ({"users": [[]], "for": "1m"}, "'user'"), ({"users": 1, "for": "1m"}, "list"),
    ({"user": 1, "activity": "x" * 1_100, "for": "1m"}, "1024 bytes"),
    ({"user": 1, "users": [], "for": "1m"}, "whole list"), ({"user": 1, "statsu": "away"}, "means nothing"),
])
def test_what_cannot_be_meant_is_refused_with_the_reason(server, body, says):
    status, answer = app(server, ROOM, body)
    assert status == 400 and says in answer, answer


def test_only_the_application_may_and_only_where_it_is_tracked(server):
    body = {"user": 1, "for": "1m"}
    assert app(server, ROOM, body, token=make_token("7"))[0] == 403
    assert app(server, "/presence/orders", body)[0] == 404
    assert app(server, ROOM, json.dumps(body).encode() + b" " * (1 << 20))[0] == 413
    assert app(server, ROOM, {"users": [str(n) for n in range(70_000)], "for": "1m"})[0] == 503
    assert told(server, ROOM, {"users": [str(n) for n in range(10_000)], "for": "1m"})["count"] == 10_000
