"""Events that wait: for their time, for a word, for the server; and events that are published twice."""

import os
import re
import subprocess
import time

import pytest

from support.client import Client
from support.files import place, waiting
from support.waiting import eventually


def test_an_event_is_sent_when_it_is_due_and_not_before(client, publish, queue):
    begin = time.time()
    publish("tea", "--in", "700ms")
    publish("now")
    assert [event["event"] for event in client.receive_events()] == ["now"]
    [event] = client.receive_events()
    late = time.time() - begin - 0.7
    assert event["event"] == "tea" and -0.001 <= late < 3 and abs(event["timestamp"] - (begin + 0.7)) <= 1
    eventually(lambda: waiting(queue) == [], "its file is deleted")


def test_due_events_come_in_the_order_of_their_times(client, publish):
    begin = time.time()
    for delay in (900, 500, 700):
        publish(f"in.{delay}", "--at", f"@{begin + delay / 1000:.3f}")
    assert [event["event"] for event in client.receive_events(3)] == ["in.500", "in.700", "in.900"]


def test_due_events_wait_across_a_restart(start, publish, queue):
    first = start("--journal", "off")
    publish("later", "--in", "1500ms", "-i", "a")
    publish("soon", "--in", "100ms")
    first.wait_for("event.sent", event="soon")
    assert first.terminate() == 0
    assert waiting(queue) == ["at-id-a.json"]
    with Client(start("--journal", "off")) as client:
        assert client.receive_events()[0]["event"] == "later"


def test_due_events_that_passed_while_no_server_ran_come_in_order(start, publish):
    publish("now")
    begin = time.time()
    for delay in (300, 100, 200):
        publish(f"in.{delay}", "--at", f"@{begin + delay / 1000:.3f}")
    eventually(lambda: time.time() > begin + 0.3, "all are due")
    with Client(start("--hold-without-clients")) as client:
        assert [event["event"] for event in client.receive_events(4)] == ["now", "in.100", "in.200", "in.300"]


@pytest.mark.parametrize("option, value", [
    ("--at", "@4000000000"), ("--at", "2200-01-01T00:00:00Z"), ("--in", "367d"), ("--in", "3000000000s")])
@pytest.mark.parametrize("more", [[], ["-i", "invoice-10"], ["-n"], ["--lines"]], ids=str)
def test_none_is_to_wait_for_more_than_a_year(binaries, queue, option, value, more):
    done = subprocess.run(
        [binaries / "wsqueue-publish", "-d", queue, "invoice", option, value, *more], input="", capture_output=True,
        text=True, check=False)
    assert done.returncode == 64 and waiting(queue) == [] and "within 366 days" in done.stderr, done


def test_a_file_made_by_hand_waits_for_its_mtime(client, queue):
    hidden = queue / ".tea.tmp"
    hidden.write_text('{"event":"tea"}')
    due = time.time() + 0.6
    os.utime(hidden, (due, due))
    hidden.rename(queue / "at-tea.json")
    assert client.receive_events()[0]["event"] == "tea" and time.time() >= due - 0.001


def test_a_foreign_file_with_a_clock_ahead_is_sent_at_once(client, queue):
    place(queue, f"{time.time_ns() + 60_000_000_000}-1-1-1.json", '{"event":"ahead"}')
    assert client.receive_events()[0]["event"] == "ahead"


def test_a_batch_may_be_due(client, publish):
    due = time.time() + 0.5
    publish("--lines", "n", "--at", f"@{due:.3f}", input="1\n2\n3\n")
    assert [event["payload"] for event in client.receive_events(3)] == [1, 2, 3] and time.time() >= due - 0.001


@pytest.mark.parametrize("id", [None, "tea/time"])
def test_what_is_cancelled_is_not_sent(client, publish, queue, id):
    options = ["-i", id] if id else []
    due = time.time() + 2
    told = publish("tea", "--at", f"@{due:.3f}", "-o", "id", *options).stdout.strip()
    assert id is None or told == id
    publish("--cancel", told)
    assert waiting(queue) == []
    publish("after", "--at", f"@{due + 0.1:.3f}")
    assert client.receive_events()[0]["event"] == "after"
    again = publish("--cancel", told, check=False)
    assert again.returncode == 66 and "no event waits for its time under the id" in again.stderr


def test_an_id_whose_time_was_changed_is_due_then(client, publish):
    publish("tea", "--in", "1h", "-i", "tea")
    publish("--cancel", "tea")
    publish("tea", "--in", "300ms", "-i", "tea", "n:=2")
    assert client.receive_events()[0]["payload"] == {"n": 2}


def test_an_id_that_waits_is_published_once(publish, queue, start):
    for number in range(3):
        assert publish("order.paid", f"n:={number}", "-i", "order 7/ä").returncode == 0
    assert len(waiting(queue)) == 1
    told = publish("order.paid", "-i", "order 7/ä", "-o", "json").stdout
    assert '"new":false' in told and '"id":"order 7/ä"' in told
    with Client(start("--hold-without-clients")) as client:
        [event] = client.receive_events()
        assert (event["id"], event["payload"]) == ("order 7/ä", {"n": 0})
        # In the journal now.
        publish("order.paid", "-i", "order 7/ä", "n:=9")
        client.expect_silence(0.3)
    eventually(lambda: waiting(queue) == [], "the second is deleted unsent")


def test_ids_do_not_change_the_order(client, publish):
    for name, id in (("a", "z"), ("b", None), ("c", "a"), ("d", None)):
        publish(name, *(["-i", id] if id else []))
    assert [event["event"] for event in client.receive_events(4)] == ["a", "b", "c", "d"]


def test_what_is_held_is_seen_by_nobody_until_it_is_released(client, publish, queue):
    held = publish("order.created", "id:=7", "--hold").stdout.strip()
    assert re.fullmatch(r"[0-9]{19}-[0-9]+-1-[0-9a-f]{8}\.[a-z0-5]{16}", held)
    publish("between")
    assert client.receive_events()[0]["event"] == "between"
    client.expect_silence(0.3)
    publish("--release", held)
    [event] = client.receive_events()
    assert (event["event"], event["payload"], event["id"]) == ("order.created", {"id": 7}, held.partition(".")[0])
    again = publish("--release", held, check=False)
    assert again.returncode == 66 and "no event is held under the id" in again.stderr


def test_what_is_aborted_is_gone(client, publish, queue):
    held = publish("order.created", "--hold", "-i", "order/7").stdout.strip()
    assert re.fullmatch(r"order/7\.[a-z0-5]{16}", held)
    (name,) = [name for name in os.listdir(queue) if name.startswith(".held-")]
    assert name == f".held-id-order%2f7{held[len('order/7'):]}.json"
    # The id alone is known to others, too.
    for guess in ("order/7", "order/7." + "a" * 16):
        for word in ("--release", "--abort"):
            refused = publish(word, guess, check=False)
            assert refused.returncode == 66 and "that --hold has printed" in refused.stderr
    publish("--abort", held)
    assert publish("--release", held, check=False).returncode == 66
    assert publish("--abort", held, check=False).returncode == 66
    client.expect_silence(0.2)


def test_a_transaction_that_is_repeated_sends_what_is_released_first(client, publish):
    held = [publish("order.created", f"n:={number}", "--hold", "-i", "7").stdout.strip() for number in (1, 2)]
    publish("--release", held[1])
    assert client.receive_events()[0]["payload"] == {"n": 2}
    publish("--release", held[0])
    client.expect_silence(0.2)


def test_wait_returns_when_the_event_is_sent(client, publish, queue):
    publish("a", "--wait")
    assert waiting(queue) == []
    assert client.receive_events()[0]["event"] == "a"


def test_wait_tells_that_no_server_is_there(publish, queue):
    begin = time.monotonic()
    result = publish("a", "-w30s", check=False)
    assert result.returncode == 69 and time.monotonic() - begin < 10
    assert "start wsqueue-server" in result.stderr and len(waiting(queue)) == 1


def test_wait_outlasts_a_server_that_is_started_meanwhile(binaries, queue, start):
    process = subprocess.Popen([binaries / "wsqueue-publish", "-d", queue, "a", "--wait=20s"])
    eventually(lambda: waiting(queue), "it is queued")
    start()
    assert process.wait(20) == 0


def test_wait_tells_that_the_event_still_waits(start, publish, queue):
    start("--hold-without-clients")
    result = publish("a", "-w300ms", check=False)
    assert result.returncode == 75 and "still there" in result.stderr and len(waiting(queue)) == 1


def test_wait_tells_that_the_server_refused_the_event(server, publish, tmp_path):
    # Good for the publisher; but three copies, one a channel, are more than the server gives one event.
    (tmp_path / "large").write_text('"' + "x" * 900_000 + '"')
    result = publish("a", "-f", tmp_path / "large", "-c", "a", "-c", "b", "-c", "c", "-w", check=False)
    assert result.returncode == 65 and "3 channels" in result.stderr


def test_waiting_does_not_keep_a_server_from_starting(binaries, queue, start):
    waiters = [subprocess.Popen([binaries / "wsqueue-publish", "-d", queue, f"n{n}", "--wait=20s"]) for n in range(8)]
    for _ in range(5):
        server = start("--hold-without-clients")
        assert server.terminate() == 0
    start()
    assert [waiter.wait(20) for waiter in waiters] == [0] * 8


@pytest.mark.parametrize("zone, time, unix", [
    # The first moment after the gap, whatever its length, and on both sides of the equator.
    ("Europe/Berlin", "2027-03-28 02:30", 1_806_195_600), ("Europe/Berlin", "2027-03-28 02:00", 1_806_195_600),
    ("Europe/Berlin", "2027-03-28 01:59:59", 1_806_195_599), ("Europe/Berlin", "2027-03-28 03:00", 1_806_195_600),
    ("America/New_York", "2027-03-14 02:59", 1_805_007_600), ("Australia/Lord_Howe", "2026-10-04 02:15", 1_791_041_400),
    ("AAA0BBB,J60/2,J365/5", "2027-03-01 02:30", 1_803_866_400), ("UTC", "2027-03-28 02:30", 1_806_201_000),
])
def test_a_time_that_clocks_skip_is_the_first_moment_after_it(publish, queue, zone, time, unix):
    publish("--at", time, "x", env={"TZ": zone})
    assert waiting(queue)[0][3:13] == str(unix)


@pytest.mark.parametrize("time", ["2027-02-29 02:30", "2027-04-31 12:00"])
def test_a_day_that_is_in_no_calendar_is_none(publish, queue, time):
    assert publish("--at", time, "x", env={"TZ": "Europe/Berlin"}, check=False).returncode == 64
    assert waiting(queue) == []
