"""Refusals that a page hears: browsers hide HTTP statuses, so it is told over a WebSocket, which is then closed."""

import json
import signal
import socket
import time

import pytest

from support.client import Client, connect, handshake_request
from support.files import name_of, place, waiting
from support.frames import FrameReader, client_frame
from support.http import exchange, request
from support.metrics import Metrics
from support.rules import write_rules
from support.speaking import PROTOCOL, Speaking, ask
from support.stream import Stream
from support.tokens import make_token, soon, write_secrets
from support.waiting import eventually

PAGE = "Origin: http://localhost:3000"


def shake(server, *fields, path="/", protocol=None):
    data, _ = handshake_request("localhost", server.port, path, protocol, fields)
    return exchange(server, data)


def told(server, path="/", protocol=None, *fields, source="127.0.0.1"):
    """What a page at an address hears: the messages, the close frame, and after how many seconds it came."""
    connection = socket.create_connection((server.host, server.port), 10, (source, 0))
    with Client(server, path, protocol=protocol, headers=[PAGE, *fields], connection=connection) as client:
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


@pytest.mark.takes(18)
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
    for path in ("/events", "/state", "/cursor"):
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
    for number, (path, query, status) in enumerate([
            ("/notifications", "", 401), ("/notifications", token, 101), ("/notifications/", token, 101),
            ("/user/42", token, 101), ("/user/7", token, 403), ("/user/7", "", 401), ("/admin", token, 403),
            ("/admin", f"token={make_token(role='admin')}", 101), ("/closed", token, 403), ("/closed", "", 403),
            ("/open", "", 101), ("/elsewhere", "", 101)]):
        assert shake(server, path=f"{path}?{query}").status == status, (path, query)
        if status >= 400:
            # Each refusal of one address takes longer.
            assert told(server, f"{path}?{query}", source=f"127.0.0.{number + 2}")[1][0] == 4503
    for path in ("/events", "/state", "/cursor"):
        assert request(server, path).status == 401
        assert request(server, f"{path}?{token}").status == 403
    for path in ("/state", "/cursor"):
        assert request(server, f"{path}?token={make_token(role='admin')}").status == 200
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


def test_a_client_that_speaks_may_authenticate_where_a_token_is_needed(guarded, queue):
    server = guarded("--require-token", "--rules", str(write_rules(queue, RULES)))
    with Client(server, "/notifications?channels=own", protocol=PROTOCOL) as client:
        place(queue, name_of(1), json.dumps({"event": "before"}))
        eventually(lambda: waiting(queue) == [], "it is sent to those who are there")
        # The answer to a ping is all that has come so far.
        client.send_action("ping")
        assert client.receive_events() == [{"action": "pong"}]
        client.send(9, b"here")
        client.send(10, b"")
        for action, data in [("subscribe", {"channel": "a"}), ("message", {"channel": "a", "message": 1}),
                             ("resume", {"since": "a:0"}), ("presence", {"channel": "a"}),
                             ("unsubscribe", {"channel": "a"})]:
            answer = ask(client, action, **data)
            assert (answer["success"], answer["code"]) == (False, "forbidden"), action
        assert not server.logged("client.open")
        client.send_action("authenticate", token=make_token())
        client.send_action("ping")
        greeting, welcome, answer, pong = client.receive_events(4)
        assert greeting == {"type": "connected", "n": 1.0} and pong == {"action": "pong"}
        assert (welcome["action"], welcome["authenticated"]) == ("welcome", True)
        assert (answer["success"], answer["action"], answer["user"]) == (True, "authenticate", "42")
        for number, channel in enumerate(["notifications", "own", "other"], start=2):
            place(queue, name_of(number), json.dumps({"event": channel, "channel": channel}))
        place(queue, name_of(9), json.dumps({"event": "all"}))
        assert [event["event"] for event in client.receive_events(3)] == ["notifications", "own", "all"]
        assert server.wait_for("client.open")["user"] == "42"


class Impatient(Client):
    """A client of `wsqueue.v1` that says all that it has to say in the packet of its handshake."""

    def __init__(self, server, *actions):
        self.socket, self.frames = connect(server), FrameReader()
        data, accept = handshake_request("localhost", server.port, "/", PROTOCOL, [])
        for action, values in actions:
            data += client_frame(1, json.dumps({"action": action, "data": values}).encode())
        self.socket.sendall(data)
        self._open(accept)


def test_an_answer_is_not_waited_for(guarded):
    server = guarded("--require-token", "--handshake", "60s")
    with Impatient(server, ("authenticate", {"token": make_token()}), ("subscribe", {"channel": "a"})) as client:
        welcome, *answers = client.receive_events(3)
        assert welcome["authenticated"] and [answer["action"] for answer in answers] == ["authenticate", "subscribe"]


def test_one_that_has_authenticated_has_more_time_than_that(guarded):
    server = guarded("--require-token", "--handshake", "2s")
    with Impatient(server, ("authenticate", {"token": make_token()})) as client:
        with Client(server, protocol=PROTOCOL) as later:
            later.receive_until_end(timeout=20)
            assert later.frames.close[0] == 4503
        # The time of this one would have been over before.
        assert [answer["action"] for answer in client.receive_events(2)] == ["welcome", "authenticate"]
        assert ask(client, "ping") == {"action": "pong"}


@pytest.mark.parametrize("fields", [[], [PAGE]], ids=["a program", "a page"])
def test_one_that_has_no_token_is_told_when_its_time_is_over(guarded, fields):
    server = guarded("--require-token", "--handshake", "1s")
    with Client(server, protocol=PROTOCOL, headers=fields) as client:
        began = time.monotonic()
        [message] = [json.loads(text) for text in client.receive_until_end(timeout=20)]
        assert (message["code"], *client.frames.close) == ("forbidden", 4503, message["error"])
        assert 0.9 <= time.monotonic() - began < 5
    assert server.wait_for("client.denied", reason="rule")["path"] == "/"
    assert not server.logged("client.open")


@pytest.mark.parametrize("path, token, code", [
    ("/notifications", "x.y.z", 4501),
    ("/notifications", make_token(exp=soon(-3_600)), 4001),
    ("/admin", make_token(), 4503), ("/user/7", make_token(), 4503)])
def test_a_token_that_does_not_open_the_path_ends_it(guarded, queue, path, token, code):
    server = guarded("--rules", str(write_rules(queue, RULES)))
    with Client(server, path, protocol=PROTOCOL) as client:
        client.send_action("authenticate", token=token)
        client.send_action("authenticate", token=make_token(role="admin"))
        [message] = [json.loads(text) for text in client.receive_until_end(timeout=20)]
        assert client.frames.close == (code, message["error"])
    assert not server.logged("client.open") and len(server.logged("client.denied")) == 1


def test_who_could_not_authenticate_is_refused_at_once(guarded, start, queue):
    server = guarded("--rules", str(write_rules(queue, RULES)))
    # A client that says nothing, one that cannot become who may, and a server that takes no tokens.
    assert shake(server, path="/notifications").status == 401
    assert shake(server, path="/closed", protocol=PROTOCOL).status == 403
    assert shake(server, path=f"/admin?token={make_token()}", protocol=PROTOCOL).status == 403
    server.terminate()
    plain = start("--rules", str(queue.parent / "rules.json"))
    assert shake(plain, path="/notifications", protocol=PROTOCOL).status == 401


@pytest.mark.parametrize("data, code", [
    (client_frame(2, b"x"), 1003), (client_frame(1, b"\xff"), 1007), (client_frame(1, b"x" * 20_000), 1009),
    (b"\x81\x02{}", 1002), (client_frame(1, b'{"action":"pong"}') * 101, 4029),
    (client_frame(8, (1000).to_bytes(2, "big")), 1000)])
def test_what_no_client_sends_ends_it_before_too(guarded, data, code):
    server = guarded("--require-token")
    with Client(server, protocol=PROTOCOL) as client:
        client.socket.sendall(data)
        assert client.receive_until_end() == []
        assert client.frames.close[0] == code


def test_those_who_have_not_authenticated_are_no_clients_and_cost_little(guarded, queue):
    server = guarded("--require-token", "--handshake", "60s")
    held = [Client(server, protocol=PROTOCOL) for _ in range(50)]
    before = server.memory()["RssAnon"]
    for client in held:
        # It takes nothing of what it is answered.
        client.socket.sendall(client_frame(9, bytes(125)) * 90)
    with Speaking(server, f"/?token={make_token()}") as client:
        place(queue, name_of(1), json.dumps({"event": "e"}))
        assert client.receive_events()[0]["event"] == "e"
        eventually(lambda: Metrics(server)("wsqueue_clients", transport="websocket") == 1, "only that one counts")
    assert server.memory()["RssAnon"] - before < 8_192
    assert server.terminate() == 0
    for client in held:
        client.socket.close()


# What a path gives and who may be there is looked at again.


def change(server, queue, rules):
    write_rules(queue, rules)
    count = len(server.logged("rules.reload"))
    server.signal(signal.SIGHUP)
    eventually(lambda: len(server.logged("rules.reload")) == count + 1, "the rules are read")


def test_one_whose_path_is_for_others_by_now_is_told_and_closed(guarded, queue):
    rules = [{"connect": "/notifications", "allow": "authenticated", "channels": ["notifications"]}]
    server = guarded("--rules", str(write_rules(queue, rules)))
    token = f"token={make_token()}"
    with Client(server, f"/notifications/?{token}") as plain, Speaking(server, f"/notifications?{token}") as client, \
            Speaking(server, f"/notifications?token={make_token(role='admin')}") as admin, \
            Speaking(server) as elsewhere:
        change(server, queue, [{"connect": "/notifications", "allow": "role:admin", "channels": ["notifications"]}])
        for one in (plain, client):
            [message] = [json.loads(text) for text in one.receive_until_end()]
            assert one.frames.close == (4503, message["error"])
        place(queue, name_of(1), json.dumps({"event": "e", "channel": "notifications"}))
        place(queue, name_of(2), json.dumps({"event": "all"}))
        assert [event["event"] for event in admin.receive_events(2)] == ["e", "all"]
        assert elsewhere.receive_events()[0]["event"] == "all"
        change(server, queue, [{"connect": "/**", "allow": "none"}])
        for one in (admin, elsewhere):
            one.receive_until_end()
            assert one.frames.close[0] == 4503


def test_a_stream_whose_reader_may_listen_no_longer_ends(guarded, queue):
    server = guarded("--rules", str(write_rules(queue, [])))
    with Stream(server) as stranger, Stream(server, f"/events/?token={make_token()}") as user:
        change(server, queue, [{"connect": "/events", "allow": "authenticated"}])
        [message] = stranger.receive_until_end()
        assert message["code"] == "forbidden" and stranger.has_ended
        place(queue, name_of(1), json.dumps({"event": "e"}))
        assert user.receive_events()[0]["event"] == "e"
    assert request(server, "/events").status == 401


def test_a_new_token_that_does_not_open_the_path_closes_the_client(guarded, queue):
    server = guarded("--rules", str(write_rules(queue, RULES)))
    with Speaking(server, f"/user/42?token={make_token()}") as client:
        assert ask(client, "authenticate", token=make_token(exp=soon(600)))["user"] == "42"
        client.send_action("authenticate", token=make_token("7"))
        [message] = [json.loads(text) for text in client.receive_until_end()]
        assert client.frames.close == (4503, message["error"])


def test_the_channels_that_a_path_gives_follow_the_rules(guarded, queue):
    rules = [{"connect": "/shop/{id}", "channels": ["shop.{id}", "sale"]}]
    server = guarded("--rules", str(write_rules(queue, rules)))
    with Speaking(server, "/shop/7?channels=shop.7") as client, Speaking(server, "/shop/8") as other:
        # It gives one back itself.
        assert ask(other, "unsubscribe", channel="sale")["success"]
        change(server, queue, [{"connect": "/shop/{id}", "channels": ["news", "sale"]}])
        assert other.receive_events() == [{"success": True, "action": "unsubscribe", "channel": "shop.8"}]
        for number, channel in enumerate(["shop.7", "shop.8", "news", "sale"]):
            place(queue, name_of(number), json.dumps({"event": channel, "channel": channel}))
        # What it has asked for itself stays, too.
        assert [event["event"] for event in client.receive_events(3)] == ["shop.7", "news", "sale"]
        assert [event["event"] for event in other.receive_events(1)] == ["news"]
        change(server, queue, [])
        place(queue, name_of(9), json.dumps({"event": "all"}))
        ends = [{"success": True, "action": "unsubscribe", "channel": channel} for channel in ("news", "sale")]
        assert client.receive_events(2) == ends and client.receive_events()[0]["event"] == "all"
        assert other.receive_events(1) == ends[:1] and other.receive_events()[0]["event"] == "all"


@pytest.mark.parametrize("text", [
    '[{"connect":"open"}]', '[{"connect":"/a","channel":"a"}]', '[{"connect":"/a","allow":"ask"}]',
    '[{"connect":"/a","allow":"claim"}]', '[{"connect":"/a","channels":"a"}]', '[{"connect":"/a","channels":["a b"]}]',
    '[{"connect":"/a","channels":["{id}"]}]', '[{"connect":7}]', '[{"channel":"a","subscribe":"none","allow":"none"}]',
    '[{"connect":"/a/*"}]', '[{"connect":"/a","allow":"user:{id}"}]',
])
def test_mistakes_in_rules_about_paths_are_refused(start, queue, text):
    server = start("--rules", str(write_rules(queue, text)), is_ready=False)
    assert server.exit_status() == 78


def test_the_library_does_not_come_back_after_a_refusal(guarded, engine, queue):
    server = guarded()
    with engine.open(f"http://localhost:{server.port}/") as page:
        page.run(
            "window.told = []; window.refused = new WSQueue(location.href + '?token=x.y.z', { store: null });"
            "refused.on('status', (status, { code }) => told.push(status + ' ' + code));"
            "refused.on('error', (error) => told.push(error.code))")
        page.wait_for("told.includes('denied 4501')")
        assert page.evaluate("told.includes('invalid_token')")
        eventually(lambda: len(server.logged("client.denied", reason="token")) == 1, "once")
