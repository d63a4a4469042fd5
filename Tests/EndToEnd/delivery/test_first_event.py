"""A first event, as a new user sees it."""

import contextlib
import json
import re
import subprocess

import pytest
from websockets.sync.client import connect

from support.client import Client
from support.files import waiting
from support.frames import FrameReader
from support.waiting import eventually

FORM = re.compile(
    rb'\{"event":"order\.created","payload":\{"id":7,"customer":"Bob"\},'
    rb'"timestamp":(\d{10}),"id":"([0-9]{19}-[^"]+)","seq":1\}')


@contextlib.contextmanager
def stopping(process):
    """Ends the process with the block, however that ends."""
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_a_first_event_arrives_and_its_file_is_gone(server, client, publish, queue):
    publish("order.created", "id:=7", "customer=Bob")
    [message] = client.receive()
    assert FORM.fullmatch(message), message
    eventually(lambda: waiting(queue) == [], "the file is deleted")


def test_the_publisher_says_nothing_and_exits_with_zero(server, publish):
    result = publish("order.created")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_curl_a_library_a_browser_and_a_plain_socket_get_the_same_bytes(server, browser, publish):
    curl = subprocess.Popen(
        [
            "curl", "--silent", "--no-buffer", "--max-time", "20", "--http1.1", "--header", "Connection: Upgrade",
            "--header", "Upgrade: websocket", "--header", "Sec-WebSocket-Version: 13",
            "--header", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", server.address.replace("ws:", "http:"),
        ],
        stdout=subprocess.PIPE)
    with stopping(curl), Client(server) as plain, connect(server.address) as library, browser.open(
            server.address.replace("ws:", "http:")) as page:
        page.evaluate(
            f"new Promise((resolve) => {{ window.mine = new WebSocket('{server.address}');"
            "window.arrived = []; mine.onmessage = (message) => arrived.push(message.data);"
            "mine.onopen = resolve; })")
        # The page's own WebSocket is the fifth.
        eventually(lambda: len(server.logged("client.open")) == 5, lambda: server.log)
        publish("order.created", "id:=7", "customer=Bob")
        [message] = plain.receive()
        assert FORM.fullmatch(message), message
        assert library.recv(timeout=10).encode() == message
        assert page.wait_for("arrived[0]").encode() == message
        frames = FrameReader()
        while not frames.messages:
            frames.feed(curl.stdout.read1())
        assert frames.messages == [message]


def test_the_log_says_what_was_sent(server, client, publish):
    publish("order.created", "id:=7", "customer=Bob")
    message = json.loads(client.receive()[0])
    line = server.wait_for("event.sent")
    assert list(line) == ["ts", "level", "ev", "id", "seq", "event", "pub", "clients", "bytes", "wait_ms", "file"]
    assert line["level"] == "info"
    assert (line["id"], line["seq"], line["event"]) == (message["id"], "1", "order.created")
    assert line["clients"] == "1"
    assert line["file"] == message["id"] + ".json"
    assert 0 <= float(line["wait_ms"]) < 10_000


def test_events_wait_while_no_server_runs(publish, start, queue):
    for number in range(20):
        publish("order.created", f"id:={number}")
    assert len(waiting(queue)) == 20
    server = start("--hold-without-clients")
    with Client(server) as client:
        assert [event["payload"]["id"] for event in client.receive_events(20)] == list(range(20))
    eventually(lambda: waiting(queue) == [], "the files are deleted")


def test_events_for_nobody_are_deleted(server, publish, queue):
    publish("order.created")
    eventually(lambda: waiting(queue) == [], "the file is deleted")
    server.wait_for("event.sent", clients=0)


@pytest.mark.parametrize("text", [
    '{"a":1.0,"b":1e400,"b":-0,"long":12345678901234567890123}',
    '"\\ud800 \\u0000 \\/ \u00e9 \U0001f600"',
    '[ 1 ,\t2,\n3 ]',
    "null",
])
def test_a_payload_arrives_as_it_was_written(server, client, publish, text):
    publish("exact", "-j", text)
    [message] = client.receive()
    start = message.index(b'"payload":') + len(b'"payload":')
    assert message[start:message.rindex(b',"timestamp":')] == text.encode()
