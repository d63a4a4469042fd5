"""Numbers of the shared order that no event bears at one node, because it is known or too late there."""

import json
import os
import shutil
import signal
import time

from support.client import Client
from support.files import name_of, place, waiting
from support.metrics import Metrics
from support.nodes import events_of
from support.speaking import PROTOCOL
from support.waiting import eventually


def epoch_of(client):
    return client.receive_events()[0]["cursor"].partition(":")[0]


def resumed(client):
    """What a client is told once it has all that it missed."""
    told = []
    eventually(lambda: told.extend(client.receive_events()) or "complete" in told[-1], lambda: f"no end: {told}", 4)
    return told[-1]


def moves_on(client, node, epoch, seq):
    """The client has nothing missing at a node that left out the number, and gets what comes next."""
    answer = resumed(client)
    assert (answer["complete"], answer["cursor"]) == (True, f"{epoch}:{seq}")
    place(node.queue, name_of(900), json.dumps({"event": "next"}))
    assert [number for number, _ in events_of(client, 1)] == [seq + 1]


def test_a_client_moves_to_a_node_where_its_last_event_is_too_late(start_nodes, redis):
    nodes = start_nodes(2, redis)
    with Client(nodes[1], protocol=PROTOCOL) as client:
        epoch = epoch_of(client)
        nodes.kill(0)
        end = time.time() + 1
        place(nodes[1].queue, name_of(1), json.dumps({"event": "typing", "expires_at": end}))
        assert [seq for seq, _ in events_of(client, 1)] == [1]
    eventually(lambda: time.time() > end + 0.1, "its time is over")
    node = nodes.restart(0)
    node.wait_for("event.expired")
    with Client(node, f"/?since={epoch}:1", protocol=PROTOCOL) as client:
        moves_on(client, node, epoch, 1)
    assert Metrics(node)("wsqueue_events_total", result="expired") == 1


def test_a_client_moves_to_a_node_that_knows_what_another_has_forgotten(start_nodes, redis, binaries):
    nodes = start_nodes(2, redis)
    with Client(nodes[1], protocol=PROTOCOL) as client:
        epoch = epoch_of(client)
        place(nodes[1].queue, name_of(1), json.dumps({"event": "n", "id": "again"}))
        assert [seq for seq, _ in events_of(client, 1)] == [1]
    with Client(nodes[0], f"/?since={epoch}:0", protocol=PROTOCOL) as client:
        assert [seq for seq, _ in events_of(client, 1)] == [1]
    nodes.kill(1)
    shutil.rmtree(nodes[1].queue / ".journal")
    redis.ask("XTRIM", "wsqueue", "MAXLEN", "0")
    node = nodes.restart(1)
    with Client(node, protocol=PROTOCOL) as client:
        client.receive_events()
        place(node.queue, name_of(2), json.dumps({"event": "n", "id": "again"}))
        assert [seq for seq, _ in events_of(client, 1)] == [2]
    nodes[0].wait_for("event.duplicate", id="again")
    with Client(nodes[0], f"/?since={epoch}:2", protocol=PROTOCOL) as client:
        moves_on(client, nodes[0], epoch, 2)


def test_duplicates_are_counted(start_nodes, redis):
    [node] = start_nodes(1, redis)
    with Client(node) as client:
        for number in range(3):
            place(node.queue, name_of(number), json.dumps({"event": "n", "id": "one"}))
            if number == 0:
                client.receive_events(1)
        eventually(lambda: waiting(node.queue) == [], "the files are deleted")
    counted = Metrics(node)
    assert counted("wsqueue_events_total", result="duplicate") == 2
    assert counted("wsqueue_events_total", result="sent") == 1
    assert node.times("event.duplicate") == 2


def test_a_drain_leaves_no_file_whose_event_is_in_the_stream(start_nodes, redis):
    [node] = start_nodes(1, redis)
    for number in range(400):
        place(node.queue, name_of(number), json.dumps({"event": "n", "payload": number}))
    eventually(lambda: len(redis.stream()) > 50, "the first are in the stream")
    node.signal(signal.SIGTERM)
    assert node.exit_status() == 0
    sent = {fields[b"i"].decode() for _, fields in redis.stream()}
    left = {os.path.splitext(name)[0] for name in waiting(node.queue)}
    assert not sent & left
    assert len(sent) + len(left) == 400
