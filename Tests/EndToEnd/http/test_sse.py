"""Server-Sent Events: what a WebSocket has too, and what only streams have."""

import json
import subprocess
import time

import pytest

from support.client import Client
from support.files import name_of, place, place_each, place_large, waiting
from support.http import request
from support.rules import write_rules
from support.stream import Stream
from support.tokens import make_token, soon, write_secrets
from support.waiting import eventually


def bearer(*arguments, **claims):
    return [f"Authorization: Bearer {make_token(*arguments, **claims)}"]


@pytest.fixture
def guarded(start, queue):
    return start("--jwt-secret-file", str(write_secrets(queue)))


def test_a_stream_gets_the_message_that_a_websocket_gets(server, queue):
    with Stream(server) as stream, Client(server) as client:
        place_each(queue, [1])
        [(cursor, data)] = stream.receive()
        assert data.encode() == client.receive()[0]
        assert cursor.endswith(":1")
        assert stream.headers["content-type"] == "text/event-stream"
        assert stream.headers["cache-control"] == "no-store, no-transform"
        assert stream.retry > 0
    assert server.wait_for("client.open", proto="sse")


def test_curl_shows_it(server, queue):
    command = ["curl", "-sN", f"http://{server.host}:{server.port}/events"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as curl:
        server.wait_for("client.open")
        place_each(queue, [1])
        for line in curl.stdout:
            if line.startswith(b"data: "):
                break
        assert json.loads(line[6:])["payload"] == 1
        curl.terminate()


def test_an_event_source_gets_it_and_comes_back_by_itself(start, queue, browser):
    first = start()
    with browser.open(f"http://{first.host}:{first.port}/") as page:
        page.run(
            "window.got = []; window.source = new EventSource('/events');"
            "source.onmessage = (message) => got.push(JSON.parse(message.data).payload)")
        page.wait_for("source.readyState === 1")
        place_each(queue, [1])
        page.wait_for("got.length === 1")
        first.terminate()
        place_each(queue, [2, 3])
        start(listen=f"127.0.0.1:{first.port}")
        place_each(queue, [4])
        page.wait_for("got.length === 4", timeout=40)
        assert page.evaluate("got") == [1, 2, 3, 4]


def test_line_ends_in_a_payload_are_lines_of_data(server, queue):
    with Stream(server) as stream:
        place(queue, name_of(1), '{"event":"e","payload":{\n  "a":\r\n1,\r"b": "\\n"}}')
        [event] = stream.receive_events()
        assert event["payload"] == {"a": 1, "b": "\n"}


def test_channels_and_the_filter_are_asked_for_in_the_url(server, queue):
    with Stream(server, "/events?channels=orders,chat.*&events=a.*") as stream:
        for number, (channel, event) in enumerate([
                ("orders", "a.1"), ("orders", "b"), ("chat.x", "a.2"), ("other", "a.3"), (None, "a.4")]):
            members = {"channel": channel} if channel else {}
            place(queue, name_of(number), json.dumps({"event": event, **members}))
        assert [event["event"] for event in stream.receive_events(3)] == ["a.1", "a.2", "a.4"]


def test_what_may_not_be_heard_is_said_and_not_heard(guarded, queue):
    with Stream(guarded, "/events?channels=private.user.42,open") as stream:
        [refused] = stream.receive_events()
        assert (refused["success"], refused["code"], refused["channel"]) == (False, "forbidden", "private.user.42")
        place_each(queue, [1], channel="private.user.42")
        place_each(queue, [2], channel="open")
        assert stream.receive_events()[0]["payload"] == 2


@pytest.mark.parametrize("way", ["header", "query"])
def test_a_token_makes_a_user(guarded, queue, way):
    path, headers = "/events?channels=private.user.42", bearer()
    if way == "query":
        path, headers = f"{path}&token={make_token()}", []
    with Stream(guarded, path, headers) as stream:
        place_each(queue, [1], channel="private.user.42")
        place_each(queue, [2], recipients=[42])
        place_each(queue, [3], recipients=[7])
        place_each(queue, [4])
        assert [event["payload"] for event in stream.receive_events(3)] == [1, 2, 4]


def test_a_bad_token_is_refused(guarded):
    with Stream(guarded, headers=bearer(secret="x" * 40)) as stream:
        assert stream.status == 401
        assert stream.headers["www-authenticate"].startswith("Bearer")


def test_at_the_tokens_end_the_stream_says_so_and_ends(guarded):
    with Stream(guarded, headers=bearer(exp=soon(1))) as stream:
        assert [message["code"] for message in stream.receive_until_end()] == ["token_expired"]
    assert guarded.wait_for("client.close", code=4001)


@pytest.mark.parametrize("way", ["header", "query", "both"])
def test_a_reader_that_comes_back_gets_what_it_missed(server, queue, way):
    with Stream(server) as stream:
        place_each(queue, range(3))
        cursor = stream.receive(3)[1][0]
        epoch = cursor.partition(":")[0]
    place_each(queue, range(3, 6))
    eventually(lambda: not waiting(queue), "the files are sent")
    headers = [] if way == "query" else [f"Last-Event-ID: {cursor}"]
    path = {"header": "/events", "query": f"/events?since={cursor}", "both": f"/events?since={epoch}:5"}[way]
    with Stream(server, path, headers) as stream:
        assert [event["payload"] for event in stream.receive_events(4)] == [2, 3, 4, 5]
        place_each(queue, [6])
        assert stream.receive_events()[0]["payload"] == 6
        assert stream.last_id == f"{epoch}:7"


def test_who_has_had_no_event_comes_back_without_a_gap(server, queue):
    with Stream(server) as stream:
        stream.wait_until(lambda stream: stream.last_id)
        cursor = stream.last_id
    place_each(queue, [1])
    eventually(lambda: not waiting(queue), "the file is sent")
    with Stream(server, headers=[f"Last-Event-ID: {cursor}"]) as stream:
        assert stream.receive_events()[0]["payload"] == 1


def test_a_gap_is_said(server, queue):
    with Stream(server, headers=["Last-Event-ID: zzzz:5"]) as stream:
        [message] = stream.receive_events()
        assert (message["action"], message["complete"], message["gap"]["reason"]) == ("resumed", False, "epoch")
        place_each(queue, [1])
        assert stream.receive_events()[0]["payload"] == 1


def test_what_comes_before_a_gap_is_told_is_no_place_to_come_back_to(start, queue):
    server = start("--journal-events", "16")
    for number in range(60):
        place_each(queue, [number])
        eventually(lambda: not waiting(queue), "it is a pass of its own")
    with Stream(server) as stream:
        stream.wait_until(lambda stream: stream.last_id)
        epoch = stream.last_id.partition(":")[0]
    with Stream(server, headers=[f"Last-Event-ID: {epoch}:7"]) as stream:
        stream.wait_until(lambda stream: any('"resumed"' in data for _, data in stream.messages))
        *missed, (place, answer) = stream.messages
        assert json.loads(answer)["gap"]["from"] == f"{epoch}:7" and len(missed) >= 16
        # A reader that is cut off among these comes back with what it came with.
        assert {place for place, _ in missed} == {place} == {f"{epoch}:7"}
        stream.wait_until(lambda stream: stream.last_id == f"{epoch}:60")


def test_a_comment_comes_while_nothing_happens(start):
    with Stream(start("--ping", "200ms", "--pong", "100ms")) as stream:
        stream.wait_until(lambda stream: stream.comments >= 3)
        assert not stream.messages


def test_at_the_end_of_the_server_readers_are_told_when_to_return(start):
    server = start()
    with Stream(server) as stream:
        before = stream.retry
        stream.wait_until(lambda stream: stream.last_id)
        server.signal(15)
        assert stream.receive_until_end() == []
        assert stream.retry is not None and stream.retry != before or stream.retry < 2_000
    assert server.exit_status() == 0


def test_a_reader_that_does_not_read_holds_nobody_up_and_is_closed(start, queue):
    server = start("--behind-size", "200K")
    with Stream(server, receive_buffer=4_096), Client(server) as client:
        # More than the kernel takes for a reader that does not read.
        place_large(queue, 60, 200_000)
        assert len(client.receive(60, timeout=30)) == 60
        server.wait_for("client.slow", timeout=20)


def test_a_slow_reader_gets_everything_in_order(start, queue):
    server = start("--behind-size", "64M")
    with Stream(server, receive_buffer=4_096) as stream:
        for number in range(200):
            place(queue, name_of(number), json.dumps({"event": "n", "payload": [number, "x" * 20_000]}))
        eventually(lambda: not waiting(queue), "the files are sent")
        assert [event["payload"][0] for event in stream.receive_events(200, timeout=30)] == list(range(200))


def ask(server, method="GET", *fields, path="/events"):
    return request(server, path, *fields, host=f"{server.host}:{server.port}", method=method, wants_end=False)


def test_pages_of_other_origins_may_not_read_it(start):
    server = start("--origin", "https://example.org")
    refused = ask(server, "GET", "Origin: https://evil.example")
    assert refused.status == 403
    assert "access-control-allow-origin" not in refused.headers
    assert server.wait_for("client.denied", reason="origin")
    allowed = ask(server, "GET", "Origin: https://example.org")
    assert allowed.status == 200
    assert allowed.headers["access-control-allow-origin"] == "https://example.org"
    assert allowed.headers["access-control-allow-credentials"] == "true"
    assert allowed.headers["vary"] == "Origin"
    early = ask(server, "OPTIONS", "Origin: https://example.org", "Access-Control-Request-Method: GET")
    assert early.status == 204
    # Datastar names itself in each request.
    for name in ("Authorization", "Datastar-Request"):
        assert name in early.headers["access-control-allow-headers"]
    assert ask(server, "OPTIONS", "Origin: https://evil.example").status == 403


def test_with_any_origin_allowed_no_page_gets_it_with_cookies(start):
    answer = ask(start("--origin", "*"), "GET", "Origin: https://example.org")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


def test_only_get_is_served(server):
    assert ask(server, "POST", "Content-Length: 0").status == 405


def test_what_a_reader_sends_is_not_read_for_ever(server):
    with Stream(server) as stream:
        stream.socket.settimeout(10)
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            for _ in range(1_000):
                stream.socket.sendall(b"x" * 65_536)
                time.sleep(0.001)


def test_a_reader_hears_what_clients_say_to_each_other(start, queue):
    rules = write_rules(queue, [{"channel": "chat.{room}", "subscribe": "anyone", "publish": "anyone"}])
    server = start("--rules", str(rules), "--threads", "2")
    with Stream(server, "/events?channels=chat.1") as stream, Client(server, protocol="wsqueue.v1") as client:
        client.send_action("subscribe", channel="chat.1")
        client.send_action("message", channel="chat.1", message={"text": "hello"})
        [message] = stream.receive_events()
        assert (message["action"], message["message"]) == ("message", {"text": "hello"})
