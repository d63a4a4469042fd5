"""Batch files: many events in one file, one a line."""

import os
import threading

import pytest

from support.client import Client
from support.files import failed, name_of, place, waiting
from support.waiting import eventually

BATCH = name_of(500).removesuffix(".json")


def lines(count):
    return "".join('{"event":"batch","payload":%d}\n' % number for number in range(count))


def test_a_batch_arrives_in_its_order_with_nothing_in_between(client, queue):
    def place_singles():
        for number in range(200):
            place(queue, name_of(400 + number), '{"event":"single","payload":%d}' % number)

    singles = threading.Thread(target=place_singles)
    singles.start()
    hidden = queue / ".batch"
    hidden.write_text(lines(2_000))
    os.rename(hidden, queue / f"{BATCH}.jsonl")
    events = client.receive_events(2_200)
    singles.join()
    names = [event["event"] for event in events]
    start = names.index("batch")
    batch = events[start:start + 2_000]
    assert [event["payload"] for event in batch] == list(range(2_000))
    assert [event["id"] for event in batch] == [f"{BATCH}/{line}" for line in range(1, 2_001)]
    assert [event["payload"] for event in events if event["event"] == "single"] == list(range(200))
    eventually(lambda: waiting(queue) == [], "the files are deleted")


def test_a_batch_written_in_place_is_not_taken_at_a_line_end_for_a_whole_one(start, queue):
    with Client(start("--watch", "poll")) as client:
        with open(queue / "1729000500_in_place.jsonl", "w", encoding="utf-8") as file:
            for part in range(3):
                file.write(lines(2).replace("batch", f"part{part}"))
                file.flush()
                client.expect_silence(0.4)
        events = client.receive_events(6)
    assert [event["event"] for event in events] == ["part0", "part0", "part1", "part1", "part2", "part2"]


def test_the_last_line_needs_no_line_feed(client, queue):
    place(queue, f"{BATCH}.jsonl", lines(3).rstrip("\n"))
    assert [event["payload"] for event in client.receive_events(3)] == [0, 1, 2]


def test_a_batch_may_be_larger_than_an_event(client, queue):
    place(queue, f"{BATCH}.jsonl", lines(60_000))
    assert [event["payload"] for event in client.receive_events(60_000, timeout=30)] == list(range(60_000))


@pytest.mark.timeout(120)
def test_a_batch_of_a_million_lines_arrives_in_its_order_and_costs_little_more_than_its_size(
        start, memory_queue, is_measured):
    count = 1_000_000 if is_measured else 100_000
    text = lines(count)
    server = start(directory=memory_queue)
    with Client(server) as client:
        place(memory_queue, f"{BATCH}.jsonl", text)
        for first in range(0, count, 50_000):
            messages = client.receive(50_000, timeout=60)
            wanted = [b'{"event":"batch","payload":%d,' % number for number in range(first, first + 50_000)]
            assert all(map(bytes.startswith, messages, wanted))
        eventually(lambda: waiting(memory_queue) == [], "the batch is deleted")
        client.expect_silence(0.2)
    memory = server.memory()
    print(memory)
    # Kilobytes; the ring's pages are shared ones, mapped twice and counted twice.
    assert memory["VmHWM"] - memory["RssShmem"] < len(text) // 1_024 + 65_536 or not is_measured, memory


@pytest.mark.parametrize("bad", ["nonsense", "{}", '{"event":"x","payload":1}}', '["event"]'])
def test_a_batch_with_one_bad_line_is_refused_as_a_whole_and_the_line_is_named(client, queue, bad):
    place(queue, f"{BATCH}.jsonl", lines(2) + bad + "\n" + lines(2))
    eventually(lambda: failed(queue) == [f"{BATCH}.jsonl", f"{BATCH}.jsonl.why"], lambda: failed(queue))
    reason = eventually((queue / ".failed" / f"{BATCH}.jsonl.why").read_text, "the reason")
    assert "line 3" in reason and "byte" in reason
    place(queue, name_of(1), '{"event":"after"}')
    assert client.receive_events()[0]["event"] == "after"


@pytest.mark.parametrize("text", ["", "\n", " \n \n"], ids=["empty", "a line end", "spaces"])
def test_a_batch_without_events_is_refused_and_said(client, queue, text):
    place(queue, f"{BATCH}.jsonl", text)
    eventually(lambda: failed(queue) == [f"{BATCH}.jsonl", f"{BATCH}.jsonl.why"], lambda: failed(queue))
    reason = eventually((queue / ".failed" / f"{BATCH}.jsonl.why").read_text, "the reason")
    assert "no event in it" in reason
    place(queue, name_of(1), '{"event":"after"}')
    assert client.receive_events()[0]["event"] == "after"


def test_a_line_larger_than_an_event_may_be_refuses_the_batch(client, queue):
    place(queue, f"{BATCH}.jsonl", lines(2) + '{"event":"x","payload":"%s"}\n' % ("x" * 1_100_000))
    eventually(lambda: failed(queue) == [f"{BATCH}.jsonl", f"{BATCH}.jsonl.why"], lambda: failed(queue))
    assert "line 3" in eventually((queue / ".failed" / f"{BATCH}.jsonl.why").read_text, "the reason")
    place(queue, name_of(1), '{"event":"after"}')
    assert client.receive_events()[0]["event"] == "after"


def test_the_publisher_writes_a_batch_of_the_lines_it_reads(client, publish):
    publish("--lines", "temperature", input='{"degrees":21.50}\n"warm"\n')
    first, second = client.receive(2)
    assert b'"payload":{"degrees":21.50},' in first and b'"payload":"warm",' in second
