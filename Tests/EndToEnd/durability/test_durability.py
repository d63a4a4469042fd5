"""What must be on the disk before what: the order of system calls decides what a power cut may take."""

import os
import re
import subprocess

import pytest

from support.files import name_of, place, waiting
from support.trace import read_trace, require_strace, traced
from support.waiting import eventually

SERVER_CALLS = ["openat", "pwrite64", "fdatasync", "fsync", "unlinkat", "mkdirat"]
PUBLISHER_CALLS = ["openat", "write", "fchmod", "fdatasync", "fsync", "close", "renameat2"]


def deleted(calls, name):
    [call] = [call for call in calls if call.name == "unlinkat" and call.names(name)]
    return call


def are_in_order(calls):
    return all(one.end < next_one.begin for one, next_one in zip(calls, calls[1:]))


def run_server(start, queue, trace, *options):
    """Events one by one and in a crowd, all deleted; gives the calls and the names of the files."""
    require_strace()
    # Its own thread lets the hub go on while the disk works, so most of these calls are in the trace in two halves.
    server = start(*options, prefix=traced(trace, SERVER_CALLS, detached=True))
    names = [name_of(number) for number in range(30)]
    for number, name in enumerate(names):
        place(queue, name, '{"event":"n","id":"identity-%02d."}' % number)
        if number < 10:
            eventually(lambda: waiting(queue) == [], "the file is deleted")
    eventually(lambda: waiting(queue) == [], "the files are deleted")
    assert server.terminate() == 0
    return read_trace(trace), names


def test_a_file_is_deleted_once_its_event_is_in_the_journal_and_that_on_the_disk(start, queue, tmp_path):
    calls, names = run_server(start, queue, tmp_path / "trace")
    syncs = [call for call in calls if call.name == "fdatasync" and call.names(".segment>")]
    for number, name in enumerate(names):
        [write] = [call for call in calls if call.name == "pwrite64" and call.names("identity-%02d." % number)]
        deletion = deleted(calls, name)
        assert any(are_in_order([write, sync, deletion]) for sync in syncs), name
    # One for each file would be more than the disk needs.
    assert len(syncs) < len(names) + 5


def test_the_name_of_a_segment_is_on_the_disk_before_a_file_is_deleted_whose_event_is_in_it(start, queue, tmp_path):
    calls, names = run_server(start, queue, tmp_path / "trace", "--journal-events", "8")
    folder_syncs = [call for call in calls if call.name == "fsync" and call.names("/.journal>")]
    segments = set()
    for number, name in enumerate(names):
        [write] = [call for call in calls if call.name == "pwrite64" and call.names("identity-%02d." % number)]
        segment = re.search(r"[^/]*\.segment", write.arguments)[0]
        segments.add(segment)
        created = next(call for call in calls if call.name == "openat" and call.names(f'"{segment}"'))
        deletion = deleted(calls, name)
        assert any(are_in_order([created, sync, deletion]) for sync in folder_syncs), name
    assert len(segments) > 5


def test_the_name_of_the_journal_is_on_the_disk_before_any_file_is_deleted(start, queue, tmp_path):
    calls, names = run_server(start, queue, tmp_path / "trace")
    [made] = [call for call in calls if call.name == "mkdirat" and call.names('".journal"')]
    syncs = [call for call in calls if call.name == "fsync" and call.names(f"{queue}>")]
    assert any(are_in_order([made, sync, deleted(calls, names[0])]) for sync in syncs)


def test_names_that_a_killed_server_has_made_are_brought_to_the_disk_by_the_next_one(start, queue, tmp_path):
    require_strace()
    (queue / ".journal").mkdir(mode=0o700)
    server = start(prefix=traced(tmp_path / "trace", SERVER_CALLS, detached=True))
    place(queue, name_of(1), "no event")
    eventually(lambda: (queue / ".failed" / name_of(1)).exists(), "it is set aside")
    assert server.terminate() == 0
    calls = read_trace(tmp_path / "trace")
    syncs = [call for call in calls if call.name == "fsync"]
    used = next(call for call in calls if call.name == "openat" and ".segment" in call.arguments)
    for directory in (queue, queue.parent):
        assert any(are_in_order([sync, used]) for sync in syncs if sync.names(f"{directory}>")), directory
    [made] = [call for call in calls if call.name == "mkdirat" and call.names('".failed"')]
    assert any(are_in_order([made, sync]) for sync in syncs if sync.names(f"{queue}>"))


def test_what_a_killed_server_had_written_is_on_the_disk_before_the_next_one_relies_on_it(start, queue, tmp_path):
    require_strace()
    first = start()
    place(queue, name_of(1), '{"event":"n","id":"known"}')
    eventually(lambda: waiting(queue) == [], "the file is deleted")
    first.process.kill()
    first.exit_status()
    place(queue, name_of(2), '{"event":"n","id":"known"}')
    server = start(prefix=traced(tmp_path / "trace", SERVER_CALLS, detached=True))
    server.wait_for("event.duplicate")
    eventually(lambda: waiting(queue) == [], "the file is deleted")
    assert server.terminate() == 0
    calls = read_trace(tmp_path / "trace")
    syncs = [call for call in calls if call.name == "fdatasync" and call.names(".segment>")]
    assert are_in_order([syncs[0], deleted(calls, name_of(2))])


@pytest.mark.parametrize("level, wanted", [
    ("none", ["openat", "write", "fchmod", "close", "renameat2"]),
    ("data", ["openat", "write", "fchmod", "fdatasync", "close", "renameat2"]),
    ("full", ["openat", "write", "fchmod", "fdatasync", "renameat2", "fsync of the queue", "close"]),
])
def test_a_publisher_makes_its_calls_in_the_order_of_its_level(
        queue, binaries, tmp_path, level, wanted, is_measured):
    require_strace()
    trace = tmp_path / "trace"
    command = [str(binaries / "wsqueue-publish"), "-d", str(queue), "--sync", level, "order.created", "id:=7"]
    subprocess.run([*traced(trace, PUBLISHER_CALLS), *command], check=True)
    [name] = waiting(queue)
    calls = []
    for call in read_trace(trace):
        if call.name == "fsync" and call.names(f"<{queue}>"):
            calls.append("fsync of the queue")
        elif call.names(f"{queue}/") or re.search(r'"\.[^"]', call.arguments):
            calls.append(call.name)
            if call.name == "openat":
                assert "O_EXCL" in call.arguments and "O_NOFOLLOW" in call.arguments
            if call.name == "renameat2":
                assert call.names(f'"{name}", RENAME_NOREPLACE')
    if not is_measured:
        # A sanitizer's start writes the command line, and with it the directory's name.
        calls = calls[calls.index("openat"):]
    assert calls == wanted
    assert os.stat(queue / name).st_size > 0
