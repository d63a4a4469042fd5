"""Files that are no events, between good ones."""

import os
import pathlib
import tempfile
import threading
import time
import types

import pytest

from support.client import Client
from support.files import failed, name_of, place, waiting
from support.server import NOBODY, Server
from support.waiting import eventually

LIMIT_BYTES = 1_048_576

CONTENTS = {
    "corrupt": b'{"event": "bad", "payload": oops}',
    "cut off": b'{"event": "bad", "payload": {"a": [1, 2',
    "empty": b"",
    "spaces": b"  \n",
    "a list": b'["event"]',
    "without event": b'{"payload": 1}',
    "event twice": b'{"event": "bad", "event": "worse"}',
    "event with a control character": b'{"event": "bad\\u001b[31m"}',
    "invalid UTF-8": b'{"event": "bad", "payload": "\xff"}',
    "two objects": b'{"event": "bad"}{"event": "bad"}',
    "byte order mark": b'\xef\xbb\xbf{"event": "bad"}',
    "100,000 brackets": b'{"event": "bad", "payload": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "oversized": b'{"event": "bad", "payload": "' + b"x" * LIMIT_BYTES + b'"}',
}
NODES = ["symlink to an event", "dangling symlink", "FIFO", "directory", "hard link", "huge hole", "unreadable"]
# Moving a directory changes its parent, which its owner alone may do: it is left and named once.
FOREIGN_DIRECTORY = "1795231800997000000-1-1-0.json"
NON_UTF8 = b"1795231800999000000-1-1-\xff\xfe.json"
NEWLINE = "1795231800998000000-1-1-a\nb\x1b[31m.json"
WHY = {
    "100,000 brackets": "512", "oversized": "1048576", "huge hole": "1048576", "corrupt": "at byte 28",
    "symlink to an event": "symbolic link", "FIFO": "FIFO", "directory": "directory", "hard link": "2",
    "unreadable": "ermission denied",
}


def make(kind, path, outside):
    """Makes a node of the kind."""
    target = outside / "secret.json"
    if kind in CONTENTS:
        place(path.parent, path.name, CONTENTS[kind])
    elif kind == "symlink to an event":
        path.symlink_to(target)
    elif kind == "dangling symlink":
        path.symlink_to(outside / "nowhere")
    elif kind == "FIFO":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
        path.chmod(0o777)
    elif kind == "hard link":
        os.link(target, path)
    elif kind == "huge hole":
        with open(path.with_name(".hole"), "wb") as file:
            file.truncate(1 << 33)
        os.rename(path.with_name(".hole"), path)
    elif kind == "unreadable":
        place(path.parent, ".unreadable", '{"event":"bad"}')
        os.chmod(path.with_name(".unreadable"), 0)
        os.rename(path.with_name(".unreadable"), path)


@pytest.fixture(scope="module")
def aftermath(binaries, queue_root):
    """A queue with a file of each kind, good ones between them, half of it there at the start, and its end."""
    with tempfile.TemporaryDirectory(prefix="wsqueue-test-", dir=queue_root) as parent:
        os.chmod(parent, 0o755)
        queue, outside = pathlib.Path(parent) / "queue", pathlib.Path(parent) / "outside"
        queue.mkdir()
        outside.mkdir()
        place(outside, "secret.json", '{"event":"secret"}')
        if os.geteuid() == 0:
            os.chown(queue, NOBODY, NOBODY)
        scene = types.SimpleNamespace(queue=queue, names={}, good=0)

        def place_good():
            scene.good += 1
            place(queue, name_of(2 * scene.good), '{"event":"good","payload":%d}' % scene.good)

        def place_bad(kinds):
            for kind in kinds:
                place_good()
                scene.names[kind] = name_of(2 * scene.good + 1)
                make(kind, queue / scene.names[kind], outside)
            place_good()

        kinds = [*CONTENTS, *NODES]
        place_bad(kinds[::2])
        place(queue, "notes.txt", "not for the server")
        place(queue, ".hidden.json", '{"event":"hidden"}')
        server = Server(binaries / "wsqueue-server", queue, "--hold-without-clients", as_nobody=True)
        with server, Client(server.ready()) as client:
            scene.messages = client.receive_events(scene.good)
            place_bad(kinds[1::2])
            place(queue, NON_UTF8, '{"event":"bad"}')
            place(queue, NEWLINE, '{"event":"newline"}')
            (queue / FOREIGN_DIRECTORY).mkdir(0o755)
            place_good()
            scene.messages += client.receive_events(scene.good + 1 - len(scene.messages))
            moved = len(kinds) + (1 if os.geteuid() == 0 else 2)
            eventually(lambda: len(failed(queue)) == 2 * moved, lambda: f"{failed(queue)} {server.log}", 15)
            place_good()
            scene.messages += client.receive_events(1)
            client.expect_silence(0.3)
            scene.waiting = waiting(queue)
            scene.lines = server.lines
            scene.raw_log = server.raw_log
            scene.failed = failed(queue)
            yield scene


def test_the_good_ones_arrive_all_once_and_in_order(aftermath):
    good = [message["payload"] for message in aftermath.messages if message["event"] == "good"]
    assert good == list(range(1, aftermath.good + 1))


def test_nothing_else_arrives_but_the_event_with_a_strange_name(aftermath):
    others = [message for message in aftermath.messages if message["event"] != "good"]
    assert [message["event"] for message in others] == ["newline"]
    assert others[0]["id"] == NEWLINE.removesuffix(".json")


@pytest.mark.parametrize("kind", [*CONTENTS, *NODES])
def test_a_bad_file_is_set_aside_whole_with_one_line_of_reason(aftermath, kind):
    name = aftermath.names[kind]
    assert name in aftermath.failed
    reason = (aftermath.queue / ".failed" / f"{name}.why").read_text()
    assert reason.endswith("\n") and reason.count("\n") == 1 and len(reason) > 10
    assert WHY.get(kind, "") in reason
    if kind in CONTENTS:
        assert (aftermath.queue / ".failed" / name).read_bytes() == CONTENTS[kind]


def test_a_name_that_is_no_text_is_set_aside(aftermath):
    assert os.fsdecode(NON_UTF8) in aftermath.failed


def test_each_refusal_is_named_in_the_log_once(aftermath):
    for kind, name in aftermath.names.items():
        lines = [line for line in aftermath.lines if line.get("file") == name]
        assert [line["ev"] for line in lines] == ["event.rejected"], kind


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make a directory of another user")
def test_what_may_not_be_moved_is_left_and_named_once(aftermath):
    assert FOREIGN_DIRECTORY in aftermath.waiting
    assert len([line for line in aftermath.lines if line.get("file") == FOREIGN_DIRECTORY]) == 1


def test_other_files_are_left_alone_and_named_once(aftermath):
    assert [name for name in aftermath.waiting if name != FOREIGN_DIRECTORY] == ["notes.txt"]
    assert (aftermath.queue / ".hidden.json").exists()
    assert len([line for line in aftermath.lines if line.get("file") == "notes.txt"]) == 1
    assert not [line for line in aftermath.lines if line.get("file") == ".hidden.json"]


def test_no_file_name_reaches_the_log_raw(aftermath):
    assert [byte for byte in aftermath.raw_log if byte < 0x20 and byte != 0x0A] == []
    assert b"\xff" not in aftermath.raw_log


def test_a_file_that_is_written_for_three_seconds_arrives_once_it_is_whole(server, client, queue):
    text = b'{"event":"slow","payload":"' + b"x" * 60 + b'"}'

    def write():
        with open(queue / "1795231800_6b01103ddd22e.json", "wb", buffering=0) as file:
            for position in range(0, len(text), 3):
                file.write(text[position:position + 3])
                time.sleep(0.1)

    writer = threading.Thread(target=write)
    writer.start()
    place(queue, name_of(1), '{"event":"meanwhile"}')
    assert client.receive_events()[0]["event"] == "meanwhile"
    assert writer.is_alive()
    [event] = client.receive_events()
    writer.join()
    assert event["payload"] == "x" * 60
    eventually(lambda: waiting(queue) == [], "the file is deleted")
    assert failed(queue) == []


def test_large_unfinished_files_are_not_read_again_and_again_while_they_rest(server, client, queue):
    size, count = 500_000, 40
    text = b'{"event":"unfinished","payload":[' + b"1," * (size // 2)
    before = server.bytes_read()
    for number in range(count):
        place(queue, name_of(number), text)
    # Many looks at the directory, each of which finds them all: these come behind them by name.
    for number in range(count, 2 * count):
        place(queue, name_of(number), '{"event":"good"}')
        assert client.receive_events()[0]["event"] == "good"
    eventually(lambda: len(failed(queue)) == 2 * count, lambda: failed(queue))
    # Once when they come, once when they are judged, and once for the notice and the listing that both saw them.
    assert server.bytes_read() - before < 4 * count * size
