"""The newest event of each key of each channel is there for whoever comes: whole, once, and with no seam."""

import json
import subprocess
import time

from support.client import Client
from support.files import gone, name_of, place
from support.metrics import Metrics
from support.tokens import SECRET, make_token
from support.waiting import eventually


def state_of(client, key=lambda event: event["payload"]):
    """What lies between the beginning and the end of a state, and the message that ends it."""
    [begin] = client.receive_events()
    while begin.get("action") in ("welcome", "subscribe"):
        [begin] = client.receive_events()
    assert begin["action"] == "state" and begin["begin"] is True, begin
    events = []
    while True:
        [message] = client.receive_events()
        if message.get("action") == "state":
            return [key(event) for event in events], message
        events.append(message)


def listen(server, query, protocol="wsqueue.v1"):
    return Client(server, f"/?{query}", protocol=protocol)


def state(server, query, **how):
    with listen(server, query) as client:
        return state_of(client, **how)


def push_out(server, queue):
    """Lines of others that take all the room of the history."""
    lines = f"{json.dumps({'event': 'line', 'channel': 'logs', 'payload': 'x' * 200})}\n" * 100
    for number in range(100):
        if server.logged("journal.trim"):
            return
        place(queue, name_of(10_000 + number) + "l", lines)
        gone(queue)


def test_a_newcomer_gets_the_newest_of_each_key_and_then_what_comes(start, memory_queue, put):
    server = start(directory=memory_queue)
    put({"key": "a", "payload": 1}, {"key": "b", "payload": 2}, {"payload": 3}, {"key": "a", "payload": 4})
    with listen(server, "state=1") as client:
        events, end = state_of(client, lambda event: (event["key"], event["payload"], event["seq"]))
        assert events == [("b", 2, 2), ("a", 4, 4)]
        assert end["keys"] == 2 and end["complete"] is True and end["cursor"].endswith(":4")
        put({"key": "b", "payload": 5})
        [event] = client.receive_events()
        assert event["payload"] == 5 and event["key"] == "b"
    put({"key": "a", "clear": True, "payload": 6})
    assert state(server, "state=1")[0] == [5]
    # Without the word there is none.
    with listen(server, "") as client:
        put({"payload": 7})
        assert [one.get("action", one.get("payload")) for one in client.receive_events(2)] == ["welcome", 7]


def test_each_channel_has_its_own_and_an_event_of_several_is_sent_once(start, memory_queue, put):
    server = start(directory=memory_queue)
    put({"key": "k", "payload": 1, "channels": ["a", "b"]}, {"key": "k", "payload": 2, "channel": "c"},
        {"key": "k", "payload": 3, "channel": "a"}, {"key": "k", "payload": 4}, {"key": "x", "channel": "d"})
    shape = {"key": lambda event: (event.get("channel"), event["payload"])}
    assert state(server, "state=1&channels=a,b", **shape)[0] == [("b", 1), ("a", 3), (None, 4)]
    assert state(server, "state=1&channels=b,c", **shape)[0] == [("b", 1), ("c", 2), (None, 4)]
    with listen(server, "") as client:
        client.send_action("subscribe", channel="c", state=True)
        events, end = state_of(client, **shape)
        assert events == [("c", 2)] and end["channel"] == "c" and end["keys"] == 1


def test_it_is_there_however_old_and_after_any_end(start, memory_queue, put):
    """The journal has lost the events by then; the state has not."""
    def begin():
        return start("--journal-size", "64K", directory=memory_queue)
    server = begin()
    put(*({"key": f"k{number}", "payload": number, "channel": "a"} for number in range(40)))
    put(*({"key": f"k{number}", "clear": True, "channel": "a"} for number in range(0, 40, 2)))
    for round in range(6):
        for batch in range(3):
            line = json.dumps({"event": "line", "payload": "x" * 200})
            place(memory_queue, name_of(10_000 + 10 * round + batch) + "l", f"{line}\n" * 100)
            gone(memory_queue)
        expected = list(range(1, 40, 2))
        assert state(server, "state=1&channels=a") [0] == expected
        if round % 2:
            server.process.kill()
            server.exit_status()
        else:
            server.terminate()
        server = begin()
        events, end = state(server, "state=1&channels=a")
        assert events == expected and end["complete"] is True
    put({"key": "k1", "payload": "new", "channel": "a"})
    assert state(server, "state=1&channels=a")[0] == [*range(3, 40, 2), "new"]


def test_what_was_missed_comes_in_order_with_it_and_a_gap_of_keys_alone_heals(start, memory_queue, put):
    server = start("--journal-size", "64K", directory=memory_queue)
    put({"payload": "old"}, {"key": "a", "payload": 1}, {"payload": "p"}, {"key": "b", "payload": 2},
        {"key": "a", "payload": 3}, {"payload": "q"})
    with listen(server, "") as client:
        epoch = client.receive_events()[0]["cursor"].partition(":")[0]

    def come_back(seq):
        with listen(server, f"state=1&since={epoch}:{seq}") as client:
            events, _ = state_of(client)
            return events, client.receive_events()[0]
    events, answer = come_back(1)
    assert events == ["p", 2, 3, "q"]
    assert answer["action"] == "resumed" and answer["complete"] is True
    # Lines in a channel that it does not listen to push all of that out.
    for batch in range(12):
        line = json.dumps({"event": "line", "channel": "logs", "payload": "x" * 200})
        place(memory_queue, name_of(10_000 + batch) + "l", f"{line}\n" * 100)
        gone(memory_queue)
    server.wait_for("journal.trim")
    assert come_back(6) == ([2, 3], {**come_back(6)[1], "complete": True})
    put({"key": "c", "payload": 4})
    seq = 6 + 1_200 + 1
    for batch in range(12):
        place(memory_queue, name_of(20_000 + batch) + "l", f"{line}\n" * 100)
        gone(memory_queue)
    events, answer = come_back(seq - 1)
    assert events == [2, 3, 4] and answer["complete"] is False and answer["healed"] is True and "gap" not in answer
    events, answer = come_back(2)
    assert events == [2, 3, 4] and answer["complete"] is False and answer["gap"]["reason"] == "trimmed"


def test_a_state_that_ends_by_itself_is_none(start, memory_queue, put):
    server = start(directory=memory_queue)
    put({"key": "a", "payload": 1, "expires_at": time.time() + 1}, {"key": "b", "payload": 2})
    eventually(lambda: state(server, "state=1")[0] == [2], "it has ended")
    server.terminate()
    assert state(start(directory=memory_queue), "state=1")[0] == [2]


def test_beyond_the_bounds_it_is_sent_and_not_kept_and_that_is_said(start, memory_queue, put):
    server = start("--keys", "3", directory=memory_queue)
    put(*({"key": f"k{number}", "payload": number, "channel": "a"} for number in range(4)),
        {"key": "z", "payload": 9, "channel": "b"})
    events, end = state(server, "state=1&channels=a")
    assert events == [0, 1, 2] and end["complete"] is False
    assert state(server, "state=1&channels=c")[1]["complete"] is True
    assert Metrics(server)("wsqueue_keys") == 3 and Metrics(server)("wsqueue_keys_refused_total") == 2
    put({"key": "k0", "clear": True, "channel": "a"}, {"key": "k3", "payload": 5, "channel": "a"})
    events, end = state(server, "state=1&channels=a")
    assert events == [1, 2, 5] and end["complete"] is True


def test_a_state_without_room_for_all_heals_no_gap(start, memory_queue, put):
    server = start("--keys", "1", "--journal-size", "64K", directory=memory_queue)
    put({"key": "a", "payload": 1}, {"key": "b", "payload": 2})
    with listen(server, "") as client:
        epoch = client.receive_events()[0]["cursor"].partition(":")[0]
    push_out(server, memory_queue)

    def come_back():
        with listen(server, f"state=1&since={epoch}:1") as client:
            return *state_of(client), client.receive_events()[0]
    events, end, answer = come_back()
    assert events == [1] and end["complete"] is False
    assert answer["complete"] is False and "healed" not in answer and answer["gap"]["reason"] == "trimmed"
    put({"key": "b", "clear": True, "payload": 3})
    events, end, answer = come_back()
    assert events == [1] and end["complete"] is True and answer["healed"] is True and "gap" not in answer


def test_rights_are_those_of_now(start, memory_queue, put, tmp_path):
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "rules").write_text(json.dumps([{"channel": "team.{id}", "subscribe": "role:admin"}]))
    server = start("--jwt-secret-file", tmp_path / "secret", "--rules", tmp_path / "rules", directory=memory_queue)
    put({"key": "k", "payload": 1, "channel": "team.x"}, {"key": "k", "payload": 2, "channel": "open.x"})
    stranger = "state=1&channels=team.x,open.x,**"
    with listen(server, stranger) as client:
        messages = client.receive_events(5)
        assert [one["payload"] for one in messages if "payload" in one] == [2]
    admin = make_token("7", role="admin")
    assert state(server, f"state=1&channels=**&token={admin}")[0] == [1, 2]
    user = make_token("8")
    assert state(server, f"state=1&channels=**&token={user}")[0] == [2]


def test_a_reader_of_a_stream_has_a_place_only_at_its_end(start, memory_queue, put, binaries):
    server = start(directory=memory_queue)
    put({"key": "a", "payload": 1}, {"key": "b", "payload": 2})
    with subprocess.Popen(["curl", "-sN", f"http://{server.host}:{server.port}/events?state=1"],
                          stdout=subprocess.PIPE, text=True) as curl:
        lines = []
        while not any('"keys":2' in line for line in lines) or not lines[-1].startswith("id:"):
            lines.append(curl.stdout.readline())
        curl.kill()
    begin = next(index for index, line in enumerate(lines) if '"begin":true' in line)
    end = next(index for index, line in enumerate(lines) if '"keys":2' in line)
    assert not any(line.startswith("id:") for line in lines[begin:end + 1]), lines


def test_there_is_no_seam_while_keys_change(start, memory_queue):
    """What a client has after its state and what came live is at each moment what was published."""
    server = start(directory=memory_queue)
    publisher = subprocess.Popen(
        ["python3", "-c", SCRIPT, str(memory_queue)], stdout=subprocess.PIPE, text=True)
    try:
        for _ in range(30):
            with listen(server, "state=1") as client:
                known = {}
                [welcome] = client.receive_events()
                assert client.receive_events()[0]["begin"] is True
                last, count, is_live = 0, 0, False
                while count < 50:
                    for message in client.receive_events():
                        if message.get("action") == "state":
                            is_live = True
                            continue
                        assert message["seq"] > last, (message, last)
                        last = message["seq"]
                        if is_live:
                            # Each key counts for itself: nothing is left out, and nothing comes twice.
                            before = known.get(message["key"])
                            assert before is None or message["payload"] == before + 1, (message, before)
                            count += 1
                        known[message["key"]] = message["payload"]
    finally:
        publisher.kill()
        publisher.wait()


SCRIPT = """
import json, os, sys, time
queue, counts, number = sys.argv[1], {}, 0
while True:
    for key in range(20):
        counts[key] = counts.get(key, 0) + 1
        number += 1
        name = f"{time.time_ns():019d}-1-1-{number:08x}.json"
        with open(f"{queue}/.{name}", "w") as file:
            json.dump({"event": "e", "key": f"k{key}", "payload": counts[key]}, file)
        os.rename(f"{queue}/.{name}", f"{queue}/{name}")
    time.sleep(0.002)
"""
