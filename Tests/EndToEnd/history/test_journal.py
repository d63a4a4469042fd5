"""The journal on disk: what a server knows of events that it has sent, or that another one before it has."""

import json
import os
import subprocess

import pytest

from support.client import Client
from support.files import name_of, place, waiting
from support.waiting import eventually, holds


def gone(queue):
    eventually(lambda: waiting(queue) == [], "the files are deleted")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MiB."""
    if os.geteuid() != 0 or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)], capture_output=True).returncode:
        pytest.skip("no file system may be mounted here")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_a_file_is_deleted_without_waiting_for_a_client_that_reads_nothing(server, queue):
    with Client(server, receive_buffer=4_096):
        for number in range(20):
            place(queue, name_of(number), '{"event":"big","payload":"%s"}' % ("x" * 10_000))
        gone(queue)


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_numbers_go_on_after_a_restart(start, queue, publish, way):
    first = start()
    epoch = first.wait_for("journal.open")["epoch"]
    with Client(first) as client:
        publish("one")
        publish("two")
        assert [event["seq"] for event in client.receive_events(2)] == [1, 2]
    gone(queue)
    if way == "stop":
        assert first.terminate() == 0
    else:
        first.process.kill()
        first.exit_status()
    second = start()
    assert second.wait_for("journal.open") | {"ts": ""} == {
        "ts": "", "level": "notice", "ev": "journal.open", "epoch": epoch, "seq": "2", "events": "2",
        "bytes": second.wait_for("journal.open")["bytes"]}
    with Client(second) as client:
        publish("three")
        assert client.receive_events()[0]["seq"] == 3


def test_without_a_journal_each_start_begins_a_new_numbering(start, queue, publish):
    epochs = set()
    for _ in range(2):
        server = start("--journal", "off")
        epochs.add(server.wait_for("journal.open")["epoch"])
        with Client(server) as client:
            publish("one")
            assert client.receive_events()[0]["seq"] == 1
        server.terminate()
    assert len(epochs) == 2
    assert not (queue / ".journal").exists()


def test_an_event_that_the_journal_knows_is_deleted_and_not_sent_again(start, queue, publish):
    first = start()
    with Client(first) as client:
        publish("order.created", "--id", "order-7")
        assert client.receive_events()[0]["id"] == "order-7"
        # While its file is there the publisher would not write another.
        gone(queue)
        publish("order.created", "--id", "order-7")
        first.wait_for("event.duplicate", id="order-7")
        gone(queue)
        client.expect_silence(0.2)
    first.process.kill()
    first.exit_status()
    publish("order.created", "--id", "order-7")
    second = start()
    with Client(second) as client:
        second.wait_for("event.duplicate", id="order-7")
        publish("next")
        assert client.receive_events()[0]["event"] == "next"
    gone(queue)


def test_a_batch_is_not_sent_twice_line_by_line(start, queue):
    lines = "".join('{"event":"row","payload":%d}\n' % number for number in range(5))
    server = start()
    with Client(server) as client:
        place(queue, name_of(1) + "l", lines)
        assert len(client.receive_events(5)) == 5
        gone(queue)
        # The same file again, as after a crash before its deletion: name, contents and time.
        stamp = os.stat(queue / ".journal").st_mtime_ns
        for _ in range(2):
            place(queue, ".copy", lines)
            os.utime(queue / ".copy", ns=(stamp, stamp))
            os.rename(queue / ".copy", queue / (name_of(2) + "l"))
            gone(queue)
        assert [event["payload"] for event in client.receive_events(5)] == list(range(5))
        assert len(eventually(lambda: server.logged("event.duplicate"), "duplicates")) <= 5
        client.expect_silence(0.2)


def test_a_name_used_again_is_another_event(client, queue):
    for number in range(3):
        place(queue, "latest.json", '{"event":"again","payload":%d}' % number)
        assert client.receive_events()[0]["payload"] == number
        gone(queue)


def test_a_file_that_cannot_be_deleted_is_not_sent_again_by_the_next_server(start, queue):
    if os.geteuid() != 0:
        pytest.skip("needs another user's directory")
    os.chmod(queue, 0o1777)
    place(queue, name_of(1), '{"event":"stuck"}')
    for attempt in range(2):
        server = start(as_nobody=True)
        with Client(server) as client:
            if attempt == 0:
                server.wait_for("event.undeletable")
            else:
                server.wait_for("event.duplicate")
                client.expect_silence(0.2)
        server.terminate()
    assert waiting(queue) == [name_of(1)]


def test_a_torn_end_is_cut_off(start, queue, publish):
    first = start()
    publish("one")
    gone(queue)
    first.process.kill()
    first.exit_status()
    [segment] = (queue / ".journal").glob("*-00000000000000000000.segment")
    with open(segment, "ab") as file:
        file.write(b"\xff\x00\x00\x00half")
    second = start()
    assert second.wait_for("journal.torn")["bytes"] == "8"
    with Client(second) as client:
        publish("two")
        assert client.receive_events()[0]["seq"] == 2


def test_a_full_disk_keeps_the_files_and_not_the_events(start, queue, publish, small_disk):
    with open(small_disk / "ballast", "wb", buffering=0) as ballast:
        server = start("--journal", str(small_disk / "journal"))
        publish("first")
        gone(queue)
        try:
            while True:
                ballast.write(b"x" * 4_096)
        except OSError:
            pass
        with Client(server) as client:
            for number in range(30):
                place(queue, name_of(number), '{"event":"full","payload":[%d,"%s"]}' % (number, "x" * 1_000))
            assert [event["payload"][0] for event in client.receive_events(30)] == list(range(30))
            server.wait_for("journal.error")
            # What fitted into the last page that was allocated is gone, and the rest stays as long as there is no room.
            stuck = waiting(queue)
            assert len(stuck) > 20
            holds(lambda: waiting(queue) == stuck, 0.3)
            ballast.truncate(0)
            gone(queue)
            server.wait_for("journal.back")
            assert len(server.logged("journal.error")) == 1
            place(queue, name_of(30), '{"event":"after"}')
            assert client.receive_events()[0]["seq"] == 32
    assert server.terminate() == 0
    again = start("--journal", str(small_disk / "journal"))
    assert again.wait_for("journal.open")["seq"] == "32"


def test_the_bounds_hold(start, queue, memory_queue):
    server = start("--journal-events", "800", "--journal-size", "64K", directory=memory_queue)
    with Client(server) as client:
        for number in range(3_000):
            place(memory_queue, name_of(number), '{"event":"n","payload":%d}' % number)
            # Not more at once than the bounds allow: what one pass finds stays or goes together.
            if number % 100 == 99:
                numbers = [json.loads(one)["payload"] for one in client.receive(100)]
                assert numbers == list(range(number - 99, number + 1))
    gone(memory_queue)
    server.wait_for("journal.trim")
    size = sum(path.stat().st_size for path in (memory_queue / ".journal").iterdir() if path.is_file())
    assert 20_000 < size <= 65_536
