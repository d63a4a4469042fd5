"""Applications that were written for others, unchanged but for what they load."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import types

import pytest

from support.client import Client
from support.files import failed, waiting
from support.pages import serving
from support.places import EXAMPLES
from support.ports import free_port
from support.rules import write_rules
from support.speaking import Speaking
from support.waiting import eventually

PROGRAMS = pathlib.Path(__file__).parent / "php"
MIGRATION = EXAMPLES / "migration"
DROP_IN = MIGRATION / "php-original" / "WebSocketServer.php"

pytestmark = pytest.mark.skipif(not shutil.which("php"), reason="no PHP")


def php(script, *arguments, **variables):
    environment = os.environ | {"WEBSOCKET_SERVER": str(DROP_IN), "MIGRATION": str(MIGRATION)} | variables
    return subprocess.run(
        ["php", str(PROGRAMS / script), *arguments], env=environment, check=True, capture_output=True, text=True,
        timeout=30).stdout


@pytest.fixture
def serve_php():
    """Serves a script by PHP's own web server, and gives its address; ended with the test."""
    running = []

    def start_php(script, **variables):
        port = free_port()
        running.append(subprocess.Popen(
            ["php", "-S", f"127.0.0.1:{port}", str(script)], env=os.environ | variables,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        eventually(lambda: accepts(port), "PHP listens")
        return f"http://127.0.0.1:{port}"

    yield start_php
    for one in running:
        one.terminate()
        one.wait(10)


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


# The PHP original.

def test_the_drop_in_fits_on_a_page():
    assert len(DROP_IN.read_text(encoding="utf-8").splitlines()) <= 60


def test_an_old_endpoint_publishes_unchanged_in_order_and_never_half(server, queue):
    with Client(server, "/notifications") as client:
        assert php("old_api.php", "200", WS_QUEUE_PATH=str(queue)) == ""
        events = client.receive_events(200)
    assert [event["payload"]["appointment_id"] for event in events] == list(range(1, 201))
    assert list(events[0])[:3] == ["event", "payload", "timestamp"]
    assert events[0]["event"] == "appointment_created"
    assert events[0]["payload"] | {"appointment_id": 0} == {
        "appointment_id": 0, "patient_name": "Zoë/Ünal", "fee": 12.5}
    eventually(lambda: waiting(queue) == [], "the files are deleted")
    assert failed(queue) == []


def test_an_old_endpoint_makes_its_directory_or_hears_that_it_cannot(queue, tmp_path):
    made = tmp_path / "logs" / "ws_queue"
    assert php("old_api.php", WS_QUEUE_PATH=str(made)) == ""
    assert len(waiting(made)) == 1 and not [name for name in os.listdir(made) if name.startswith(".")]
    file = tmp_path / "file"
    file.touch()
    assert php("old_api.php", WS_QUEUE_PATH=str(file / "queue")) == "Failed to queue WebSocket event\n"


def test_an_old_start_script_becomes_the_server(binaries, tmp_path):
    directory, port = tmp_path / "logs" / "ws_queue", free_port()
    environment = os.environ | {
        "WEBSOCKET_SERVER": str(DROP_IN), "WS_QUEUE_PATH": str(directory), "WS_HOST": "127.0.0.1",
        "WS_PORT": str(port), "PATH": f"{binaries}:{os.environ['PATH']}", "WSQUEUE_ORIGIN": "https://example.org"}
    with subprocess.Popen(
            ["php", str(PROGRAMS / "old_server.php")], env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            eventually(lambda: accepts(port), "the server listens")
            server = types.SimpleNamespace(host="127.0.0.1", port=port)
            with Client(server, "/appointments", headers=["Origin: https://example.org"]) as client:
                php("old_api.php", WS_QUEUE_PATH=str(directory))
                assert client.receive_events()[0]["event"] == "appointment_created"
                # Whoever started the script has started the server: signals and the exit status are its own.
                process.send_signal(signal.SIGTERM)
                client.receive_until_end()
            assert process.wait(20) == 0
        finally:
            process.kill()


# A Swoole handler.

def test_a_swoole_page_gets_what_was_pushed_to_its_channel(server, queue, browser, serve_php):
    address = serve_php(
        MIGRATION / "swoole/chat.php", WSQUEUE_DIR=str(queue), WSQUEUE_PUBLIC=server.address)
    with browser.open(address) as page:
        page.wait_for("document.title === 'Chat, chat.room.1'")
        page.evaluate(
            "fetch('/', { method: 'POST', body: new URLSearchParams({ text: 'Hello <b>' }) }).then((it) => it.status)")
        page.wait_for("document.querySelectorAll('#messages li').length === 1")
        assert page.evaluate("document.querySelector('#messages li').textContent") == "server: Hello <b>"
        assert page.complaints == []


# Spiral's broadcasting.

@pytest.mark.parametrize("what, payloads", [
    ("json", [b'{"price": 12.50, "big": 12345678901234567890}']), ("text", [b'"hello \\"world\\""']),
    ("object", [b'{   "a": 1  }']), ("several", [b'{"n":1}', b'{ "n":2}', b'"three"']), ("iterator", [b"1", b"2"]),
])
def test_a_spiral_service_publishes_to_topics(server, queue, what, payloads):
    with Speaking(server, "/", "news", "user.7") as client:
        assert php("spiral_publish.php", str(queue), what) == ""
        messages = client.receive(len(payloads))
    assert [message.partition(b'"payload":')[2].partition(b',"timestamp"')[0] for message in messages] == payloads
    channel = "user.7" if what == "object" else "news"
    assert [(one["event"], one["channel"]) for one in map(json.loads, messages)] == [
        ("broadcast", channel)] * len(payloads)


@pytest.mark.parametrize("what, says", [
    ("no messages", ""), ("no topics", "a message needs a topic"), ("bad topic", "user/7 is no name of a channel"),
    ("bad text", "a message is not UTF-8")])
def test_what_is_no_message_to_a_topic_is_refused_at_once(queue, what, says):
    assert php("spiral_publish.php", str(queue), what).startswith(says)
    assert os.listdir(queue) == []


def test_a_spiral_service_hears_why_it_cannot_publish(tmp_path):
    assert "No such file or directory" in php("spiral_publish.php", str(tmp_path / "none"), "json")


@pytest.fixture
def guarded(start, queue, serve_php):
    """A server that asks the application's topics."""
    rules = write_rules(queue, [{"channel": "{topic:.+}", "subscribe": "ask"}])
    address = serve_php(MIGRATION / "spiral/authorize.php")
    return start("--rules", str(rules), "--authorize-url", f"{address}/authorize.php")


def test_the_applications_topics_decide(guarded):
    with Speaking(guarded, headers=["Cookie: session=alice-session"]) as alice, Speaking(guarded) as stranger:
        alice.subscribe("news", "user.7")
        stranger.subscribe("news")
        for client, channel in ((alice, "user.8"), (alice, "user.7.mail"), (alice, "else"), (stranger, "user.7")):
            answer = client.ask("subscribe", channel=channel)
            assert (answer["code"], answer["channel"]) == ("forbidden", channel)


def test_a_page_of_roadrunners_plugin_joins_hears_and_leaves(guarded, queue, browser):
    pages = {"/": '<!doctype html><script src="TopicSocket.js"></script>',
             "/TopicSocket.js": (MIGRATION / "spiral/TopicSocket.js").read_text(encoding="utf-8")}
    with serving(pages) as host, browser.open(host) as page:
        page.run(
            f"globalThis.got = []; globalThis.ws = new TopicSocket('{guarded.address}');"
            "ws.onmessage = ({ data }) => got.push(JSON.parse(data));"
            "ws.onopen = () => ws.send(JSON.stringify({ command: 'join', topics: ['news'] }))")
        page.wait_for("got.length === 1")
        php("spiral_publish.php", str(queue), "several")
        page.wait_for("got.length === 4")
        page.run("ws.send(JSON.stringify({ command: 'join', topics: ['news', 'user.8'] }))")
        page.wait_for("got.length === 5")
        php("spiral_publish.php", str(queue), "json")
        guarded.wait_for("event.sent", clients=0)
        page.run("ws.send(JSON.stringify({ command: 'leave', topics: ['news'] }))")
        page.wait_for("got.length === 6")
        assert page.evaluate("got") == [
            {"topic": "@join", "payload": ["news"]},
            {"topic": "news", "payload": '{"n":1}'}, {"topic": "news", "payload": '{"n":2}'},
            {"topic": "news", "payload": '"three"'},
            {"topic": "#join", "payload": ["news", "user.8"]}, {"topic": "@leave", "payload": ["news"]}]


# Others.

def test_pushers_names_of_private_channels_are_private_and_a_rule_says_for_whom(start, queue):
    with Speaking(start()) as stranger:
        assert stranger.ask("subscribe", channel="private-orders")["code"] == "forbidden"
        assert stranger.ask("subscribe", channel="private.orders")["code"] == "forbidden"
        stranger.send(8, b"\x03\xe8")
        stranger.receive_until_end()
    rules = write_rules(queue, [{"channel": "private-{name:.+}", "subscribe": "authenticated"}])
    with Speaking(start("--rules", str(rules), directory=queue.parent / "other")) as stranger:
        assert stranger.ask("subscribe", channel="private-orders")["code"] == "forbidden"


def test_the_server_does_not_listen_where_another_programs_variables_say(start, monkeypatch):
    monkeypatch.setenv("WS_HOST", "0.0.0.0")
    monkeypatch.setenv("WS_PORT", "1")
    monkeypatch.setenv("WS_QUEUE_PATH", "/nowhere")
    assert start().host == "127.0.0.1"
