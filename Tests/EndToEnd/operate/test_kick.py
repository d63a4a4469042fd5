"""`wsqueue-server kick` and the socket in the queue by which the server's own user and root command (SPEC §2)."""

import os
import shutil
import socket
import stat
import subprocess

import pytest

from support.client import Client
from support.http import read_answer, request
from support.marks import needs_root
from support.speaking import Speaking
from support.tokens import make_token, write_secrets
from support.waiting import deadline_after, eventually

SERVER, STRANGER = 64_100, 64_101


@pytest.fixture
def kick(binaries, queue):
    """Runs the command, as another user where one is named; gives status, output and complaint."""
    def run(*words, user=None, directory=None):
        prefix = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        result = subprocess.run(
            [*prefix, binaries / "wsqueue-server", "kick", "-d", directory or queue, *words], capture_output=True,
            text=True, timeout=30)
        return result.returncode, result.stdout, result.stderr
    return run


def by_control(queue, path, method="GET"):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(queue / ".control"))
        connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return read_answer(connection, deadline_after(10))


def is_listened_to(path):
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(path)) == 0


def test_it_closes_the_users_clients_and_keeps_them_away(queue, start, kick):
    server = start("--jwt-secret-file", str(write_secrets(queue)))
    clients = [Client(server, f"/?token={make_token('42')}") for _ in range(3)]
    with Speaking(server, f"/?token={make_token('43')}") as other:
        assert kick("--user", "42") == (0, "3\n", "")
        for client in clients:
            client.receive_until_end()
            assert client.frames.close == (4504, "disconnected by the application")
        assert other.ask("ping") == {"action": "pong"}
    assert kick("--user", "42") == (0, "0\n", "")
    assert server.logged("app.disconnect", user="42", closed="3", for_s="86400")


def test_the_socket_is_there_while_the_server_is(queue, start, kick):
    status, _, complaint = kick("--user", "42")
    assert status == 69 and "no server holds" in complaint
    server = start()
    made = os.lstat(queue / ".control")
    assert stat.S_ISSOCK(made.st_mode) and made.st_mode & 0o777 == 0o600
    # It is this machine's, and the application's, whatever is listened to.
    for path in ("/channels", "/status.json", "/metrics"):
        assert by_control(queue, path).status == 200
    assert ".control" not in (queue / ".address").read_text()
    server.process.kill()
    server.process.wait(10)
    assert kick("--user", "42")[0] == 69
    # What a server that was killed has left is in nobody's way.
    server = start()
    assert kick("--user", "42")[:2] == (0, "0\n")
    server.terminate()
    assert not (queue / ".control").exists()


def test_it_is_answered_when_the_server_is_full_and_listens_to_everybody(queue, start, kick):
    server = start("--clients", "2", "--local", "off", "--host-name", "queue.example", listen="0.0.0.0:0")
    server.host = "127.0.0.1"
    with Client(server), Client(server):
        assert kick("--user", "42")[:2] == (0, "0\n")


def test_a_queue_whose_path_is_too_long_for_a_socket(queue, start, kick):
    deep = queue
    while len(str(deep)) < 120:
        deep = deep / "a-long-name-of-a-directory"
        deep.mkdir()
    server = start(directory=deep)
    assert kick("--user", "42", directory=deep)[:2] == (0, "0\n")
    server.terminate()
    assert not (deep / ".control").exists()


@pytest.mark.parametrize("sandbox", ["on", "off"])
def test_it_is_there_again_where_the_queue_is_another_directory(queue, start, kick, sandbox):
    server = start("--sandbox", sandbox, "--threads", "2")
    for round in range(3):
        if round == 1:
            os.rename(queue, queue.with_name("old"))
        else:
            shutil.rmtree(queue)
            server.wait_for("queue.missing")
        queue.mkdir()
        eventually(lambda: len(server.logged("queue.back")) == round + 1, "it is back")
        eventually(lambda: is_listened_to(queue / ".control"), "the socket is there")
        assert stat.S_IMODE(os.lstat(queue / ".control").st_mode) == 0o600
        # More than one loop may take it.
        for _ in range(8):
            assert by_control(queue, "/status.json").status == 200
        assert kick("--user", "42")[:2] == (0, "0\n")
        assert request(server, "/live").status == 200
    assert server.terminate() == 0
    assert not os.path.exists(queue / ".control")


@needs_root
@pytest.mark.parametrize("sandbox", ["on", "off"])
def test_others_may_not(queue, start, kick, sandbox):
    os.chown(queue, SERVER, SERVER)
    queue.chmod(0o3777)
    queue.parent.chmod(0o755)
    start("--sandbox", sandbox, prefix=["setpriv", f"--reuid={SERVER}", f"--regid={SERVER}", "--clear-groups"])
    assert os.lstat(queue / ".control").st_uid == SERVER
    status, _, complaint = kick("--user", "42", user=STRANGER)
    assert status == 77 and "only the server's own user" in complaint
    assert kick("--user", "42", user=SERVER)[:2] == (0, "0\n")
    assert kick("--user", "42")[:2] == (0, "0\n")


@needs_root
def test_what_a_stranger_puts_in_its_place_is_no_servers(queue, kick):
    os.chown(queue, SERVER, SERVER)
    queue.chmod(0o1777)
    with socket.socket(socket.AF_UNIX) as fake:
        fake.bind(str(queue / ".control"))
        os.chown(queue / ".control", STRANGER, STRANGER)
        fake.listen()
        status, _, complaint = kick("--user", "42", user=SERVER)
    assert status == 69 and "is no server's" in complaint


def test_a_command_line_that_says_nobody(kick, start):
    start()
    assert kick()[0] == kick("--user", "")[0] == kick("--user", "42", "43")[0] == 64
    eventually(lambda: kick("--user", "jürgen/1")[0] == 0, "any id may be named")
