"""Refusals that a page hears: browsers hide HTTP statuses, so it is told over a WebSocket, which is then closed."""

import json
import time

import pytest

from support.client import Client, handshake_request
from support.files import name_of, place
from support.http import exchange, request
from support.rules import write_rules
from support.speaking import PROTOCOL, Speaking
from support.tokens import make_token, soon, write_secrets
from support.waiting import eventually

PAGE = "Origin: http://localhost:3000"


def shake(server, *fields, path="/", protocol=None):
    data, _ = handshake_request("localhost", server.port, path, protocol, fields)
    return exchange(server, data)


def told(server, path="/", protocol=None, *fields):
    """What a page hears: the messages, the close frame, and after how many seconds it came."""
    with Client(server, path, protocol=protocol, headers=[PAGE, *fields]) as client:
        began = time.monotonic()
        messages = [json.loads(message) for message in client.receive_until_end(timeout=20)]
        return messages, client.frames.close, time.monotonic() - began


@pytest.fixture
def guarded(start, queue):
    return lambda *options: start("--jwt-secret-file", str(write_secrets(queue)), *options)


@pytest.mark.parametrize("token, code, name", [
    ("x.y.z", 4501, "invalid_token"), (make_token(secret="x" * 64), 4501, "invalid_token"),
    (make_token(exp=soon(-3_600)), 4001, "token_expired"), (make_token(type="refresh"), 4501, "invalid_token"),
])
@pytest.mark.parametrize("protocol", [None, PROTOCOL])
def test_a_page_hears_why_its_token_is_refused(guarded, token, code, name, protocol):
    server = guarded()
    [message], close, seconds = told(server, f"/?token={token}", protocol)
    assert (message["success"], message["code"]) == (False, name) and message["error"].endswith(".")
    assert close[0] == code and close[1] == message["error"]
    assert 0.9 <= seconds < 3
    assert len(server.logged("client.denied", reason="token")) == 1
    assert not server.logged("client.open")


def test_who_sees_statuses_gets_one(guarded):
    server = guarded()
    for fields in ([], [PAGE, f"Authorization: Bearer {make_token(secret='x' * 64)}"]):
        assert shake(server, *fields, path="/?token=x.y.z").status == 401
    assert request(server, "/events?token=x.y.z", PAGE).status == 401
    # What a page must not get at all stays before the upgrade.
    assert shake(server, "Origin: https://evil.example", path="/?token=x.y.z").status == 403
    assert shake(server, PAGE, path="/?token=x&token=y").status == 400


def test_each_refusal_of_an_address_takes_longer_up_to_ten_seconds(guarded):
    server = guarded()
    path = "/?token=x.y.z"
    times = [told(server, path)[2] for _ in range(3)]
    assert all(0.95 * 2 ** turn <= seconds < 2 ** turn + 3 for turn, seconds in enumerate(times)), times
    with Client(server, path, headers=[PAGE]) as client:
        began = time.monotonic()
        assert told(server, path)[2] < 10.9
        client.receive_until_end(timeout=20)
        assert time.monotonic() - began < 12


def test_one_that_is_refused_gets_nothing_and_counts(guarded, queue):
    server = guarded("--clients-per-address", "2", "--threads", "1")
    with Client(server, "/?token=x.y.z", headers=[PAGE]) as refused, Client(server) as client:
        refused.receive()
        assert shake(server).status == 429
        place(queue, name_of(1), json.dumps({"event": "e"}))
        assert client.receive_events()[0]["event"] == "e"
        refused.send(1, b'{"action":"subscribe","data":{"channel":"a"}}')
        assert refused.receive_until_end() == []
        assert refused.frames.close[0] == 4501


def test_a_token_may_be_required(guarded, queue):
    server = guarded("--require-token")
    [message], close, _ = told(server)
    assert (message["code"], close[0]) == ("forbidden", 4503)
    assert server.wait_for("client.denied", reason="rule")["path"] == "/"
    assert shake(server).status == 401
    for path in ("/events", "/cursor"):
        assert request(server, path).status == 401
    assert request(server, "/live").status == request(server, "/wsqueue.js").status == 200
    with Speaking(server, f"/?token={make_token()}") as client:
        place(queue, name_of(1), json.dumps({"event": "e"}))
        assert client.receive_events()[0]["event"] == "e"
    assert request(server, "/cursor", f"Authorization: Bearer {make_token()}").status == 200


RULES = [
    {"connect": "/notifications", "allow": "authenticated", "channels": ["notifications"],
     "greeting": {"type": "connected", "n": 1.0}},
    {"connect": "/user/{id}", "allow": "user:{id}", "channels": ["user.{id}"]},
    {"connect": "/admin", "allow": "role:admin"}, {"connect": "/closed", "allow": "none"},
    {"connect": "/events", "allow": "role:admin"}, {"connect": "/open", "allow": "anyone"},
]


def test_rules_say_who_may_connect_where_and_what_they_get(guarded, queue):
    server = guarded("--rules", str(write_rules(queue, RULES)))
    token = f"token={make_token()}"
    for path, query, status in [
            ("/notifications", "", 401), ("/notifications", token, 101), ("/notifications/", token, 101),
            ("/user/42", token, 101), ("/user/7", token, 403), ("/user/7", "", 401), ("/admin", token, 403),
            ("/admin", f"token={make_token(role='admin')}", 101), ("/closed", token, 403), ("/closed", "", 403),
            ("/open", "", 101), ("/elsewhere", "", 101)]:
        assert shake(server, path=f"{path}?{query}").status == status, (path, query)
        if status >= 400:
            assert told(server, f"{path}?{query}")[1][0] == 4503
    assert request(server, "/events").status == 401
    assert request(server, f"/events?{token}").status == request(server, f"/cursor?{token}").status == 403
    assert request(server, f"/cursor?token={make_token(role='admin')}").status == 200
    with Client(server, f"/notifications?{token}") as client, Client(server, f"/user/42?{token}") as user:
        assert client.receive() == [b'{"type": "connected", "n": 1.0}']
        for number, channel in enumerate(["notifications", "user.42", "other"]):
            place(queue, name_of(number), json.dumps({"event": channel, "channel": channel}))
        place(queue, name_of(3), json.dumps({"event": "all"}))
        assert [event["event"] for event in client.receive_events(2)] == ["notifications", "all"]
        assert [event["event"] for event in user.receive_events(2)] == ["user.42", "all"]


def test_a_rule_about_a_path_goes_before_the_required_token(guarded, queue):
    server = guarded(
        "--require-token", "--rules", str(write_rules(queue, [{"connect": "/open", "allow": "anyone"}])))
    assert shake(server, path="/open").status == 101
    assert shake(server).status == 401


@pytest.mark.parametrize("text", [
    '[{"connect":"open"}]', '[{"connect":"/a","channel":"a"}]', '[{"connect":"/a","allow":"ask"}]',
    '[{"connect":"/a","allow":"claim"}]', '[{"connect":"/a","channels":"a"}]', '[{"connect":"/a","channels":["a b"]}]',
    '[{"connect":"/a","channels":["{id}"]}]', '[{"connect":7}]', '[{"channel":"a","subscribe":"none","allow":"none"}]',
    '[{"connect":"/a/*"}]', '[{"connect":"/a","allow":"user:{id}"}]',
])
def test_mistakes_in_rules_about_paths_are_refused(start, queue, text):
    server = start("--rules", str(write_rules(queue, text)), is_ready=False)
    assert server.exit_status() == 78


def test_the_library_does_not_come_back_after_a_refusal(guarded, browser, queue):
    server = guarded()
    with browser.open(f"http://localhost:{server.port}/") as page:
        page.evaluate(
            "window.told = []; window.refused = new WSQueue(location.href + '?token=x.y.z', { store: null });"
            "refused.on('status', (status, { code }) => told.push(status + ' ' + code));"
            "refused.on('error', (error) => told.push(error.code)); 0")
        page.wait_for("told.includes('denied 4501')")
        assert page.evaluate("told.includes('invalid_token')")
        eventually(lambda: len(server.logged("client.denied", reason="token")) == 1, "once")
