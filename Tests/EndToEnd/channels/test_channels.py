"""Who gets which events: channels, patterns, names, and the form in which they come (SPEC §4)."""

import itertools
import json

import pytest

from support.client import Client
from support.files import name_of, place, waiting
from support.speaking import Chatting, Speaking
from support.waiting import eventually

NEVER_MIND = {"timestamp": 1729000000, "id": "one"}


NUMBERS = itertools.count(1_000_000)


def put(queue, *events):
    """Publishes events one after the other, and waits until the server has taken them."""
    for event in events:
        place(queue, name_of(next(NUMBERS)), json.dumps(event))
    eventually(lambda: waiting(queue) == [], "the files are deleted")


def names(client, count):
    return [event["event"] for event in client.receive_events(count)]


def to(*channels, event="e", **members):
    return {"event": event, "channels": list(channels), **members} if channels else {"event": event, **members}


@pytest.mark.parametrize("pattern, reached, others", [
    ("orders", ["orders"], ["order", "orders.7", "Orders"]),
    ("orders.*", ["orders.7", "orders.x:y"], ["orders", "orders.7.items", "ordersx"]),
    ("*.created", ["orders.created", "a-b.created"], ["created", "a.b.created"]),
    ("a.*.c", ["a.b.c"], ["a.c", "a.b.c.d"]),
    ("orders.**", ["orders", "orders.7", "orders.7.items"], ["ordersx", "users"]),
    ("**", ["orders", "a.b.c"], ["private.a", "private.user.7"]),
    ("private.**", [], ["private.a", "private.user.7"]),
])
def test_a_pattern_reaches_what_it_stands_for(server, queue, pattern, reached, others):
    with Speaking(server, "/", pattern) as one:
        put(queue, *(to(name, event=name) for name in others + reached), to(event="last"))
        events = one.receive_events(len(reached) + 1)
        assert [event["event"] for event in events] == [*reached, "last"]
        assert [event.get("channel") for event in events] == [*reached, None]


@pytest.mark.parametrize("name", [
    "", "a b", "a,b", "ä", "a/b", "a\n", "x" * 256, "a*", "a.b*", "**.a", "a.**.b", "***", "a.***",
])
def test_a_name_that_is_none_is_refused(server, name):
    with Speaking(server) as one:
        error = one.ask("subscribe", channel=name)
        assert error["success"] is False and error["action"] == "error"
        assert error["code"] == ("invalid_field" if name else "missing_field")


@pytest.mark.parametrize("channels, subscriptions, named", [
    (["a", "b"], ["b", "a"], "a"),
    (["a", "b"], ["b"], "b"),
    (["x", "a.b", "b"], ["**", "b", "a.*"], "x"),
    (["x.y", "a.b"], ["*.b", "a.b", "a.**"], "a.b"),
])
def test_an_event_comes_once_and_names_the_first_channel_that_matched(server, queue, channels, subscriptions, named):
    with Speaking(server, "/", *subscriptions) as one:
        put(queue, to(*channels), to(event="last"))
        first, last = one.receive_events(2)
        assert (first["channel"], last["event"]) == (named, "last")


def test_channels_may_be_asked_for_in_the_url(server, queue):
    with Client(server, "/?channels=orders.*,users") as plain:
        place(queue, name_of(0), json.dumps(to("orders.7", **NEVER_MIND)))
        assert plain.receive() == [
            b'{"event":"e","payload":null,"timestamp":1729000000,"id":"one","seq":1,"channel":"orders.7"}']
        put(queue, to("users", event="u"), to("others"), to(event="last"))
        assert names(plain, 2) == ["u", "last"]


def test_subscribing_twice_is_one_subscription_and_one_unsubscribe_ends_it(server, queue):
    with Speaking(server, "/?channels=orders", "orders", "orders") as one:
        put(queue, to("orders", event="first"))
        assert names(one, 1) == ["first"]
        answer = one.ask("unsubscribe", channel="orders")
        assert answer == {"success": True, "action": "unsubscribe", "channel": "orders"}
        put(queue, to("orders", event="second"), to(event="last"))
        assert names(one, 1) == ["last"]


def test_a_pattern_and_a_name_under_it_end_by_themselves(server, queue):
    with Speaking(server, "/", "a.*", "a.b") as one:
        one.ask("unsubscribe", channel="a.*")
        put(queue, to("a.b", event="by name"), to("a.c"), to(event="last"))
        assert names(one, 2) == ["by name", "last"]


def test_an_event_for_several_channels_says_for_how_many(server, queue):
    with Speaking(server, "/", "b", "c") as one:
        put(queue, to("a", "b", "c"), to("b"))
        several, single = one.receive_events(2)
        assert (several["channel"], several["copies"]) == ("b", 3)
        assert single["channel"] == "b" and "copies" not in single


def test_a_client_has_so_many_channels(start):
    server = start("--channels", "3")
    with Speaking(server, "/?channels=a", "b.*", "c") as one:
        assert one.ask("subscribe", channel="d") == {
            "success": False, "action": "error", "error": "Too many channels; unsubscribe from one first",
            "code": "too_many_channels", "channel": "d", "request": "subscribe"}
        one.subscribe("c")
        one.ask("unsubscribe", channel="a")
        one.subscribe("d")


def test_the_url_gets_no_more_channels_than_an_action(start, queue):
    server = start("--channels", "2")
    with Client(server, "/?channels=a,b,c") as plain:
        assert plain.receive_events()[0]["code"] == "too_many_channels"
        put(queue, to("c"), to("b", event="b"))
        assert names(plain, 1) == ["b"]


@pytest.mark.parametrize("filter, wanted", [
    ("order.*", ["order.created", "order.a.b"]), ("order.*,user.*", ["order.created", "user.left", "order.a.b"]),
    ("*.created", ["order.created"]), ("caf%C3%A9", ["café"]), ("nothing", []),
])
@pytest.mark.parametrize("dialect", [Client, Speaking, Chatting])
def test_only_events_of_the_wanted_names_come(server, queue, dialect, filter, wanted):
    events = ["order.created", "user.left", "order", "order.a.b", "café"]
    with dialect(server, f"/?events={filter},last&channels=c") as one:
        put(queue, *(to(event=name) for name in events), *(to("c", event=name) for name in events), to(event="last"))
        assert names(one, 2 * len(wanted) + 1) == [*wanted, *wanted, "last"]


def test_the_wanted_names_hold_for_the_past_too(server, queue):
    with Speaking(server) as one:
        start_cursor = one.welcome["cursor"]
    put(queue, to(event="a"), to("c", event="b"), to(event="b"), to("c", event="a"))
    with Client(server, f"/?events=b&channels=c&since={start_cursor}") as one:
        first, second, answer = one.receive_events(3)
        assert (first["event"], first["channel"]) == ("b", "c") and (second["event"], second["seq"]) == ("b", 3)
        assert answer["action"] == "resumed" and answer["complete"] is True


@pytest.mark.parametrize("filter", ["x" * 256, ",".join("a" * 65)])
def test_a_filter_that_is_none_is_refused(server, filter):
    with Client(server, f"/?events={filter}") as one:
        assert one.receive_events()[0]["code"] == "invalid_field"


# A slow build on a busy machine takes longer than a client has to answer a ping, and these do not read meanwhile.
PATIENT = (
    "--behind-size", "64M", "--behind-age", "10m", "--ping", "10m", "--threads", "1", "--journal", "off")


@pytest.mark.alone
def test_a_filtered_client_that_reads_slowly_gets_everything_it_wants_in_order(start, queue):
    server = start(*PATIENT)
    with Client(server, "/?events=odd,last", receive_buffer=4_096) as slow, Client(server) as busy:
        for number in range(3_000):
            event = "odd" if number % 2 else "even"
            place(queue, name_of(number), '{"event":"%s","payload":[%d,"%s"]}' % (event, number, "x" * 2_000))
        place(queue, name_of(3_000), '{"event":"last"}')
        busy.receive(3_001, timeout=30)
        assert waiting(queue), "the slow client has taken everything"
        events = slow.receive_events(1_501, timeout=30)
        assert [event["payload"][0] for event in events[:-1]] == list(range(1, 3_000, 2))


CHAT = (b'{"action":"message","channel":"chat.room.1","sender":0,"message":{"text" : "\\u00e9"},"time":1729000000,'
        b'"event":"said","id":"one","seq":1}')
EVENT = (b'{"event":"said","payload":{"text" : "\\u00e9"},"timestamp":1729000000,"id":"one","seq":1,'
         b'"channel":"chat.room.1"}')
FILE = ('{"event":"said","payload":{"text" : "\\u00e9"},"timestamp":1729000000,"id":"one",'
        '"channel":"chat.room.1"}')


@pytest.mark.parametrize("dialect, message", [(Speaking, EVENT), (Chatting, CHAT)])
@pytest.mark.parametrize("subscription", ["chat.room.1", "chat.**"])
def test_each_dialect_has_its_form_of_channel_events(server, queue, dialect, message, subscription):
    with dialect(server, "/", subscription) as one:
        place(queue, name_of(0), FILE)
        assert one.receive() == [message]
        put(queue, to(event="for all", **NEVER_MIND | {"id": "two"}))
        assert one.receive() == [b'{"event":"for all","payload":null,"timestamp":1729000000,"id":"two","seq":2}']


@pytest.mark.parametrize("dialect, message", [(Speaking, EVENT), (Chatting, CHAT)])
def test_the_past_comes_in_the_same_form(server, queue, dialect, message):
    with dialect(server) as one:
        place(queue, name_of(0), FILE)
        eventually(lambda: waiting(queue) == [], "the file is deleted")
        one.send_action("subscribe", channel="chat.*.1", since=one.welcome["cursor"])
        assert one.receive(2)[1] == message


def test_a_client_that_has_not_spoken_gets_the_plain_form_and_no_welcome(server, queue):
    with Client(server, "/?channels=chat.room.1") as plain:
        place(queue, name_of(0), FILE)
        assert plain.receive() == [EVENT]
        plain.send_action("pong")
        place(queue, name_of(1), FILE.replace("one", "two"))
        assert plain.receive_events()[0]["seq"] == 2


@pytest.mark.alone
def test_pages_of_both_dialects_that_read_slowly_get_everything_in_order(start, queue):
    server = start(*PATIENT)
    with Chatting(server, "/", "a.*", receive_buffer=4_096) as slow, Speaking(server, "/", "a.*", "b") as busy:
        for number in range(3_000):
            channel = ("a.1", "b", "a.2")[number % 3]
            place(queue, name_of(number), json.dumps(to(channel, payload=[number, "x" * 2_000])))
        place(queue, name_of(3_000), '{"event":"last"}')
        busy.receive(3_001, timeout=30)
        assert waiting(queue), "the slow client has taken everything"
        events = slow.receive_events(2_001, timeout=30)
        assert [event["message"][0] for event in events[:-1]] == [n for n in range(3_000) if n % 3 != 1]
        assert events[-1]["event"] == "last"


def test_the_past_of_a_pattern_is_what_matches_it(server, queue):
    with Speaking(server, "/", "b") as one:
        cursor = one.welcome["cursor"]
        put(queue, to("a.1", event="1"), to("c", event="2"), to("b", event="3"), to("a.b", "b", event="4"))
        assert names(one, 2) == ["3", "4"]
        one.send_action("subscribe", channel="a.*", since=cursor)
        answer, missed = one.receive_events(2)
        assert answer["success"] and missed["event"] == "1"
        put(queue, to("a.2", event="5"), to(event="last"))
        assert names(one, 2) == ["5", "last"]
