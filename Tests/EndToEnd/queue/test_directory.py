"""The queue directory in all its states."""

import os
import shutil
import socket
import time

import pytest

from support.client import Client
from support.files import name_of, place, waiting
from support.marks import needs_root
from support.server import NOBODY
from support.waiting import eventually, holds


def publish_and_expect(queue, client, number):
    place(queue, name_of(number), '{"event":"number","payload":%d}' % number)
    [event] = client.receive_events()
    assert event["payload"] == number


def blink(server, queue):
    """Moves the directory away until the server has noticed, and back."""
    away = queue.with_name("away")
    os.rename(queue, away)
    server.wait_for("queue.missing")
    os.rename(away, queue)
    server.wait_for("queue.back")


def processor_seconds_of_a_second(server):
    before = server.processor_seconds()
    time.sleep(1)
    return server.processor_seconds() - before


@needs_root
def test_a_file_that_may_not_be_deleted_is_sent_once_and_named_once(start, queue):
    os.chmod(queue, 0o1777)
    server = start(as_nobody=True)
    with Client(server) as client:
        publish_and_expect(queue, client, 1)
        server.wait_for("event.undeletable", file=name_of(1))
        # Every look at the directory finds it again.
        holds(lambda: not client.frames.messages, 0.5)
        publish_and_expect(queue, client, 2)
        server.wait_for("event.undeletable", file=name_of(2))
        client.expect_silence(0.5)
        assert len(server.logged("event.undeletable")) == 2
        assert waiting(queue) == [name_of(1), name_of(2)]


@needs_root
def test_events_still_arrive_when_the_directory_becomes_read_only_for_the_server(start, queue):
    os.chown(queue, NOBODY, NOBODY)
    server = start(as_nobody=True)
    with Client(server) as client:
        publish_and_expect(queue, client, 1)
        eventually(lambda: waiting(queue) == [], "the file is deleted")
        os.chown(queue, 0, 0)
        publish_and_expect(queue, client, 2)
        server.wait_for("event.undeletable", file=name_of(2))
        client.expect_silence(0.5)
        assert len(server.logged("event.undeletable")) == 1


@pytest.mark.parametrize("options", [(), ("--watch", "poll")], ids=["inotify", "poll"])
def test_a_removed_directory_is_said_once_and_watched_again_when_it_is_back(start, queue, options):
    server = start(*options)
    with Client(server) as client:
        publish_and_expect(queue, client, 1)
        eventually(lambda: waiting(queue) == [], "the file is deleted by the server alone")
        shutil.rmtree(queue)
        server.wait_for("queue.missing")
        client.expect_silence(0.5)
        assert len(server.logged("queue.missing")) == 1
        queue.mkdir()
        server.wait_for("queue.back")
        publish_and_expect(queue, client, 2)


@pytest.mark.parametrize("options", [(), ("--watch", "poll")], ids=["inotify", "poll"])
def test_a_directory_that_another_one_replaces_is_noticed(start, queue, options):
    server = start(*options)
    with Client(server) as client:
        publish_and_expect(queue, client, 1)
        other = queue.with_name("other")
        other.mkdir()
        place(other, name_of(2), '{"event":"number","payload":2}')
        os.rename(queue, queue.with_name("old"))
        os.rename(other, queue)
        assert client.receive_events()[0]["payload"] == 2
        publish_and_expect(queue, client, 3)
        # The old one is nobody's any more: what is written there is not sent.
        place(queue.with_name("old"), name_of(4), '{"event":"number","payload":4}')
        publish_and_expect(queue, client, 5)
        eventually(lambda: waiting(queue) == [], "the files are deleted")


@pytest.mark.parametrize("options", [(), ("--watch", "poll")], ids=["inotify", "poll"])
def test_a_directory_that_is_moved_away_and_back_is_served_again(start, queue, options):
    server = start(*options)
    with Client(server) as client:
        publish_and_expect(queue, client, 1)
        # Our own lock, still held on the directory that left, must not keep us out of it when it returns.
        blink(server, queue)
        publish_and_expect(queue, client, 2)
        eventually(lambda: waiting(queue) == [], "the files are deleted")
        assert len(server.logged("queue.missing")) == 1


def test_a_blink_of_the_directory_repeats_nothing_that_waits_for_a_slow_client(start, queue):
    server = start("--threads", "1", "--behind-size", "64M", "--behind-age", "10m", "--journal", "off")
    count = 30
    with Client(server, receive_buffer=4_096) as slow, Client(server) as busy:
        for number in range(count):
            place(queue, name_of(number), '{"event":"number","payload":[%d,"%s"]}' % (number, "x" * 300_000))
        busy.receive(count)
        assert waiting(queue), "the slow client has taken everything"
        blink(server, queue)
        # What is older would come before it, were it sent again.
        publish_and_expect(queue, busy, 1_000)
        assert slow.receive_events(count + 1)[-1]["payload"] == 1_000
        eventually(lambda: waiting(queue) == [], "the files are deleted")


def test_losing_the_directory_in_the_middle_of_a_batch_costs_no_processor_time(start, queue, is_measured):
    server = start("--threads", "1", "--behind-size", "256K", "--behind-age", "10m", "--journal", "off")
    with Client(server, receive_buffer=4_096) as idle:
        # More than the log has room for, as long as the client does not read.
        place(queue, name_of(1).replace(".json", ".jsonl"), '{"event":"x","payload":"%s"}\n' % ("x" * 20_000) * 600)
        idle.receive(1)
        os.rename(queue, queue.with_name("away"))
        server.wait_for("queue.missing")
        if is_measured:
            assert processor_seconds_of_a_second(server) < 0.3


@needs_root
def test_a_blink_of_the_directory_repeats_nothing_that_cannot_be_deleted(start, queue):
    os.chmod(queue, 0o1777)
    server = start(as_nobody=True)
    with Client(server) as client:
        publish_and_expect(queue, client, 1)
        server.wait_for("event.undeletable", file=name_of(1))
        blink(server, queue)
        publish_and_expect(queue, client, 2)


@needs_root
def test_a_queue_whose_path_is_closed_is_served_on(start, queue):
    os.chmod(queue, 0o1777)
    server = start(as_nobody=True)
    with Client(server) as client:
        # It cannot be looked at; the directory that is open is the same all the time.
        os.chmod(queue.parent, 0o700)
        publish_and_expect(queue, client, 1)
        os.chmod(queue.parent, 0o755)
        publish_and_expect(queue, client, 2)
    assert "queue.missing" not in server.log


@needs_root
def test_a_bad_file_that_cannot_be_moved_is_sent_once_its_owner_has_repaired_it(start, queue):
    os.chmod(queue, 0o1777)
    server = start(as_nobody=True)
    with Client(server) as client:
        place(queue, name_of(1), "nonsense")
        server.wait_for("event.rejected", file=name_of(1))
        publish_and_expect(queue, client, 1)
        publish_and_expect(queue, client, 2)


def test_a_second_server_on_the_queue_exits_with_75_and_names_the_first(server, start):
    second = start(is_ready=False)
    assert second.exit_status() == 75
    assert str(server.pid) in second.log


def test_the_queue_is_free_again_when_its_server_is_killed(start, queue):
    first = start()
    first.process.kill()
    first.exit_status()
    with Client(start()) as client:
        publish_and_expect(queue, client, 1)


def test_an_address_in_use_exits_with_69(start):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        server = start(listen=address, is_ready=False)
        assert server.exit_status() == 69
        assert address in server.log


def test_a_missing_parent_directory_exits_with_73(start, queue):
    server = start(directory=queue / "no" / "queue", is_ready=False)
    assert server.exit_status() == 73
    assert str(queue / "no") in server.log


def test_a_missing_queue_is_created_below_its_parent_and_said(start, queue):
    server = start(directory=queue / "new")
    assert (queue / "new").is_dir()
    assert str(queue / "new") in server.log


def test_a_file_in_place_of_the_queue_exits_with_73(start, queue):
    (queue / "file").touch()
    server = start(directory=queue / "file", is_ready=False)
    assert server.exit_status() == 73
    assert "file" in server.log


@needs_root
def test_a_queue_that_cannot_be_written_exits_with_77_and_says_who_may_not(start, queue):
    server = start(as_nobody=True, is_ready=False)
    assert server.exit_status() == 77
    assert str(queue) in server.log


def test_an_unknown_option_exits_with_64(start):
    server = start("--no-such-option", is_ready=False)
    assert server.exit_status() == 64
    assert "--no-such-option" in server.log
