"""`/live` and `/ready`: each reason not to be ready is brought about, seen, and taken away again."""

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from support.client import Client
from support.disks import Disk, mount_memory, unmount
from support.files import name_of, place, waiting
from support.http import request
from support.ports import free_port
from support.trace import require_strace
from support.server import NOBODY
from support.waiting import eventually

EVENT = '{"event":"n"}'


def ask(server, path="/ready", host="localhost", method="GET"):
    return request(server, path, host=host, method=method)


def reasons(server):
    """Why it is not ready, in words; asked as somebody from elsewhere."""
    answer = ask(server)
    told = json.loads(answer.body)
    names = [reason["reason"] for reason in told["reasons"]]
    assert (answer.status, told["ready"]) == ((503, False) if names else (200, True))
    assert answer.headers["cache-control"] == "no-store"
    assert not any(str(server.queue.parent) in reason["detail"] for reason in told["reasons"])
    return names


def becomes(server, wanted):
    eventually(lambda: reasons(server) == wanted, lambda: f"{reasons(server)} is not {wanted}")


def test_a_server_with_nothing_to_do_is_live_and_ready(start):
    server = start("--threads", "4")
    answer = ask(server, "/live")
    assert (answer.status, answer.body) == (200, b"live\n")
    assert reasons(server) == []
    assert ask(server, method="HEAD").body == b""
    assert ask(server, "/live", method="POST").status == 405
    with Client(server):
        assert reasons(server) == [] and ask(server, "/live").status == 200


def test_a_queue_that_is_taken_away(server, queue):
    os.rename(queue, queue.with_name("elsewhere"))
    # Its journal has gone with it, and may still be written there.
    becomes(server, ["queue"])
    assert ask(server, "/live").status == 200
    os.rename(queue.with_name("elsewhere"), queue)
    becomes(server, [])
    shutil.rmtree(queue)
    becomes(server, ["queue"])
    queue.mkdir()
    becomes(server, [])


def test_a_queue_that_the_server_may_not_write(start, queue):
    queue.chmod(0o777)
    server = start("--journal", "off", as_nobody=True)
    assert reasons(server) == []
    queue.chmod(0o555)
    becomes(server, ["queue"])
    server.wait_for("queue.nowrite")
    queue.chmod(0o777)
    becomes(server, [])


def test_a_journal_that_the_server_may_not_write(start, queue):
    queue.chmod(0o777)
    journal = queue.with_name("journal")
    journal.mkdir()
    if os.geteuid() == 0:
        os.chown(journal, NOBODY, NOBODY)
    server = start("--journal", str(journal), as_nobody=True)
    if os.geteuid() == 0:
        os.chown(journal, 0, 0)
    journal.chmod(0o555)
    becomes(server, ["journal"])
    journal.chmod(0o777)
    becomes(server, [])


def test_a_disk_that_becomes_read_only(start, tmp_path):
    disk = Disk(tmp_path / "image", tmp_path / "disk")
    try:
        queue = disk.path / "queue"
        queue.mkdir()
        server = start(directory=queue)
        assert reasons(server) == []
        with Client(server):
            server.signal(signal.SIGSTOP)
            place(queue, name_of(1), EVENT)
            disk.cut()
            server.signal(signal.SIGCONT)
            becomes(server, ["journal"])
        # The directory is another one, but the server is there for it.
        disk.unmount()
        becomes(server, ["queue", "journal"])
        queue.mkdir()
        becomes(server, [])
    finally:
        disk.unmount()


def test_a_journal_on_a_full_disk(start, queue):
    journal = queue.with_name("journal")
    journal.mkdir()
    mount_memory(journal, "256k")
    try:
        server = start("--journal", str(journal))
        with open(journal / "ballast", "wb", buffering=0) as ballast:
            with pytest.raises(OSError):
                while True:
                    ballast.write(b"x" * 4_096)
            # What is in the segment's last page may still be filled up.
            for number in range(3):
                place(queue, name_of(number), json.dumps({"event": "n", "payload": "x" * 4_096}))
            becomes(server, ["journal"])
            server.wait_for("journal.error")
            ballast.truncate(0)
        becomes(server, [])
        eventually(lambda: waiting(queue) == [], "the files are deleted")
    finally:
        unmount(journal)


def test_a_backlog_of_old_files_until_it_is_done(start, memory_queue):
    require_strace()
    # Each file that is opened takes its time, as on a slow disk; three of them are one pass.
    for number in range(20):
        place(memory_queue, name_of(number), json.dumps({"event": "n", "payload": "x" * 100_000}))
    server = start("--ready-age", "5s", directory=memory_queue, prefix=injecting("openat", "delay_enter=20000"))
    becomes(server, ["oldest"])
    becomes(server, [])
    eventually(lambda: waiting(memory_queue) == [], "the queue is empty")


def burden_stuck_loop(server):
    """Connections of a loop that is stuck, while the other has none: later ones go to the loop with the fewest."""
    connections = [socket.create_connection((server.host, server.port)) for _ in range(8)]
    for connection in connections:
        connection.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
    eventually(lambda: len(select.select(connections, [], [], 0)[0]) == 4, "the other loop has answered its half")
    for connection in select.select(connections, [], [], 0)[0]:
        connection.close()
        connections.remove(connection)
    return connections


@pytest.mark.takes(10)
def test_an_event_loop_that_is_stuck(start, tmp_path):
    require_strace()
    server = start("--threads", "2")
    [thread] = [
        int(name) for name in os.listdir(f"/proc/{server.pid}/task")
        if Path(f"/proc/{server.pid}/task/{name}/comm").read_text() == "wsq-loop-1\n"]
    # Its next wait does not begin for a long time.
    trace = tmp_path / "trace"
    trace.touch()
    stopper = subprocess.Popen(
        ["strace", "-p", str(thread), "-o", str(trace), "-e", "trace=epoll_wait,epoll_pwait", "-e",
         "inject=epoll_wait,epoll_pwait:delay_enter=60000000"], stderr=subprocess.DEVNULL)
    connections = []
    try:
        # A thread that is only traced still serves the clients of the wait it is in.
        eventually(lambda: "wait(" in trace.read_text(), "it is held")
        connections = burden_stuck_loop(server)
        assert (ask(server, "/live").status, reasons(server)) == (200, [])
        eventually(lambda: ask(server, "/live").status == 503, "it is missed", 15)
        assert ask(server, "/live").body == b"stuck event loops: [1]\n"
        assert reasons(server) == ["loop"]
    finally:
        stopper.kill()
        stopper.wait()
        for connection in connections:
            connection.close()
    becomes(server, [])
    assert ask(server, "/live").status == 200


def test_files_that_wait_for_a_client_or_their_time_keep_nobody_away(start, queue):
    server = start("--hold-without-clients", "--ready-age", "1s")
    place(queue, "1700000000.json", EVENT)
    place(queue, ".held-1700000000.json", EVENT)
    place(queue, f"at-{int(time.time()) + 3600}.json", EVENT)
    eventually(lambda: b'"waiting":1' in ask(server, "/status.json", "localhost").body, "it is known")
    assert reasons(server) == []
    with Client(server) as client:
        client.receive()
        assert reasons(server) == []


def test_a_server_that_is_being_stopped(start, queue):
    server = start("--drain", "10s", "--journal", "off", "--behind-age", "1h", "--behind-size", "64M")
    with Client(server, receive_buffer=4_096):
        for number in range(50):
            place(queue, name_of(number), json.dumps({"event": "n", "payload": "x" * 100_000}))
        eventually(lambda: b'"behind":1' in ask(server, "/status.json", "localhost").body, "it is behind")
        server.process.terminate()
        server.wait_for("server.drain")
        becomes(server, ["draining"])
        assert ask(server, "/live").status == 200
    # The client has gone, and with it what the server waited for.
    assert server.exit_status() == 0


def test_a_server_that_has_not_looked_at_its_queue(start, queue):
    require_strace()
    # The first listing of the queue takes two seconds: the sixth, after the journal and what failed, each twice, and
    # what is on its way to deletion.
    slow = injecting("getdents64", "delay_enter=1000000:when=11..12")
    port = free_port()
    server = start(prefix=slow, is_ready=False, listen=f"127.0.0.1:{port}")
    server.host, server.port = "127.0.0.1", port
    eventually(lambda: is_listening(port), "it listens")
    assert reasons(server) == ["starting"]
    assert server.logged("server.ready") == []
    becomes(server, [])


def injecting(call, what):
    """What to put before a command to have one of its system calls behave otherwise (strace(1))."""
    return ["strace", "-D", "-f", "-o", os.devnull, "-e", f"trace={call}", "-e", f"inject={call}:{what}", "--"]


def is_listening(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0
