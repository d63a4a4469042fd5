"""The state of each key is one on all nodes, and there for a node that starts, whatever Redis has lost."""

import json
import signal

import pytest

from support.client import Client
from support.files import name_of, place, waiting
from support.metrics import Metrics
from support.waiting import eventually

numbers = iter(range(1, 1_000_000))


def put(node, *events):
    for event in events:
        place(node.queue, name_of(next(numbers)), json.dumps({"event": "e", **event}))
    eventually(lambda: waiting(node.queue) == [], "the files are deleted")


def flood(node, channel, count=400):
    line = json.dumps({"event": "line", "channel": channel, "payload": "x" * 100})
    place(node.queue, name_of(next(numbers)) + "l", f"{line}\n" * count)
    eventually(lambda: waiting(node.queue) == [], "the lines are sent")


def connect(node, query):
    """A client, as soon as the node lets one in."""
    def attempt():
        try:
            return Client(node, f"/?{query}", protocol="wsqueue.v1")
        except AssertionError:
            return None
    return eventually(attempt, "clients are let in")


def state(node, query="channels=a,b"):
    """What a newcomer gets: the events by (channel, key, payload), and the message that ends them."""
    with connect(node, f"state=1&{query}") as client:
        events = []
        while True:
            [message] = client.receive_events()
            if message.get("action") == "state" and "begin" not in message:
                return [(one.get("channel"), one["key"], one["payload"]) for one in events], message
            # What has come without a key since the node let the client in is among them.
            if "key" in message:
                events.append(message)


def agree(nodes, expected, query="channels=a,b"):
    """All have this state; where the numbering begins anew clients are sent away meanwhile."""
    for node in nodes:
        def found(node=node):
            try:
                events, end = state(node, query)
            except AssertionError:
                return None
            return events == expected and end["complete"] is True
        eventually(found, f"{node.queue} has {expected}")


def resumed(node, query):
    with connect(node, query) as client:
        while True:
            [message] = client.receive_events()
            if message.get("action") == "resumed":
                return message


def cursor(node):
    with connect(node, "") as client:
        return client.receive_events()[0]["cursor"]


@pytest.fixture
def three(start_nodes, redis):
    return start_nodes(3, redis, "--journal-size", "512K")


def flood_until_trimmed(nodes, redis, channel="logs"):
    """So many lines that the stream has let go of what was before them."""
    for _ in range(40):
        before = redis.ask("XLEN", "wsqueue")
        flood(nodes[0], channel)
        if redis.ask("XLEN", "wsqueue") < before + 400:
            return
    raise AssertionError("nothing is let go of")


def test_it_is_one_on_all_nodes_and_on_one_that_starts_with_nothing(three, redis):
    put(three[0], {"key": "k1", "payload": 1, "channel": "a"}, {"key": "k2", "payload": 2, "channels": ["a", "b"]})
    put(three[1], {"key": "k1", "payload": 3, "channel": "a"}, {"key": "k3", "payload": 4})
    put(three[2], {"key": "k2", "clear": True, "channel": "b", "payload": None})
    expected = [("a", "k2", 2), ("a", "k1", 3), (None, "k3", 4)]
    agree(three, expected)
    flood_until_trimmed(three, redis)
    agree(three, expected)
    three.add()
    agree(three, expected)
    # Killed, and started again with what it had taken over.
    three.kill(3)
    three.restart(3)
    put(three[3], {"key": "k1", "payload": 5, "channel": "a"})
    agree(three, [("a", "k2", 2), (None, "k3", 4), ("a", "k1", 5)])


def test_it_is_there_after_a_redis_that_lost_its_data(three, redis):
    put(three[0], {"key": "k1", "payload": 1, "channel": "a"}, {"key": "k2", "payload": 2, "channel": "b"},
        {"payload": "plain"}, {"key": "k3", "payload": 3}, {"key": "k2", "clear": True, "channel": "b"})
    expected = [("a", "k1", 1), (None, "k3", 3)]
    agree(three, expected)
    before = cursor(three[0]).partition(":")[0]
    redis.ask("FLUSHALL")
    put(three[1], {"key": "k4", "payload": 4, "channel": "b"})
    expected.append(("b", "k4", 4))
    agree(three, expected)
    assert {cursor(node).partition(":")[0] for node in three} != {before}
    three.add()
    agree(three, expected)
    # Once more: what was written back is the older part.
    redis.ask("FLUSHALL")
    put(three[2], {"key": "k1", "payload": 5, "channel": "a"})
    agree(three, [(None, "k3", 3), ("b", "k4", 4), ("a", "k1", 5)])


def test_what_was_cleared_before_the_others_notice_a_loss_is_not_put_back(three, redis):
    put(three[0], {"key": "k1", "payload": 1, "channel": "a"}, {"key": "k2", "payload": 2, "channels": ["a", "b"]})
    agree(three, [("a", "k1", 1), ("a", "k2", 2)])
    for node in three:
        node.signal(signal.SIGSTOP)
    redis.ask("FLUSHALL")
    # A server that knows of nothing begins the numbering.
    three.add()
    put(three[3], {"key": "k2", "clear": True, "channels": ["a", "b"]}, {"key": "k3", "payload": 3})
    for node in three[:3]:
        node.signal(signal.SIGCONT)
    agree(three[:3], [("a", "k1", 1), (None, "k3", 3)])


def test_a_log_that_was_let_go_of_is_no_gap_for_a_reader_of_orders_on_any_node(three, redis):
    put(three[0], {"channel": "orders", "payload": 1})
    put(three[0], {"channel": "logs", "payload": 1})
    since = cursor(three[0])
    flood_until_trimmed(three, redis)
    three.add()
    put(three[0], {"channel": "orders", "payload": 2})
    for node in three:
        eventually(lambda node=node: cursor(node) == cursor(three[0]), "all are as far")
        answer = resumed(node, f"channels=orders&since={since}")
        assert answer["complete"] is True, (node.queue, answer)
        assert resumed(node, f"channels=logs&since={since}")["complete"] is False
        assert Metrics(node)("wsqueue_unsure_gaps_total") == 0


def test_keys_without_room_are_told_on_a_node_that_starts_too(start_nodes, redis):
    nodes = start_nodes(2, redis, "--keys", "3", "--journal-size", "512K")
    put(nodes[0], *({"key": f"k{number}", "payload": number, "channel": "a"} for number in range(12)))
    flood_until_trimmed(nodes, redis)
    nodes.add()
    for node in nodes:
        events, end = state(node, "channels=a")
        assert len(events) == 3 and end["complete"] is False, (events, end)
        assert state(node, "channels=b")[1]["complete"] is True
    # What Redis keeps is bounded: six keys, the marks of the others, and what says how much they take.
    assert redis.ask("HLEN", "{wsqueue}:state") <= 14


def test_scripts_that_redis_has_forgotten_cost_nothing(start_nodes, redis):
    nodes = start_nodes(2, redis)
    put(nodes[0], {"key": "a", "payload": 1})
    agree(nodes, [(None, "a", 1)])
    with connect(nodes[1], "") as client:
        client.receive_events()
        redis.ask("SCRIPT", "FLUSH")
        put(nodes[0], {"payload": "plain"}, {"key": "a", "payload": 2}, {"key": "b", "payload": 3})
        assert [event["payload"] for event in client.receive_events(3)] == ["plain", 2, 3]
    agree(nodes, [(None, "a", 2), (None, "b", 3)])


def test_state_that_has_ended_makes_room(start_nodes, redis):
    nodes = start_nodes(1, redis, "--keys", "1")
    put(nodes[0], {"key": "a", "payload": 1, "expires_at": "2000-01-01T00:00:00Z"})
    sent = [{"key": f"k{number}", "payload": number} for number in range(5)]
    put(nodes[0], *sent)
    kept = [(field, value) for field, value in pairs(redis) if b"\0" in field]
    assert redis.ask("HGET", "{wsqueue}:state", "").split() == [
        b"%d" % sum(len(field) + len(value) + 64 for field, value in kept),
        b"%d" % sum(not value.endswith(b" -") for _, value in kept)]


def pairs(redis):
    all = redis.ask("HGETALL", "{wsqueue}:state")
    return list(zip(all[::2], all[1::2]))
