"""The past of channels about which the application is asked comes with that of the others, or not at all."""

import json
import threading

import pytest

from support.application import Application
from support.client import Client
from support.files import gone, name_of, place
from support.stream import Stream


@pytest.fixture
def application():
    """Answers when it is let, and then lets in to what ends in `yes`."""
    gate = threading.Event()

    def decide(channel, request):
        gate.wait(10)
        return (200 if channel.endswith("yes") else 403), {}
    application = Application(decide)
    application.gate = gate
    yield application
    gate.set()
    application.close()


@pytest.fixture
def server(start, memory_queue, application):
    rules = memory_queue.parent / "rules"
    rules.write_text(json.dumps([{"channel": "ask.{id}", "subscribe": "ask"}]))
    server = start("--rules", str(rules), "--authorize-url", application.url, directory=memory_queue)
    for number, members in enumerate([{}, {"channel": "ask.yes"}, {"channel": "ask.no"}, {"channel": "open"},
                                      {"channel": "ask.yes", "key": "k"}]):
        place(memory_queue, name_of(number), json.dumps({"event": "e", "payload": number + 1, **members}))
    gone(memory_queue)
    with Client(server, protocol="wsqueue.v1") as client:
        server.epoch = client.receive_events()[0]["cursor"].partition(":")[0]
    return server


ASKED = "channels=open,ask.yes,ask.no"


def test_a_reader_that_breaks_off_before_the_answer_is_where_it_was(server, memory_queue, application):
    with Stream(server, f"/events?{ASKED}&since={server.epoch}:1") as stream:
        # While the application thinks, events go on.
        place(memory_queue, name_of(10), json.dumps({"event": "e", "payload": 6}))
        place(memory_queue, name_of(11), json.dumps({"event": "e", "payload": 7, "channel": "ask.yes"}))
        gone(memory_queue)
        with pytest.raises(AssertionError):
            stream.receive(timeout=0.2)
        assert stream.last_id == f"{server.epoch}:1"
    application.gate.set()
    with Stream(server, f"/events?{ASKED}", headers=[f"Last-Event-ID: {stream.last_id}"]) as stream:
        stream.wait_until(lambda stream: stream.last_id == f"{server.epoch}:7")
        events = [json.loads(data) for _, data in stream.messages]
        assert [event["payload"] for event in events if "event" in event] == [2, 4, 5, 6, 7]


def test_what_comes_while_the_application_thinks_is_in_its_place(server, memory_queue, application):
    with Client(server, f"/?{ASKED}&since={server.epoch}:1", protocol="wsqueue.v1") as client:
        [welcome] = client.receive_events()
        assert welcome["action"] == "welcome"
        for number, channel in ((6, "open"), (7, "ask.yes")):
            place(memory_queue, name_of(number + 10), json.dumps({"event": "e", "payload": number, "channel": channel}))
        gone(memory_queue)
        client.expect_silence(0.2)
        application.gate.set()
        messages = client.receive_events(7)
        assert [one["payload"] for one in messages if "event" in one] == [2, 4, 5, 6, 7]
        assert [one["channel"] for one in messages if one.get("code") == "forbidden"] == ["ask.no"]
        assert messages[-1] == {"action": "resumed", "cursor": f"{server.epoch}:7", "complete": True}
        place(memory_queue, name_of(20), json.dumps({"event": "e", "payload": 8, "channel": "ask.yes"}))
        assert client.receive_events()[0]["payload"] == 8


def test_one_state_has_all_of_it(server, application):
    with Client(server, f"/?{ASKED}&state=1", protocol="wsqueue.v1") as client:
        assert [one["action"] for one in client.receive_events(2)] == ["welcome", "state"]
        client.expect_silence(0.2)
        application.gate.set()
        messages = client.receive_events(3)
        assert [one["payload"] for one in messages if "event" in one] == [5]
        assert messages[-1]["keys"] == 1 and messages[-1]["complete"] is True and "channel" not in messages[-1]


def test_a_poll_has_all_of_it(server, application):
    application.gate.set()
    with Stream(server, f"/events?{ASKED}&poll=1") as stream:
        events = stream.receive_until_end()
        assert [event["payload"] for event in events if "event" in event] == [1, 2, 4, 5]
