"""One of three nodes comes back with an older journal, or has a clock that is set."""

import json
import shutil

from support.client import Client
from support.clocks import Clock, needs_compiler
from support.files import name_of, place
from support.nodes import events_of, listen, one_order
from support.speaking import Resuming
from support.waiting import eventually


def publish(nodes, numbers):
    for number in numbers:
        place(nodes[number % len(nodes)].queue, name_of(number), json.dumps({"event": "n", "payload": number}))


def back_from_backup(nodes, backup, between):
    """Restarts the last node with the journal that it had before `between` was done."""
    assert nodes[2].terminate() == 0
    shutil.copytree(nodes[2].queue / ".journal", backup)
    node = nodes.restart(2)
    node.wait_for("server.ready")
    between()
    assert nodes[2].terminate() == 0
    shutil.rmtree(node.queue / ".journal")
    shutil.copytree(backup, node.queue / ".journal")
    return nodes.restart(2)


def epoch_of(node):
    with Resuming(node) as client:
        return client.epoch


def start_three(start_nodes, redis):
    """Three nodes that have sent six events, clients of the first two, and the epoch."""
    nodes = start_nodes(3, redis)
    clients = listen(nodes[:2])
    publish(nodes[:1], range(6))
    one_order(clients, 6)
    return nodes, clients, epoch_of(nodes[0])


def test_a_node_with_a_journal_from_a_backup_has_what_the_stream_has(start_nodes, redis, tmp_path):
    nodes, clients, epoch = start_three(start_nodes, redis)

    def between():
        publish(nodes[:1], range(6, 12))
        one_order(clients, 6)

    node = back_from_backup(nodes, tmp_path / "backup", between)
    with Resuming(node, f"/?since={epoch}:3") as client:
        missed, answer = client.until_resumed()
        assert (missed, answer["complete"]) == (list(range(3, 12)), True)
        publish(nodes[:1], range(12, 15))
        assert [seq for seq, _ in events_of(client, 3)] == [13, 14, 15]
    assert [seq for seq, _ in one_order(clients, 3)] == [13, 14, 15]


def test_a_node_whose_backup_ends_before_the_stream_begins_tells_the_gap(start_nodes, redis, tmp_path):
    nodes, clients, epoch = start_three(start_nodes, redis)

    def between():
        publish(nodes[:1], range(6, 12))
        one_order(clients, 6)
        redis.ask("XTRIM", "wsqueue", "MAXLEN", "2")

    node = back_from_backup(nodes, tmp_path / "backup", between)
    for since in (3, 6, 9):
        with Resuming(node, f"/?since={epoch}:{since}") as client:
            _, answer = client.until_resumed()
            assert answer["complete"] is False and answer["gap"]["from"] == f"{epoch}:{since}", (since, answer)
    with Client(nodes[0], f"/?since={epoch}:3") as client:
        assert [seq for seq, _ in events_of(client, 9)] == list(range(4, 13))


@needs_compiler
def test_a_clock_that_is_set_at_one_node_lets_nothing_go_anywhere(start_nodes, redis, tmp_path):
    nodes = start_nodes(2, redis)
    clock = Clock(tmp_path)
    nodes.add(prefix=clock.prefix)
    clients = listen(nodes)
    publish(nodes, range(3))
    one_order(clients, 3)
    epoch = epoch_of(nodes[0])
    for turn, ahead in enumerate((2 * 86_400, 0, -50 * 365 * 86_400, 0), 1):
        clock.set(ahead)
        eventually(lambda wanted=turn: nodes[2].times("clock.jump") >= wanted, f"{turn} jumps")
        publish(nodes, range(3 * turn, 3 * turn + 3))
        one_order(clients, 3)
    for node in nodes:
        assert not node.logged("journal.trim")
        with Resuming(node, f"/?since={epoch}:0") as client:
            missed, answer = client.until_resumed()
            assert (sorted(missed), answer["complete"]) == (list(range(15)), True)
