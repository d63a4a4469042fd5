"""What the application asks and commands, on several servers that share a Redis: of all clients, wherever they are."""

import contextlib
import json
import signal
import subprocess

import pytest

from support.asking import APP_TOKEN, told, write_app_tokens
from support.client import Client
from support.files import name_of, place
from support.http import request
from support.nodes import events_of
from support.speaking import PROTOCOL, Speaking, presence_of
from support.tokens import make_token, soon, write_secrets
from support.waiting import eventually


@pytest.fixture
def options(queue):
    return ["--jwt-secret-file", str(write_secrets(queue)), "--app-token-file", str(write_app_tokens(queue)),
            "--messages-per-minute", "0", "--presence-grace", "500ms"]


@pytest.fixture
def nodes(start_nodes, redis, options):
    nodes = start_nodes(3, redis, *options)
    meet(nodes)
    return nodes


@pytest.fixture
def many():
    with contextlib.ExitStack() as stack:
        yield stack.enter_context


def meet(nodes):
    for node in nodes:
        eventually(lambda node=node: len(node.logged("node.up")) >= len(nodes) - 1, node.log)


def refused(node, token):
    status = request(node, "/cursor", f"Authorization: Bearer {token}").status
    assert status in (200, 401)
    return status == 401


def test_channels_and_who_is_there_are_those_of_all_nodes(nodes, many):
    for number, node in enumerate(nodes):
        client = many(Speaking(node, f"/?token={make_token(str(number))}"))
        for channel in ("orders", f"only.{number}"):
            client.subscribe(channel)
        client.send_action("subscribe", channel="presence.room")
    channels = [{"channel": f"only.{number}", "clients": 1} for number in range(3)]
    channels += [{"channel": "orders", "clients": 3}, {"channel": "presence.room", "clients": 3, "users": 3}]
    for node in nodes:
        eventually(
            lambda node=node: told(node, "/channels") == {"complete": True, "channels": channels},
            lambda node=node: str(told(node, "/channels")))
        members = told(node, "/presence/presence.room")
        assert members["count"] == 3 and {member["user"] for member in members["members"]} == {"0", "1", "2"}


def test_a_user_is_sent_away_everywhere_and_kept_away(nodes, many, binaries):
    token = make_token("42", iat=soon(-5))
    clients = [many(Client(node, f"/?token={token}")) for node in nodes]
    assert told(nodes[0], "/disconnect", {"user": 42}) == {"complete": True, "closed": 3}
    for client in clients:
        client.receive_until_end()
        assert client.frames.close[0] == 4504
    for node in nodes:
        assert refused(node, token) and not refused(node, make_token("42", iat=soon(5)))
    # Also by the command, from whichever node, and by the id of a connection of another.
    there = many(Speaking(nodes[2], f"/?token={make_token('43')}"))
    kicked = subprocess.run(
        [binaries / "wsqueue-server", "kick", "-d", nodes[1].queue, "--user", "43"], capture_output=True, text=True,
        timeout=30)
    assert (kicked.returncode, kicked.stdout) == (0, "1\n"), kicked
    there.receive_until_end()
    assert there.frames.close[0] == 4504
    other = many(Speaking(nodes[2]))
    assert told(nodes[0], "/disconnect", {"connection": other.id}) == {"complete": True, "closed": 1}


@pytest.mark.takes(10)
def test_a_node_that_comes_later_or_was_away_learns_who_is_kept_away(nodes, many):
    token = make_token("42")
    nodes.kill(1)
    eventually(lambda: told(nodes[0], "/disconnect", {"user": 42})["complete"], "the others have noticed")
    nodes.restart(1)
    eventually(lambda: refused(nodes[1], token), "it learns from the others")
    # One that cannot be reached for a while closes what came meanwhile.
    nodes[2].signal(signal.SIGSTOP)
    answer = told(nodes[0], "/disconnect", {"user": 43})
    assert answer == {"complete": False, "closed": 0}
    nodes[2].signal(signal.SIGCONT)
    eventually(lambda: refused(nodes[2], make_token("43")), "it hears of it")


def test_users_are_there_by_word_on_all_nodes_and_taken_back_on_any(nodes, many):
    listener = many(Speaking(nodes[2]).subscribe("presence.room"))
    listener.receive_events()
    assert told(nodes[0], "/presence/presence.room", {"users": [1, 2], "for": "10m"})["count"] == 2
    assert presence_of(listener.receive_events()[0])[1:] == (("1", "2"), 2)
    eventually(lambda: told(nodes[1], "/presence/presence.room")["count"] == 2, "the next node has heard of it")
    # Another node is told next time, and the list of the first is no longer said.
    told(nodes[1], "/presence/presence.room", {"users": [{"user": 2, "status": "busy"}], "for": "10m"})
    there = {"1": "leave", "2": "update"}
    while there:
        kind, users, _ = presence_of(listener.receive_events(1, 15)[0])
        assert there.pop(users[0]) == kind and len(users) == 1
    for node in nodes:
        members = [{"user": "2", "status": "busy"}]
        eventually(
            lambda node=node: told(node, "/presence/presence.room")["members"] == members,
            lambda node=node: str(told(node, "/presence/presence.room")))
    told(nodes[2], "/presence/presence.room", {"user": 2, "for": "0s"})
    assert presence_of(listener.receive_events(1, 15)[0]) == ("leave", ("2",), 0)


def test_without_redis_it_is_done_here_and_the_others_learn_when_it_is_back(nodes, redis, many):
    token = make_token("42")
    here, there = (many(Client(node, f"/?token={token}")) for node in nodes[:2])
    redis.stop()
    eventually(lambda: all(node.logged("nodes.cut") for node in nodes), "all have noticed")
    assert told(nodes[0], "/disconnect", {"user": 42}) == {"complete": False, "closed": 1}
    here.receive_until_end()
    assert here.frames.close[0] == 4504
    fresh = many(Client(nodes[1], f"/?token={make_token('42', iat=soon(5))}"))
    redis.start()
    there.receive_until_end()
    assert there.frames.close[0] == 4504
    eventually(lambda: refused(nodes[1], token), "it is refused there too")
    # What was made since stays.
    fresh.send_action("ping")
    assert fresh.receive_events(2)[-1] == {"action": "pong"}


def test_a_stranger_is_told_nothing_on_any_node(nodes):
    for node in nodes:
        assert request(node, "/channels").status == 401
        assert request(node, "/channels", f"Authorization: Bearer {APP_TOKEN}").status == 200


def test_users_are_left_out_on_every_node_live_and_from_the_past(nodes, many):
    start = many(Speaking(nodes[0])).welcome["cursor"]
    with contextlib.ExitStack() as stack:
        live = {
            name: [stack.enter_context(
                Client(node, f"/?channels=orders&token={make_token(name)}", protocol=PROTOCOL)) for node in nodes]
            for name in ("42", "43", "44")}
        for number, left_out in enumerate([["42", 43], 42, []]):
            place(nodes[number].queue, name_of(number), json.dumps(
                {"event": "abc"[number], "channel": "orders", "except_users": left_out, "id": "abc"[number]}))
            # It has heard those of the other nodes before.
            events_of(live["44"][number], number + 1)
        expected = {"42": ["c"], "43": ["b", "c"]}
        for name, ids in expected.items():
            for client in live[name]:
                assert [identity for _, identity in events_of(client, len(ids))] == ids
    for name, ids in {**expected, "44": ["a", "b", "c"]}.items():
        for node in nodes:
            with Client(node, f"/?channels=orders&since={start}&token={make_token(name)}", protocol=PROTOCOL) as client:
                assert [identity for _, identity in events_of(client, len(ids))] == ids
