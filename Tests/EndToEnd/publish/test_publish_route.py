"""`POST /publish`: an event by HTTP, checked as a file is, and in the queue when it is answered."""

import json
import os
import signal
import socket
import subprocess
import threading

import pytest

from support.client import Client
from support.files import failed, waiting
from support.http import exchange
from support.waiting import eventually

TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def tokens(queue):
    path = queue.parent / "publishers"
    path.write_text(f"{TOKEN}\nanother-token-of-thirty-two-bytes\n")
    path.chmod(0o640)
    return path


@pytest.fixture
def open_server(start, tokens):
    return start("--publish-token-file", str(tokens))


def head(server, length, *fields, token=TOKEN, method="POST", content_type="application/json"):
    lines = [f"{method} /publish HTTP/1.1", f"Host: {server.host}:{server.port}", *fields]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def post(server, body, *fields, **how):
    body = body if isinstance(body, bytes) else body.encode()
    return exchange(server, head(server, len(body), *fields, **how), body)


def test_an_event_is_answered_and_reaches_the_clients(open_server):
    with Client(open_server) as client:
        answer = post(open_server, '{"event":"e","payload": {"a":1.0}}')
        assert answer.status == 202
        assert answer.headers["content-type"] == "application/json"
        [message] = client.receive()
        assert b'"payload":{"a":1.0}' in message
        assert json.loads(message)["id"] == json.loads(answer.body)["id"]


def test_an_id_of_its_own_is_the_answers(open_server):
    answer = post(open_server, '{"event":"e","id":"order-7"}')
    assert json.loads(answer.body) == {"id": "order-7"}


def test_at_the_answer_the_file_is_in_the_queue_whole(start, queue, tokens):
    server = start("--publish-token-file", str(tokens), "--hold-without-clients")
    body = '{"event":"e","channel":"c","payload":[1]}'
    identity = json.loads(post(server, body).body)["id"]
    # Its name says besides whose it is.
    path = queue / f"{identity}.by-http-1.json"
    assert waiting(queue) == [path.name]
    assert path.read_text() == body
    assert (path.stat().st_mode & 0o777, path.stat().st_uid) == (0o644, os.geteuid())
    with Client(server, "/?channels=c") as client:
        assert client.receive_events()[0]["payload"] == [1]


def test_events_of_one_sender_keep_their_order(open_server):
    with Client(open_server) as client:
        for number in range(50):
            assert post(open_server, json.dumps({"event": "n", "payload": number})).status == 202
        assert [event["payload"] for event in client.receive_events(50)] == list(range(50))


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), f"{TOKEN} x"])
def test_without_a_token_of_the_file_nothing_is_read(open_server, queue, token):
    answer = post(open_server, '{"event":"e"}', token=token)
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert open_server.wait_for("client.denied")["reason"] == "publish token"
    assert waiting(queue) == []


def test_a_token_in_the_url_or_in_basic_is_none(open_server):
    request = head(open_server, 0, "Authorization: Basic eDp5", token=None)
    assert exchange(open_server, request).status == 401
    request = head(open_server, 0, token=None).replace(b"/publish", f"/publish?token={TOKEN}".encode())
    assert exchange(open_server, request).status == 401
    assert TOKEN.encode() not in open_server.raw_log


BAD = [
    ("", 0), ("{", 1), ("[]", 0), ("{}", None), ('{"event":7}', 9), ('{"event":"e"} x', 14),
    ('{"event":"e","event":"f"}', 14), ('{"event":"e","payload":01}', 24), (b'{"event":"\xff"}', 10),
    ('{"event":""}', 9), ('{"event":"e","channels":[]}', 24), ('{"event":"e\x00"}', 11),
]


@pytest.mark.parametrize("body, offset", BAD)
def test_what_is_no_event_is_refused_with_the_byte(open_server, queue, body, offset):
    answer = post(open_server, body)
    assert answer.status == 400
    told = json.loads(answer.body)
    assert told["success"] is False and f"at byte {told['offset']}" in told["error"]
    if offset is not None:
        assert told["offset"] == offset
    assert waiting(queue) == [] and failed(queue) == []


def test_a_body_over_the_limit_is_refused_before_it_is_sent(start, tokens):
    server = start("--publish-token-file", str(tokens), "--event-size", "1K")
    assert exchange(server, head(server, 1_025)).status == 413
    chunked = head(server, None, "Transfer-Encoding: chunked") + b"401\r\n"
    assert exchange(server, chunked).status == 413
    body = json.dumps({"event": "e", "payload": "x" * 900})
    assert post(server, body).status == 202


def test_chunks_and_pieces_are_put_together(open_server):
    body = b"".join(b"1\r\n%c\r\n" % byte for byte in b'{"event":"e"}') + b"0\r\n\r\n"
    request = head(open_server, None, "Transfer-Encoding: chunked") + body
    assert exchange(open_server, *[request[index:index + 1] for index in range(len(request))]).status == 202


@pytest.mark.parametrize("content_type, status", [
    ("application/json", 202), ("application/json; charset=utf-8", 202), ("Application/JSON", 202), (None, 202),
    ("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("multipart/form-data; boundary=x", 415),
    ("application/jsonp", 415),
])
def test_only_json_is_taken(open_server, content_type, status):
    assert post(open_server, '{"event":"e"}', content_type=content_type).status == status


@pytest.mark.parametrize("method, status", [("GET", 405), ("PUT", 405), ("DELETE", 405)])
def test_only_post_is_served(open_server, method, status):
    answer = exchange(open_server, head(open_server, 0, method=method))
    assert (answer.status, answer.headers["allow"]) == (status, "POST")


def test_curl_that_waits_to_be_asked_is_asked(open_server):
    body = json.dumps({"event": "e", "payload": "x" * 500_000})
    done = subprocess.run(
        ["curl", "-sv", "-w", "%{http_code}", "-H", f"Authorization: Bearer {TOKEN}", "-H",
         "Content-Type: application/json", "-H", "Expect: 100-continue", "--data-binary", "@-",
         f"http://{open_server.host}:{open_server.port}/publish"],
        input=body.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True, timeout=20)
    assert done.stdout.endswith(b"202")
    assert b"HTTP/1.1 100 Continue" in done.stderr


def test_a_queue_that_is_gone_is_said(open_server, queue):
    queue.rename(queue.parent / "elsewhere")
    answer = post(open_server, '{"event":"e"}')
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert open_server.wait_for("publish.failed")


def test_without_the_file_there_is_nothing_there(server):
    assert post(server, '{"event":"e"}').status == 404


@pytest.mark.parametrize("content", ["", "short\n", f"{TOKEN}\nshort\n", None])
def test_without_a_good_token_the_server_does_not_start(start, queue, content):
    path = queue.parent / "publishers"
    if content is not None:
        path.write_text(content)
    assert start("--publish-token-file", str(path), is_ready=False).exit_status() == 78


def test_tokens_are_read_again_on_hup(open_server, tokens):
    tokens.write_text("a-new-token-of-more-than-sixteen-bytes\n")
    open_server.signal(signal.SIGHUP)
    open_server.wait_for("publishers.reload", level="notice")
    assert post(open_server, '{"event":"e"}').status == 401
    assert post(open_server, '{"event":"e"}', token="a-new-token-of-more-than-sixteen-bytes").status == 202


def test_other_origins_may_not_and_listed_ones_may(start, tokens):
    server = start("--publish-token-file", str(tokens), "--origin", "https://example.org")
    assert post(server, '{"event":"e"}', "Origin: https://evil.example").status == 403
    allowed = post(server, '{"event":"e"}', "Origin: https://example.org")
    assert allowed.status == 202
    assert allowed.headers["access-control-allow-origin"] == "https://example.org"
    early = exchange(server, head(server, None, "Origin: https://example.org", method="OPTIONS", token=None))
    assert (early.status, early.headers["access-control-allow-methods"]) == (204, "POST")


def test_a_body_that_does_not_come_is_not_waited_for(start, tokens):
    server = start("--publish-token-file", str(tokens), "--handshake", "300ms")
    answer = exchange(server, head(server, 20) + b'{"event"')
    assert answer.status == 408


def test_many_at_once_are_all_answered_and_sent_once(open_server):
    answers = []

    def publish(number):
        for index in range(20):
            answers.append(post(open_server, json.dumps({"event": "n", "payload": [number, index]})).status)

    with Client(open_server) as client:
        threads = [threading.Thread(target=publish, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        got = [tuple(event["payload"]) for event in client.receive_events(160, timeout=30)]
        for thread in threads:
            thread.join()
    assert sorted(got) == [(number, index) for number in range(8) for index in range(20)]
    eventually(lambda: answers == [202] * 160, lambda: str(answers))


def test_one_token_brings_so_many_events_and_another_is_not_held_up(open_server, queue):
    answers = []

    def publish():
        while not any(answer.status == 429 for answer in answers[-50:]) and len(answers) < 20_000:
            answers.append(post(open_server, '{"event":"e"}'))

    threads = [threading.Thread(target=publish) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [answer for answer in answers if answer.status != 202]
    assert len(answers) - len(refused) >= 2_000 and refused
    assert {(answer.status, answer.headers["retry-after"]) for answer in refused} == {(429, "1")}
    assert post(open_server, '{"event":"e"}', token="another-token-of-thirty-two-bytes").status == 202
    eventually(lambda: post(open_server, '{"event":"e"}').status == 202, "there is room again")
    eventually(lambda: not waiting(queue) and not failed(queue), "all are sent")


def lines(*events):
    return "".join(json.dumps(event) + "\n" for event in events)


BATCH = {"content_type": "application/x-ndjson"}
CLOUD = {"content_type": "application/cloudevents+json; charset=utf-8"}


def test_lines_are_a_batch_in_its_order(open_server, queue):
    with Client(open_server, "/?channels=jobs") as client:
        events = [
            {"event": "a", "payload": 1}, {"event": "b", "key": "k", "channel": "jobs"}, {"event": "c", "id": "own"}]
        answer = post(open_server, lines(*events[:1]) + "\r\n\n" + lines(*events[1:]).rstrip(), **BATCH)
        assert answer.status == 202, answer.body
        told = json.loads(answer.body)
        assert told["events"] == 3
        got = client.receive_events(3)
        assert [event["event"] for event in got] == ["a", "b", "c"] and got[1]["key"] == "k"
        assert [event["id"] for event in got] == [f"{told['id']}/1", f"{told['id']}/4", "own"]
    eventually(lambda: waiting(queue) == [], "the file is deleted")


@pytest.mark.parametrize("body, line, says", [
    (lines({"event": "a"}, {"event": "b", "chanel": "x"}), 2, "'channel' is meant"),
    (lines({"event": "a"}) + "{\n", 2, ""), (lines({"event": "a"}, {"event": ""}), 2, "'event' is empty"),
    ("", None, "no event"), ("\n \n", None, "no event"),
    (lines({"event": "a", "payload": "x" * 1_048_576}), 1, "--event-size"),
])
def test_a_batch_is_taken_as_a_whole_or_not_at_all(open_server, queue, body, line, says):
    answer = post(open_server, body, **BATCH)
    told = json.loads(answer.body)
    assert answer.status == 400 and told.get("line") == line and says in told["error"], told
    assert line is None or told["error"].startswith(f"line {line}: ")
    assert line is None or len("\n".join(body.split("\n")[:line - 1])) <= told["offset"] <= len(body)
    assert waiting(queue) == [] and failed(queue) == []


def test_a_batch_may_be_as_large_as_a_file(start, tokens):
    server = start("--publish-token-file", str(tokens), "--batch-size", "1M", "--event-size", "64K")
    body = lines(*({"event": "a", "payload": "x" * 1_000} for _ in range(1_000)))
    assert len(body) < 1_048_576
    assert json.loads(post(server, body, **BATCH).body)["events"] == 1_000
    answer = post(server, body + body, **BATCH)
    assert answer.status == 413 and b"--batch-size" in answer.body
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(body), body.encode()) for _ in range(2)) + b"0\r\n\r\n"
    request = head(server, None, "Transfer-Encoding: chunked", content_type="application/x-ndjson")
    assert exchange(server, request, chunks).status == 413
    assert post(server, json.dumps({"event": "a", "payload": "x" * 70_000})).status == 413


def test_batches_on_their_way_take_bounded_memory(start, tokens):
    server = start("--publish-token-file", str(tokens), "--handshake", "60s")
    held = []
    try:
        for _ in range(2):
            connection = socket.create_connection((server.host, server.port), 10)
            connection.sendall(
                head(server, 64 * 1_048_576, "Expect: 100-continue", content_type="application/x-ndjson"))
            assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
            held.append(connection)
        answer = post(server, lines({"event": "a"}), **BATCH)
        assert answer.status == 503 and "retry-after" in answer.headers
        assert post(server, '{"event":"a"}').status == 202
    finally:
        for connection in held:
            connection.close()
    eventually(lambda: post(server, lines({"event": "a"}), **BATCH).status == 202, "there is room again")


def test_a_cloud_event_is_an_event(open_server):
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with Client(open_server, "/?channels=orders") as client:
        answer = post(open_server, '''{"specversion":"1.0","type":"com.example.order\\u002ecreated","source":"/shop",
            "id":"A234-1234","time":"2026-11-21T08:00:00Z","subject":"orders","datacontenttype":"application/json",
            "traceparent":"%s","comexampleextension":5,"data":{"id": 7,  "total":12.50}}''' % trace, **CLOUD)
        assert answer.status == 202 and json.loads(answer.body) == {"id": "A234-1234"}, answer.body
        [message] = client.receive()
        assert b'{"id": 7,  "total":12.50}' in message
        assert json.loads(message) == {
            "event": "com.example.order.created", "payload": {"id": 7, "total": 12.5}, "timestamp": 1_795_248_000,
            "id": "A234-1234", "seq": 1, "traceparent": trace, "channel": "orders"}
        post(open_server, '{"type":"t","id":"2","source":"s","time":"2026-11-21T09:00:00.25+01:00"}', **CLOUD)
        post(open_server, '{"type":"u","id":"3","source":"s","subject":null,"data_base64":"AA=="}', **CLOUD)
        one, other = client.receive_events(2)
        assert (one["event"], one["payload"], one["timestamp"]) == ("t", None, 1_795_248_000.25)
        assert (other["event"], other["payload"]) == ("u", "AA==")


@pytest.mark.parametrize("body, says, place", [
    ('{"id":"1"}', "no 'type'", ""), ('{"specversion":"0.3","type":"a"}', "'specversion'", '"0.3"'),
    ('{"type":"a","subject":"order/7"}', "'channel'", '"order/7"'), ('{"type":7}', "'event'", "7"),
    ('{"id":{},"type":"a"}', "'id'", "{}"), ('{"type":"a","time":"yesterday"}', "'time'", '"yesterday"'),
    ('{"type":"a","type":"b"}', "twice", ""), ("[]", "", ""),
])
def test_what_is_no_cloud_event_is_refused_where_it_is_wrong(open_server, queue, body, says, place):
    answer = post(open_server, body, **CLOUD)
    told = json.loads(answer.body)
    assert answer.status == 400 and says in told["error"], told
    assert not place or told["offset"] == body.index(place)
    assert waiting(queue) == []


def test_other_types_are_refused_with_those_that_are_taken(open_server):
    for content_type in ("application/cloudevents-batch+json", "text/plain", "application/x-www-form-urlencoded"):
        answer = post(open_server, '{"event":"a"}', content_type=content_type)
        assert answer.status == 415 and b"application/x-ndjson" in answer.body
