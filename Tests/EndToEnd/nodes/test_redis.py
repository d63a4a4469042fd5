"""Several servers on one Redis: one order, whichever of them a client is at."""

import json
import os
import shutil
import subprocess

import pytest

from support import files
from support.client import Client
from support.nodes import events_of, listen, one_order
from support.speaking import PROTOCOL
from support.waiting import eventually


def publish(binaries, queue, *arguments, **how):
    subprocess.run([binaries / "wsqueue-publish", "-d", queue, *arguments], check=True, **how)


def publish_lines(binaries, queue, count, name="n", first=0):
    """A batch of so many events whose payloads count up."""
    lines = "".join(f"{first + number}\n" for number in range(count))
    publish(binaries, queue, "--lines", name, input=lines.encode())


def publish_files(queue, count, name="n", first=0):
    """So many events, each in a file of its own; the payloads count up."""
    for number in range(count):
        files.place(queue, files.name_of(first + number), json.dumps({"event": name, "payload": first + number}))


def is_empty(queue):
    return not [entry for entry in queue.iterdir() if not entry.name.startswith(".")]


def cursor_of(client, seq):
    """The cursor behind an event, by what the welcome says of the epoch."""
    [welcome] = client.receive_events()
    return f"{welcome['cursor'].partition(':')[0]}:{seq}"


def test_events_of_all_nodes_come_in_one_order(start_nodes, redis):
    nodes = start_nodes(3, redis)
    clients = listen(nodes)
    for index, node in enumerate(nodes):
        publish_files(node.queue, 50, first=100 * index)
    assert one_order(clients, 150)[0][0] == 1
    for node in nodes:
        eventually(lambda: is_empty(node.queue), "the files of what is in the stream are deleted")


def test_a_key_and_a_trace_context_come_from_every_node(start_nodes, redis, binaries):
    nodes = start_nodes(2, redis)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with Client(nodes[0]) as here, Client(nodes[1]) as there:
        publish(binaries, nodes[0].queue, "-k", "job:42", "a")
        files.place(nodes[1].queue, files.name_of(1), json.dumps({"event": "b", "key": "k", "traceparent": trace}))
        events = here.receive_events(2)
        assert {(event["event"], event["key"], event.get("traceparent")) for event in events} == {
            ("a", "job:42", None), ("b", "k", trace)}
        assert there.receive_events(2) == events


def test_a_batch_stays_together(start_nodes, redis, binaries):
    nodes = start_nodes(2, redis)
    with Client(nodes[0], protocol=PROTOCOL) as client:
        client.receive_events()
        for index in range(4):
            publish_lines(binaries, nodes[0].queue, 300, f"a.{index}")
            publish_lines(binaries, nodes[1].queue, 300, f"b.{index}")
        names = [event["event"] for event in client.receive_events(8 * 300, 20)]
    assert all(len(set(names[start:start + 300])) == 1 for start in range(0, len(names), 300))


def test_one_id_published_on_two_nodes_comes_once(start_nodes, redis, binaries):
    nodes = start_nodes(2, redis)
    clients = listen(nodes)
    for index in range(20):
        for node in nodes:
            publish(binaries, node.queue, "a", "-i", f"id-{index}")
    publish(binaries, nodes[0].queue, "end")
    for client in clients:
        names = []
        while "end" not in names:
            names += [event.get("id") for event in client.receive_events() if event.get("event") == "a"]
            names += ["end"] if len(names) == 20 else []
        assert sorted(names[:-1]) == sorted({f"id-{index}" for index in range(20)})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_an_id_belongs_to_the_user_of_that_name_on_all_nodes(start_nodes, redis):
    nodes = start_nodes(2, redis)
    clients = listen(nodes)
    places = [(0, "daemon"), (1, "bin"), (1, "daemon"), (0, "bin"), (0, "daemon")]
    for number, (index, user) in enumerate(places):
        hidden = nodes[index].queue / ".order-7"
        hidden.write_text(json.dumps({"event": "n", "payload": number, "id": "order-7"}))
        shutil.chown(hidden, user)
        os.rename(hidden, nodes[index].queue / files.name_of(number))
        eventually(lambda: is_empty(nodes[index].queue), "the file is in the stream, or known")
    files.place(nodes[0].queue, files.name_of(99), '{"event":"end","payload":"end"}')
    for client in clients:
        payloads = []
        while "end" not in payloads:
            payloads += [one["payload"] for one in client.receive_events() if "event" in one]
        assert payloads == [0, 1, "end"]


def test_each_rewrite_of_a_file_is_an_event_on_every_node(start_nodes, redis):
    nodes = start_nodes(2, redis)
    clients = listen(nodes)
    tick = os.stat(nodes[0].queue).st_mtime_ns // 10 ** 9 * 10 ** 9
    # The same name and time on both nodes, as coarse clocks give them; other bytes are other events all the same.
    for number, payload in enumerate([1, 1, 2, 3]):
        node = nodes[number % 2]
        hidden = node.queue / ".status"
        hidden.write_text(json.dumps({"event": "n", "payload": [number % 2, payload]}))
        os.utime(hidden, ns=(tick, tick))
        os.rename(hidden, node.queue / "status.json")
        eventually(lambda: is_empty(node.queue), "the file is in the stream")
        for client in clients:
            [event] = [one for one in client.receive_events(2 if number == 0 else 1) if "event" in one]
            assert event["payload"] == [number % 2, payload]


def test_a_client_goes_on_at_another_node(start_nodes, redis):
    nodes = start_nodes(2, redis)
    with Client(nodes[0], protocol=PROTOCOL) as client:
        epoch = client.receive_events()[0]["cursor"].partition(":")[0]
        publish_files(nodes[0].queue, 10)
        seen = events_of(client, 10)
    publish_files(nodes[1].queue, 10, first=10)
    with Client(nodes[1], f"/?since={epoch}:{seen[4][0]}", protocol=PROTOCOL) as client:
        again = events_of(client, 15)
    assert again[:5] == seen[5:]
    assert [seq for seq, _ in again] == list(range(6, 21))


def test_a_client_that_is_ahead_of_a_node_gets_nothing_twice(start_nodes, redis):
    nodes = start_nodes(2, redis)
    with Client(nodes[0], protocol=PROTOCOL) as client:
        epoch = client.receive_events()[0]["cursor"].partition(":")[0]
        publish_files(nodes[0].queue, 5)
        events_of(client, 5)
    # The other node may have any of them or none, as far as a client can tell.
    with Client(nodes[1], f"/?since={epoch}:7", protocol=PROTOCOL) as client:
        client.receive_events()
        publish_files(nodes[0].queue, 5, first=5)
        assert events_of(client, 3) == events_of(client, 0) + [
            (seq, identity) for seq, identity in stream_events(redis) if seq > 7]


def stream_events(redis):
    """(seq, id) of what is in the stream, of events without an id of their own."""
    return [(int(identity.partition("-")[2]), fields[b"i"].decode()) for identity, fields in redis.stream()]


def test_a_cursor_that_no_node_has_reached_is_answered_after_a_while(start_nodes, redis):
    nodes = start_nodes(1, redis)
    publish_files(nodes[0].queue, 3)
    with Client(nodes[0], protocol=PROTOCOL) as client:
        epoch = client.receive_events()[0]["cursor"].partition(":")[0]
        client.send_action("resume", since=f"{epoch}:{2 ** 60}")
        answers = []
        eventually(lambda: answers.extend(client.receive_events()) or "complete" in answers[-1], "an answer", 15)
        assert answers[-1]["complete"] is False and answers[-1]["gap"]["reason"] == "epoch"


def test_a_node_that_was_away_has_what_the_others_sent(start_nodes, redis):
    nodes = start_nodes(2, redis)
    with Client(nodes[1], protocol=PROTOCOL) as client:
        epoch = client.receive_events()[0]["cursor"].partition(":")[0]
    nodes.kill(1)
    publish_files(nodes[0].queue, 30)
    eventually(lambda: is_empty(nodes[0].queue), "the files are in the stream")
    nodes.restart(1)
    with Client(nodes[1], f"/?since={epoch}:0", protocol=PROTOCOL) as client:
        assert [seq for seq, _ in events_of(client, 30)] == list(range(1, 31))


def test_a_new_node_has_the_history_of_the_stream(start_nodes, redis):
    nodes = start_nodes(1, redis)
    publish_files(nodes[0].queue, 30)
    eventually(lambda: is_empty(nodes[0].queue), "the files are in the stream")
    with Client(nodes[0], protocol=PROTOCOL) as client:
        epoch = client.receive_events()[0]["cursor"].partition(":")[0]
    with Client(nodes.add("--journal", "off"), f"/?since={epoch}:10", protocol=PROTOCOL) as client:
        assert [seq for seq, _ in events_of(client, 20)] == list(range(11, 31))


def test_a_gap_is_told_where_the_stream_was_trimmed(start_nodes, redis, binaries):
    nodes = start_nodes(2, redis, "--journal-events", "100")
    with Client(nodes[1], protocol=PROTOCOL) as client:
        epoch = client.receive_events()[0]["cursor"].partition(":")[0]
        publish_files(nodes[0].queue, 10)
        events_of(client, 10)
    nodes.kill(1)
    for _ in range(20):
        publish_lines(binaries, nodes[0].queue, 50)
        eventually(lambda: is_empty(nodes[0].queue), "the files are in the stream")
    nodes.restart(1)
    with Client(nodes[1], protocol=PROTOCOL) as client:
        client.send_action("resume", since=f"{epoch}:10")
        answers = []
        eventually(lambda: answers.extend(client.receive_events()) or "complete" in answers[-1], "an answer")
        assert answers[-1]["complete"] is False
        assert answers[-1]["gap"]["reason"] == "trimmed"
        first = next(answer["seq"] for answer in answers if "event" in answer)
        assert answers[-1]["gap"]["to"] == f"{epoch}:{first - 1}"


def test_an_entry_that_is_no_event_is_left_out(start_nodes, redis):
    nodes = start_nodes(2, redis)
    clients = listen(nodes)
    publish_files(nodes[0].queue, 1)
    for client in clients:
        events_of(client, 1)
    redis.ask("XADD", "wsqueue", "0-*", "e", "no event")
    redis.ask("XADD", "wsqueue", "0-*", "e", '{"event":"by.hand","payload":[1.50]}')
    for client, node in zip(clients, nodes):
        [event] = client.receive_events()
        assert (event["event"], event["seq"]) == ("by.hand", 3)
        assert node.wait_for("stream.foreign")["seq"] == "2"


def test_a_stream_of_somebody_else_is_refused(start_nodes, redis):
    redis.ask("XADD", "wsqueue", "*", "a", "b")
    nodes = start_nodes(1, redis)
    assert nodes[0].wait_for("redis.down")["code"] == "stream"
    assert len(redis.stream()) == 1


def test_a_payload_reaches_every_node_as_it_was_written(start_nodes, redis):
    nodes = start_nodes(2, redis)
    payload = r'{"b": 1.500, "a":"\u00e4\/"}'
    with Client(nodes[0]) as one, Client(nodes[1]) as other:
        files.place(nodes[0].queue, "1700000000_65532d4a1b2c3.json", f'{{"event":"a","payload":{payload},"id":"x"}}')
        for client in (one, other):
            [message] = client.receive()
            assert message.startswith(b'{"event":"a","payload":%s,"timestamp":1700000000,' % payload.encode())
