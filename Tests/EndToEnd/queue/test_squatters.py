"""What is the server's in a drop box is the server's alone, whoever came first.

The server and two publishers are three ordinary users; the box is made as the package makes it. One of the publishers
is hostile.
"""

import contextlib
import fcntl
import json
import os
import shutil
import stat
import subprocess
import sys
import time

import pytest

from support.client import Client
from support.files import place, waiting
from support.marks import needs_root
from support.waiting import eventually

SERVER, HONEST, HOSTILE, GROUP = 64_100, 64_101, 64_102, 64_110
pytestmark = needs_root


def as_user(user, *command, **how):
    """Runs a command as a publisher of the box's group."""
    prefix = ["setpriv", f"--reuid={user}", f"--regid={user}", f"--groups={GROUP}"]
    return subprocess.run([*prefix, *command], capture_output=True, text=True, timeout=30, **how)


def as_hostile(script, *words):
    """Runs a script as the hostile publisher."""
    return as_user(HOSTILE, "sh", "-c", "umask 0; " + script, "sh", *map(str, words))


@pytest.fixture
def box(queue):
    """A drop box as the package makes it."""
    os.chown(queue, SERVER, GROUP)
    os.chmod(queue, 0o3730)
    return queue


@pytest.fixture
def serve(box, start):
    """Starts servers as their own user, who is in the box's group, with the unit's umask."""
    prefix = ["setpriv", f"--reuid={SERVER}", f"--regid={SERVER}", f"--groups={GROUP}", "sh", "-c",
              'umask 007; exec "$@"', "sh"]
    return lambda *options, **how: start(*options, prefix=prefix, **how)


@pytest.fixture
def post(binaries, box):
    """Publishes as a user."""
    def run(user, *words):
        return as_user(user, str(binaries / "wsqueue-publish"), "-d", str(box), *words)
    return run


def entry(path):
    status = os.lstat(path)
    return status.st_uid, oct(status.st_mode & 0o777)


def displaced(server, name):
    """The log's line about an entry that had to make room."""
    (line,) = [line for line in server.logged("queue.displaced") if line["file"].endswith("/" + name)]
    assert line["owner"] == str(HOSTILE) and line["moved"].startswith(f".foreign-{name}-")
    return line["moved"]


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}


def send_one(server, post, event="real"):
    with Client(server) as client:
        assert post(HONEST, event).returncode == 0
        assert client.receive_events()[0]["event"] == event


def test_everything_of_the_servers_is_made_at_start_for_it_alone(serve, box, binaries):
    serve()
    modes = {name: oct(os.lstat(box / name).st_mode) for name in os.listdir(box)}
    assert modes[".failed"][-3:] == modes[".journal"][-3:] == "700"
    assert modes[".lock"] == oct(stat.S_IFREG | 0o600)
    assert modes[".server"] == oct(stat.S_IFIFO | 0o622)
    assert modes[".address"] == oct(stat.S_IFREG | 0o644)
    for path in (".failed", ".journal", ".lock"):
        assert as_hostile('cat "$1" || ls "$1/"', box / path).returncode != 0


def test_a_rejected_event_is_read_by_no_other_publisher(serve, box):
    server = serve()
    bad = '{"event":"salary","payload":{"pin":4711}'
    script = 'umask 007; printf %s "$2" >"$1/.x.tmp"; mv "$1/.x.tmp" "$1/bad.json"'
    as_user(HONEST, "sh", "-c", script, "sh", str(box), bad)
    server.wait_for("event.rejected", file="bad.json")
    assert "4711" not in as_hostile('ls -R "$1/.failed"; cat "$1"/.failed/*', box).stdout
    assert stat.S_IMODE(os.lstat(box / ".failed/bad.json.why").st_mode) == 0o600


@pytest.mark.parametrize("words", [["x"], ["-i", "order-7", "x"]], ids=["by time", "by id"])
def test_a_publisher_learns_that_its_event_was_refused_where_it_may_not_look(serve, box, post, words):
    serve("--event-size", "1K")
    result = post(HONEST, "-w10s", *words, "text=" + "x" * 2_000)
    assert result.returncode == 65 and "queued, but the server refused" in result.stderr
    assert post(HONEST, "-w10s", *words).returncode == 0


@pytest.mark.parametrize("kind", ["a directory", "a file", "a link", "a FIFO"])
@pytest.mark.parametrize("name", [".failed", ".journal", ".lock", ".server", ".address", ".control"])
def test_no_one_keeps_the_server_out_by_making_its_entries_first(serve, box, post, name, kind, tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "precious").write_text("precious")
    make = {"a directory": 'mkdir "$1"; echo x >"$1/inside"', "a file": 'echo 4711 >"$1"',
            "a link": 'ln -s "$2" "$1"', "a FIFO": 'mkfifo "$1"'}[kind]
    assert as_hostile(make, box / name, tmp_path / "precious").returncode == 0
    server = serve()
    moved = displaced(server, name)
    assert os.lstat(box / moved).st_uid == HOSTILE
    assert entry(box / name)[0] == SERVER
    send_one(server, post)
    assert (tmp_path / "precious").read_text() == "precious"


def test_a_directory_for_what_failed_that_another_made_is_read_and_emptied_by_nobody_but_us(serve, box):
    as_hostile('mkdir "$1/.failed"', box)
    server = serve()
    as_user(HONEST, "sh", "-c", 'printf "{" >"$1/.x.tmp"; mv "$1/.x.tmp" "$1/bad.json"', "sh", str(box))
    server.wait_for("event.rejected", file="bad.json")
    assert as_hostile('ls "$1/.failed"', box).returncode != 0
    assert os.path.exists(box / ".failed/bad.json")


def test_a_planted_history_is_neither_told_nor_written_on(serve, box, post, start, tmp_path, binaries):
    # The hostile publisher's own server has written it.
    other = tmp_path / "other"
    other.mkdir()
    forger = start(directory=other)
    place(other, "id-bank-transfer-9.json", json.dumps({"event": "forged", "id": "bank-transfer-9"}))
    eventually(lambda: waiting(other) == [], "the forged event is in the journal")
    epoch = forger.wait_for("server.start")["epoch"]
    forger.terminate()
    planted = box / ".journal"
    shutil.copytree(other / ".journal", planted)
    for path in [planted, *planted.iterdir()]:
        os.chown(path, HOSTILE, GROUP)
        os.chmod(path, 0o777 if path == planted else 0o666)
    server = serve()
    moved = displaced(server, ".journal")
    before = contents(box / moved)
    with Client(server, f"/?channels=**&since={epoch}:0") as client:
        assert post(HONEST, "-i", "bank-transfer-9", "real").returncode == 0
        events = []
        while not events:
            events = [one for one in client.receive_events() if "event" in one]
        assert [event["event"] for event in events] == ["real"]
    assert not server.logged("event.duplicate")
    assert contents(box / moved) == before


def test_a_mark_that_a_later_server_has_been_here_is_only_its_own(serve, box, post):
    serve().terminate()
    mark = box / ".journal/version-9-needs-wsqueue-9-or-newer.segment"
    mark.mkdir()
    os.chown(mark, HOSTILE, GROUP)
    server = serve()
    displaced(server, mark.name)
    send_one(server, post)


def test_a_planted_segment_in_a_directory_of_ours_that_was_open_is_left_out(serve, box, post):
    serve().terminate()
    (box / ".journal").chmod(0o777)
    (segment,) = [path for path in (box / ".journal").glob("*.segment") if path.is_file()]
    planted = segment.with_name("aaaaaaaa-00000000000000000000.segment")
    shutil.copy(segment, planted)
    os.chown(planted, HOSTILE, GROUP)
    server = serve()
    moved = displaced(server, planted.name)
    assert os.path.exists(box / ".journal" / moved)
    assert entry(box / ".journal") == (SERVER, "0o700")
    send_one(server, post)


HOLD = """
import fcntl, sys
file = open(sys.argv[1])
fcntl.flock(file, {"shared": fcntl.LOCK_SH, "exclusive": fcntl.LOCK_EX}[sys.argv[2]])
print("held", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def lock_held(path, kind):
    """A lock that the hostile publisher has."""
    prefix = ["setpriv", f"--reuid={HOSTILE}", f"--regid={HOSTILE}", f"--groups={GROUP}"]
    with subprocess.Popen([*prefix, sys.executable, "-c", HOLD, str(path), kind],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == b"held\n"
            yield process
        finally:
            process.stdin.close()


@pytest.mark.parametrize("kind", ["shared", "exclusive"])
def test_a_lock_that_others_could_open_and_hold_keeps_no_server_from_starting(serve, box, post, kind):
    # What servers have made before. The number is another process's by now, and what that has open is hidden.
    (box / ".lock").write_text(f"{os.getpid()}\n")
    os.chown(box / ".lock", SERVER, GROUP)
    (box / ".lock").chmod(0o644)
    with lock_held(box / ".lock", kind):
        server = serve()
        assert entry(box / ".lock") == (SERVER, "0o600")
        send_one(server, post)
        second = serve(is_ready=False)
        assert second.exit_status() == 75 and str(server.pid) in second.log


def test_nobody_but_the_server_can_lock_its_lock(serve, box):
    server = serve()
    script = "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_SH)"
    assert as_user(HOSTILE, sys.executable, "-c", script, str(box / ".lock")).returncode != 0
    server.terminate()
    assert as_user(HOSTILE, sys.executable, "-c", script, str(box / ".lock")).returncode != 0
    serve()


def test_a_lock_of_somebody_unknown_is_told_with_what_finds_him(serve, box):
    serve().terminate()
    with open(box / ".lock") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        second = serve(is_ready=False)
        assert second.exit_status() == 75
        (line,) = second.logged("server.failed")
        assert "pid" not in line["error"] and "fuser" in line["hint"]


def test_root_is_kept_out_by_the_server_of_the_directorys_owner(serve, box, start):
    server = serve()
    second = start(is_ready=False)
    assert second.exit_status() == 75
    assert str(server.pid) in second.log
    assert entry(box / ".lock") == (SERVER, "0o600")


def test_where_others_entries_cannot_be_moved_the_start_fails_and_says_what_to_do(start, queue):
    os.chmod(queue, 0o1777)
    as_hostile('mkdir "$1/.failed"', queue)
    server = start(as_nobody=True, is_ready=False)
    assert server.exit_status() == 77
    (line,) = server.logged("server.failed")
    assert ".failed" in line["error"] and "root" in line["hint"]


def test_the_server_is_seen_by_publishers_that_may_not_open_its_lock(serve, box, post):
    assert post(HONEST, "-w1s", "before").returncode == 69
    server = serve("--hold-without-clients")
    assert post(HONEST, "-w300ms", "while").returncode == 75
    server.process.kill()
    server.exit_status()
    assert post(HONEST, "-w3s", "after").returncode == 69


@pytest.mark.parametrize("make", ['mkfifo -m 622 "$1"; exec 9<>"$1"; sleep 5', 'echo x >"$1"', 'mkdir "$1"'])
def test_a_publisher_does_not_believe_another_one_that_a_server_is_there(box, post, make):
    (box / ".lock").touch()
    prefix = ["setpriv", f"--reuid={HOSTILE}", f"--regid={HOSTILE}", f"--groups={GROUP}"]
    with subprocess.Popen([*prefix, "sh", "-c", "umask 0; " + make, "sh", str(box / ".server")]) as process:
        eventually(lambda: os.path.lexists(box / ".server"), "the sign is made")
        # It cannot be told, and never that there is none.
        assert post(HONEST, "-w300ms", "e").returncode == 75
        process.kill()


def test_what_an_older_server_has_left_is_no_sign_of_none(box, post):
    (box / ".lock").write_text("1\n")
    assert post(HONEST, "-w1200ms", "e").returncode == 75


def test_where_no_fifo_can_be_told_the_time_of_the_address_does(serve, box, post):
    serve("--hold-without-clients").terminate()
    os.unlink(box / ".server")
    assert post(HONEST, "-w300ms", "soon").returncode == 75
    os.utime(box / ".address", (time.time() - 60, time.time() - 60))
    assert post(HONEST, "-w2s", "late").returncode == 69


def test_nobody_reads_what_is_written_to_the_sign_and_it_stops_no_one(serve, box, post):
    server = serve()
    script = """
import os, sys
file = os.open(sys.argv[1], os.O_WRONLY | os.O_NONBLOCK)
try:
    while True:
        os.write(file, b"x" * 4096)
except BlockingIOError:
    print("full")
"""
    assert as_user(HOSTILE, sys.executable, "-c", script, str(box / ".server")).stdout == "full\n"
    assert as_hostile('cat <"$1"', box / ".server").returncode != 0
    send_one(server, post)
    assert post(HONEST, "-w", "e").returncode == 0


def test_the_address_tells_where_the_server_is(serve, box):
    server = serve()
    assert (box / ".address").read_text() == f"pid={server.pid}\nlisten=127.0.0.1:{server.port}\n"


@pytest.mark.parametrize("is_link", [False, True], ids=["a directory", "a link to one"])
def test_a_journal_elsewhere_is_in_no_directory_of_somebody_else(start, box, is_link):
    shared = box.parent / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    at = shared / "journal"
    make = 'mkdir "$1.d"; ln -s "$1.d" "$1"' if is_link else 'mkdir "$1"'
    assert as_hostile(make, at).returncode == 0
    server = start("--journal", str(at))
    displaced(server, "journal")
    assert entry(at) == (0, "0o700")
    # Where the entry cannot be moved, it is not used.
    other = shared / "other"
    assert as_hostile('mkdir "$1"', other).returncode == 0
    server = start("--journal", str(other), directory=box, as_nobody=True, is_ready=False)
    assert server.exit_status() == 77


def test_a_journal_elsewhere_is_closed_to_others_where_it_is_ours(start, tmp_path):
    at = tmp_path / "journal"
    at.mkdir(mode=0o755)
    start("--journal", str(at))
    assert entry(at) == (0, "0o700")


def test_a_directory_with_other_things_is_not_closed_to_others_by_mistake(start, tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "theirs").touch()
    server = start("--journal", str(tmp_path), is_ready=False)
    assert server.exit_status() == 73
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_the_name_of_a_node_that_another_made_is_not_taken(serve, box, redis, tmp_path):
    as_hostile('echo aaaaaaaaaaaaaaaa >"$1/.node"', box)
    server = serve("--redis", redis.url)
    displaced(server, ".node")
    assert entry(box / ".node") == (SERVER, "0o600")
    assert b"aaaaaaaaaaaaaaaa" not in (box / ".node").read_bytes()
