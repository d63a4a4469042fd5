"""Redis in every state it can be in: files wait, clients stay, and afterwards nothing is lost and nothing doubled."""

import http.client
import json
import signal
import threading

import pytest

from support import files
from support.client import Client
from support.nodes import events_of, listen, one_order
from support.ports import free_port
from support.speaking import PROTOCOL
from support.waiting import eventually

COUNT = 40


def publish(queue, count, first):
    files.place_each(queue, range(first, first + count))


def waiting(node):
    return len(files.waiting(node.queue))


@pytest.fixture
def two(start_nodes):
    """Two servers on a Redis, which have sent something, and their clients."""
    def start(redis, *options):
        nodes = start_nodes(2, redis, *options)
        clients = listen(nodes)
        publish(nodes[0].queue, 3, 0)
        one_order(clients, 3)
        return nodes, clients
    return start


def check_after(nodes, clients, count, timeout=30.0):
    """Everything that waited comes on all nodes, once; no client was sent away."""
    order = one_order(clients, count, timeout)
    for node in nodes:
        eventually(lambda: waiting(node) == 0, lambda: f"no file is left:\n{node.log}", timeout)
        node.wait_for("redis.up")
    assert order[0][0] == 4, "the order goes on where it was"
    return order


def publish_meanwhile(nodes):
    """On both nodes, each its own numbers."""
    publish(nodes[0].queue, COUNT, 1_000)
    publish(nodes[1].queue, COUNT, 2_000)


def reasons(node):
    """Why a node is not ready, in words."""
    connection = http.client.HTTPConnection(node.host, node.port, timeout=5)
    connection.request("GET", "/ready")
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return [reason["reason"] for reason in answer["reasons"]]


def test_redis_is_stopped_and_started(two, redis):
    nodes, clients = two(redis)
    redis.stop()
    publish_meanwhile(nodes)
    for node in nodes:
        down = node.wait_for("redis.down")
        assert down["level"] == "error" and down["hint"]
        eventually(lambda: "redis" in reasons(node), "/ready says why")
    assert waiting(nodes[0]) == COUNT
    redis.start()
    check_after(nodes, clients, 2 * COUNT)
    for node in nodes:
        eventually(lambda: reasons(node) == [], "ready again")


def test_redis_is_killed_in_the_midst_of_many_events(two, redis):
    nodes, clients = two(redis, "--journal-events", "100000")
    publish(nodes[0].queue, 1_000, 1_000)
    publish(nodes[1].queue, 1_000, 2_000)
    redis.kill()
    redis.start()
    check_after(nodes, clients, 2_000)


def test_the_process_of_redis_is_stopped_for_longer_than_answers_may_take(two, redis):
    nodes, clients = two(redis)
    redis.suspend()
    publish_meanwhile(nodes)
    try:
        for node in nodes:
            assert node.wait_for("redis.down")["code"] == "silent"
    finally:
        redis.resume()
    check_after(nodes, clients, 2 * COUNT)


@pytest.mark.parametrize("kind", ["ALL", "WRITE"])
def test_redis_pauses_its_clients(two, redis, kind):
    nodes, clients = two(redis)
    redis.pause_clients(4.5, kind)
    publish_meanwhile(nodes)
    for node in nodes:
        assert node.wait_for("redis.down")["code"] == "silent"
    check_after(nodes, clients, 2 * COUNT)


def test_a_pause_that_ends_in_time_is_no_fault(two, redis):
    nodes, clients = two(redis)
    redis.pause_clients(1)
    publish_meanwhile(nodes)
    check_after(nodes, clients, 2 * COUNT)
    assert not any(node.logged("redis.down") for node in nodes)


def test_redis_is_full(two, redis):
    nodes, clients = two(redis)
    redis.fill()
    publish_meanwhile(nodes)
    for node in nodes:
        assert node.wait_for("redis.down")["code"] == "OOM"
    redis.give_room()
    check_after(nodes, clients, 2 * COUNT)


def test_redis_reads_its_data_at_its_start(two, redis):
    nodes, clients = two(redis)
    redis.start_loading(2)
    publish_meanwhile(nodes)
    for node in nodes:
        node.wait_for("redis.down", code="LOADING")
    check_after(nodes, clients, 2 * COUNT)


def test_redis_ends_our_connections(two, redis):
    nodes, clients = two(redis)
    publish_meanwhile(nodes)
    for _ in range(5):
        redis.end_connections()
    check_after(nodes, clients, 2 * COUNT)


def test_a_password_is_taken_from_a_file_and_a_wrong_one_is_said(start_nodes, make_redis, tmp_path):
    redis = make_redis(password="tangerine").start()
    (tmp_path / "password").write_text("tangerine\n")
    (tmp_path / "wrong").write_text("mandarin\n")
    redis_url = redis.url
    redis.password = None
    nodes = start_nodes(0, redis)
    redis.password = "tangerine"
    assert nodes.add().wait_for("redis.down")["code"] == "NOAUTH"
    assert nodes.add("--redis-password-file", tmp_path / "wrong").wait_for("redis.down")["code"] == "WRONGPASS"
    nodes.add("--redis-password-file", tmp_path / "password").wait_for("redis.up")
    assert all("tangerine" not in node.log and "mandarin" not in node.log for node in nodes)
    assert "tangerine" in redis_url


def test_a_failover_to_a_replica_loses_nothing_that_it_has(two, make_redis):
    main, spare = make_redis(port=free_port()).start(), make_redis(port=free_port()).start()
    spare.follow(main)
    url = type("Two", (), {"url": f"redis://127.0.0.1:{main.port},127.0.0.1:{spare.port}"})
    nodes, clients = two(url, "--redis-replicas", "1")
    # With one replica wanted and none there afterwards nothing would be deleted any more.
    eventually(lambda: spare.has_followed(main), "the replica has everything")
    main.kill()
    publish_meanwhile(nodes)
    for node in nodes:
        node.wait_for("redis.down")
    third = make_redis(port=free_port()).start()
    spare.promote()
    third.follow(spare)
    check_after(nodes, clients, 2 * COUNT)


def test_events_wait_for_the_replicas_that_were_asked_for(start_nodes, redis):
    nodes = start_nodes(1, redis, "--redis-replicas", "1")
    publish(nodes[0].queue, 3, 0)
    assert nodes[0].wait_for("redis.down")["code"] == "replicas"
    assert waiting(nodes[0]) == 3


def test_a_replica_is_not_written_to(start_nodes, make_redis):
    main, spare = make_redis(port=free_port()).start(), make_redis(port=free_port()).start()
    spare.follow(main)
    nodes = start_nodes(1, spare)
    assert nodes[0].wait_for("redis.down")["code"] == "replica"
    nodes.end()
    nodes = start_nodes(1, type("Two", (), {"url": f"redis://127.0.0.1:{spare.port},127.0.0.1:{main.port}"}))
    nodes[0].wait_for("redis.up")


@pytest.mark.parametrize("flush", [("FLUSHALL",), ("DEL", "wsqueue")])
def test_a_redis_that_has_lost_its_data_is_told_as_a_gap(two, redis, flush):
    nodes, clients = two(redis)
    redis.ask(*flush)
    # What was lost shows at the next look, or when something is written.
    publish(nodes[0].queue, 1, 1_000)
    for client in clients:
        client.receive_until_end()
    eventually(lambda: all(node.logged("redis.lost") or node.logged("journal.restart") for node in nodes), "a restart")
    publish(nodes[1].queue, 5, 2_000)
    eventually(
        lambda: sum(waiting(node) for node in nodes) == 0,
        lambda: f"the files are in the stream:\n{nodes[0].log}\n{nodes[1].log}\n{redis.stream()}")
    again = [come_back(node) for node in nodes]
    assert len({epoch for _, epoch in again}) == 1, "one new epoch"
    publish(nodes[0].queue, 5, 3_000)
    # A node that has looked later may have sent what went before only now.
    orders = [up_to(client, 11)[-5:] for client, _ in again]
    assert orders[0] == orders[1]
    old = nodes[0].logged("server.start")[0]["epoch"]
    again[0][0].send_action("resume", since=f"{old}:3")
    answers = []
    eventually(lambda: answers.extend(again[0][0].receive_events()) or "complete" in answers[-1], "an answer")
    assert answers[-1]["gap"]["reason"] == "epoch"


def up_to(client, seq):
    """The next events as far as the one with this number, as (seq, id)."""
    events = events_of(client, 1)
    while events[-1][0] < seq:
        events += events_of(client, 1)
    return events


def come_back(node):
    """A client that is let in, and the epoch of its welcome."""
    found = []

    def enter():
        try:
            found.append(Client(node, protocol=PROTOCOL))
        except AssertionError:
            return False
        return True
    eventually(enter, "clients are let in")
    return found[0], found[0].receive_events()[0]["cursor"].partition(":")[0]


def test_a_server_without_redis_and_history_lets_nobody_in(start_nodes, redis):
    redis.stop()
    node = start_nodes(0, redis).add()
    with pytest.raises(AssertionError):
        Client(node)
    assert "redis" in reasons(node)
    publish(node.queue, 1, 0)
    redis.start()
    client, _ = come_back(node)
    eventually(lambda: waiting(node) == 0, "the file is sent")
    client.socket.close()


def test_a_server_with_history_lets_clients_in_without_redis(two, redis):
    nodes, clients = two(redis)
    epoch = nodes[0].logged("server.start")[0]["epoch"]
    redis.stop()
    nodes.kill(0)
    node = nodes.restart(0)
    client, now = come_back(node)
    client.send_action("resume", since=f"{now}:1")
    assert [seq for seq, _ in events_of(client, 2)] == [2, 3]
    assert epoch
    redis.start()
    publish(nodes[1].queue, 2, 100)
    assert [seq for seq, _ in events_of(client, 2)] == [4, 5]
    assert [seq for seq, _ in events_of(clients[1], 2)] == [4, 5]


def test_a_client_that_is_ahead_waits_for_as_long_as_redis_is_away(two, redis):
    nodes, clients = two(redis)
    epoch = nodes[0].logged("server.start")[0]["epoch"]
    redis.suspend()
    nodes[1].wait_for("redis.down")
    # What it has had of another node is not here yet.
    with Client(nodes[1], f"/?since={epoch}:5", protocol=PROTOCOL) as client:
        client.receive_events()
        client.expect_silence(3)
        redis.resume()
        publish(nodes[0].queue, 4, 100)
        assert [seq for seq, _ in events_of(client, 2)] == [6, 7]


@pytest.mark.parametrize("number", range(3))
def test_a_server_that_dies_between_answer_and_deletion_sends_nothing_twice(two, redis, number):
    nodes, clients = two(redis, "--journal-events", "100000")
    publish(nodes[1].queue, 3_000, 1_000)
    eventually(lambda: len(redis.stream()) > 3 + 700 * number, "it is in the midst of it")
    nodes.kill(1)
    nodes.restart(1)
    order = one_order(clients[:1], 3_000)
    assert order[0][0] == 4
    eventually(lambda: waiting(nodes[1]) == 0, "its files are gone")
    assert len({fields[b"i"] for _, fields in redis.stream()}) == len(redis.stream()) == 3_003


def test_a_stopped_redis_and_a_killed_server_send_nothing_twice(two, redis):
    """What an old connection has left in the sockets of a stopped Redis must not be carried out once it goes on."""
    nodes, clients = two(redis)
    redis.suspend()
    publish(nodes[1].queue, COUNT, 1_000)
    nodes[1].wait_for("redis.down")
    nodes.kill(1)
    nodes.restart(1, is_ready=False)
    threading.Timer(1, redis.resume).start()
    assert one_order(clients[:1], COUNT)[0][0] == 4
    eventually(lambda: waiting(nodes[1]) == 0, "its files are gone")
    assert len(redis.stream()) == 3 + COUNT


def test_a_server_drains_what_it_has_begun(two, redis):
    nodes, clients = two(redis)
    publish(nodes[1].queue, 500, 1_000)
    nodes[1].signal(signal.SIGTERM)
    assert nodes[1].exit_status() == 0
    left = waiting(nodes[1])
    assert len(redis.stream()) == 503 - left, "what is in the stream has no file, and the other way round"
    assert one_order(clients[:1], 500 - left) or left == 500
