"""Who is in a channel that tracks it: by user, with a grace, told together (SPEC §4, presence)."""

import json

import pytest

from support.client import Client
from support.speaking import Chatting, Speaking, presence_of
from support.tokens import make_token, write_secrets

ROOM = "presence.room"


@pytest.fixture
def secrets(queue):
    return str(write_secrets(queue))


@pytest.fixture(params=["1", "3"])
def server(request, start, secrets):
    return start("--jwt-secret-file", secrets, "--presence-grace", "1s", "--threads", request.param)


def connect(server, user, path="/", dialect=Speaking, **claims):
    headers = [f"Authorization: Bearer {make_token(str(user), **claims)}"] if user else []
    return dialect(server, path, headers=headers)


def enter(client, channel=ROOM, **data):
    """Subscribes; gives the ids of those who are there."""
    answer = client.ask("subscribe", channel=channel, **data)
    assert answer["success"], answer
    [members] = client.receive_events()
    assert members["action"] == "presence" and members["channel"] == channel
    return [member["user"] for member in members["members"]]


def come(*clients):
    """Has the users 1, 2, … enter one after the other, each when all have heard of the one before."""
    for number, client in enumerate(clients):
        enter(client)
        for other in clients[:number + 1]:
            heard(other, number + 1)


def heard(client, user):
    """The join of a user; who has just come may hear of those before him too, whom he has been told of already."""
    while (told := news(client))[1] != (str(user),):
        assert told[0] == "join"
    return told


def news(client):
    """The next event as (name, ids, count)."""
    [event] = client.receive_events()
    return presence_of(event)


def test_who_subscribes_is_told_who_is_there_and_the_others_that_he_came(server):
    with connect(server, 1) as one, connect(server, 2) as two:
        assert enter(one) == ["1"]
        assert news(one) == ("join", ("1",), 1)
        assert enter(two) == ["1", "2"]
        assert heard(one, 2) == heard(two, 2) == ("join", ("2",), 2)


def test_a_join_is_an_event_of_the_channel_with_the_public_info(server):
    with connect(server, None) as guest, connect(server, 7, info={"name": "Bob"}) as bob:
        assert enter(guest) == []
        enter(bob)
        [text] = guest.receive()
        event = json.loads(text)
        assert list(event) == ["event", "payload", "timestamp", "id", "seq", "channel"]
        assert (event["event"], event["channel"]) == ("presence.join", ROOM)
        assert event["payload"] == {
            "members": [{"user": "7", "status": "online", "info": {"name": "Bob"}}], "count": 1}


def test_users_are_tracked_and_not_connections(server):
    with connect(server, 1) as watching:
        come(watching)
        with connect(server, 2) as first, connect(server, 2) as second:
            enter(first)
            assert news(watching) == ("join", ("2",), 2)
            assert enter(second) == ["1", "2"]
            first.socket.close()
            watching.expect_silence(1.5)
        assert news(watching) == ("leave", ("2",), 1)


@pytest.mark.parametrize("way", ["unsubscribe", "close", "break"])
def test_a_user_leaves_after_the_grace(server, way):
    with connect(server, 1) as watching, connect(server, 2) as other:
        come(watching, other)
        if way == "unsubscribe":
            other.send_action("unsubscribe", channel=ROOM)
        elif way == "close":
            other.send(8, b"\x03\xe8")
        else:
            other.socket.close()
        watching.expect_silence(0.7)
        assert news(watching) == ("leave", ("2",), 1)


def test_who_comes_back_within_the_grace_never_left(server):
    with connect(server, 1) as watching:
        with connect(server, 2) as other:
            come(watching, other)
        for _ in range(3):
            with connect(server, 2) as other:
                enter(other)
        with connect(server, 2) as other:
            enter(other)
            watching.expect_silence(1.5)


def test_a_guest_sees_and_is_not_seen(server):
    with connect(server, None) as guest, connect(server, 1) as one:
        assert enter(guest) == []
        assert enter(one) == ["1"]
        assert news(guest) == ("join", ("1",), 1)
        error = guest.ask("presence", channel=ROOM, status="busy")
        assert (error["code"], error["channel"]) == ("forbidden", ROOM)


def test_a_pattern_hears_who_comes_and_is_not_there(server):
    with connect(server, 1) as watching, connect(server, 2) as other:
        watching.subscribe("presence.*")
        assert enter(other) == ["2"]
        assert news(watching) == ("join", ("2",), 1)
        assert watching.ask("presence", channel=ROOM)["members"] == [{"user": "2", "status": "online"}]
        assert watching.ask("presence", channel=ROOM, status="busy")["code"] == "not_subscribed"


@pytest.mark.parametrize("status", ["online", "away", "busy", "offline"])
def test_presence_sets_ones_own_and_answers_the_members(server, status):
    with connect(server, 1) as one, connect(server, 2) as two:
        come(one, two)
        text = '{"action":"presence","data":{"channel":"%s","status":"%s","activity":{"on" : "page 7"}}}'
        one.send(1, (text % (ROOM, status)).encode())
        assert one.receive()[0].decode() == (
            '{"success":true,"action":"presence","channel":"%s","members":[{"user":"1","status":"%s",'
            '"activity":{"on" : "page 7"}},{"user":"2","status":"online"}],"count":2}' % (ROOM, status))
        assert news(two) == ("update", ("1",), 2)
        shown = two.ask("presence", channel=ROOM)["members"][0]
        assert shown == {"user": "1", "status": status, "activity": {"on": "page 7"}}


@pytest.mark.parametrize("data, code", [
    ({"channel": "orders"}, "invalid_field"), ({"channel": "presence.other"}, "not_subscribed"),
    ({"channel": ROOM, "status": "asleep"}, "invalid_field"),
    ({"channel": ROOM, "activity": "x" * 1_100}, "invalid_field"),
    ({"channel": ROOM, "next": -1}, "invalid_field"), ({"channel": ROOM, "next": "1"}, "invalid_field"),
])
def test_a_wrong_question_is_refused(server, data, code):
    with connect(server, 1) as one:
        enter(one)
        one.receive()
        assert one.ask("presence", **data)["code"] == code


def test_the_url_and_the_older_dialect_count_too(server):
    with connect(server, 1, f"/?channels={ROOM}") as one:
        messages = one.receive_events(2)
        assert [message.get("action", message.get("event")) for message in messages] == ["presence", "presence.join"]
        headers = [f"Authorization: Bearer {make_token('2')}"]
        with Client(server, f"/?channels={ROOM}", headers=headers) as plain:
            assert news(one) == ("join", ("2",), 2)
            assert news(plain) == ("join", ("2",), 2)
        assert news(one) == ("leave", ("2",), 1)
        with connect(server, 3, dialect=Chatting) as chatting:
            assert enter(chatting) == ["1", "3"]
            [message] = chatting.receive_events()
            assert (message["action"], message["event"], message["sender"]) == ("message", "presence.join", 0)
            assert message["message"]["members"] == [{"user": "3", "status": "online"}]


def test_who_says_later_who_he_is_is_there_from_then_on(server):
    with connect(server, None) as one:
        assert enter(one) == []
        one.send_action("authenticate", token=make_token("5"))
        assert {message.get("event", message.get("action")) for message in one.receive_events(2)} == {
            "authenticate", "presence.join"}
        assert [member["user"] for member in one.ask("presence", channel=ROOM)["members"]] == ["5"]


def test_who_returns_by_cursor_is_told_who_is_there_and_not_who_came_meanwhile(server):
    with connect(server, 1) as one:
        cursor = one.welcome["cursor"]
        epoch = cursor.partition(":")[0]
        enter(one)
        [join] = one.receive_events()
    with connect(server, 2) as two:
        assert enter(two) == ["1", "2"]
        two.receive()
    with connect(server, 1) as one:
        # The list has everybody; in the history there is no news of them.
        assert enter(one, since=f"{epoch}:{join['seq']}") == ["1", "2"]
        assert news(one)[:2] == ("leave", ("2",))


def test_many_members_come_in_pages_and_are_told_together(start, secrets):
    server = start("--jwt-secret-file", secrets)
    clients = [connect(server, number, f"/?channels={ROOM}") for number in range(1, 251)]
    with connect(server, None) as guest:
        first = guest.ask("subscribe", channel=ROOM)
        assert first["success"]
        [page] = guest.receive_events()
        users = []
        while True:
            assert page["count"] == 250 and len(page["members"]) <= 100
            users += [member["user"] for member in page["members"]]
            if "next" not in page:
                break
            guest.send_action("presence", channel=ROOM, next=page["next"])
            page = next(message for message in iter(lambda: guest.receive_events()[0], None) if "members" in message)
        assert sorted(users, key=int) == [str(n) for n in range(1, 251)]
    told = events = 0
    while told < 250:
        [message] = clients[0].receive_events()
        if "payload" in message:
            events += 1
            told += len(message["payload"]["members"]) + message["payload"].get("unnamed", 0)
    assert events < 200
    for client in clients:
        client.socket.close()
