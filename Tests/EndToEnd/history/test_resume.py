"""Clients that come back: what they missed, then live events, with nothing lost, doubled or reordered in between."""

import json
import threading
import time

import pytest

from support.client import Client
from support.crowd import Crowd
from support.files import name_of, place, place_each, waiting
from support.speaking import Resuming
from support.waiting import eventually


class Returning(Resuming):
    """A client that resumes by a message."""

    @property
    def cursor(self):
        return self.welcome["cursor"]

    def ask(self, action, **data):
        self.send_action(action, **data)
        return self


def put(queue, numbers, **members):
    place_each(queue, numbers, **members)
    eventually(lambda: waiting(queue) == [], "the files are deleted")


def payloads(client, count):
    return [event["payload"] for event in client.receive_events(count)]


@pytest.mark.parametrize("way", ["url", "action"])
@pytest.mark.parametrize("restart", [None, "stop", "kill"])
def test_a_client_that_returns_gets_what_it_missed_and_then_goes_on(start, queue, way, restart):
    server = start()
    with Returning(server) as client:
        put(queue, range(3))
        assert payloads(client, 3) == [0, 1, 2]
        epoch = client.epoch
    put(queue, range(3, 10))
    if restart:
        server.process.kill() if restart == "kill" else server.terminate()
        server.exit_status()
        server = start()
    with Returning(server, f"/?since={epoch}:2" if way == "url" else "/") as client:
        if way == "action":
            client.ask("resume", since=f"{epoch}:2")
        else:
            assert client.cursor == f"{epoch}:2"
        missed, answer = client.until_resumed()
        assert missed == list(range(2, 10))
        assert answer == {"action": "resumed", "cursor": f"{epoch}:10", "complete": True}
        put(queue, [10])
        [event] = client.receive_events()
        assert (event["payload"], event["seq"]) == (10, 11)


def test_a_plain_client_may_return_too(server, queue):
    with Returning(server) as client:
        epoch = client.epoch
    put(queue, range(3))
    with Client(server, f"/?since={epoch}:1") as client:
        assert payloads(client, 2) == [1, 2]
        assert client.receive_events() == [{"action": "resumed", "cursor": f"{epoch}:3", "complete": True}]


def test_what_is_replayed_has_the_bytes_that_were_live(server, queue):
    with Returning(server, "/?channels=a,b") as live:
        epoch = live.epoch
        texts = [
            '{"event":"n\\u00e9","payload":{"b":1.0, "a":[1e400,"\\ud83d\\ude00"]},"timestamp":1.50,"id":7}',
            '{"event":"n","channels":["x","b","a"],"id":"own \\"id\\""}',
            '{"event":"n","payload":"%s","channel":"a"}' % ("x" * 70_000),
        ]
        for number, text in enumerate(texts):
            place(queue, name_of(number), text)
        first = live.receive(3)
        assert b'"channel":"b"' in first[1]
    with Returning(server, f"/?channels=a,b&since={epoch}:0") as back:
        assert back.receive(3) == first


def test_channels_hold_in_a_replay_too(server, queue):
    with Returning(server) as client:
        epoch = client.epoch
    put(queue, [0], channel="a")
    put(queue, [1], channel="b")
    put(queue, [2])
    put(queue, [3], channels=["b", "a"])
    put(queue, [4], recipients=[42])
    put(queue, [5], recipients=[])
    put(queue, [6], channel="a")
    with Returning(server) as client:
        client.ask("subscribe", channel="a", since=f"{epoch}:0")
        assert client.receive_events() == [{"success": True, "action": "subscribe", "channel": "a"}]
        events = client.receive_events(3)
        assert [(event["payload"], event["channel"]) for event in events] == [(0, "a"), (3, "a"), (6, "a")]
        # What it has had for the one channel it does not get again for the other.
        client.ask("subscribe", channel="b", since=f"{epoch}:0")
        assert client.receive_events()[0]["success"] is True
        assert payloads(client, 1) == [1]
        missed, answer = client.ask("resume", since=f"{epoch}:0").until_resumed()
        assert (missed, answer["complete"]) == ([2], True)
        assert client.ask("resume", since=f"{epoch}:0").until_resumed()[0] == []


def test_live_events_are_not_repeated_by_a_resume(server, queue):
    with Returning(server) as client:
        epoch = client.epoch
    put(queue, range(3))
    with Returning(server) as client:
        put(queue, range(3, 6))
        assert payloads(client, 3) == [3, 4, 5]
        missed, answer = client.ask("resume", since=f"{epoch}:1").until_resumed()
        assert missed == [1, 2]
        assert answer["complete"] is True


def test_an_event_is_left_out_for_the_connection_that_caused_it_and_for_no_later_one(start, queue):
    server = start()
    with Returning(server) as client:
        connection, epoch = client.welcome["connection_id"], client.epoch
        put(queue, [0], **{"except": connection})
        assert client.ask("resume", since=f"{epoch}:0").until_resumed()[0] == []
    server.process.kill()
    server.exit_status()
    with Returning(start(), f"/?since={epoch}:0") as client:
        assert client.welcome["connection_id"] == connection
        assert client.until_resumed()[0] == [0]


def test_what_is_lost_is_said(start, queue):
    server = start("--journal-events", "16")
    with Returning(server) as client:
        epoch = client.epoch
    # One by one, so that each is a pass of its own.
    for number in range(100):
        put(queue, [number])
    with Returning(server, f"/?since={epoch}:7") as client:
        missed, answer = client.until_resumed()
        assert answer["cursor"] == f"{epoch}:100" and answer["complete"] is False
        gap = answer["gap"]
        first = int(gap["to"].partition(":")[2])
        assert gap == {"from": f"{epoch}:7", "to": f"{epoch}:{first}", "reason": "trimmed"}
        assert client.cursor == gap["to"]
        # The payloads are counted from 0 and the numbers from 1.
        assert missed == list(range(first, 100)) and 16 <= len(missed) < 20
        # Nothing is gone in a channel in which there never was anything.
        client.ask("subscribe", channel="a", since=f"{epoch}:7")
        assert client.receive_events()[0]["action"] == "subscribe"
        client.ask("ping")
        assert client.receive_events()[0]["action"] == "pong"


@pytest.mark.parametrize("cursor", ["other:5", "EPOCH:101"])
def test_a_foreign_cursor_is_answered_at_once(server, queue, cursor):
    with Returning(server) as client:
        epoch = client.epoch
    put(queue, range(5))
    since = cursor.replace("EPOCH", epoch)
    with Returning(server, f"/?since={since}") as client:
        missed, answer = client.until_resumed()
        assert missed == []
        assert answer == {
            "action": "resumed", "cursor": f"{epoch}:5", "complete": False,
            "gap": {"from": since, "to": f"{epoch}:5", "reason": "epoch"}}
        put(queue, [5])
        assert payloads(client, 1) == [5]


def test_what_is_no_cursor_is_an_error_and_not_the_end(server, queue):
    with Returning(server, "/?since=yesterday") as client:
        [error] = client.receive_events()
        assert error["code"] == "invalid_field"
        put(queue, [0])
        assert payloads(client, 1) == [0]


def test_without_a_journal_a_lost_connection_costs_nothing(start, queue):
    server = start("--journal", "off")
    with Returning(server) as client:
        epoch = client.epoch
        put(queue, range(5))
        assert payloads(client, 5) == list(range(5))
    put(queue, range(5, 8))
    with Returning(server, f"/?since={epoch}:5") as client:
        assert client.until_resumed()[0] == [5, 6, 7]
    server.terminate()
    with Returning(start("--journal", "off"), f"/?since={epoch}:5") as client:
        assert client.until_resumed()[1]["gap"]["reason"] == "epoch"


@pytest.mark.parametrize("threads", [1, 2])
def test_the_seam_holds_while_events_flow(start, memory_queue, threads):
    count = 20_000
    server = start("--threads", str(threads), "--journal-events", "100000", directory=memory_queue)
    with Returning(server) as client:
        epoch = client.epoch

    def publish():
        for number in range(0, count, 100):
            lines = "".join('{"event":"n","payload":%d}\n' % (number + line) for line in range(100))
            place(memory_queue, name_of(number) + "l", lines)
            time.sleep(0.002)

    publisher = threading.Thread(target=publish)
    publisher.start()
    try:
        since = 0
        seen = []
        while since < count:
            # Each time it comes back a little later, in the middle of what is being published.
            with Returning(server, f"/?since={epoch}:{since}") as client:
                wanted = min(count, since + 613)
                while since < wanted:
                    for message in client.receive_events():
                        if "seq" in message:
                            assert message["seq"] == since + 1
                            since = message["seq"]
                            seen.append(message["payload"])
        assert seen == list(range(count))
    finally:
        publisher.join()


def test_what_is_trimmed_while_a_client_is_being_sent_it_is_said_too(start, memory_queue):
    # So little history that its beginning goes while somebody is in the middle of it.
    server = start("--journal-events", "4000", directory=memory_queue)
    with Returning(server) as client:
        epoch = client.epoch
    count, gaps = 100_000, 0
    body = "x" * 200

    def publish():
        for number in range(0, count, 200):
            lines = "".join('{"event":"n","payload":[%d,"%s"]}\n' % (number + one, body) for one in range(200))
            place(memory_queue, name_of(number) + "l", lines)
            eventually(lambda: len(waiting(memory_queue)) < 5, "the server takes them", 30)

    publisher = threading.Thread(target=publish)
    publisher.start()
    try:
        reached = 0
        while reached < count:
            since = max(0, reached - 5_000)
            with Returning(server, f"/?since={epoch}:{since}", receive_buffer=4_096) as client:
                seqs = []
                while True:
                    [message] = client.receive_events(timeout=30)
                    if message.get("action") == "resumed":
                        break
                    if "seq" in message:
                        assert message["payload"][0] == message["seq"] - 1
                        seqs.append(message["seq"])
            reached = int(message["cursor"].partition(":")[2])
            lost = set(range(since + 1, reached + 1)) - set(seqs)
            assert seqs == sorted(set(seqs))
            assert bool(lost) is not message["complete"]
            if lost:
                gaps += 1
                first, last = (int(message["gap"][end].partition(":")[2]) for end in ("from", "to"))
                assert first < min(lost) and max(lost) <= last and message["gap"]["reason"] == "trimmed"
    finally:
        publisher.join()
    assert gaps > 0


def test_a_client_closed_as_slow_returns_and_misses_nothing(start, queue, is_measured):
    server = start("--behind-size", "64K", "--journal-size", "256M")
    body = "x" * 10_000
    count = 1_000
    with Returning(server, receive_buffer=4_096) as slow, Client(server) as busy:
        for number in range(count):
            place(queue, name_of(number), '{"event":"big","payload":[%d,"%s"]}' % (number, body))
            if number % 100 == 99:
                busy.receive(100)
        server.wait_for("client.slow")
        epoch = slow.epoch
        got = [json.loads(message) for message in slow.receive_until_end()]
        assert slow.frames.close == (4008, "slow") or not is_measured
    assert [event["seq"] for event in got] == list(range(1, len(got) + 1)) and len(got) < count
    with Returning(server, f"/?since={epoch}:{len(got)}", receive_buffer=4_096) as client:
        missed, answer = client.until_resumed()
        assert [payload[0] for payload in missed] == list(range(len(got), count))
        assert answer["complete"] is True


@pytest.mark.alone
def test_a_returning_client_that_takes_nothing_is_closed_and_holds_up_nobody(start, queue, is_measured):
    server = start("--behind-age", "1s", "--journal-size", "256M")
    with Returning(server) as client:
        epoch = client.epoch
    for number in range(1_000):
        place(queue, name_of(number), '{"event":"big","payload":"%s"}' % ("x" * 10_000))
    eventually(lambda: waiting(queue) == [], "all are kept")
    idle = [Client(server, f"/?since={epoch}:0", receive_buffer=4_096) for _ in range(100)]
    with Client(server) as busy:
        before = server.memory()["RssAnon"]
        for number in range(1_000, 1_010):
            begin = time.monotonic()
            place(queue, name_of(number), '{"event":"live"}')
            assert busy.receive_events()[0]["event"] == "live"
            assert time.monotonic() - begin < 0.25 or not is_measured
        # One frame that is under way is kept for each, whatever they are owed.
        assert server.memory()["RssAnon"] - before < 16_384 or not is_measured
        eventually(lambda: server.times("client.slow") >= 50, "they are closed", 15)
    for client in idle:
        client.socket.close()


@pytest.mark.alone
def test_a_thousand_clients_that_return_at_once_are_served_evenly_while_events_flow(start, memory_queue, is_measured):
    server = start("--journal-events", "100000", directory=memory_queue)
    with Returning(server) as client:
        epoch = client.epoch
    count = 2_000
    lines = "".join('{"event":"n","payload":%d}\n' % number for number in range(count))
    place(memory_queue, name_of(0) + "l", lines)
    eventually(lambda: waiting(memory_queue) == [], "all are kept")
    live = 20
    done = {}
    delays = []
    with Crowd(server, 1_000, path=f"/?since={epoch}:0", keeps_early=True) as crowd, Client(server) as witness:
        def publish():
            for number in range(live):
                begin = time.monotonic()
                place(memory_queue, name_of(count + number), '{"event":"n","payload":%d}' % (count + number))
                witness.receive_events()
                delays.append(time.monotonic() - begin)

        publisher = threading.Thread(target=publish)
        publisher.start()
        seqs = {}

        def handle(member, message):
            event = json.loads(message)
            if "seq" in event:
                assert event["seq"] == seqs.get(member.index, 0) + 1, (member.index, event)
                seqs[member.index] = event["seq"]
            if seqs.get(member.index) == count + live:
                done[member.index] = time.monotonic()
            return seqs.get(member.index) == count + live

        crowd.receive(handle, 60)
        publisher.join()
    assert len(done) == 1_000
    assert max(delays) < 0.25 or not is_measured, delays


@pytest.mark.parametrize("number", ["18446744073709551615", "18446744073709551614", "9223372036854775807", "0"])
@pytest.mark.parametrize("epoch", [None, "zzzz"])
def test_no_number_in_a_cursor_stops_the_server(server, queue, number, epoch):
    with Returning(server) as client:
        since = f"{epoch or client.epoch}:{number}"
        with Returning(server, f"/?since={since}") as other:
            other.until_resumed()
        client.ask("resume", since=since).until_resumed()
        client.ask("subscribe", channel="c", since=since)
        put(queue, [1])
        assert any(message.get("payload") == 1 for message in client.receive_events(3 if epoch or number != "0" else 2))
