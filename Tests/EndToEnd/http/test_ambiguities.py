"""What a request may say in several ways, or twice, is understood or refused; nothing is passed over in silence."""

import gzip
import json

import pytest

from support.client import Client, handshake_request
from support.http import exchange, request
from support.speaking import PROTOCOL, Speaking
from support.stream import Stream
from support.tokens import make_token, write_secrets

LISTS = ["channels=a&channels=b", "channels[]=a&channels[]=b", "channels%5B%5D=a&channels%5B%5D=b",
         "channels[0]=a&channels[1]=b", "channels=a,b", "channels=a&channels[]=b"]


@pytest.mark.parametrize("query", LISTS)
def test_channels_may_come_as_forms_write_lists(start, publish, query):
    server = start()
    with Client(server, f"/?{query}") as client, Stream(server, f"/events?{query}") as stream:
        publish("-c", "a", "one")
        publish("-c", "b", "two")
        assert [event["event"] for event in client.receive_events(2)] == ["one", "two"]
        assert [json.loads(data)["event"] for _, data in stream.receive(2)] == ["one", "two"]


def test_event_names_may_come_several_times(start, publish):
    server = start()
    with Client(server, "/?events=a&events[]=b") as client:
        for name in ("a", "x", "b"):
            publish(name)
        assert [event["event"] for event in client.receive_events(2)] == ["a", "b"]


def test_who_asks_for_too_many_names_of_events_gets_the_error_and_not_all_events(start, publish):
    # One thread: what the other client has had this one has had, too.
    server = start("--threads", "1")
    with Speaking(server, "/?events=" + ",".join(f"n{number}" for number in range(65))) as client:
        [error] = client.receive_events()
        assert error["code"] == "invalid_field" and "events" in error["error"]
        with Client(server) as other:
            publish("n1")
            other.receive_events(1)
        client.send_action("ping")
        assert client.receive_events() == [{"action": "pong"}]


def test_wrong_names_in_a_query_are_one_error_and_too_many_are_another(start):
    server = start("--channels", "2")
    with Speaking(server, "/?channels=a!b,b!c,a,b,c,d,e") as client:
        client.send_action("ping")
        errors = client.receive_events(3)
        assert [error.get("code") for error in errors] == ["invalid_field", "too_many_channels", None]


def test_a_member_that_can_do_nothing_is_told(start):
    server = start()
    with Speaking(server, "/?heartbeat=on") as client:
        [error] = client.receive_events()
        assert error["code"] == "invalid_field" and "heartbeat" in error["error"]
    with Stream(server, "/events", ["Last-Event-ID: nonsense"]) as stream:
        assert "since" in stream.receive()[0][1]


@pytest.mark.parametrize("path", ["/", "/events"])
@pytest.mark.parametrize("query", ["since=k3f9:1&since=k3f9:2", "token=a&token=b", "token=&token=a"])
def test_what_can_be_meant_once_is_refused_when_it_comes_twice(start, path, query):
    server = start()
    if path == "/":
        answer = exchange(server, handshake_request(server.host, server.port, f"{path}?{query}")[0])
    else:
        answer = request(server, f"{path}?{query}")
    assert answer.status == 400 and query[:5] in answer.body.decode()


@pytest.mark.parametrize("offer", ["bearer.{}", "chat, bearer.{}", f"{PROTOCOL}, bearer.{{0}}, bearer.{{0}}"])
def test_a_token_that_a_browser_would_close_on_is_refused_with_the_reason(start, queue, offer):
    server = start("--jwt-secret-file", str(write_secrets(queue)))
    fields = [f"Sec-WebSocket-Protocol: {offer.format(make_token())}"]
    answer = exchange(server, handshake_request(server.host, server.port, headers=fields)[0])
    assert answer.status == 400 and "bearer.<token>" in answer.body.decode()
    with Speaking(server, protocol=f"{PROTOCOL}, bearer.{make_token()}") as client:
        assert client.welcome["authenticated"] is True


def test_a_slash_at_the_end_of_a_path_changes_nothing(start, publish):
    server = start("--path", "/ws/")
    with Stream(server, "/events/") as stream, Client(server, "/ws") as one, Client(server, "/ws/") as other:
        publish("a")
        assert stream.receive() and one.receive() and other.receive()
    for path in ("/live/", "/ready/", "/metrics/", "/status.json/", "/cursor/"):
        assert request(server, path).status == 200, path
    for path in ("/events//", "/ws/", "//"):
        assert request(server, path).status == 404, path


def test_a_stream_is_to_be_passed_on_as_it_is(start):
    with Stream(start()) as stream:
        assert stream.headers["cache-control"] == "no-store, no-transform"


def test_a_packed_body_is_refused_as_such(start, queue):
    token = "0123456789abcdef"
    tokens = queue.parent / "publishers"
    tokens.write_text(token)
    server = start("--publish-token-file", str(tokens))

    def post(body, *fields):
        return request(
            server, "/publish/", f"Authorization: Bearer {token}", "Content-Type: application/json", *fields,
            f"Content-Length: {len(body)}", method="POST", body=body)
    event = b'{"event":"a"}'
    packed = post(gzip.compress(event), "Content-Encoding: gzip")
    assert packed.status == 415 and packed.headers["accept-encoding"] == "identity"
    assert "Content-Encoding" in packed.body.decode()
    assert post(event, "Content-Encoding: identity").status == 202
