"""`GET /state`: how things stand, as one document, for a page that is rendered elsewhere."""

import http.client
import json
import signal
import threading
import urllib.parse

import pytest

from support.application import Application
from support.client import Client, connect
from support.files import gone, name_of, place, waiting
from support.http import exchange, request
from support.metrics import Metrics
from support.rules import write_rules
from support.tokens import SECRET, make_token
from support.waiting import eventually


def ask(server, query="", **headers):
    """The answer, and its body; one whose end is missing is an error."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
    connection.request("GET", f"/state?{query}", headers=headers)
    answer = connection.getresponse()
    return answer, answer.read()


def document(server, query="", **headers):
    answer, body = ask(server, query, **headers)
    assert answer.status == 200, body
    assert answer.headers["cache-control"] == "no-store" and answer.headers["content-type"] == "application/json"
    return json.loads(body)


def of(server, query="", **headers):
    return [(event.get("channel"), event["payload"]) for event in document(server, query, **headers)["events"]]


def test_it_has_the_newest_of_each_key_as_it_was_sent(start, memory_queue, put):
    server = start(directory=memory_queue)
    assert document(server) == {"events": [], "cursor": request(server, "/cursor").body.decode()}
    with Client(server, "/?channels=a") as client:
        put({"key": "x", "payload": 1}, {"key": "x", "payload": 2, "channel": "a"}, {"payload": 3},
            {"key": "y", "payload": {"z": "\u20ac"}, "channels": ["b", "a"]}, {"key": "x", "payload": 4})
        sent = {event["seq"]: event for event in client.receive_events(5)}
    state = document(server, "channels=a")
    assert state["events"] == [sent[2], sent[4], sent[5]]
    assert state["cursor"] == request(server, "/cursor").body.decode() and "complete" not in state
    assert of(server) == [(None, 4)] and of(server, "channels=b,c") == [("b", {"z": "\u20ac"}), (None, 4)]
    put({"key": "x", "clear": True})
    assert of(server) == [] and of(server, "channels=**&events=no*") == []


def test_a_page_goes_on_where_it_ends(start, memory_queue, put):
    server = start(directory=memory_queue)
    put({"key": "x", "payload": 1})
    state = document(server)
    put({"key": "x", "payload": 2}, {"payload": 3})
    with Client(server, f"/?since={state['cursor']}") as client:
        assert [event["payload"] for event in client.receive_events(2)] == [2, 3]


def test_ten_thousand_keys_come_whole_while_others_are_served(start, memory_queue):
    """It is sent in pieces, so that memory stays bounded, and a reader that takes nothing is no concern of others."""
    server = start(directory=memory_queue)
    lines = (json.dumps({"event": "e", "channel": "a", "key": f"k{number}", "payload": "x" * 200})
             for number in range(10_000))
    place(memory_queue, name_of(1) + "l", "\n".join(lines))
    gone(memory_queue)
    before = Metrics(server)("process_resident_memory_bytes")
    idle = [http.client.HTTPConnection(server.host, server.port, timeout=30) for _ in range(50)]
    for connection in idle:
        connection.request("GET", "/state?channels=a")
    with Client(server) as client:
        place(memory_queue, name_of(2), json.dumps({"event": "live"}))
        assert client.receive_events(1)[0]["event"] == "live"
    found = {}

    def read():
        found["events"] = document(server, "channels=a")["events"]
    reader = threading.Thread(target=read)
    reader.start()
    reader.join(60)
    assert [event["key"] for event in found["events"]] == [f"k{number}" for number in range(10_000)]
    # Fifty of them would be 150 MB.
    assert Metrics(server)("process_resident_memory_bytes") - before < 60e6
    for connection in idle:
        connection.close()


def test_what_there_was_no_room_for_is_said(start, memory_queue, put):
    server = start("--keys", "1", directory=memory_queue)
    put({"key": "x", "payload": 1, "channel": "a"}, {"key": "y", "payload": 2, "channel": "a"})
    state = document(server, "channels=a")
    assert len(state["events"]) == 1 and state["complete"] is False
    assert "complete" not in document(server, "channels=b")


def test_who_may_not_hear_a_channel_gets_none_of_it(start, memory_queue, put, tmp_path):
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(0o600)
    rules = [{"channel": "team.{id}", "subscribe": "role:admin"}, {"channel": "ask.{id}", "subscribe": "ask"}]
    with_application = Application(lambda channel, _: (200 if channel == "ask.yes" else 403, {}))
    server = start("--jwt-secret-file", tmp_path / "secret", "--rules", write_rules(memory_queue, rules),
                   "--authorize-url", with_application.url, directory=memory_queue)
    names = ["team.x", "ask.yes", "ask.no", "private.user.8", "open.x"]
    put(*({"key": "k", "payload": name, "channel": name} for name in names), {"key": "k", "payload": "all"})
    query = f"channels={','.join(names)}"
    state = document(server, query)
    assert [event["payload"] for event in state["events"]] == ["ask.yes", "open.x", "all"]
    assert {error["channel"]: error["code"] for error in state["errors"]} == {
        "team.x": "forbidden", "private.user.8": "forbidden", "ask.no": "forbidden"}
    user = {"Authorization": f"Bearer {make_token('8')}"}
    assert [payload for _, payload in of(server, query, **user)] == ["ask.yes", "private.user.8", "open.x", "all"]
    assert [payload for _, payload in of(server, "channels=**")] == ["open.x", "all"]
    # Patterns reach no channel of which the application is asked.
    assert [payload for _, payload in of(server, "channels=**", **user)] == ["private.user.8", "open.x", "all"]
    assert ask(server, "token=x.y.z")[0].status == 401
    with_application.close()


def test_a_token_that_ends_ends_it(start, memory_queue, tmp_path):
    """A body without its end is no document."""
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(0o600)
    server = start("--jwt-secret-file", tmp_path / "secret", "--app-token-file", app_token(tmp_path),
                   directory=memory_queue)
    lines = (json.dumps({"event": "e", "key": f"k{number}", "payload": "x" * 2_000}) for number in range(5_000))
    place(memory_queue, name_of(1) + "l", "\n".join(lines))
    gone(memory_queue)
    connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
    # Not all of it is on its way before it is read.
    connection.sock = connect(server, 4_096)
    connection.request("GET", f"/state?token={make_token('8')}")
    answer = connection.getresponse()
    body = json.dumps({"user": 8})
    ended = request(server, "/disconnect", f"Authorization: Bearer {'t' * 40}", "Content-Type: application/json",
                    f"Content-Length: {len(body)}", method="POST", body=body.encode())
    assert ended.status == 200, ended.body
    with pytest.raises(http.client.IncompleteRead):
        answer.read()


def app_token(directory):
    path = directory / "app"
    path.write_text("t" * 40)
    path.chmod(0o600)
    return path


def test_its_reader_is_nobody_for_the_queue(start, memory_queue):
    """Files that are kept until someone is there are not for one who reads the state, however long that takes."""
    answer = threading.Event()
    application = Application(lambda *_: (answer.wait(30) and 200, {}))
    rules = [{"channel": "ask.{id}", "subscribe": "ask"}]
    server = start("--hold-without-clients", "--rules", write_rules(memory_queue, rules),
                   "--authorize-url", application.url, directory=memory_queue)
    place(memory_queue, name_of(1), json.dumps({"event": "e", "payload": 1}))
    connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
    connection.request("GET", "/state?channels=ask.x")
    assert server.wait_for("client.open", proto="state")
    eventually(lambda: application.requests, "the application is asked")
    status = json.loads(request(server, "/status.json").body)
    assert status["clients"]["total"] == 0 and status["queue"]["waiting"] == 1, status
    answer.set()
    assert json.loads(connection.getresponse().read())["events"] == []
    assert len(waiting(memory_queue)) == 1
    with Client(server) as client:
        assert client.receive_events()[0]["payload"] == 1
    application.close()


def test_rules_that_change_meanwhile_are_those_of_its_path(start, memory_queue):
    answer = threading.Event()
    application = Application(lambda *_: (answer.wait(30) and 200, {}))
    rules = [{"channel": "ask.{id}", "subscribe": "ask"}, {"connect": "/state", "allow": "none"}]
    server = start("--rules", write_rules(memory_queue, rules), "--authorize-url", application.url,
                   directory=memory_queue)
    connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
    connection.request("GET", "/state?channels=ask.x")
    eventually(lambda: application.requests, "the application is asked")
    server.process.send_signal(signal.SIGHUP)
    server.wait_for("rules.reload")
    answer.set()
    # A rule for `/state` is one for WebSockets there.
    assert json.loads(connection.getresponse().read())["events"] == []
    application.close()


def test_a_page_of_another_site_may_read_it_where_it_is_let_in(start, memory_queue):
    server = start("--origin", "https://app.example", directory=memory_queue)
    for path in ("/state", "/cursor"):
        answer = request(server, path, "Origin: https://app.example", host=f"127.0.0.1:{server.port}")
        assert answer.status == 200 and answer.headers["access-control-allow-origin"] == "https://app.example"
        answer = request(server, path, "Origin: https://app.example", "Access-Control-Request-Method: GET",
                         method="OPTIONS")
        # /cursor says to anyone's page why it is refused.
        allowed = "https://app.example" if path == "/state" else "*"
        assert answer.status == 204 and answer.headers["access-control-allow-origin"] == allowed
        assert request(server, path, "Origin: https://evil.example").status == 403


def test_what_cannot_be_meant_is_refused(start, memory_queue):
    server = start(directory=memory_queue)
    assert request(server, "/state?as=payload").status == 400
    assert request(server, "/state?since=all&since=all").status == 400
    assert request(server, "/state", method="HEAD").status == 405
    error = document(server, f"channels={urllib.parse.quote('no good')}")["errors"][0]
    assert error["code"] == "invalid_field" and error["success"] is False


def test_an_older_client_reads_it_to_the_end_of_the_connection(start, memory_queue, put):
    server = start(directory=memory_queue)
    put({"key": "x", "payload": 1})
    answer = exchange(server, b"GET /state HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
    assert "transfer-encoding" not in answer.headers
    assert [event["payload"] for event in json.loads(answer.body)["events"]] == [1]


def test_keys_that_are_left_out_by_name_are_not_counted(start, memory_queue, put):
    server = start(directory=memory_queue)
    put({"key": "x", "event": "a.1"}, {"key": "y", "event": "b.1"})
    with Client(server, "/?state=1&events=a.*", protocol="wsqueue.v1") as client:
        messages = client.receive_events(4)
    assert messages[3]["action"] == "state" and messages[3]["keys"] == 1
