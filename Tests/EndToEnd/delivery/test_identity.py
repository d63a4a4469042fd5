"""Which event a file is: ids of names that are used again, after a crash, of copies, and of several owners."""

import json
import os
import time

import pytest

from support.client import Client
from support.files import name_of
from support.waiting import eventually


def waiting(queue):
    return [path.name for path in queue.iterdir() if not path.name.startswith(".")]


def gone(queue):
    eventually(lambda: not waiting(queue), "the files are deleted")


def put(queue, name, payload, mtime=None, owner=None, mode=None, **members):
    """Puts an event there whole, perhaps with the times or the owner of another file."""
    hidden = queue / f".{name}.tmp"
    hidden.write_text(json.dumps({"event": "n", "payload": payload, **members}))
    if mtime is not None:
        os.utime(hidden, ns=(mtime, mtime))
    if owner is not None:
        os.chown(hidden, owner, owner)
    if mode is not None:
        hidden.chmod(mode)
    os.rename(hidden, queue / name)


def told(client, count):
    return [(event["payload"], event["id"]) for event in client.receive_events(count)]


@pytest.mark.parametrize("is_in_place", [True, False], ids=["in place", "renamed"])
def test_each_rewrite_of_a_file_is_an_event(start, queue, is_in_place):
    server = start()
    with Client(server) as client:
        ids = set()
        # The same bytes now and then, and as fast as the server takes them.
        for payload in [0, 1, 1, 1, 2, 2, 1]:
            if is_in_place:
                (queue / "status.json").write_text(json.dumps({"event": "n", "payload": payload}))
            else:
                put(queue, "status.json", payload)
            [(seen, identity)] = told(client, 1)
            assert seen == payload
            assert identity.startswith("status@")
            ids.add(identity)
            gone(queue)
        assert len(ids) == 7
        assert not server.logged("event.duplicate")


def test_rewrites_within_a_tick_are_events_of_their_own(start, queue):
    server = start()
    with Client(server) as client:
        # A time that files which come now may have: as coarse as that of FAT.
        tick = os.stat(queue).st_mtime_ns // 10 ** 9 * 10 ** 9
        seen = []
        for payload in [1, 1, 2]:
            put(queue, "status.json", payload, mtime=tick)
            seen += told(client, 1)
            gone(queue)
        assert seen == [(1, f"status@{tick}"), (1, f"status@{tick}+2"), (2, f"status@{tick}+3")]


@pytest.mark.parametrize("payload, ids", [(1, []), (2, ["+2"])], ids=["the same bytes", "other bytes"])
def test_what_a_crash_has_left_is_the_same_event_if_its_bytes_are(start, queue, payload, ids):
    server = start()
    epoch = server.wait_for("journal.open")["epoch"]
    tick = os.stat(queue).st_mtime_ns // 10 ** 9 * 10 ** 9
    with Client(server) as client:
        put(queue, "status.json", 1, mtime=tick)
        assert told(client, 1) == [(1, f"status@{tick}")]
        gone(queue)
    server.process.kill()
    server.exit_status()
    # As it would be there had the server not come to delete it, or had its publisher written it once more.
    put(queue, "status.json", payload, mtime=tick)
    server = start()
    with Client(server, f"/?since={epoch}:1") as client:
        gone(queue)
        put(queue, "end.json", "end")
        # One of them says that the past is over.
        events = [message for message in client.receive_events(len(ids) + 2) if "event" in message]
        assert [event["id"] for event in events[:-1]] == [f"status@{tick}{suffix}" for suffix in ids]
    assert len(server.logged("event.duplicate")) == (0 if ids else 1)


def test_a_copy_that_keeps_times_is_one_event(start, queue):
    server = start()
    mtime = 10 ** 18
    with Client(server) as client:
        for payload in [1, 1, 1, 2, 2]:
            put(queue, "1729000000-r.json", payload, mtime=mtime)
            gone(queue)
        assert told(client, 2) == [(1, f"1729000000-r@{mtime}"), (2, f"1729000000-r@{mtime}+2")]
        client.expect_silence(0.2)


@pytest.mark.alone
def test_a_copy_in_place_whose_times_come_last_is_one_event(start, queue):
    """As `rsync -a --inplace` writes: contents, close, and then the times."""
    server = start()
    mtime, path = 10 ** 18, queue / "1729000000-r.json"
    with Client(server) as client:
        put(queue, path.name, 1, mtime=mtime)
        assert told(client, 1) == [(1, f"1729000000-r@{mtime}")]
        for _ in range(5):
            gone(queue)
            path.write_text(json.dumps({"event": "n", "payload": 1}))
            # Longer than the server takes to find the file, and shorter than it waits for its times.
            time.sleep(0.02)
            os.utime(path, ns=(mtime, mtime))
        gone(queue)
        put(queue, name_of(1), "end")
        assert told(client, 1) == [("end", name_of(1)[:-5])]
    assert len(server.logged("event.duplicate")) == 5


def test_names_that_are_used_once_are_ids(start, queue):
    server = start()
    names = [name_of(1)[:-5], "1729000000.123456_671e5a9fc31d2", "1729000001_671e5a9fc31d3", "at-" + name_of(2)[:-5]]
    with Client(server) as client:
        for name in names + names:
            put(queue, f"{name}.json", name)
            gone(queue)
        assert sorted(told(client, 4)) == sorted((name, name) for name in names)
        client.expect_silence(0.2)


def test_each_rewrite_of_a_batch_is_a_batch(start, queue):
    server = start()
    with Client(server) as client:
        tick = os.stat(queue).st_mtime_ns // 10 ** 9 * 10 ** 9
        for _ in range(2):
            hidden = queue / ".rows.tmp"
            hidden.write_text("".join(json.dumps({"event": "n", "payload": line}) + "\n" for line in (1, 2)))
            os.utime(hidden, ns=(tick, tick))
            os.rename(hidden, queue / "rows.jsonl")
            gone(queue)
        assert told(client, 4) == [
            (line, f"rows@{tick}{suffix}/{line}") for suffix in ("", "+2") for line in (1, 2)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_an_id_belongs_to_its_owner(start, queue):
    server = start()
    with Client(server) as client:
        for number, (owner, mode) in enumerate([
                (1001, 0o644), (1002, 0o644), (1001, 0o600), (1002, 0o644), (1002, 0o664), (1001, 0o666)]):
            put(queue, name_of(number), number, owner=owner, mode=mode, id="order-7")
            gone(queue)
        # What others may write is of an owner that no one can tell, whoever that is.
        assert told(client, 3) == [(0, "order-7"), (1, "order-7"), (4, "order-7")]
        client.expect_silence(0.2)
    assert len(server.logged("event.duplicate")) == 3
    epoch = server.wait_for("journal.open")["epoch"]
    server.process.kill()
    server.exit_status()
    for number, owner in [(10, 1001), (11, 1002), (12, 1003)]:
        put(queue, name_of(number), number, owner=owner, id="order-7")
    server = start()
    with Client(server, f"/?since={epoch}:3") as client:
        gone(queue)
        [event] = [message for message in client.receive_events(2) if "event" in message]
        assert (event["payload"], event["id"]) == (12, "order-7")
    assert len(server.logged("event.duplicate")) == 2
