"""Nodes of two versions on one Redis, one after the other replaced by the newer one; what 0.1 writes there is read."""

import json
import os

import pytest

from support.before import older
from support.client import Client
from support.files import name_of, place
from support.nodes import events_of, listen, one_order
from support.speaking import PROTOCOL
from support.waiting import eventually


def is_empty(queue):
    return not [entry for entry in queue.iterdir() if not entry.name.startswith(".")]


def gone(*queues):
    for queue in queues:
        eventually(lambda: is_empty(queue), "the files are in the stream")


def event(payload, **members):
    return json.dumps({"event": "n", "payload": payload, **members})


def publish_all_kinds(node, first):
    """An event by the contract, one of a name that is used again, a batch, and an id of its own: five events."""
    place(node.queue, name_of(first), event(first))
    place(node.queue, f"status-{first}.json", event(first))
    place(node.queue, name_of(first + 1) + "l", "\n".join(event(line) for line in (1, 2)))
    place(node.queue, name_of(first + 2), event(first, id=f"own-{first}"))
    gone(node.queue)


def ends_here(node, clients):
    """No client gets anything more than what comes now."""
    place(node.queue, name_of(999), event("end", id="the-end"))
    for client in clients:
        assert [identity for _, identity in events_of(client, 1)] == ["the-end"]


@pytest.fixture
def mixed(start_nodes, redis):
    """Two nodes of 0.1, and one of this version."""
    server = older("wsqueue-server")
    nodes = start_nodes(0, redis)
    for binary in (server, None, server):
        nodes.add(binary=binary)
    return nodes


def test_nodes_of_two_versions_have_one_order_while_they_are_replaced(mixed):
    nodes = mixed
    with Client(nodes[1], protocol=PROTOCOL) as one:
        epoch = one.receive_events()[0]["cursor"].partition(":")[0]
    clients = listen(nodes)
    for index, node in enumerate(nodes):
        publish_all_kinds(node, 10 * index)
    seen = one_order(clients, 15)
    for client in clients:
        client.__exit__()
    for index in (0, 2):
        # Killed with a file of an event that is in the stream, and whose deletion it did not come to.
        name, text = f"left-{index}.json", event("left", id=f"left-{index}")
        place(nodes[index].queue, name, text)
        gone(nodes[index].queue)
        nodes.kill(index)
        place(nodes[index].queue, name, text)
        nodes.restart(index)
        gone(nodes[index].queue)
    for index, node in enumerate(nodes):
        publish_all_kinds(node, 100 + 10 * index)
    # Whichever of them a client comes back to: everything once, under one number and one id.
    clients = listen(nodes, f"/?since={epoch}:0")
    whole = one_order(clients, 32)
    assert whole[:15] == seen
    ends_here(nodes[0], clients)
    for client in clients:
        client.__exit__()


def test_one_id_on_nodes_of_two_versions_comes_once(mixed):
    nodes = mixed
    clients = listen(nodes)
    for first, second in ((0, 1), (1, 0), (2, 1)):
        for number, index in enumerate((first, second)):
            place(nodes[index].queue, name_of(10 * first + number), event(index, id=f"id-{first}"))
            gone(nodes[index].queue)
            # Both orders: the node has taken the other one's event before it looks at its own.
    place(nodes[0].queue, name_of(99), event("end", id="end"))
    orders = [[identity for _, identity in events_of(client, 4)] for client in clients]
    assert orders == [["id-0", "id-1", "id-2", "end"]] * 3
    for client in clients:
        client.__exit__()


def test_a_file_that_another_event_has_replaced_is_no_file_of_the_note(start_nodes, redis):
    """The note of the last transaction names the files of a process that was killed: by their bytes too."""
    nodes = start_nodes(1, redis)
    tick = os.stat(nodes[0].queue).st_mtime_ns // 10 ** 9 * 10 ** 9

    def put(payload):
        hidden = nodes[0].queue / ".status.tmp"
        hidden.write_text(event(payload))
        os.utime(hidden, ns=(tick, tick))
        os.rename(hidden, nodes[0].queue / "status.json")

    with Client(nodes[0], protocol=PROTOCOL) as client:
        epoch = client.receive_events()[0]["cursor"].partition(":")[0]
        put(1)
        assert events_of(client, 1) == [(1, f"status@{tick}")]
    gone(nodes[0].queue)
    nodes.kill(0)
    put(2)
    nodes.restart(0)
    gone(nodes[0].queue)
    nodes.kill(0)
    put(2)
    nodes.restart(0)
    gone(nodes[0].queue)
    with Client(nodes[0], f"/?since={epoch}:0", protocol=PROTOCOL) as client:
        assert events_of(client, 2) == [(1, f"status@{tick}"), (2, f"status@{tick}+2")]
        ends_here(nodes[0], [client])
