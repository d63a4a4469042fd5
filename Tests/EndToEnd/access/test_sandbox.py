"""A server that has shut itself in reaches its own files in every thread and nothing else, and works as ever."""

import errno
import json
import os
import shutil

import pytest

from support.client import Client
from support.files import name_of, place, waiting
from support.http import request
from support.injection import needs_injection, open_in, threads
from support.waiting import eventually

pytestmark = pytest.mark.skipif(
    not os.path.exists("/proc/sys/kernel/random"), reason="no /proc")


def is_shut_in(server):
    line = server.wait_for("server.start")
    if line["sandbox"] != "files":
        pytest.skip(line.get("sandbox_why", "no Landlock"))
    return server


def deliver(server, queue, number):
    with Client(server) as client:
        place(queue, name_of(number), json.dumps({"event": "n", "payload": number}))
        [event] = client.receive_events(1)
        assert event["payload"] == number
    eventually(lambda: waiting(queue) == [], "its file is deleted")


@needs_injection
def test_no_thread_opens_what_is_not_the_servers(start, queue, tmp_path):
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "secret").write_text("x")
    server = is_shut_in(start("--threads", "2"))
    deliver(server, queue, 1)
    everybody = threads(server.process.pid)
    assert len(everybody) >= 5, everybody
    for thread in everybody:
        for path, flags in [
                ("/etc/passwd", os.O_RDWR), (str(outside / "secret"), os.O_RDONLY), (str(outside), os.O_RDONLY),
                ("/usr/bin/env", os.O_RDONLY), (str(outside / "new"), os.O_WRONLY | os.O_CREAT)]:
            assert open_in(thread, path, flags) == -errno.EACCES, (thread, path)
        assert open_in(thread, str(queue), os.O_RDONLY) >= 0
    assert not (outside / "new").exists()
    # It has noticed nothing.
    deliver(server, queue, 2)
    status = [open(f"/proc/{server.process.pid}/task/{one}/status").read() for one in threads(server.process.pid)]
    assert all("NoNewPrivs:\t1" in text for text in status)


def test_a_queue_that_is_removed_and_made_anew_is_served(start, queue):
    server = is_shut_in(start())
    deliver(server, queue, 1)
    shutil.rmtree(queue)
    server.wait_for("queue.missing")
    queue.mkdir()
    server.wait_for("queue.back")
    deliver(server, queue, 2)
    place(queue, name_of(3), "{")
    server.wait_for("event.rejected")
    assert [path.name for path in (queue / ".failed").iterdir() if path.suffix == ".json"]


def test_files_that_are_replaced_are_read_again(start, queue, tmp_path):
    secrets = tmp_path / "access"
    secrets.mkdir()
    rules = secrets / "rules.json"
    rules.write_text("[]")
    log = tmp_path / "log" / "server.log"
    log.parent.mkdir()
    server = start("--rules", rules, "--log-file", log, is_ready=False)

    def lines():
        return log.read_text() if log.exists() else ""

    eventually(lambda: "ev=server.ready" in lines(), "it is ready")
    if "sandbox=files" not in lines():
        pytest.skip("no Landlock")
    (secrets / "new").write_text('[{"channel":"a","subscribe":"none"}]')
    os.rename(secrets / "new", rules)
    os.rename(log, log.with_suffix(".1"))
    server.process.send_signal(1)
    eventually(lambda: "ev=rules.reload" in lines(), "the log is opened anew, and the rules are read")
    assert "error=" not in lines()
    place(queue, name_of(1), '{"event":"n"}')
    eventually(lambda: waiting(queue) == [], "its file is deleted")


def test_a_path_with_a_link_is_served_without_rules(start, tmp_path):
    (tmp_path / "release").mkdir()
    (tmp_path / "current").symlink_to("release")
    (tmp_path / "release" / "queue").mkdir()
    queue = tmp_path / "current" / "queue"
    server = start(directory=queue)
    line = server.wait_for("server.start")
    assert line["sandbox"] == "privileges" and "symbolic link" in line["sandbox_why"]
    deliver(server, queue, 1)


def test_what_makes_a_socket_makes_it_again(start, queue, tmp_path):
    path = tmp_path / "run" / "ws.sock"
    path.parent.mkdir()
    server = is_shut_in(start("--listen", f"unix:{path}"))
    assert path.is_socket()
    assert server.terminate() == 0
    assert not path.exists()


def test_it_can_be_switched_off(start, queue):
    server = start("--sandbox", "off")
    assert server.wait_for("server.start")["sandbox"] == "off"
    assert request(server, "/live").status == 200
