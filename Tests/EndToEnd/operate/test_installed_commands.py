"""Where the package is installed no command needs an option: the queue is that of /etc/wsqueue/server.conf, and its
server is found by what it has written there.

The machine is one of its own: a mount namespace with other accounts, and another /etc, /var/spool and /var/lib.
"""

import contextlib
import os
import re
import shutil
import subprocess

import pytest

from support.marks import needs_root
from support.places import EXAMPLES
from support.ports import free_port
from support.server import Server
from support.tokens import make_token, write_secrets
from support.waiting import eventually

SERVER, GROUP, ALICE, STRANGER = 64_300, 64_301, 64_302, 64_303
QUEUE = "/var/spool/wsqueue"
SETUP = """
set -e
mount --bind "$1/etc" /etc
for name in spool lib; do mount --bind "$1/$name" /var/$name; done
echo ready
exec sleep 1000
"""

pytestmark = needs_root


class Installed:
    """The machine with the package, whose programs are those that are tested."""

    def __init__(self, place, binaries, port):
        self.place, self.binaries, self.port = place, binaries, port
        etc = place / "etc"
        etc.mkdir()
        for name in ("nsswitch.conf", "hosts", "localtime"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copy(f"/etc/{name}", etc)
        (etc / "passwd").write_text(
            f"root:x:0:0::/root:/bin/sh\nwsqueue:x:{SERVER}:{SERVER}::{QUEUE}:/bin/false\n"
            f"alice:x:{ALICE}:{ALICE}::/:/bin/sh\nmallory:x:{STRANGER}:{STRANGER}::/:/bin/sh\n")
        (etc / "group").write_text(
            f"root:x:0:\nwsqueue:x:{SERVER}:\nwsqueue-publish:x:{GROUP}:wsqueue,alice\n"
            f"alice:x:{ALICE}:\nmallory:x:{STRANGER}:\n")
        self.spool, self.journal = place / "spool/wsqueue", place / "lib/wsqueue"
        for path, user, group, mode in ((self.spool, SERVER, GROUP, 0o3730), (self.journal, SERVER, SERVER, 0o700)):
            path.mkdir(parents=True)
            os.chown(path, user, group)
            path.chmod(mode)
        self.settings = etc / "wsqueue/server.conf"
        self.settings.parent.mkdir()
        text = (EXAMPLES / "systemd/server.conf").read_text(encoding="utf-8")
        self.settings.write_text(text.replace("#listen = 127.0.0.1:8081", f"listen = 127.0.0.1:{port}"))
        self.elsewhere = place / "elsewhere"
        self.elsewhere.mkdir()
        place.chmod(0o755)
        self.keeper = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", SETUP, "sh", place], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if self.keeper.stdout.readline() != b"ready\n":
            pytest.skip(f"no namespaces or mounts here: {self.keeper.stderr.read()!r}")

    def end(self):
        self.keeper.kill()
        self.keeper.wait()
        self.keeper.stdout.close()
        self.keeper.stderr.close()

    def command(self, program, *words, user=0, **environment):
        groups = {SERVER: [SERVER, GROUP], ALICE: [ALICE, GROUP]}.get(user, [user])
        return [
            "nsenter", "-t", str(self.keeper.pid), "-m", f"--wd={self.elsewhere}", "env", "HOME=/",
            *(f"{name}={value}" for name, value in environment.items()), "setpriv", f"--reuid={user}",
            f"--regid={user}", f"--groups={','.join(map(str, groups))}", "--", str(self.binaries / program), *words]

    def run(self, *words, **how):
        return subprocess.run(
            self.command("wsqueue-server", *words, **how), capture_output=True, text=True, timeout=30)

    def publish(self, *words, **how):
        subprocess.run(self.command("wsqueue-publish", *words, **how), check=True, timeout=30)

    @contextlib.contextmanager
    def serving(self, *options):
        """The server as its unit would run it; without the unit's option."""
        server = Server.__new__(Server)
        server.queue = self.spool
        server.run(self.command("wsqueue-server", *options, user=SERVER))
        with server:
            yield server.ready()


@pytest.fixture
def machine(queue, binaries):
    place = queue.parent / "machine"
    place.mkdir()
    one = Installed(place, binaries, free_port())
    try:
        yield one
    finally:
        one.end()


@pytest.mark.parametrize("user", [0, SERVER, ALICE])
def test_every_command_finds_the_queue_and_its_server(machine, user):
    with machine.serving() as server:
        assert server.wait_for("server.ready")["dir"] == QUEUE
        tail = subprocess.Popen(
            machine.command("wsqueue-server", "tail", "-n", "2", user=user), stdout=subprocess.PIPE, text=True)
        eventually(lambda: server.logged("client.open"), "tail has come")
        machine.publish("-w", "hello", user=user)
        machine.publish("-w", "-c", "orders", "paid", user=user)
        assert [line.split(None, 1)[1] for line in tail.communicate(timeout=10)[0].splitlines()] == [
            "hello null", "paid #orders null"]
        machine.publish("--in", "1h", "later")
        machine.publish("--hold", "held")
        status = machine.run("status", user=user)
        assert (status.returncode, status.stderr) == (0, ""), status
        row = next(line for line in status.stdout.splitlines() if line.startswith("queue"))
        # Who may not list the queue does not see what is in it.
        more = "" if user == ALICE else r", 1 held, 1 later \(the next in 59 min \d+ s\)"
        assert re.fullmatch(rf"queue      0 waiting, 0 failed{more}; {QUEUE}", row), row
        listed = machine.run("queue", "ls", user=user)
        assert listed.returncode == (77 if user == ALICE else 0)
        assert ("the owner of the queue and root may" in listed.stderr) == (user == ALICE)
        assert ("later" in listed.stdout) == (user != ALICE)
        kicked = machine.run("kick", "--user", "7", user=user)
        assert (kicked.returncode, kicked.stdout) == ((77, "") if user == ALICE else (0, "0\n")), kicked
        told = machine.run("doctor", user=user).stdout
        assert f"holds the queue and is ready at 127.0.0.1:{machine.port}" in told, told
        checked = machine.run("check", user=user)
        assert checked.returncode == 0
        assert re.search(rf"^dir = {QUEUE} +# /etc/wsqueue/server.conf:\d+$", checked.stdout, re.MULTILINE)


@pytest.mark.parametrize("words", [(), ("-d", QUEUE)])
def test_root_does_not_serve_the_queue_of_the_services_user(machine, words):
    with machine.serving():
        machine.publish("-w", "hello")
    before = sorted(os.listdir(machine.journal.parent)), sorted(os.listdir(machine.journal))
    refused = machine.run(*words)
    assert refused.returncode == 77 and "runuser -u wsqueue -- wsqueue-server" in refused.stderr, refused
    assert before == (sorted(os.listdir(machine.journal.parent)), sorted(os.listdir(machine.journal)))


def test_root_is_told_what_the_service_may_not_read(machine):
    secret = machine.settings.parent / "jwt-secret"
    secret.write_text("0123456789abcdef0123456789abcdef\n")
    secret.chmod(0o600)
    words = ("--jwt-secret-file", "/etc/wsqueue/jwt-secret")
    refused = machine.run("check", *words)
    assert refused.returncode == 78, refused
    assert "jwt-secret-file: /etc/wsqueue/jwt-secret: " in refused.stderr, refused
    assert "permission denied (looked at as user wsqueue, whose service it is)" in refused.stderr, refused
    os.chown(secret, 0, SERVER)
    secret.chmod(0o640)
    assert machine.run("check", *words).returncode == 0


def test_what_is_named_counts_instead(machine):
    here = machine.elsewhere / "queue"
    here.mkdir()
    with machine.serving():
        for words, environment in (["-d", "queue"], {}), (["--set", "dir=queue"], {}), ([], {"WSQUEUE_DIR": "queue"}):
            shown = machine.run("check", *words, **environment).stdout
            assert "server.conf" not in shown and "dir = queue" in shown
        assert machine.run("queue", "ls", "-d", "queue").returncode == 0
        nothing = machine.run("status", "-d", "queue")
        assert (nothing.returncode, nothing.stderr) == (
            69, "wsqueue-server: no server holds queue: what is published waits there\n")
        assert machine.run("status", "-d", "nowhere").returncode == 73
        # An address and a queue are two answers to one question.
        assert machine.run("status", "-l", f"127.0.0.1:{machine.port}", "-d", "queue").returncode == 64
        assert machine.run("status", f"127.0.0.1:{machine.port}", WSQUEUE_DIR="queue").returncode == 0
        other = machine.place / "other.conf"
        other.write_text("dir = queue\n")
        assert machine.run("status", "--config", str(other)).returncode == 69
        assert machine.run("tail", "--config", str(other), "-n", "1").returncode == 69


def test_settings_that_are_wrong_or_may_not_be_read(machine):
    machine.settings.chmod(0o600)
    shown = machine.run("check", user=ALICE)
    assert (shown.returncode, "server.conf" in shown.stdout) == (0, False)
    machine.settings.chmod(0o644)
    with machine.settings.open("a") as file:
        file.write("lisen = 1\n")
    for words in ["check"], ["queue", "ls"], ["status"], ["tail"], ["run"]:
        told = machine.run(*words)
        assert told.returncode == 78 and "/etc/wsqueue/server.conf:" in told.stderr and "listen" in told.stderr, told


def test_without_a_server_a_nightly_check_does_not_pass_while_events_wait(machine):
    told = machine.run("doctor")
    assert "no server holds the queue: what is published waits" in told.stdout
    machine.publish("hello")
    told = machine.run("doctor")
    assert told.returncode == 78 and "warning: 1 events wait, the oldest for " in told.stdout, told.stdout
    assert "no server holds the queue" in told.stdout
    told = machine.run("status")
    assert (told.returncode, told.stderr) == (
        69, f"wsqueue-server: no server holds {QUEUE}: what is published waits there\n")


def test_a_token_goes_to_the_queues_own_server_only(machine):
    secrets = write_secrets(machine.elsewhere)
    os.chown(secrets, SERVER, SERVER)
    with machine.serving("--jwt-secret-file", str(secrets), "--require-token"):
        how = {"user": ALICE, "WSQUEUE_TOKEN": make_token(role="admin")}
        assert machine.run("status", **how).returncode == 0
        # What somebody else may have written says nothing of the server.
        os.chown(machine.spool / ".address", ALICE, ALICE)
        told = machine.run("status", **{**how, "user": STRANGER})
        assert told.returncode == 64 and "a token is for no one else" in told.stderr
        told = machine.run("status", user=0, WSQUEUE_TOKEN="x")
        assert told.returncode == 64, told
