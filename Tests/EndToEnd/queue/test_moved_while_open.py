"""Files that get their names while they are still written: nothing is lost of them, and nothing is set aside."""

import json
import os
import time

import pytest

from support.client import Client
from support.files import name_of, waiting
from support.server import NOBODY
from support.waiting import eventually

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="writers and server are two users")


def line(number):
    return json.dumps({"event": "n", "payload": number}) + "\n"


def payloads(client, count):
    return [event["payload"] for event in client.receive_events(count)]


@pytest.fixture
def shared(queue):
    """A queue into which this user writes, and that of the server, who may lease nobody's files, deletes."""
    os.chown(queue, NOBODY, NOBODY)
    return queue


@pytest.fixture
def server(start, shared):
    return start(as_nobody=True)


@pytest.fixture
def client(server):
    with Client(server) as one:
        yield one


def begin(path, text):
    file = open(path, "w", encoding="utf-8")
    file.write(text)
    file.flush()
    return file


def ages(queue, name, seconds):
    """Waits until a file has lain unchanged for so long: what rests is judged where nobody knows of a writer."""
    changed = os.stat(queue / name).st_mtime_ns
    eventually(lambda: time.time_ns() - changed > seconds * 1_000_000_000, "it rests", seconds + 5)


@pytest.mark.takes(10)
def test_a_batch_that_is_renamed_while_it_is_written_is_whole(client, shared):
    file = begin(shared / ".draft", line(0))
    os.rename(shared / ".draft", shared / "b.jsonl")
    ages(shared, "b.jsonl", 11)
    file.write(line(1))
    file.close()
    assert payloads(client, 2) == [0, 1]
    eventually(lambda: waiting(shared) == [], "it is deleted")


def test_an_event_that_is_renamed_while_it_is_written_is_whole(server, client, shared):
    text = line(7)
    file = begin(shared / ".draft", text[:9])
    os.rename(shared / ".draft", shared / "b.json")
    ages(shared, "b.json", 3)
    file.write(text[9:])
    file.close()
    assert payloads(client, 1) == [7]
    assert not server.logged("event.rejected")


@pytest.mark.parametrize("prefix", ["", "at-"])
def test_a_batch_with_a_name_of_the_contract_that_is_written_in_place_is_whole(client, shared, prefix):
    name = prefix + name_of(1) + "l"
    file = begin(shared / name, line(0))
    for number in range(1, 4):
        ages(shared, name, 1)
        file.write(line(number))
        file.flush()
    file.close()
    assert payloads(client, 4) == [0, 1, 2, 3]


@pytest.mark.takes(10)
def test_a_file_that_cannot_be_deleted_is_sent_once_whatever_becomes_of_its_inode(start, queue):
    os.chmod(queue, 0o1777)
    journal = queue.parent / "journal"
    journal.mkdir()
    os.chown(journal, NOBODY, NOBODY)
    server = start("--journal", journal, as_nobody=True)
    with Client(server) as client:
        for name in ("a.json", name_of(1)):
            path = queue / name
            path.write_text(line(name))
            assert payloads(client, 1) == [name]
            server.wait_for("event.undeletable", file=name)
            os.chmod(path, 0o664)
            os.chown(path, 12_345, 12_345)
            os.link(path, queue.parent / "other")
            os.unlink(queue.parent / "other")
            os.utime(path, ns=(os.stat(path).st_mtime_ns,) * 2)
        batch = queue / "l.jsonl"
        batch.write_text(line(10) + line(11))
        assert payloads(client, 2) == [10, 11]
        server.wait_for("event.undeletable", file="l.jsonl")
        with open(batch, "a", encoding="utf-8") as file:
            file.write(line(12))
        assert payloads(client, 1) == [12]
        (queue / "end.json").write_text(line("end"))
        assert payloads(client, 1) == ["end"]


def test_what_is_put_back_with_its_old_time_is_an_event_again(client, shared):
    moment = 1_700_000_000_000_000_000
    for number, word in enumerate(["on", "off", "on", "off", "off", "on"]):
        (shared / ".draft").write_text(line(word))
        os.utime(shared / ".draft", ns=(moment, moment))
        os.rename(shared / ".draft", shared / "light.json")
        eventually(lambda: waiting(shared) == [], f"{number} is taken")
    (shared / "end.json").write_text(line("end"))
    # The fifth is a copy of the fourth, such as rsync makes.
    assert payloads(client, 6) == ["on", "off", "on", "off", "on", "end"]
