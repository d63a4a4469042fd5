"""A queue of a 0.1 server, and what the server after it makes of it: journal, directories, publishers."""

import json
import os
import pathlib
import shutil
import struct
import subprocess

import pytest

from support.before import older
from support.client import Client
from support.files import name_of
from support.waiting import eventually

MARK = "version-2-needs-wsqueue-0.2-or-newer.segment"
EPOCH = "k3f9ab12"
# How a segment names this run of the machine, and another.
BOOT = pathlib.Path("/proc/sys/kernel/random/boot_id").read_bytes().replace(b"-", b"")[:16]
BEFORE = b"another"


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def counted(data):
    return struct.pack("<I", len(data)) + data


def first_record(seq, unix, identity, stamp, message, except_=None):
    """A record as 0.1 writes it."""
    body = struct.pack("<QqqBq", seq, unix, stamp, 0 if except_ is None else 1, except_ or 0)
    body += counted(identity.encode()) + struct.pack("<II", 0, 0xFFFFFFFF) + counted(message.encode())
    return struct.pack("<II", len(body), crc32c(body)) + body


def first_segment(unix, records, state=2, boot=BOOT, version=b"1"):
    """A segment as 0.1 writes it; closed, unless its state says otherwise."""
    head = b"wsqjrnl" + version + EPOCH.encode().ljust(16, b"\0")
    head += struct.pack("<QqI", 0, unix, state) + boot.ljust(16, b"\0")
    return head + struct.pack("<I", crc32c(head)) + b"".join(records)


def message(seq, identity):
    return f'{{"event":"n","payload":{seq},"timestamp":1,"id":"{identity}","seq":{seq}}}'


def segments(queue):
    return sorted(path.name for path in (queue / ".journal").iterdir() if path.suffix == ".segment")


@pytest.fixture
def old_queue(queue):
    """A queue that 0.1 has left: three events in the journal, of which the files of two are still there."""
    return make_old(queue, BOOT)


@pytest.fixture
def older_queue(queue):
    """The same, from before the machine was started anew."""
    return make_old(queue, BEFORE)


def make_old(queue, boot):
    unix = os.stat(queue).st_mtime_ns
    os.mkdir(queue / ".journal", 0o700)
    os.mkdir(queue / ".failed", 0o750)
    (queue / ".failed").chmod(0o750)
    (queue / ".failed/1-bad.json").write_text("{")
    (queue / ".failed/1-bad.json.why").write_text("no event\n")
    (queue / ".lock").write_text("4711\n")
    (queue / ".lock").chmod(0o644)
    used_once = name_of(1)
    for name in (used_once, "status.json"):
        (queue / name).write_text(json.dumps({"event": "n", "payload": name}))
    stamps = [os.stat(queue / name).st_mtime_ns for name in (used_once, "status.json")]
    records = [
        first_record(1, unix, "order-7", 0, message(1, "order-7")),
        first_record(2, unix, used_once[:-5], stamps[0], message(2, used_once[:-5])),
        first_record(3, unix, "status", stamps[1], message(3, "status"))]
    (queue / ".journal" / f"{EPOCH}-{0:020}.segment").write_bytes(first_segment(unix, records, boot=boot))
    return queue


def waiting(queue):
    return [path.name for path in queue.iterdir() if not path.name.startswith(".")]


def gone(queue):
    eventually(lambda: not waiting(queue), "the files are deleted")


def events_of(client, count):
    """The next so many events, whatever else is said between them."""
    events = []
    while len(events) < count:
        events += [one for one in client.receive_events() if "event" in one]
    return events


def test_a_queue_of_the_server_before_is_taken_over(start, old_queue, publish):
    server = start()
    assert server.wait_for("journal.open")["epoch"] == EPOCH
    gone(old_queue)
    assert len(server.logged("event.duplicate")) == 2
    publish("again", "-i", "order-7")
    gone(old_queue)
    publish("new", "-i", "order-8")
    gone(old_queue)
    with Client(server, f"/?since={EPOCH}:0") as client:
        assert [(one["seq"], one["id"]) for one in events_of(client, 4)] == [
            (1, "order-7"), (2, name_of(1)[:-5]), (3, "status"), (4, "order-8")]
    assert (old_queue / ".failed/1-bad.json").exists()
    assert segments(old_queue) == [f"{EPOCH}-{0:020}.segment", f"{EPOCH}-{3:020}.segment", MARK]
    server.process.kill()
    server.exit_status()
    again = start()
    with Client(again, f"/?since={EPOCH}:2") as client:
        assert [one["seq"] for one in events_of(client, 2)] == [3, 4]


def test_nothing_is_begun_anew_before_something_is_to_be_written(start, old_queue):
    for name in waiting(old_queue):
        (old_queue / name).unlink()
    before = segments(old_queue)
    server = start()
    server.wait_for("journal.open")
    assert server.terminate() == 0
    assert segments(old_queue) == before


def test_after_another_start_of_the_machine_numbers_are_left_out_and_nobody_misses_any(start, older_queue, publish):
    server = start()
    server.wait_for("journal.moved")
    gone(older_queue)
    assert len(server.logged("event.duplicate")) == 2
    publish("new", "-i", "order-8")
    gone(older_queue)
    for since in (0, 3):
        with Client(server, f"/?since={EPOCH}:{since}") as client:
            events = events_of(client, 4 - since)
            assert [one["seq"] for one in events] == [*range(since + 1, 4), 3 + (1 << 24) + 1]


@pytest.mark.parametrize("kind", ["segment", "mark"])
def test_what_a_later_server_has_written_is_refused_with_a_sentence(start, queue, kind):
    journal = queue / ".journal"
    journal.mkdir(mode=0o700)
    if kind == "segment":
        path = journal / f"{EPOCH}-{0:020}.segment"
        path.write_bytes(first_segment(os.stat(queue).st_mtime_ns, [], version=b"3"))
    else:
        path = journal / "version-3-needs-wsqueue-0.9-or-newer.segment"
        path.mkdir()
    server = start(is_ready=False)
    assert server.exit_status() == 78
    [line] = server.logged("server.failed")
    assert str(path) in line["error"] and "later wsqueue-server" in line["error"]
    assert "--journal" in line["hint"]


def test_the_server_before_refuses_what_this_one_has_written(start, queue, publish):
    server = start()
    publish("n")
    gone(queue)
    assert server.terminate() == 0
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WSQUEUE_")}
    done = subprocess.run(
        [older("wsqueue-server"), "-d", queue, "-l", "127.0.0.1:0"], capture_output=True, text=True, timeout=20,
        env=environment, check=False)
    assert done.returncode == 73
    assert MARK in done.stderr
    assert sorted(path.name for path in (queue / ".journal").glob(f"*{0:020}.segment"))


def test_a_publisher_of_the_version_before_and_a_server_of_this_one_and_the_other_way(start, queue, binaries):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WSQUEUE_")}
    server = start()
    with Client(server) as client:
        for arguments in (["a"], ["b", "-i", "order-9"], ["c", "-w5s"]):
            subprocess.run([older("wsqueue-publish"), "-d", queue, *arguments], check=True, env=environment)
        assert [one["event"] for one in client.receive_events(3)] == ["a", "b", "c"]
    assert server.terminate() == 0
    shutil.rmtree(queue / ".journal")
    old = start(binary=older("wsqueue-server"))
    with Client(old) as client:
        for arguments in (["a"], ["b", "-i", "order-9"], ["c"]):
            subprocess.run([binaries / "wsqueue-publish", "-d", queue, *arguments], check=True, env=environment)
        assert [one["event"] for one in client.receive_events(3)] == ["a", "b", "c"]
