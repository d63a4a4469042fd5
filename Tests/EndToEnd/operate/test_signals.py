"""Signals and limits that the server was started with."""

import json
import signal
import subprocess

import pytest

from support.client import Client
from support.files import failed, name_of, place, place_each, waiting
from support.ports import free_port
from support.preloading import needs_compiler
from support.waiting import eventually


@needs_compiler
def test_a_thread_of_a_preloaded_library_takes_no_signal_away(start, idle_thread):
    server = start(prefix=idle_thread)
    for number, line in ((signal.SIGHUP, "server.reload"), (signal.SIGUSR1, "server.status")):
        for count in range(1, 6):
            server.process.send_signal(number)
            eventually(lambda: server.times(line) >= count, f"{number} is obeyed")
    assert server.terminate() == 0


@pytest.mark.parametrize("options", [(), ("--journal", "off")])
def test_a_limit_for_files_is_a_full_disk(start, queue, tmp_path, options):
    log, limit = tmp_path / "log", 1 << 16
    log.touch()
    port = free_port()
    server = start(
        "--log-file", str(log), "--log-events", "all", *options, prefix=["prlimit", f"--fsize={limit}", "--"],
        listen=f"127.0.0.1:{port}", is_ready=False)
    eventually(lambda: "server.ready" in log.read_text(), "it is ready")
    server.host, server.port = "127.0.0.1", port
    with Client(server) as client:
        for first in range(0, 600, 100):
            place_each(queue, range(first, first + 100), filling="x" * 200)
            assert [event["payload"] for event in client.receive_events(100)] == list(range(first, first + 100))
        place(queue, name_of(1000), "{no")
        eventually(lambda: failed(queue), "it is set aside")
    assert log.stat().st_size <= limit and server.process.poll() is None
    if options:
        eventually(lambda: waiting(queue) == [], "all are deleted")
    else:
        segments = [path.stat().st_size for path in (queue / ".journal").iterdir()]
        assert max(segments) <= limit and waiting(queue), segments
    assert server.terminate() == 0


def ignore_ends_of_children():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def test_a_command_of_tail_is_waited_for_where_ends_of_children_are_ignored(server, queue, binaries):
    with subprocess.Popen(
            [binaries / "wsqueue-server", "tail", f"{server.host}:{server.port}", "-n", "2", "--exec", "cat"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, preexec_fn=ignore_ends_of_children) as tail:
        eventually(lambda: server.logged("client.open"), "it has come")
        place_each(queue, [1, 2])
        assert [json.loads(line)["payload"] for line in tail.communicate(timeout=20)[0].splitlines()] == [1, 2]
        assert tail.returncode == 0
