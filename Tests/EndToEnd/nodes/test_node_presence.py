"""Who is in a channel, on several servers that share a Redis: one answer on all of them (SPEC §8, §4)."""

import random
import signal

import pytest

from support.speaking import Speaking, presence_of
from support.tokens import make_token, write_secrets
from support.waiting import eventually

ROOM = "presence.room"
# All that a test has connected: they stay, whether it has a name for them or not.
CLIENTS = []


@pytest.fixture
def rooms(start_nodes, redis, queue):
    """Starts nodes with tokens and a grace of a second, and waits until they know of each other."""
    secrets = str(write_secrets(queue))

    def start(count, *options, grace="1s"):
        nodes = start_nodes(
            count, redis, "--jwt-secret-file", secrets, "--presence-grace", grace, "--messages-per-minute", "0",
            *options)
        for node in nodes:
            eventually(lambda node=node: len(node.logged("node.up")) == count - 1, node.log)
        return nodes

    yield start
    while CLIENTS:
        CLIENTS.pop().socket.close()


class Member(Speaking):
    """A client that keeps the news that come between answers."""

    def __init__(self, *arguments, **how):
        super().__init__(*arguments, **how)
        self.told = []


def connect(node, user, channel=ROOM, **claims):
    """A client in the channel."""
    headers = [f"Authorization: Bearer {make_token(str(user), **claims)}"] if user is not None else []
    client = Member(node, headers=headers)
    CLIENTS.append(client)
    client.send_action("subscribe", channel=channel)
    until(client, "presence")
    return client


def until(client, action, timeout=10.0):
    """The next answer to an action."""
    while (message := client.receive_events(1, timeout)[0]).get("action") != action:
        if "event" in message:
            client.told.append(message)
        else:
            assert message.get("action") == "subscribe", message
    return message


def event(client, timeout=10.0):
    """The next event."""
    return client.told.pop(0) if client.told else client.receive_events(1, timeout)[0]


def news(client, timeout=10.0):
    """The next event as (name, ids, count)."""
    return presence_of(event(client, timeout))


def news_of(client, user, timeout=10.0):
    """The next event that names a user."""
    while (told := news(client, timeout))[1] != (str(user),):
        pass
    return told


def members(client, channel=ROOM):
    client.send_action("presence", channel=channel)
    return until(client, "presence")["members"]


def users(client, channel=ROOM):
    return sorted(one["user"] for one in members(client, channel))


def agree(clients, expected, timeout=10.0):
    """Waits until all are told the same users."""
    expected = sorted(map(str, expected))
    wait(lambda: all(users(one) == expected for one in clients),
         lambda: f"{expected} everywhere: {[users(one) for one in clients]}", timeout)


def wait(condition, what, timeout=10.0):
    """As `eventually`, but for questions to a server, which takes a hundred a second."""
    return eventually(condition, what, timeout, pause=0.05)


def test_who_comes_to_one_node_is_told_to_all_once(rooms):
    nodes = rooms(3)
    watching = [connect(node, None) for node in nodes]
    one = connect(nodes[0], 1, info={"name": "Bob"})
    agree(watching, [1])
    two = connect(nodes[1], 2)
    agree([*watching, one, two], [1, 2])
    told = [[event(client) for _ in range(2)] for client in watching]
    assert [one["event"] for one in told[0]] == ["presence.join", "presence.join"]
    assert told[0] == told[1] == told[2]
    assert told[0][0]["payload"]["members"] == [{"user": "1", "status": "online", "info": {"name": "Bob"}}]
    for client in watching:
        client.send_action("ping")
        assert until(client, "pong") and not client.told


def test_a_user_on_two_nodes_is_one_who_leaves_with_the_last_connection(rooms):
    nodes = rooms(2)
    watching = connect(nodes[1], None)
    with connect(nodes[0], 1) as first, connect(nodes[1], 1):
        assert news(watching) == ("join", ("1",), 1)
        agree([watching], [1])
        first.socket.close()
        watching.expect_silence(2.5)
    assert news(watching) == ("leave", ("1",), 0)


def test_who_moves_to_another_node_never_left_and_stays_what_he_said_to_be(rooms):
    nodes = rooms(2)
    watching = connect(nodes[0], None)
    with connect(nodes[0], 1) as client:
        assert news(watching) == ("join", ("1",), 1)
        client.send_action("presence", channel=ROOM, status="away", activity={"doc": 7})
        assert news(watching) == ("update", ("1",), 1)
    with connect(nodes[1], 1) as client:
        watching.expect_silence(2.5)
        for one in (client, watching):
            assert members(one) == [{"user": "1", "status": "away", "activity": {"doc": 7}}]


def test_a_newcomer_among_the_nodes_learns_who_is_there(rooms):
    nodes = rooms(2)
    clients = [connect(nodes[number % 2], number) for number in range(150)]
    nodes.add()
    watching = connect(nodes[2], None)
    wait(lambda: counted(watching) == 150, "all are seen")
    for client in clients:
        client.socket.close()
    wait(lambda: counted(watching) == 0, "all have left")


def counted(client):
    client.send_action("presence", channel=ROOM)
    return until(client, "presence")["count"]


def test_the_users_of_a_node_that_ends_leave_after_the_grace_unless_they_come_elsewhere(rooms):
    # Longer than it takes to come elsewhere while the machine has other work.
    nodes = rooms(2, grace="3s")
    watching = connect(nodes[1], None)
    connect(nodes[0], 1)
    connect(nodes[0], 2)
    agree([watching], [1, 2])
    nodes[0].signal(signal.SIGTERM)
    connect(nodes[1], 2)
    while (told := news(watching))[0] != "leave":
        pass
    assert told == ("leave", ("1",), 1)
    agree([watching], [2])


def test_the_users_of_a_killed_node_leave_and_somebody_tells_it(rooms):
    nodes = rooms(3)
    watching = [connect(node, None) for node in (nodes[1], nodes[2])]
    connect(nodes[0], 1)
    connect(nodes[1], 2)
    agree(watching, [1, 2])
    # The first that came is the one that tells; whichever it is, the others tell what it leaves.
    nodes.kill(0)
    agree(watching, [2], timeout=15)
    for client in watching:
        assert news_of(client, 1)[0] == "join"
        assert news_of(client, 1) == ("leave", ("1",), 1)
    connect(nodes[2], 3)
    for client in watching:
        assert news_of(client, 3) == ("join", ("3",), 2)


def test_a_node_that_was_stopped_comes_back_with_its_users(rooms):
    nodes = rooms(2)
    watching = connect(nodes[1], None)
    there = connect(nodes[0], 1)
    other = connect(nodes[1], 2)
    agree([watching], [1, 2])
    nodes[0].signal(signal.SIGSTOP)
    agree([watching], [2], timeout=15)
    nodes[0].signal(signal.SIGCONT)
    agree([watching, there, other], [1, 2], timeout=15)


@pytest.mark.parametrize("way", ["kill", "suspend"])
def test_while_redis_is_away_presence_goes_on_where_one_is_and_agrees_after(rooms, redis, way):
    nodes = rooms(2)
    watching = [connect(node, None) for node in nodes]
    one, two = connect(nodes[0], 1), connect(nodes[1], 2)
    agree(watching, [1, 2])
    redis.kill() if way == "kill" else redis.suspend()
    for node in nodes:
        node.wait_for("nodes.cut")
    connect(nodes[0], 3)
    two.socket.close()
    # What is known of the other node stays as it was.
    agree(watching[:1], [1, 2, 3])
    agree(watching[1:], [1])
    redis.start() if way == "kill" else redis.resume()
    agree([*watching, one], [1, 3], timeout=15)
    for client in watching:
        told = {}
        while (told.get("2"), told.get("3")) != ("leave", "join"):
            name, names, _ = news(client)
            told |= dict.fromkeys(names, name)


def test_whoever_listens_knows_in_the_end_who_is_there_whatever_happens_meanwhile(rooms, redis):
    nodes = rooms(3)
    watching = [connect(node, None) for node in nodes]
    chance = random.Random(7)
    there = []
    for step in range(120):
        if chance.random() < 0.6 or not there:
            user = chance.randrange(12)
            there.append((user, connect(chance.choice(list(nodes)), user)))
        else:
            there.pop(chance.randrange(len(there)))[1].socket.close()
        if step == 60:
            redis.end_connections()
    expected = {str(user) for user, _ in there}
    agree(watching, expected, timeout=15)
    wait(lambda: all(known(client) == expected for client in watching), "all have been told")
    orders = [[(one["seq"], one["id"]) for one in client.told] for client in watching]
    assert orders[0] == orders[1] == orders[2]


def known(client):
    """Who is there, as the news say it."""
    client.send_action("ping")
    until(client, "pong")
    there = set()
    for one in client.told:
        names = {member["user"] for member in one["payload"]["members"]}
        if one["event"] == "presence.join":
            assert not there & names, "told twice"
            there |= names
        elif one["event"] == "presence.leave":
            assert names <= there, "told twice"
            there -= names
    return there
