"""A gap is told to those to whom something is lost, and to no one else."""

import json

import pytest

from support.client import Client
from support.files import gone, name_of, place
from support.metrics import Metrics

LINES = 400


def publish(queue, number, event):
    place(queue, name_of(number), json.dumps(event))


def flood(queue, channel, count, number):
    """So much in one channel that the history loses what was before it."""
    for batch in range(count):
        line = json.dumps({"event": "line", "channel": channel, "payload": "x" * 100})
        place(queue, name_of(number + batch) + "l", f"{line}\n" * LINES)
        gone(queue)


class Page(Client):
    def __init__(self, server, query, **how):
        super().__init__(server, f"/?{query}", protocol="wsqueue.v1", **how)
        [self.welcome] = self.receive_events()

    def resumed(self):
        """What was missed, and how the answer ends."""
        missed = []
        while True:
            [message] = self.receive_events()
            if message.get("action") == "resumed":
                return [event["payload"] for event in missed], message
            missed.append(message)


@pytest.fixture
def small(start, memory_queue):
    """A server whose history holds some hundred lines, and is begun anew by `small()`."""
    return lambda *options: start("--journal-size", "128K", *options, directory=memory_queue)


@pytest.mark.parametrize("ending", ["none", "kill", "stop"])
def test_lines_of_a_log_cost_a_reader_of_orders_nothing(small, memory_queue, ending):
    server = small()
    with Page(server, "channels=orders") as page:
        publish(memory_queue, 1, {"event": "order", "channel": "orders", "payload": 1})
        assert page.receive_events()[0]["payload"] == 1
        epoch = page.welcome["cursor"].partition(":")[0]
    publish(memory_queue, 2, {"event": "line", "channel": "logs", "payload": 0})
    flood(memory_queue, "logs", 12, 10)
    server.wait_for("journal.trim")
    if ending != "none":
        if ending == "kill":
            server.process.kill()
            server.exit_status()
        else:
            server.terminate()
        server = small()
    publish(memory_queue, 100, {"event": "order", "channel": "orders", "payload": 2})
    gone(memory_queue)
    with Page(server, f"channels=orders&since={epoch}:1") as page:
        missed, answer = page.resumed()
        assert missed == [2] and answer["complete"] is True and "gap" not in answer
    with Page(server, f"channels=orders&since={epoch}:0") as page:
        missed, answer = page.resumed()
        assert missed == [2] and answer["complete"] is False and answer["gap"]["from"] == f"{epoch}:0"
    with Page(server, f"channels=logs&since={epoch}:1") as page:
        assert page.resumed()[1]["complete"] is False
    # No token, no patterns; the channel-less events are the history of all, and there were none.
    with Page(server, f"since={epoch}:0") as page:
        missed, answer = page.resumed()
        assert missed == [] and answer["complete"] is True
    assert Metrics(server)("wsqueue_unsure_gaps_total") == 0

