"""An application whose name cannot be looked up: nobody waits longer for that than for the application."""

import json
import threading
import time

import pytest

from support.application import Application
from support.client import Client
from support.marks import needs_root
from support.name_server import NameServer
from support.waiting import eventually

pytestmark = needs_root
# A client waits two seconds; without a limit of ours a lookup takes ten.
LIMIT = 4


@pytest.fixture
def names(tmp_path):
    server = NameServer(tmp_path)
    yield server
    server.close()


@pytest.fixture
def start_guarded(start, queue, names):
    rules = queue.parent / "rules.json"
    rules.write_text(json.dumps([{"channel": "app.{x}", "subscribe": "ask"}]))

    def run(port):
        return start(
            "--rules", str(rules), "--authorize-url", f"http://application.test:{port}/", prefix=names.prefix)
    return run


def connect(server, path="/"):
    client = Client(server, path, protocol="wsqueue.v1")
    client.receive_events()
    return client


def ask(client, channel):
    client.send_action("subscribe", channel=channel)
    return client.receive_events()[0]["success"]


def test_a_silent_name_server_is_a_denial_after_two_seconds(start_guarded, names):
    names.is_silent = True
    application = Application(lambda *_: (200, {}))
    server = start_guarded(application.port)
    begin = time.monotonic()
    with connect(server, "/?a") as one, connect(server, "/?b") as other:
        one.send_action("subscribe", channel="app.one")
        time.sleep(1)
        other.send_action("subscribe", channel="app.two")
        assert one.receive_events()[0]["success"] is False
        assert time.monotonic() - begin < LIMIT
        assert other.receive_events()[0]["success"] is False
        assert time.monotonic() - begin < LIMIT + 1
        assert server.wait_for("authorize.failed")["error"]
        names.is_silent = False
        # What was asked while it was silent is asked again by the C library, after five seconds.
        eventually(lambda: ask(one, "app.one"), "the name is known", timeout=15)
        assert server.wait_for("authorize.back")


def test_a_question_under_way_does_not_wait_for_a_name(start_guarded, names):
    may_answer = threading.Event()

    def decide(channel, _):
        assert may_answer.wait(20)
        return 200, {}

    application = Application(decide)
    server = start_guarded(application.port)
    with connect(server, "/?a") as one, connect(server, "/?b") as other:
        one.send_action("subscribe", channel="app.slow")
        eventually(lambda: application.under_way, "the application is asked")
        names.is_silent = True
        # Its address is of no use any more: the next question but one begins with the name.
        application.close()
        assert ask(other, "app.refused") is False
        asked = names.asked
        other.send_action("subscribe", channel="app.unknown")
        eventually(lambda: names.asked > asked, "the name is looked up")
        begin = time.monotonic()
        may_answer.set()
        assert one.receive_events()[0]["success"] is True
        assert time.monotonic() - begin < LIMIT
        assert other.receive_events()[0]["success"] is False
