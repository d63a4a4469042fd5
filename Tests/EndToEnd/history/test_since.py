"""From where on in words, and answers that end."""

import datetime
import json
import subprocess
import time

import pytest

from support.client import Client
from support.files import name_of, place, place_each, waiting
from support.http import exchange
from support.speaking import Resuming, Speaking
from support.stream import Stream
from support.waiting import eventually


def put(queue, numbers, **members):
    place_each(queue, numbers, **members)
    eventually(lambda: waiting(queue) == [], "the files are deleted")


def now():
    return datetime.datetime.now(datetime.timezone.utc)


@pytest.fixture
def moment(server, queue):
    """A moment between the events 0 to 4 and 5 to 9."""
    put(queue, range(5))
    time.sleep(0.01)
    moment = now()
    time.sleep(0.01)
    put(queue, range(5, 10))
    return moment


def words(moment):
    """What means that moment, and what means everything."""
    text = moment.isoformat()
    offset = moment.astimezone(datetime.timezone(datetime.timedelta(hours=-5))).isoformat()
    return {
        f"@{moment.timestamp():.6f}": 5, text.replace("+00:00", "Z"): 5, text.replace("+", "%2B"): 5, text: 5,
        offset: 5, "10m": 0, "24h": 0, "all": 0, "1970-01-01T00:00:00Z": 0}


def test_words_are_taken_wherever_a_cursor_is(server, queue, moment):
    for word, first in words(moment).items():
        wanted = list(range(first, 10))
        with Client(server, f"/?since={word}") as client:
            assert [event["payload"] for event in client.receive_events(len(wanted))] == wanted, word
        with Stream(server, f"/events?since={word}") as stream:
            assert [event["payload"] for event in stream.receive_events(len(wanted))] == wanted, word
            stream.wait_until(lambda stream: stream.last_id.endswith(":10"))
        plain = word.replace("%2B", "+")
        with Stream(server, "/events", [f"Last-Event-ID: {plain}"]) as stream:
            assert [event["payload"] for event in stream.receive_events(len(wanted))] == wanted, word
        with Resuming(server) as client:
            client.send_action("resume", since=plain)
            events = client.receive_events(len(wanted) + 1)
            assert [event.get("payload") for event in events[:-1]] == wanted and events[-1]["complete"], word


def test_latest_is_what_comes(server, queue, moment):
    with Speaking(server, "/?since=latest") as client, Stream(server, "/events?since=latest") as stream:
        put(queue, [10])
        assert [event["payload"] for event in client.receive_events(2) if "payload" in event] == [10]
        assert stream.receive_events()[0]["payload"] == 10


def test_a_channels_past_is_asked_for_in_words(server, queue):
    put(queue, range(3), channel="orders")
    with Speaking(server) as client:
        client.send_action("subscribe", channel="orders", since="1h")
        assert [event.get("payload") for event in client.receive_events(4)] == [None, 0, 1, 2]


@pytest.mark.parametrize("word", ["10", "yesterday", "-10m", "2026-02-30T00:00:00Z", "@soon"])
def test_what_is_no_place_is_an_error(server, word):
    with Client(server, f"/?since={word}") as client:
        assert "10m" in client.receive_events()[0]["error"]


def test_an_age_beyond_the_journal_is_a_gap(start, queue):
    server = start("--journal-events", "8")
    for first in range(0, 60, 4):
        put(queue, range(first, first + 4))
    for word, has_gap in (("1h", True), ("all", False)):
        with Speaking(server, f"/?since={word}") as client:
            told = []
            while not told or told[-1].get("action") != "resumed":
                told += client.receive_events()
            assert ("gap" in told[-1]) == has_gap and told[-2]["payload"] == 59


# Answers that end

def test_a_poll_answers_what_there_is_and_ends(server, queue):
    put(queue, range(300))
    with Stream(server, "/events?poll=1") as stream:
        assert [event["payload"] for event in stream.receive_until_end()] == list(range(300))
        assert stream.is_whole and stream.last_id.endswith(":300")
        cursor = stream.last_id
    put(queue, range(300, 302))
    with Stream(server, f"/events?poll=1&since={cursor}") as stream:
        assert [event["payload"] for event in stream.receive_until_end()] == [300, 301]
        cursor = stream.last_id
    with Stream(server, "/events?poll=1", [f"Last-Event-ID: {cursor}"]) as stream:
        assert stream.receive_until_end() == [] and stream.is_whole and stream.last_id == cursor
    eventually(lambda: len(server.logged("client.close", code=1000)) == 3, "they have gone")


def test_curl_polls_lines_of_json(server, queue):
    put(queue, range(3), channel="orders")
    place(queue, name_of(9), '{"event":"n","payload":[1,\n2]}')
    eventually(lambda: waiting(queue) == [], "the file is deleted")
    url = f"http://{server.host}:{server.port}/events?poll=1&channels=orders&since="
    command = ["curl", "-sSfi", "-H", "Accept: application/x-ndjson"]
    result = subprocess.run([*command, url + "all"], capture_output=True, check=True, timeout=20)
    head, _, body = result.stdout.partition(b"\r\n\r\n")
    assert b"content-type: application/x-ndjson" in head.lower() and b"no-store" in head
    lines = [json.loads(line) for line in body.splitlines()]
    assert [line.get("payload") for line in lines] == [None, 0, 1, 2, [1, 2], None]
    assert lines[-1] == {"cursor": lines[0]["cursor"].partition(":")[0] + ":4"}
    again = subprocess.run(
        ["curl", "-sSf", "-H", "Accept: application/x-ndjson", url + lines[-1]["cursor"]], capture_output=True,
        check=True, timeout=20)
    assert {line for line in again.stdout.splitlines()} == {json.dumps(lines[-1]).replace(" ", "").encode()}


def test_a_poll_of_http_1_0_ends_with_its_connection(server, queue):
    put(queue, range(3))
    head = f"GET /events?poll=1 HTTP/1.0\r\nHost: {server.host}:{server.port}\r\n\r\n"
    answer = exchange(server, head.encode())
    assert answer.status == 200 and b"transfer-encoding" not in answer.body.lower()
    assert answer.body.count(b"data: ") == 3


def test_a_poll_says_what_is_gone(start, queue):
    server = start("--journal-events", "8")
    with Speaking(server) as live:
        beginning = live.welcome["cursor"]
    for first in range(0, 60, 4):
        put(queue, range(first, first + 4))
    with Stream(server, f"/events?poll=1&since={beginning}") as stream:
        *events, gap = stream.receive_until_end()
        assert events[-1]["payload"] == 59 and gap["gap"]["from"] == beginning and stream.is_whole


def test_lines_go_on_without_poll(server, queue):
    command = ["curl", "-sN", "-H", "Accept: application/x-ndjson", f"http://{server.host}:{server.port}/events"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as curl:
        server.wait_for("client.open")
        put(queue, range(2))
        lines = [json.loads(curl.stdout.readline()) for _ in range(3)]
        assert lines[0]["cursor"].endswith(":0") and [line["payload"] for line in lines[1:]] == [0, 1]
        curl.terminate()


def test_tail_begins_with_what_came_since_a_time(server, queue, binaries, moment):
    def tail(since, count):
        command = [
            binaries / "wsqueue-server", "tail", f"{server.host}:{server.port}", "-n", str(count), "--since", since,
            "--format", "payload"]
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout.split()
    assert tail("10m", 10) == [str(number) for number in range(10)]
    assert tail(moment.isoformat(), 5) == [str(number) for number in range(5, 10)]
    assert tail("all", 10) == tail("0", 10)
