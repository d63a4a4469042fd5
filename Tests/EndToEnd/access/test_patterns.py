"""Who may listen to what without knowing its name."""

import json
import signal

import pytest

from support.client import Client
from support.files import name_of, place
from support.rules import write_rules
from support.speaking import Speaking, ask
from support.stream import Stream
from support.tokens import make_token, write_secrets
from support.waiting import eventually

FAR = "X-Forwarded-For: 203.0.113.9"
PATTERNS = ["**", "*", "orders.*", "private.**", "*.user.7", "presence.*"]


def connect(server, path="/", *headers):
    return Speaking(server, path, headers=headers)


def publish(queue, *channels):
    publish.number += 1
    for number, channel in enumerate(channels):
        name = name_of(100 * publish.number + number)
        place(queue, name, json.dumps({"event": channel, "channel": channel}))
    place(queue, name_of(100 * publish.number + 99), json.dumps({"event": "end"}))


publish.number = 0


def heard(client):
    """The events until the one that everybody gets."""
    names = []
    while "end" not in names:
        [message] = client.receive_events()
        if "event" in message:
            names.append(message["event"])
    return names[:-1]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_stranger_must_know_a_channels_name(server, queue, pattern):
    with connect(server, "/?channels=known", FAR) as client, Client(server, headers=[FAR]) as plain, \
            connect(server, f"/?channels={pattern}", FAR) as other, \
            Stream(server, f"/events?channels={pattern}", [FAR]) as stream:
        answer = ask(client, "subscribe", channel=pattern)
        assert (answer["success"], answer["code"], answer["channel"]) == (False, "forbidden", pattern)
        publish(queue, "orders.1", "known", "secret")
        assert heard(client) == ["known"]
        assert heard(plain) == heard(stream) == heard(other) == []


def test_a_token_and_this_machine_have_patterns(start, queue):
    server = start("--jwt-secret-file", str(write_secrets(queue)))
    with connect(server, "/?channels=**") as local, \
            connect(server, f"/?channels=**&token={make_token()}", FAR) as user, connect(server, "/", FAR) as later:
        assert ask(later, "subscribe", channel="**")["success"] is False
        assert ask(later, "authenticate", token=make_token())["success"] is True
        assert ask(later, "subscribe", channel="**")["success"] is True
        publish(queue, "orders.1", "private.user.7", "private-x")
        assert heard(local) == ["orders.1"]
        assert heard(user) == heard(later) == ["orders.1"]


@pytest.mark.parametrize("options, listen", [(["--local", "off"], "127.0.0.1:0"), ([], "0.0.0.0:0")])
def test_what_is_not_this_machine_has_none(start, options, listen):
    server = start(*options, listen=listen)
    server.host = "127.0.0.1"
    with connect(server, "/?channels=**") as client:
        assert client.receive_events()[0]["code"] == "forbidden"


def test_a_rule_may_open_channels_to_patterns(start, queue):
    rules = [
        {"channel": "news.{x}", "subscribe": "anyone", "patterns": "anyone"},
        {"channel": "staff.{x}", "subscribe": "authenticated", "patterns": "anyone"},
    ]
    server = start("--rules", str(write_rules(queue, rules)))
    with connect(server, "/?channels=**", FAR) as client, connect(server, "/?channels=news.*", FAR) as other:
        publish(queue, "news.1", "staff.1", "room.1")
        assert heard(client) == heard(other) == ["news.1"]
        # Of the past it gets no more.
        epoch = server.wait_for("journal.open")["epoch"]
        with connect(server, f"/?channels=**&since={epoch}:0", FAR) as late:
            assert heard(late) == ["news.1"]


@pytest.mark.parametrize("channel", ["private-room", "presence-room"])
def test_pushers_names_are_not_public(start, queue, channel):
    server = start("--jwt-secret-file", str(write_secrets(queue)))
    with connect(server) as stranger, connect(server, f"/?token={make_token()}") as user, \
            connect(server, f"/?token={make_token(channels=[channel])}") as member:
        assert ask(stranger, "subscribe", channel=channel)["code"] == "forbidden"
        assert ask(user, "subscribe", channel=channel)["code"] == "forbidden"
        assert ask(member, "subscribe", channel=channel)["success"] is True
        publish(queue, channel)
        assert heard(member)[-1:] == [channel]
        assert heard(stranger) == heard(user) == []


def test_the_default_closes_what_no_rule_names(start, queue):
    rules = [{"channel": "order.{id:\\d+}", "subscribe": "role:admin"}, {"channel": "open", "subscribe": "anyone"},
             {"channel": "", "subscribe": "anyone"}, {"default": "none"}]
    server = start("--rules", str(write_rules(queue, rules)))
    with connect(server, "/?channels=**") as client:
        for channel in ("order.x1", "order.1.", "order..1", "Private.x", "elsewhere"):
            assert ask(client, "subscribe", channel=channel)["code"] == "forbidden", channel
        assert ask(client, "subscribe", channel="open")["success"] is True
        publish(queue, "order.x1", "open", "elsewhere")
        assert heard(client) == ["open"]
    assert not server.logged("config.warn")


def test_what_is_open_beside_a_guarded_rule_is_named(start, queue):
    path = write_rules(queue, [{"channel": "order.{id:\\d+}", "subscribe": "role:admin"}])
    server = start("--rules", str(path))
    hint = server.wait_for("config.warn", file=str(path))["hint"]
    assert "order.x1" in hint and "order.{id:" in hint and "default" in hint


CLOSED = {
    "a default": [{"default": "authenticated"}], "a rule": [{"channel": "", "subscribe": "authenticated"}],
    "a rule beside a default": [{"default": "anyone"}, {"channel": "", "subscribe": "role:admin"}],
}


@pytest.mark.parametrize("rules", CLOSED.values(), ids=CLOSED)
def test_events_without_a_channel_may_be_closed(start, queue, rules):
    server = start("--rules", str(write_rules(queue, rules + [{"channel": "open", "subscribe": "anyone"}])),
                   "--jwt-secret-file", str(write_secrets(queue)), "--threads", "2", "--ping", "1h")
    path = f"/?channels=open&token={make_token(role='admin')}"
    with connect(server, path) as user, connect(server, "/?channels=open") as stranger, \
            Client(server) as plain, Stream(server, "/events?channels=open") as stream:
        for number in range(3):
            place(queue, name_of(number), json.dumps({"event": "all", "payload": number}))
        place(queue, name_of(3), json.dumps({"event": "users", "recipients": ["42"]}))
        place(queue, name_of(4), json.dumps({"event": "but", "except": 999}))
        place(queue, name_of(5), json.dumps({"event": "end", "channel": "open"}))
        assert heard(user) == ["all"] * 3 + ["users", "but"]
        assert heard(stranger) == heard(stream) == []
        plain.expect_silence(0.2)
        assert ask(stranger, "authenticate", token=make_token(role="admin"))["success"] is True
        place(queue, name_of(7), json.dumps({"event": "all"}))
        place(queue, name_of(8), json.dumps({"event": "end", "channel": "open"}))
        assert heard(stranger) == ["all"]
    # Nor does the past hold more.
    epoch = server.wait_for("journal.open")["epoch"]
    with connect(server, f"/?channels=open&since={epoch}:0") as late, \
            connect(server, f"{path}&since={epoch}:0") as user:
        assert late.receive_events()[0]["event"] == "end"
        assert user.receive_events()[0]["event"] == "all"


def test_new_rules_open_and_close_them(start, queue):
    rules = write_rules(queue, [{"default": "none"}])
    server = start("--rules", str(rules))
    number = iter(range(1_000))

    def is_heard():
        place(queue, name_of(next(number)), json.dumps({"event": "probe"}))
        try:
            return bool(client.receive(1, timeout=0.2))
        except AssertionError:
            return False

    with Client(server) as client:
        assert not is_heard()
        for text, expected in (("[]", True), ('[{"default":"none"}]', False), ("[]", True)):
            rules.write_text(text)
            server.signal(signal.SIGHUP)
            eventually(lambda wanted=expected: is_heard() == wanted, "the rules hold")
