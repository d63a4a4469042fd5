"""What the server tells its operator, and nobody else."""

import json
import os
import re
import subprocess

import pytest

from support.client import Client
from support.files import name_of, place, waiting
from support.http import exchange, request
from support.speaking import Speaking
from support.tokens import make_token, write_secrets
from support.waiting import eventually


def ask(server, *fields, **how):
    return request(server, "/status.json", *fields, **how)


def status(server):
    answer = ask(server)
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store"), answer.body
    return json.loads(answer.body)


@pytest.mark.parametrize("threads", ["1", "4"])
def test_the_clients_of_all_loops_are_told(start, threads):
    server = start("--threads", threads)
    with Client(server), Speaking(server, "/?channels=a,b.*") as speaking:
        clients = status(server)["clients"]
        assert (clients["total"], clients["behind"]) == (2, 0)
        [plain, other] = sorted(clients["list"], key=lambda client: client["connection"])
        assert (plain["dialect"], plain["channels"]) == ("plain", [])
        assert other["connection"] == speaking.id
        assert (other["dialect"], other["channels"], other["channel_count"]) == ("wsqueue.v1", ["a", "b.*"], 2)
        assert other["address"].startswith("127.0.0.1:") and other["behind_bytes"] == 0
    eventually(lambda: status(server)["clients"]["total"] == 0, "they are gone")


def test_a_client_that_does_not_read_is_told_with_what_it_is_owed(start, queue):
    server = start("--behind-age", "1h", "--behind-size", "64M")
    with Client(server, receive_buffer=4096):
        for number in range(100):
            place(queue, name_of(number), json.dumps({"event": "n", "payload": "x" * 100_000}))
        clients = eventually(lambda: (now := status(server)["clients"])["behind"] == 1 and now, "one is behind")
        assert clients["list"][0]["behind_bytes"] > 0


def test_the_queue_is_told(start, queue):
    server = start("--hold-without-clients")
    place(queue, "1700000000_65532d4a1b2c3.json", json.dumps({"event": "n"}))
    told = eventually(lambda: (now := status(server)["queue"])["waiting"] == 1 and now, "one waits")
    assert told["oldest_ms"] > 1e9
    with Client(server) as client:
        client.receive()
        told = eventually(lambda: (now := status(server))["queue"]["waiting"] == 0 and now, "none waits")
        assert (told["seq"], told["sent"], "oldest_ms" in told["queue"]) == (1, 1, False)


def test_times_of_the_last_moment_are_told(server, queue):
    place(queue, name_of(1), json.dumps({"event": "n"}))
    wait = eventually(lambda: (now := status(server)["wait"])["count"] == 1 and now, "the event is counted")
    assert 0 < wait["p50_us"] == wait["p99_us"] == wait["max_us"]
    eventually(lambda: status(server)["wait"]["count"] == 0, "that is the past")


def test_failed_files_are_told_with_their_reasons_the_newest_first(start, queue):
    server = start()
    for number in range(30):
        place(queue, name_of(number), '{"payload": 1}')
    eventually(lambda: waiting(queue) == [], "they are set aside")
    told = eventually(lambda: (now := status(server)["queue"])["failed"] == 30 and now, "all have failed")
    assert len({failure["file"] for failure in told["failures"]}) == 20
    assert all("event" in failure["reason"] for failure in told["failures"])
    place(queue, name_of(0), '{"payload": 1}')
    told = eventually(lambda: (now := status(server)["queue"])["failed"] == 31 and now, "one more has failed")
    assert told["failures"][0]["file"] == name_of(0) + ".2"
    # They are still known after a restart.
    assert server.terminate() == 0
    assert status(start())["queue"]["failed"] == 31


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8081", "[::1]:8081", "queue.localhost"])
def test_this_machine_may_ask(server, host):
    assert ask(server, host=host).status == 200


@pytest.mark.parametrize("fields, host", [
    (["X-Forwarded-For: 192.0.2.1"], "127.0.0.1"), (["Forwarded: for=192.0.2.1"], "127.0.0.1"),
    (["X-Real-IP: 192.0.2.1"], "127.0.0.1"), (["Via: 1.1 proxy"], "127.0.0.1"),
    (["Connection: upgrade"], "127.0.0.1"), (["X-Original-Forwarded-For: 192.0.2.1"], "127.0.0.1"),
    (["Fly-Client-IP: 192.0.2.1"], "127.0.0.1"), (["CF-Ray: 8f2"], "127.0.0.1"), (["X-Request-Id: 1"], "127.0.0.1"),
])
def test_nobody_else_may_ask_through_this_machine(server, fields, host):
    answer = ask(server, *fields, host=host)
    assert answer.status == 403 and b"admin" in answer.body


def test_a_proxy_that_speaks_the_old_http_may_not_ask(server):
    answer = exchange(server, b"GET /status.json HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
    assert answer.status == 403


def test_an_admin_may_ask_from_anywhere(start, queue):
    server = start("--jwt-secret-file", str(write_secrets(queue)))
    far = "X-Forwarded-For: 192.0.2.1"
    for role, expected in [("admin", 200), ("user", 403)]:
        assert ask(server, far, f"Authorization: Bearer {make_token(role=role)}").status == expected
    assert ask(server, far, "Authorization: Bearer x.y.z").status == 401


def test_asking_is_by_get(server):
    answer = ask(server, method="POST")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    answer = ask(server, method="HEAD")
    assert (answer.status, answer.body) == (200, b"")


def show(binaries, *arguments, **environment):
    """Runs `wsqueue-server status`."""
    command = [str(binaries / "wsqueue-server"), "status", *arguments]
    environment = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, timeout=20, env=environment)


def test_the_page_in_the_shell_shows_clients_queue_and_failures(start, queue, binaries):
    server = start()
    with Speaking(server, "/?channels=a,b.*"), Client(server):
        place(queue, name_of(1), json.dumps({"event": "n"}))
        place(queue, name_of(2), "no \x1b event")
        eventually(lambda: status(server)["queue"]["failed"] == 1, "it has failed")
        port = server.port
        for address in (f"127.0.0.1:{port}", f"http://localhost:{port}", f"ws://127.0.0.1:{port}/"):
            shown = show(binaries, address)
            assert (shown.returncode, shown.stderr) == (0, "")
        rows = shown.stdout.splitlines()
        assert re.fullmatch(r"ready      wsqueue-server \d+\.\d+\.\d+ at ws://.*, up for \d+ s", rows[0])
        assert rows[1].startswith("events     1 sent, the last is number 1")
        assert rows[2] == f"queue      0 waiting, 1 failed; {queue}"
        assert re.search(rf"\.failed/{name_of(2)}, \d s ago: .*at byte 0", rows[3])
        assert re.fullmatch("journal    events 1 to 1 of [a-z0-9]+", rows[4])
        assert rows[5] == "clients    2, 0 of them behind"
        assert any("wsqueue.v1  a,b.*" in row for row in rows[6:]) and any("plain" in row for row in rows[6:])
        told = json.loads(show(binaries, address, "--json").stdout)
        assert told["clients"]["total"] == 2 and told["ready"] == {"ready": True, "reasons": []}


def test_the_page_works_through_a_unix_socket_and_says_when_a_server_is_not_ready(start, queue, binaries, tmp_path):
    path = tmp_path / "socket"
    start("-l", f"unix:{path}")
    assert show(binaries, WSQUEUE_URL=f"unix:{path}").returncode == 0
    os.rename(queue, queue.with_name("elsewhere"))
    shown = eventually(
        lambda: (now := show(binaries, "-l", f"unix:{path}")).returncode == 75 and now, "it is not ready")
    assert shown.stdout.startswith("not ready  wsqueue-server ")
    assert "queue: the queue cannot be used: no such file or directory" in shown.stdout


def test_the_page_tells_who_cannot_have_it_what_to_do(start, queue, binaries, tmp_path):
    server = start("--jwt-secret-file", str(write_secrets(queue)))
    # A name that leads here, but is not this machine's own.
    far = f"http://127.0.0.1.nip.io:{server.port}"
    assert show(binaries, far).returncode in (69, 77)
    file = tmp_path / "token"
    file.write_text(make_token(role="user", exp=1))
    shown = show(binaries, f"{server.host}:{server.port}", "--token-file", str(file))
    assert shown.returncode == 0, "on this machine nobody needs a token"
    assert show(binaries, "127.0.0.1:1").returncode == 69
    assert show(binaries, "https://127.0.0.1").returncode == 64
    assert show(binaries, "a", "b").returncode == 64
