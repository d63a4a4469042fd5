"""Several servers on one Redis are one to their clients: ids, and what clients say to each other (SPEC §8)."""

import subprocess
import types

import pytest

from support.client import Client
from support.nodes import listen
from support.ports import free_port
from support.rules import write_rules
from support.speaking import Speaking
from support.waiting import eventually

RULES = [{"channel": "chat.{room}", "publish": "anyone"}]
SENT = {"success": True, "action": "message_sent"}


@pytest.fixture
def chat(start_nodes, redis, queue):
    """Starts nodes on which clients may send to `chat.…`, and waits until they know of each other."""
    path = write_rules(queue, RULES)

    def start(count, *options):
        nodes = start_nodes(count, redis, "--rules", str(path), "--messages-per-minute", "0", *options)
        for node in nodes:
            eventually(lambda node=node: len(node.logged("node.up")) == count - 1, node.log)
        return nodes
    return start


def said(client):
    """What a client hears next of another's."""
    [message] = client.receive_events()
    assert message["action"] == "message", message
    return message["sender"], message["message"]


def test_connection_ids_are_unique_on_all_nodes_and_small_enough_for_a_page(chat):
    nodes = chat(2)
    clients = [Speaking(node) for node in nodes for _ in range(3)]
    ids = [client.id for client in clients]
    assert len(set(ids)) == 6
    assert all(0 < one < 1 << 53 for one in ids)
    assert len({one >> 32 for one in ids}) == 2


def test_a_node_that_comes_back_gives_no_id_again(chat):
    nodes = chat(2)
    before = Speaking(nodes[0]).id
    nodes.kill(0)
    nodes.restart(0)
    eventually(lambda: nodes[0].logged("node.up"), nodes[0].log)
    assert Speaking(nodes[0]).id >> 32 not in {before >> 32, Speaking(nodes[1]).id >> 32}


@pytest.mark.parametrize("threads", ["1", "3"])
def test_a_message_reaches_the_subscribers_on_all_nodes_and_all_are_counted(chat, threads):
    nodes = chat(3, "--threads", threads)
    clients = [Speaking(node, "/", "chat.a") for node in nodes for _ in range(2)]
    stream = Client(nodes[1], "/?channels=chat.a")
    other = Speaking(nodes[1], "/", "chat.b")
    sender = clients[0]
    sender.send_action("message", channel="chat.a", message={"text": "é"})
    for client in (*clients, stream):
        assert said(client) == (sender.id, {"text": "é"})
    assert sender.receive_events() == [{**SENT, "recipients_count": 7}]
    assert other.ask("ping") == {"action": "pong"}


def test_a_message_may_be_for_connections_on_other_nodes(chat):
    nodes = chat(2)
    sender, near = [Speaking(nodes[0], "/", "chat.a") for _ in range(2)]
    far, unasked = [Speaking(nodes[1], "/", "chat.a") for _ in range(2)]
    for chosen in ([far], [near], [near, far], []):
        sender.send_action("message", channel="chat.a", message=1, recipients=[one.id for one in chosen])
        for client in chosen:
            assert said(client) == (sender.id, 1)
        assert sender.receive_events() == [{**SENT, "recipients_count": len(chosen)}]
    for client in (near, far, unasked):
        assert client.ask("ping") == {"action": "pong"}


def test_what_the_rules_forbid_leaves_the_node_of_its_sender_not(chat):
    nodes = chat(2)
    sender, listener = Speaking(nodes[0], "/", "closed"), Speaking(nodes[1], "/", "closed")
    answer = sender.ask("message", channel="closed", message=1)
    assert answer["action"] == "error" and answer["code"] == "forbidden"
    assert listener.ask("ping") == {"action": "pong"}


def test_messages_of_one_sender_keep_their_order_on_every_node(chat):
    nodes = chat(3)
    clients = [Speaking(node, "/", "chat.a") for node in nodes]
    for number in range(200):
        clients[0].send_action("message", channel="chat.a", message=number)
    for client in clients[1:]:
        assert [said(client)[1] for _ in range(200)] == list(range(200))
    answers = clients[0].receive_events(400)
    assert [one["message"] for one in answers if one["action"] == "message"] == list(range(200))
    assert [one for one in answers if one["action"] != "message"] == [{**SENT, "recipients_count": 3}] * 200


def test_an_event_leaves_out_the_connection_of_another_node(chat, binaries):
    nodes = chat(2)
    clients = [Speaking(node) for node in nodes for _ in range(2)]
    publish = [str(binaries / "wsqueue-publish"), "-d", str(nodes[0].queue)]
    subprocess.run([*publish, "-x", str(clients[2].id), "first"], check=True, timeout=10)
    subprocess.run([*publish, "second"], check=True, timeout=10)
    for client in clients:
        names = ["first", "second"] if client is not clients[2] else ["second"]
        assert [event["event"] for event in client.receive_events(len(names))] == names


def test_while_redis_is_away_messages_reach_those_who_are_near(chat, redis):
    nodes = chat(2)
    sender, near = [Speaking(nodes[0], "/", "chat.a") for _ in range(2)]
    far = Speaking(nodes[1], "/", "chat.a")
    redis.kill()
    nodes[0].wait_for("nodes.cut")
    sender.send_action("message", channel="chat.a", message="near")
    assert said(sender) == said(near) == (sender.id, "near")
    assert sender.receive_events() == [{**SENT, "recipients_count": 2}]
    redis.start()
    for node in nodes:
        node.wait_for("nodes.back")
    sender.send_action("message", channel="chat.a", message="all")
    assert said(sender) == said(near) == said(far) == (sender.id, "all")
    assert sender.receive_events() == [{**SENT, "recipients_count": 3}]
    for node in nodes:
        assert len(node.logged("nodes.cut")) == 1 and not node.logged("node.down")


def test_a_node_that_does_not_answer_is_waited_for_a_second(chat):
    nodes = chat(2)
    sender, far = [Speaking(node, "/", "chat.a") for node in nodes]
    nodes[1].signal(19)
    sender.send_action("message", channel="chat.a", message=1)
    assert said(sender) == (sender.id, 1)
    assert sender.receive_events(timeout=4) == [{**SENT, "recipients_count": 1}]
    nodes[1].signal(18)
    assert said(far) == (sender.id, 1)


def test_what_others_say_on_the_channel_is_ignored_and_named(chat, redis):
    nodes = chat(2)
    for garbage in (b"hello", b"wsq", b"wsq\x01b\xff", b"wsq\x02h" + bytes(8), bytes(100_000)):
        redis.ask("PUBLISH", "{wsqueue}:talk", garbage)
    nodes[0].wait_for("nodes.foreign")
    assert len(nodes[0].logged("nodes.foreign")) <= 5
    sender, far = [Speaking(node, "/", "chat.a") for node in nodes]
    sender.send_action("message", channel="chat.a", message=1)
    assert said(far) == (sender.id, 1)


def test_all_nodes_hear_of_one_that_ends(chat):
    nodes = chat(3)
    nodes[2].terminate()
    for node in (nodes[0], nodes[1]):
        line = node.wait_for("node.down")
        assert line["level"] == "notice"
    sender = Speaking(nodes[0], "/", "chat.a")
    sender.send_action("message", channel="chat.a", message=1)
    assert said(sender) == (sender.id, 1)
    assert sender.receive_events(timeout=0.9) == [{**SENT, "recipients_count": 1}]


def test_clients_of_all_nodes_get_the_events_of_all_queues(chat, binaries):
    nodes = chat(2)
    clients = listen(nodes)
    for client in clients:
        client.receive_events()
    for node in nodes:
        publish = [str(binaries / "wsqueue-publish"), "-d", str(node.queue), "here"]
        subprocess.run(publish, check=True, timeout=10)
    first, second = [client.receive_events(2) for client in clients]
    assert first == second


def test_who_may_not_use_the_channel_is_told_so_and_tries_again(start_nodes, make_redis):
    redis = make_redis(port=free_port()).start()
    redis.ask("ACL", "SETUSER", "node", "on", ">secret", "~*", "+@all", "resetchannels")
    login = types.SimpleNamespace(url=f"redis://node:secret@127.0.0.1:{redis.port}")
    [node] = start_nodes(1, login)
    assert node.wait_for("nodes.cut")["error"].startswith("NOPERM")
    redis.ask("ACL", "SETUSER", "node", "allchannels")
    node.wait_for("nodes.back")
