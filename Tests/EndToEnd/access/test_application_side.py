"""What the application may ask and command over HTTP (SPEC §4): who may, which channels are listened to, who is there,
and users that are sent away."""

import contextlib
import json
import os
import signal
import time

import pytest

from support.asking import APP_TOKEN, app, told, write_app_tokens
from support.client import Client
from support.http import request
from support.speaking import Speaking
from support.stream import Stream
from support.tokens import make_token, soon, write_secrets
from support.waiting import eventually

PUBLISH_TOKEN = "a publish token, which is for publishing only"


@pytest.fixture
def server(queue, start):
    publishers = queue.parent / "publishers"
    publishers.write_text(PUBLISH_TOKEN + "\n")
    publishers.chmod(0o600)
    return start(
        "--jwt-secret-file", str(write_secrets(queue)), "--app-token-file", str(write_app_tokens(queue)),
        "--publish-token-file", str(publishers), "--messages-per-minute", "0", "--threads", "3")


@pytest.fixture
def many():
    with contextlib.ExitStack() as stack:
        yield stack.enter_context


def user(server, name="42", path="/", *channels, **claims):
    return Speaking(server, path, *channels, headers=[f"Authorization: Bearer {make_token(name, **claims)}"])


def close_of(client):
    """The code and reason of the close, after all that came before it."""
    client.receive_until_end()
    return client.frames.close


ROUTES = [("GET", "/channels", None), ("GET", "/presence/presence.room", None), ("POST", "/disconnect", {"user": "x"})]


@pytest.mark.parametrize("method, path, body", ROUTES, ids=lambda value: str(value)[:12])
@pytest.mark.parametrize("token, status", [
    (None, 401), ("wrong", 401), (PUBLISH_TOKEN, 401), (APP_TOKEN, 200), ("user", 403), ("admin", 200),
    ("expired", 401),
])
def test_only_the_application_and_admins_may(server, method, path, body, token, status):
    token = {
        "user": make_token("7", role="editor"), "admin": make_token("7", role=["editor", "admin"]),
        "expired": make_token("7", role="admin", exp=soon(-60))}.get(token, token)
    assert app(server, path, body, token=token)[0] == status
    if status != 200:
        eventually(
            lambda: server.logged("client.denied", reason="app token") + server.logged("client.denied", reason="token"),
            "it is told")
    assert bool(server.logged("client.denied")) == (status != 200)


def test_an_application_token_is_no_publish_token(server):
    assert app(server, "/publish", {"event": "a"})[0] == 401
    assert app(server, "/publish", {"event": "a"}, token=PUBLISH_TOKEN)[0] == 202


def test_without_the_file_no_one_may_but_this_machine_is_not_the_application(start):
    server = start()
    assert {app(server, path, body)[0] for _, path, body in ROUTES} == {401}


def test_methods_pages_and_bodies_that_are_not_meant(server):
    assert app(server, "/channels", {})[0] == 405
    assert app(server, "/disconnect")[0] == 405
    assert request(server, "/disconnect", "Origin: https://evil.test", method="OPTIONS").status == 403
    assert request(server, "/channels", "Origin: https://evil.test", f"Authorization: Bearer {APP_TOKEN}").status == 403
    assert app(server, "/presence/orders")[0] == 404
    assert app(server, "/channels?limit=0")[0] == app(server, "/channels?channels=a%20b")[0] == 400
    for body in ({}, [], b"{", {"user": 1, "connection": 2}, {"user": ""}, {"user": [1]}, {"user": 1, "for": 600},
                 {"user": 1, "for": "10"}, {"user": 1, "for": "-5s"}, {"user": 1, "for": "367d"}, {"usr": 1},
                 {"user": 1, "fro": "10m"}, b'{"user":1,"user":2}', {"connection": "18"},
                 {"connection": 1, "for": "5m"}):
        status, text = app(server, "/disconnect", body)
        assert status == 400 and text, (body, status, text)
    status, text = app(server, "/disconnect", b" " * 70_000 + b'{"user":1}')
    # It is no event, and no option makes it larger.
    assert status == 413 and "bytes." in str(text) and "--event-size" not in str(text)


def test_tokens_are_read_again_and_a_file_that_cannot_be_used_changes_nothing(queue, server):
    path = write_app_tokens(queue, "another-token-of-the-application")
    server.signal(signal.SIGHUP)
    eventually(lambda: app(server, "/channels")[0] == 401, "the token that is gone is refused")
    assert app(server, "/channels", token="another-token-of-the-application")[0] == 200
    path.write_text("short\n")
    server.signal(signal.SIGHUP)
    server.wait_for("applications.reload", level="error")
    assert app(server, "/channels", token="another-token-of-the-application")[0] == 200
    os.chmod(path, 0o644)
    server.signal(signal.SIGHUP)
    server.wait_for("config.warn", file=str(path))


def test_channels_are_listed_with_how_many_listen(server, many):
    for number in range(9):
        client = many(user(server, str(number % 2)))
        client.subscribe("orders")
        client.send_action("subscribe", channel="presence.room")
        client.send_action("subscribe", channel=f"only.{number}")
        client.receive_events(3)
    many(Client(server))
    rest = [{"channel": f"only.{number}", "clients": 1} for number in range(9)]
    room = {"channel": "presence.room", "clients": 9, "users": 2}
    assert told(server, "/channels") == {
        "complete": True, "channels": [*rest, {"channel": "orders", "clients": 9}, room]}
    assert told(server, "/channels?prefix=only.8")["channels"] == [{"channel": "only.8", "clients": 1}]
    some = told(server, "/channels?channels=only.*,orders&limit=2")
    assert [entry["channel"] for entry in some["channels"]] == ["only.0", "only.1"] and some["next"] == "only.1"
    found, page = [], {"next": ""}
    while "next" in page:
        page = told(server, f"/channels?limit=4&after={page['next']}")
        found += page["channels"]
    assert found == told(server, "/channels")["channels"]


def test_who_is_there_is_told_in_pages(server, many):
    for number in range(120):
        client = many(user(server, str(number), info={"name": f"n{number}"}))
        client.send_action("subscribe", channel="presence.room")
        client.receive_events(2)
    page = told(server, "/presence/presence.room")
    assert page["channel"] == "presence.room" and page["count"] == 120 and len(page["members"]) == 100
    assert page["members"][0] == {"user": "0", "status": "online", "info": {"name": "n0"}}
    rest = told(server, f"/presence/presence.room?after={page['next']}")
    assert [member["user"] for member in rest["members"]] == [str(n) for n in range(100, 120)] and "next" not in rest
    assert told(server, "/presence/presence.nobody") == {"channel": "presence.nobody", "members": [], "count": 0}


def test_a_user_is_sent_away_with_all_tokens_of_the_time_before(server, many):
    old, fresh, undated = make_token(iat=soon(-5)), make_token(iat=soon(5)), make_token()
    speaking = many(Speaking(server, headers=[f"Authorization: Bearer {old}"]))
    plain = many(Client(server, f"/?token={undated}"))
    stream = many(Stream(server, f"/events?token={old}"))
    other = many(user(server, "43"))
    assert told(server, "/disconnect", {"user": 42, "for": "10m"}) == {"complete": True, "closed": 3}
    [message] = [json.loads(text) for text in speaking.receive_until_end()]
    assert message["code"] == "disconnected"
    for client in (speaking, plain):
        assert client.frames.close == (4504, "disconnected by the application") or close_of(client)[0] == 4504
    assert [message["code"] for message in stream.receive_until_end()] == ["disconnected"]
    # The same tokens are refused whatever way they come; a page is told.
    for token in (old, undated):
        assert request(server, "/events", f"Authorization: Bearer {token}").status == 401
        page = many(Client(server, f"/?token={token}", headers=[f"Origin: http://{server.host}:{server.port}"]))
        assert close_of(page)[0] == 4501
        answer = other.ask("authenticate", token=token)
        assert answer["code"] == "invalid_token" and "disconnected" in answer["error"]
    assert server.logged("client.denied", reason="token", cause="disconnected")
    assert server.logged("app.disconnect", user="42", closed="3", for_s="600")
    # One that was made since is good, and so is everybody else's.
    many(Speaking(server, headers=[f"Authorization: Bearer {fresh}"]))
    assert other.ask("authenticate", token=make_token("43", iat=soon(-5)))["success"]


def test_the_time_ends_and_0s_only_closes(server, many):
    first = many(user(server))
    assert told(server, "/disconnect", {"user": "42", "for": "0s"})["closed"] == 1
    assert close_of(first)[0] == 4504
    second = many(user(server))
    assert told(server, "/disconnect", {"user": "42", "for": "1500ms"})["closed"] == 1
    assert close_of(second)[0] == 4504
    assert request(server, "/events", f"Authorization: Bearer {make_token()}").status == 401
    until = time.monotonic() + 10
    while True:
        with contextlib.suppress(AssertionError):
            many(user(server))
            break
        assert time.monotonic() < until
        time.sleep(0.1)


def test_who_is_kept_away_is_so_after_a_restart(queue, start, server):
    assert told(server, "/disconnect", {"user": "jane"})["closed"] == 0
    assert told(server, "/disconnect", {"user": 42, "for": "1s"})["closed"] == 0
    made = queue / ".journal/.disconnected"
    assert made.stat().st_mode & 0o777 == 0o600 and len(made.read_text().splitlines()) == 2
    server.process.kill()
    server.process.wait(10)
    with made.open("a") as file:
        file.write('{"user":"joe","issued_up_to":99')
    time.sleep(1)
    server = start("--jwt-secret-file", str(write_secrets(queue)))
    statuses = {name: request(server, "/cursor", f"Authorization: Bearer {make_token(name)}").status
                for name in ("jane", "42", "joe")}
    assert statuses == {"jane": 401, "42": 200, "joe": 200}
    assert request(server, "/cursor", f"Authorization: Bearer {make_token('jane', iat=soon(5))}").status == 200
    assert [json.loads(line)["user"] for line in made.read_text().splitlines()] == ["jane"]


def test_one_connection_is_closed_and_may_come_back(server, many):
    stays, goes, plain = many(user(server)), many(user(server)), many(Client(server))
    assert told(server, "/disconnect", {"connection": goes.id}) == {"complete": True, "closed": 1}
    assert close_of(goes)[0] == 4504
    number = int(server.logged("client.open", proto="plain")[0]["conn"])
    assert told(server, "/disconnect", {"connection": number})["closed"] == 1
    assert close_of(plain)[0] == 4504
    assert told(server, "/disconnect", {"connection": goes.id})["closed"] == 0
    assert stays.ask("ping") == {"action": "pong"}
    many(user(server))
