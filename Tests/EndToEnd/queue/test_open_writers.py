"""Files that are written in place: finished means closed, and what is written afterwards is not lost with the file.

Everything is tried with a server and a writer that are two ordinary users without capabilities, as a unit has them, and
with a server that is root: one may not ask the kernel for a lease on the other's file, the other may.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import urllib.request

import pytest

from support.client import Client
from support.files import failed, place, waiting
from support.server import NOBODY
from support.waiting import eventually

WRITER = 65533
SCRIPT = """
import sys, os
path, mode = sys.argv[1:]
file = os.open(path, os.O_WRONLY | os.O_CREAT | {"w": os.O_TRUNC, "a": os.O_APPEND}[mode], 0o644)
print("open", flush=True)
for line in sys.stdin:
    os.write(file, bytes.fromhex(line))
    print("written", flush=True)
"""


class Writer:
    """A process of another user that has a file open, and writes when it is told to."""

    def __init__(self, path, mode="w"):
        prefix = ["setpriv", f"--reuid={WRITER}", f"--regid={WRITER}", "--clear-groups"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-c", SCRIPT, str(path), mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"open\n"

    def write(self, text):
        self.process.stdin.write(text.encode().hex().encode() + b"\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == b"written\n"

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(10) == 0
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
            self.process.wait(10)


@pytest.fixture(params=["as two users", "as root"])
def serving(request, start, queue):
    """Starts a server as an ordinary user or as root, in a queue that both may write to."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to be other users")
    os.chmod(queue, 0o777)
    os.chown(queue, NOBODY, NOBODY)

    def run(*options):
        return start(*options, as_nobody=request.param == "as two users")
    return run


def line(number):
    return '{"event":"line","payload":%d}\n' % number


def payloads(events):
    return [event["payload"] for event in events]


def test_an_upload_that_stalls_is_not_set_aside_and_arrives_when_it_is_whole(serving, queue):
    with Client(serving()) as client, Writer(queue / "up.json") as writer:
        writer.write('{"event":"up","payl')
        place(queue, "meanwhile.json", '{"event":"meanwhile"}')
        assert client.receive_events()[0]["event"] == "meanwhile"
        client.expect_silence(4)
        assert failed(queue) == []
        writer.write('oad":1}')
        # It is whole: nobody waits for the end of the connection.
        assert client.receive_events()[0]["payload"] == 1
        writer.close()
        eventually(lambda: waiting(queue) == [] and not hidden(queue), lambda: os.listdir(queue))
        client.expect_silence(0.3)


def hidden(queue):
    return [name for name in os.listdir(queue) if name.startswith(".taken-")]


def test_an_upload_that_has_not_sent_a_byte_waits_too(serving, queue):
    with Client(serving()) as client, Writer(queue / "up.json") as writer:
        client.expect_silence(3)
        assert failed(queue) == []
        writer.write('{"event":"up","payload":1}')
        writer.close()
        assert client.receive_events()[0]["payload"] == 1


@pytest.mark.takes(10)
def test_a_batch_that_stalls_at_the_end_of_a_line_is_sent_when_it_is_closed(serving, queue):
    with Client(serving()) as client, Writer(queue / "up.jsonl") as writer:
        writer.write(line(1) + line(2))
        client.expect_silence(3)
        writer.write(line(3))
        writer.close()
        assert payloads(client.receive_events(3)) == [1, 2, 3]
        eventually(lambda: waiting(queue) == [] and not hidden(queue), lambda: os.listdir(queue))
        client.expect_silence(0.3)


@pytest.mark.takes(10)
def test_lines_that_are_appended_to_a_batch_come_once(serving, queue):
    count = 60
    with Client(serving()) as client:
        for number in range(count):
            with Writer(queue / "log.jsonl", "a") as writer:
                writer.write(line(number))
                writer.close()
        # A line that is written into a file on its way to deletion may come after the first of the next one.
        assert sorted(payloads(client.receive_events(count, timeout=20))) == list(range(count))
        eventually(lambda: waiting(queue) == [] and not hidden(queue), lambda: os.listdir(queue), 30)
        client.expect_silence(0.3)


@pytest.mark.takes(10)
def test_lines_that_are_appended_quickly_come_once_and_none_is_lost(serving, queue):
    count = 3_000
    os.chmod(queue, 0o777)

    def append():
        for number in range(count):
            with open(queue / "log.jsonl", "a", encoding="utf-8") as file:
                file.write(line(number))

    with Client(serving()) as client:
        thread = threading.Thread(target=append)
        thread.start()
        events = client.receive_events(count, timeout=60)
        thread.join()
        assert sorted(payloads(events)) == list(range(count))
        eventually(lambda: waiting(queue) == [] and not hidden(queue), lambda: os.listdir(queue), 30)
        client.expect_silence(0.3)


@pytest.mark.takes(20)
def test_what_is_written_into_a_batch_after_it_was_sent_goes_on_behind_its_last_line(serving, queue, request):
    with Client(serving()) as client, Writer(queue / "log.jsonl") as first:
        first.write(line(1))
        with Writer(queue / "log.jsonl", "a") as late:
            first.close()
            # An ordinary user is told nothing of who has opened a file again, until he writes: it is sent.
            events = client.receive_events(1) if "as two users" in request.node.name else []
            client.expect_silence(1)
            late.write(line(2) + '{"event":"line",')
            client.expect_silence(1)
            late.write('"payload":3}\n')
            late.close()
            events += client.receive_events(3 - len(events), timeout=20)
        assert payloads(events) == [1, 2, 3]
        assert [event["id"].rpartition("/")[2] for event in events] == ["1", "2", "3"]
        assert len({event["id"].rpartition("/")[0] for event in events}) == 1
        eventually(lambda: waiting(queue) == [] and not hidden(queue), lambda: os.listdir(queue), 30)
        client.expect_silence(0.3)


def test_a_writer_from_before_the_server_is_found_by_what_it_writes(serving, queue):
    with Writer(queue / "up.json") as writer:
        writer.write('{"event":"up",')
        with Client(serving()) as client:
            writer.write('"payload":')
            client.expect_silence(4)
            assert failed(queue) == []
            writer.write("1}")
            writer.close()
            assert client.receive_events()[0]["payload"] == 1


def test_a_file_that_is_rewritten_in_place_while_it_is_sent_is_sent_again(serving, queue):
    count = 400
    with Client(serving()) as client:
        def rewrite():
            for number in range(count):
                with open(queue / "status.json", "w", encoding="utf-8") as file:
                    json.dump({"event": "status", "payload": number}, file)

        thread = threading.Thread(target=rewrite)
        thread.start()
        seen = []
        while not seen or seen[-1] != count - 1:
            seen += payloads(client.receive_events(1, timeout=10))
        thread.join()
        # What was overwritten before it was read is gone; what came, came once and in order, and the last one came.
        assert seen == sorted(set(seen))
        assert failed(queue) == []
        eventually(lambda: waiting(queue) == [] and not hidden(queue), lambda: os.listdir(queue))
        client.expect_silence(0.3)


def test_every_file_that_is_renamed_over_another_that_was_read_is_sent(serving, queue):
    """Each is renamed over the name as soon as the one before it has come to the client."""
    count = 300
    with Client(serving()) as client:
        for number in range(count):
            place(queue, "status.json", '{"event":"status","payload":%d}' % number)
            assert payloads(client.receive_events(1, timeout=10)) == [number]
        eventually(lambda: waiting(queue) == [] and not hidden(queue), lambda: os.listdir(queue))


def test_a_file_that_is_completed_after_it_was_set_aside_comes_back(serving, queue):
    with Client(serving("--watch", "poll")) as client:
        place(queue, "up.json", '{"event":"up","payl')
        eventually(lambda: failed(queue) == ["up.json", "up.json.why"], lambda: failed(queue))
        with open(queue / ".failed" / "up.json", "a", encoding="utf-8") as file:
            file.write('oad":1}')
        assert client.receive_events(timeout=10)[0]["payload"] == 1
        eventually(lambda: failed(queue) == [] and waiting(queue) == [], lambda: (failed(queue), waiting(queue)))


@pytest.mark.takes(15)
def test_a_file_that_is_changed_in_vain_comes_back_three_times(serving, queue):
    server = serving()
    place(queue, "up.json", "{")
    for turn in range(1, 6):
        eventually(lambda: server.times("event.rejected") == min(turn, 4), lambda: server.log, 15)
        eventually(lambda: failed(queue) == ["up.json", "up.json.why"], lambda: failed(queue))
        with open(queue / ".failed" / "up.json", "a", encoding="utf-8") as file:
            file.write(" ")
    # Once another one, changed after it, has come back and been refused again, this one would have come back too.
    place(queue, "other.json", "{")
    eventually(lambda: server.times("event.rejected", file="other.json") == 1, lambda: server.log, 15)
    with open(queue / ".failed" / "other.json", "a", encoding="utf-8") as file:
        file.write(" ")
    eventually(lambda: server.times("event.rejected", file="other.json") == 2, lambda: server.log, 15)
    assert server.times("event.rejected", file="up.json") == 4


@pytest.mark.takes(60)
def test_a_file_that_waits_for_its_writer_is_named_after_a_minute_and_keeps_nothing_from_being_ready(serving, queue):
    server = serving()
    with Writer(queue / "up.json") as writer:
        writer.write("{")
        found = server.wait_for("queue.unfinished", timeout=90, file="up.json")
        assert "fuser -v" in found["hint"]
        with urllib.request.urlopen(f"http://{server.host}:{server.port}/ready", timeout=5) as answer:
            assert answer.status == 200
        with Client(server) as client:
            writer.write('"event":"up","payload":1}')
            assert client.receive_events()[0]["payload"] == 1
    assert server.times("queue.unfinished") == 1


def test_what_a_server_has_taken_and_not_deleted_is_looked_at_by_the_next_one(serving, queue):
    place(queue, ".taken-abcdefgh-free.json", '{"event":"taken","payload":1}')
    place(queue, ".taken-abcdefgh-used.json", '{"event":"taken","payload":2}')
    place(queue, "used.json", '{"event":"taken","payload":3}')
    with Client(serving("--hold-without-clients")) as client:
        events = client.receive_events(3)
        assert sorted(payloads(events)) == [1, 2, 3]
        assert {event["id"].partition("@")[0] for event in events} == {"free", "used"}
        eventually(lambda: waiting(queue) == [] and not hidden(queue), lambda: os.listdir(queue))


def test_a_copy_that_gets_its_time_after_its_contents_is_one_event(serving, queue):
    with Client(serving()) as client:
        for number in range(50):
            descriptor = os.open(queue / f"copy{number}.json", os.O_WRONLY | os.O_CREAT, 0o644)
            os.write(descriptor, b'{"event":"copy","payload":%d}' % number)
            assert payloads(client.receive_events(1, timeout=10)) == [number]
            os.utime(descriptor, ns=(0, 1_600_000_000_000_000_000))
            os.write(descriptor, b"\n")
            os.utime(descriptor, ns=(0, 1_600_000_000_000_000_000))
            os.close(descriptor)
        eventually(lambda: waiting(queue) == [] and not hidden(queue), lambda: os.listdir(queue))
        client.expect_silence(0.3)


def test_a_file_that_is_completed_in_failed_while_no_server_is_there_comes_back_too(serving, queue):
    server = serving()
    place(queue, "up.json", '{"event":"up","payl')
    place(queue, "bad.json", "{")
    eventually(lambda: len(failed(queue)) == 4, lambda: failed(queue))
    assert server.terminate() == 0
    with open(queue / ".failed" / "up.json", "a", encoding="utf-8") as file:
        file.write('oad":1}')
    with Client(serving("--hold-without-clients")) as client:
        assert client.receive_events(timeout=10)[0]["payload"] == 1
        eventually(lambda: failed(queue) == ["bad.json", "bad.json.why"], lambda: failed(queue))
