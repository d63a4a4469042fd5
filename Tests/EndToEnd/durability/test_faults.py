"""What machines do to a server: power cuts, disks that are full or read-only, limits at zero, clocks that go back."""

import itertools
import os
import signal
import subprocess
import threading
import time

import pytest
import wsqueue

from support.client import Client
from support.disks import Disk, mount_memory, unmount
from support.files import name_of, place, waiting
from support.trace import require_strace
from support.waiting import eventually, holds

NO_NOTICES = "no inotify can be taken away here"


@pytest.fixture
def disk(tmp_path):
    one = Disk(tmp_path / "image", tmp_path / "disk")
    yield one
    one.unmount()


def another_boot(tmp_path):
    """What to put before a command that shall believe that the machine has been started anew."""
    identifier = tmp_path / "boot_id"
    identifier.write_text("00000000-0000-4000-8000-000000000000\n", encoding="utf-8")
    return ["unshare", "-m", "sh", "-c", f'mount --bind {identifier} /proc/sys/kernel/random/boot_id && exec "$@"', "-"]


@pytest.mark.parametrize("wanted", [20, 60, 150])
def test_events_published_to_survive_a_power_cut_do(start, disk, binaries, tmp_path, wanted):
    queue = disk.path / "queue"
    queue.mkdir()
    server = start(directory=queue)
    epoch = server.wait_for("journal.open")["epoch"]
    published = []

    def publish():
        command = [str(binaries / "wsqueue-publish"), "-d", str(queue), "--sync", "full", "n"]
        while subprocess.run([*command, f"number:={len(published)}"], capture_output=True).returncode == 0:
            published.append(len(published))

    publisher = threading.Thread(target=publish)
    publisher.start()
    eventually(lambda: len(published) >= wanted, "events are published", 30)
    disk.cut()
    publisher.join()
    server.process.kill()
    server.exit_status()
    disk.recover()
    after = start(directory=queue, prefix=another_boot(tmp_path))
    after.wait_for("journal.open", epoch=epoch)
    after.wait_for("journal.skip")
    found = {}
    with Client(after, f"/?since={epoch}:0", protocol="wsqueue.v1") as client:
        while len(found) < len(published):
            for event in client.receive_events():
                if "seq" in event:
                    found.setdefault(event["id"], event["payload"]["number"])
    assert list(found.values())[:len(published)] == published


def test_a_disk_that_becomes_read_only_keeps_the_files_and_not_the_events(start, disk, binaries):
    queue = disk.path / "queue"
    queue.mkdir()
    server = start(directory=queue)
    with Client(server) as client:
        place(queue, name_of(0), '{"event":"n","payload":0}')
        assert client.receive_events()[0]["payload"] == 0
        eventually(lambda: waiting(queue) == [], "the file is deleted")
        server.signal(signal.SIGSTOP)
        names = [name_of(number) for number in range(1, 6)]
        for number, name in enumerate(names, 1):
            place(queue, name, '{"event":"n","payload":%d}' % number)
        os.sync()
        disk.cut()
        server.signal(signal.SIGCONT)
        assert [event["payload"] for event in client.receive_events(5)] == [1, 2, 3, 4, 5]
        line = server.wait_for("journal.error")
        assert "ead-only" in line["error"] and "hint" in line
        client.expect_silence(0.5)
        assert waiting(queue) == names
        assert len(server.logged("journal.error")) == 1
    refused = subprocess.run(
        [str(binaries / "wsqueue-publish"), "-d", str(queue), "n"], capture_output=True, text=True)
    assert refused.returncode in (73, 74) and "ead-only" in refused.stderr
    assert server.terminate() == 0
    disk.recover()
    after = start("--hold-without-clients", directory=queue)
    with Client(after) as client:
        assert [event["payload"] for event in client.receive_events(5)] == [1, 2, 3, 4, 5]
        eventually(lambda: waiting(queue) == [], "the files are deleted")


def test_a_read_only_disk_with_the_journal_elsewhere_names_a_file_once_and_sends_it_once(start, disk, tmp_path):
    queue = disk.path / "queue"
    queue.mkdir()
    server = start("--journal", str(tmp_path / "journal"), directory=queue)
    with Client(server) as client:
        server.signal(signal.SIGSTOP)
        place(queue, name_of(1), '{"event":"n","payload":1}')
        os.sync()
        disk.cut()
        server.signal(signal.SIGCONT)
        assert client.receive_events()[0]["payload"] == 1
        server.wait_for("event.undeletable", file=name_of(1))
        client.expect_silence(0.5)
        assert len(server.logged("event.undeletable")) == 1
    server.process.kill()
    server.exit_status()
    disk.recover()
    after = start("--journal", str(tmp_path / "journal"), directory=queue)
    with Client(after) as client:
        after.wait_for("event.duplicate", file=name_of(1))
        eventually(lambda: waiting(queue) == [], "the file is deleted")
        client.expect_silence(0.2)


def test_a_full_disk_is_told_to_the_publisher_and_takes_events_again_when_there_is_room(start, queue, publish):
    mount_memory(queue, "1m")
    try:
        server = start("--journal", "off")
        with Client(server) as client, open(queue / ".ballast", "wb", buffering=0) as ballast:
            with pytest.raises(OSError):
                while True:
                    ballast.write(b"x" * 4_096)
            refused = publish("n", "number:=1", check=False)
            assert refused.returncode == 74 and "o space left" in refused.stderr
            assert set(os.listdir(queue)) == {
                ".lock", ".ballast", ".failed", ".server", ".address", ".control"}
            ballast.truncate(0)
            publish("n", "number:=2")
            assert client.receive_events()[0]["payload"] == {"number": 2}
        assert server.terminate() == 0
    finally:
        unmount(queue)


def test_a_queue_that_is_unmounted_is_said_once_and_watched_again_when_it_is_back(start, queue):
    mount_memory(queue, "4m")
    server = start()
    with Client(server) as client:
        place(queue, name_of(1), '{"event":"n","payload":1}')
        assert client.receive_events()[0]["payload"] == 1
        eventually(lambda: waiting(queue) == [], "the file is deleted")
        queue.chmod(0o755)
        unmount(queue)
        # What lies under the mount is another directory, and an empty one.
        server.wait_for("queue.missing")
        server.wait_for("queue.back")
        assert len(server.logged("queue.missing")) == 1
        mount_memory(queue, "4m")
        try:
            place(queue, name_of(2), '{"event":"n","payload":2}')
            assert client.receive_events()[0]["payload"] == 2
            eventually(lambda: waiting(queue) == [], "the file is deleted")
        finally:
            unmount(queue)


@pytest.mark.parametrize("limit", ["max_inotify_instances", "max_inotify_watches"])
def test_without_any_inotify_events_are_found_by_looking(start, queue, limit):
    script = f'echo 0 > /proc/sys/user/{limit} && exec "$@"'
    prefix = ["unshare", "--user", "--map-root-user", "sh", "-c", script, "-"]
    if subprocess.run([*prefix, "true"], capture_output=True).returncode:
        pytest.skip(NO_NOTICES)
    server = start(prefix=prefix)
    assert "100 ms" in server.wait_for("queue.nowatch")["hint"]
    with Client(server) as client:
        for number in range(3):
            place(queue, name_of(number), '{"event":"n","payload":%d}' % number)
            assert client.receive_events()[0]["payload"] == number
        eventually(lambda: waiting(queue) == [], "the files are deleted")


@pytest.mark.parametrize("is_waiting", [True, False], ids=["backlog", "live"])
def test_a_clock_that_is_set_back_turns_no_publishers_order_round(start, queue, monkeypatch, is_waiting):
    # A second back with each event, and now and then an hour.
    begin = time.time_ns()
    clock = iter(begin - number * 1_000_000_000 - number // 10 * 3_600_000_000_000 for number in itertools.count())
    monkeypatch.setattr(wsqueue.time, "time_ns", lambda: next(clock))
    server = start("--hold-without-clients")

    def publish():
        for number in range(100):
            wsqueue.publish(str(queue), "n", number)

    if is_waiting:
        publish()
    with Client(server) as client:
        if not is_waiting:
            publish()
        assert [event["payload"] for event in client.receive_events(100)] == list(range(100))


def test_a_queue_whose_disk_has_failed_goes_on_in_the_directory_that_takes_its_place(start, disk):
    queue = disk.path / "queue"
    queue.mkdir()
    server = start(directory=queue)
    epoch = server.wait_for("journal.open")["epoch"]
    with Client(server) as client:
        server.signal(signal.SIGSTOP)
        for number in range(1, 4):
            place(queue, name_of(number), '{"event":"n","payload":%d}' % number)
        disk.cut()
        server.signal(signal.SIGCONT)
        assert [event["payload"] for event in client.receive_events(3)] == [1, 2, 3]
        server.wait_for("journal.error")
        disk.unmount()
        queue.mkdir()
        server.wait_for("queue.back")
        place(queue, name_of(4), '{"event":"n","payload":4}')
        assert client.receive_events()[0]["payload"] == 4
        eventually(lambda: waiting(queue) == [], lambda: server.log)
        server.wait_for("journal.back")
    server.process.kill()
    server.exit_status()
    after = start(directory=queue)
    with Client(after, f"/?since={epoch}:0", protocol="wsqueue.v1") as client:
        events = [event for event in client.receive_events(6) if "seq" in event]
        assert [event["payload"] for event in events] == [1, 2, 3, 4]


def test_what_a_server_before_was_about_to_delete_is_looked_at_though_the_first_look_fails(start, queue):
    require_strace()
    # A publisher may have renamed another event over the name before the server before took it.
    place(queue, ".taken-abcdefgh-id-a.json", '{"event":"n","payload":1}')
    fault = ["strace", "-D", "-f", "-o", os.devnull, "-P", str(queue), "-e", "trace=getdents64", "-e",
             "inject=getdents64:error=EIO:when=1", "--"]
    server = start("--hold-without-clients", prefix=fault)
    with Client(server) as client:
        assert client.receive_events()[0]["payload"] == 1
    assert "nput/output" in server.wait_for("queue.unreadable")["error"]


def test_a_queue_that_is_renamed_under_a_server_loses_and_repeats_nothing(start, queue):
    server = start()
    epoch = server.wait_for("journal.open")["epoch"]
    places = [queue, queue.with_name("a"), queue.with_name("b")]
    for number in range(1, 7):
        place(queue, name_of(number), '{"event":"n","payload":%d}' % number)
        eventually(lambda: waiting(queue) == [], "the file is deleted")
        # By turns another directory stands there, the first of them again and again.
        os.rename(queue, places[1 + number % 2])
        if number == 1:
            queue.mkdir()
        else:
            os.rename(places[2 - number % 2], queue)
        eventually(lambda: len(server.logged("queue.back")) == number, lambda: server.log)
    server.process.kill()
    server.exit_status()
    after = start()
    assert after.wait_for("journal.open")["epoch"] == epoch
    with Client(after) as client:
        place(queue, name_of(7), '{"event":"n","payload":7}')
        assert client.receive_events()[0]["seq"] == 7
    holds(lambda: not after.logged("journal.damaged"), 0.1)
