"""The Debian package: installed, used, removed and purged in a small Debian without systemd, a compiler or Swift."""

import contextlib
import ctypes
import gzip
import os
import pathlib
import re
import shutil
import socket
import stat
import subprocess
import tempfile

import pytest

from support.client import Client, handshake_request
from support.debian import are_linked_anew
from support.http import read_answer
from support.installing import install
from support.places import ROOT
from support.server import Server
from support.waiting import deadline_after, eventually

QUEUE = "var/spool/wsqueue"

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root installs packages"),
    pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="no dpkg-deb"),
    pytest.mark.timeout(400),
    # The package is made once.
    pytest.mark.xdist_group("package"),
]


@contextlib.contextmanager
def serving(machine):
    """The installed server, run as the service's user."""
    options = ["-c", "/etc/wsqueue/server.conf", "-l", "127.0.0.1:0"]
    server = Server(
        "/usr/bin/wsqueue-server", f"/{QUEUE}", *options, listen=None, prefix=machine.command(user="wsqueue"))
    with server:
        yield server.ready()
        assert server.terminate() == 0


def test_it_asks_for_nothing_but_the_c_library(package, request):
    if not are_linked_anew(request.config):
        pytest.skip("other programs than those for use are packed as they are")
    depends = subprocess.run(
        ["dpkg-deb", "-f", package, "Depends"], check=True, capture_output=True, text=True).stdout
    assert depends.startswith("libc6 (>= 2.") and "," not in depends


def test_no_page_of_it_links_to_what_it_has_not(package, tmp_path):
    subprocess.run(["dpkg-deb", "-x", package, tmp_path], check=True)
    pages = [path for path in (tmp_path / "usr/share/doc/wsqueue").glob("**/*.md*") if "examples" not in path.parts]
    assert len(pages) > 20
    for page in pages:
        text = (gzip.decompress if page.suffix == ".gz" else bytes)(page.read_bytes()).decode()
        for target in re.findall(r"\]\(([^)#\s]+)", text) + re.findall(r'(?:src|srcset|href)="([^"]+)"', text):
            if "://" not in target:
                assert any((page.parent / name).exists() for name in (target, target + ".gz")), (page.name, target)


def test_it_holds_what_is_installed_elsewhere(package, binaries, tmp_path):
    install(binaries, tmp_path)
    contents = subprocess.run(["dpkg-deb", "-c", package], check=True, capture_output=True, text=True).stdout
    packed = {line.split()[5].removeprefix("./").removesuffix(".gz") for line in contents.splitlines()}
    for path in tmp_path.rglob("*"):
        name = str(path.relative_to(tmp_path)).replace("zsh/site-functions", "zsh/vendor-completions")
        assert name + "/" * path.is_dir() in packed
    assert all(line.split()[1] == "root/root" for line in contents.splitlines())


@pytest.mark.skipif(not shutil.which("lintian"), reason="no lintian")
def test_lintian_finds_nothing(package):
    # Nobody's address is that of a package which was built to be tried out.
    tags = "bogus-mail-host,bogus-mail-host-in-debian-changelog,root-in-contact"
    result = subprocess.run(
        ["lintian", "--allow-root", "--suppress-tags", tags, package], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, ""), result.stdout


def test_it_is_installed_used_removed_and_purged(package, machine):
    before, users = machine.files(), (machine.root / "etc/passwd").read_text(encoding="utf-8")
    groups = (machine.root / "etc/group").read_text(encoding="utf-8")
    machine.install(package)
    status = (machine.root / QUEUE).stat()
    assert oct(status.st_mode & 0o7777) == "0o3730"
    machine.run("useradd", "--groups", "wsqueue-publish", "alice")
    machine.run("useradd", "mallory")
    with serving(machine) as server, Client(server) as client:
        machine.run("wsqueue-publish", "-d", f"/{QUEUE}", "-w", "greeting", user="alice")
        assert client.receive_events()[0]["event"] == "greeting"
        refused = machine.run("wsqueue-publish", "-d", f"/{QUEUE}", "greeting", user="mallory", check=False)
        assert refused.returncode == 77 and "wsqueue-publish" in refused.stderr
        told = machine.run(
            "wsqueue-server", "doctor", "-c", "/etc/wsqueue/server.conf", "-l", f"127.0.0.1:{server.port}",
            "--as", "alice", check=False)
        # All that is wrong is the layer that this Debian is thrown away with.
        assert [line[:20] for line in told.stdout.splitlines() if line[:5] != "note:"] == ["warning: overlay is "]
        assert told.stdout.splitlines()[-1].endswith(f"is ready at 127.0.0.1:{server.port}"), told.stdout
        told = machine.run(
            "wsqueue-server", "doctor", "-c", "/etc/wsqueue/server.conf", "-l", f"127.0.0.1:{server.port}",
            "--as", "mallory", check=False)
        assert "mallory may not create files" in told.stdout and "usermod -aG wsqueue-publish mallory" in told.stdout
        # The box is for putting in, not for looking.
        assert machine.run("ls", f"/{QUEUE}", user="alice", check=False).returncode != 0
    assert machine.run("dpkg", "--verify", "wsqueue").stdout == ""
    for user in ("alice", "mallory"):
        machine.run("userdel", user)
    machine.run("dpkg", "--remove", "wsqueue")
    assert not (machine.root / "usr/bin/wsqueue-server").exists() and (machine.root / "etc/wsqueue").exists()
    machine.run("dpkg", "--purge", "wsqueue")
    assert machine.files() == before
    assert (machine.root / "etc/passwd").read_text(encoding="utf-8") == users
    assert (machine.root / "etc/group").read_text(encoding="utf-8") == groups


def test_events_that_wait_and_settings_outlive_the_package(package, machine):
    machine.install(package)
    machine.run("wsqueue-publish", "-d", f"/{QUEUE}", "later", user="wsqueue")
    settings = machine.root / "etc/wsqueue/server.conf"
    settings.write_text("drain = 5s\n", encoding="utf-8")
    (machine.root / QUEUE).chmod(0o2770)
    # An upgrade leaves both as they are.
    machine.install(package)
    assert settings.read_text(encoding="utf-8") == "drain = 5s\n"
    assert oct((machine.root / QUEUE).stat().st_mode & 0o7777) == "0o2770"
    result = machine.run("dpkg", "--purge", "wsqueue")
    assert f"/{QUEUE} still holds events" in result.stderr
    assert [name for name in os.listdir(machine.root / QUEUE) if name.endswith(".json")]
    assert not settings.exists()
    # The next installation sends them.
    machine.install(package)
    with serving(machine):
        eventually(lambda: not list((machine.root / QUEUE).glob("*.json")), "it is sent")


def test_the_history_of_a_server_before_is_taken_out_of_the_queue(package, machine):
    machine.install(package)
    state = machine.root / "var/lib/wsqueue"
    assert oct(state.stat().st_mode & 0o7777) == "0o700"
    inside = machine.root / QUEUE / ".journal"
    with Server("/usr/bin/wsqueue-server", f"/{QUEUE}", "-l", "127.0.0.1:0", listen=None,
                prefix=machine.command(user="wsqueue")) as server:
        server.ready()
        machine.run("wsqueue-publish", "-d", f"/{QUEUE}", "-w", "-i", "order-7", "before", user="wsqueue")
        assert server.terminate() == 0
    kept = {path.name for path in inside.iterdir()}
    assert kept and not list(state.iterdir())
    machine.install(package)
    assert {path.name for path in state.iterdir()} == kept and not inside.exists()
    machine.run("wsqueue-publish", "-d", f"/{QUEUE}", "-i", "order-7", "before", user="wsqueue")
    with serving(machine) as server:
        server.wait_for("event.duplicate", id="order-7")
    # An operator's own settings leave it where it is.
    (machine.root / "etc/wsqueue/server.conf").write_text("dir = /var/spool/wsqueue\n", encoding="utf-8")
    for path in list(state.iterdir()):
        subprocess.run(["rm", "-r", path], check=True)
    inside.mkdir(mode=0o700)
    subprocess.run(["chown", "--reference", machine.root / QUEUE, inside], check=True)
    machine.install(package)
    assert inside.exists()


# The first day: what is installed is closed to everything but what the manual says it opens.

ROUTES = {
    # On this machine, as a page of another site, by a name that is another's, by a proxy.
    "GET /": (200, 200, 403, 403), "GET /status.json": (200, 200, 403, 403), "GET /metrics": (200, 200, 403, 403),
    "GET /live": (200, 200, 403, 200), "GET /ready": (200, 200, 403, 200), "GET /cursor": (200, 403, 403, 200),
    "GET /events": (200, 403, 403, 200), "GET /state": (200, 403, 403, 200),
    "POST /publish": (404, 404, 403, 404), "GET /state.json": (404, 404, 403, 404),
    "socket /": (101, 403, 403, 101), "GET /wsqueue.js": (200, 200, 403, 200),
}
ASKED = [[], ["Origin: https://evil.example"], ["Host: evil.example"], ["X-Forwarded-For: 203.0.113.9"]]


class Unit(Server):
    """The installed unit's own command, as far as it goes without systemd, in a network of its own."""

    def __init__(self, machine):
        setting = "ip link set lo up && ip addr add 10.9.0.1/32 dev lo && ip -6 addr add fd00:9::1/128 dev lo"
        self.run(["unshare", "--net", "sh", "-c", f'{setting} && exec "$@"', "sh", *machine.unit_command()])

    @contextlib.contextmanager
    def network(self):
        """Sockets that are made here are made in its network."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net", "rb") as own, open(f"/proc/{self.pid}/ns/net", "rb") as other:
            assert libc.setns(other.fileno(), 0) == 0, os.strerror(ctypes.get_errno())
            try:
                yield
            finally:
                assert libc.setns(own.fileno(), 0) == 0

    def sockets(self):
        """All that its network listens to: (kind, address, port), and names of Unix sockets."""
        found = set()
        for kind, is_open in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
            with open(f"/proc/{self.pid}/net/{kind}", encoding="ascii") as file:
                for words in (line.split() for line in list(file)[1:]):
                    if words[3] == is_open:
                        host, _, port = words[1].partition(":")
                        found.add((kind, host, int(port, 16)))
        with open(f"/proc/{self.pid}/net/unix", encoding="ascii") as file:
            return found | {line.split()[-1] for line in list(file)[1:] if int(line.split()[3], 16) & 0x10000}

    def ask(self, what, fields):
        """The status of an answer."""
        method, path = what.split()
        if not any(field.startswith("Host: ") for field in fields):
            fields = ["Host: 127.0.0.1", *fields]
        body = b'{"event":"e"}' if method == "POST" else b""
        more = [f"Content-Length: {len(body)}"] if body else []
        data = "\r\n".join([f"{method} {path} HTTP/1.1", *fields, *more, "", ""]).encode() + body
        if method == "socket":
            shake, _ = handshake_request("127.0.0.1", 8081)
            head = [line for line in shake.decode().split("\r\n") if line and not line.startswith("Host: ")]
            data = "\r\n".join([*head, *fields, "", ""]).encode()
        with self.network(), socket.create_connection(("127.0.0.1", 8081), 10) as connection:
            connection.sendall(data)
            return read_answer(connection, deadline_after(10), wants_end=False).status


@pytest.mark.skipif(not shutil.which("ip"), reason="no ip, to make a network")
def test_on_the_first_day_it_is_closed_to_all_but_what_the_manual_opens(package, machine):
    before = machine.files()
    machine.install(package)
    packed = machine.files() - before
    machine.run("useradd", "--groups", "wsqueue-publish", "alice")
    machine.run("useradd", "mallory")
    with Unit(machine) as server:
        server.ready()
        # It listens to this machine only, to its own user's and root's commands, and to nothing else.
        assert server.sockets() == {("tcp", "0100007F", 8081), f"/{QUEUE}/.control"}
        for host in ("10.9.0.1", "fd00:9::1"):
            with server.network(), pytest.raises(ConnectionRefusedError):
                socket.create_connection((host, 8081), 10)
        statuses = {what: tuple(server.ask(what, fields) for fields in ASKED) for what in ROUTES}
        assert statuses == ROUTES
        # As a user of the machine who has nothing to do with it.
        publish = ["wsqueue-publish", "-d", f"/{QUEUE}"]
        machine.run(*publish, "-w", "salary", "amount=7", user="alice")
        machine.run(*publish, "-i", "order-7", "--in", "1h", "later", user="alice")
        assert machine.run(*publish, "greeting", user="mallory", check=False).returncode == 77
        own = [f"/{QUEUE}", "/var/lib/wsqueue", "/etc/wsqueue", "/run/wsqueue"]
        for user in ("mallory", "alice"):
            for path in own[:2]:
                assert machine.run("ls", path, user=user, check=False).returncode != 0, (user, path)
            writable = machine.run("find", "/", "-xdev", "-writable", "-not", "-type", "l", user=user, check=False)
            allowed = {f"/{QUEUE}", f"/{QUEUE}/.server"} if user == "alice" else set()
            ours = {f"/{name}" for name in packed} | set(own) | {f"/{QUEUE}/{name}" for name in os.listdir(
                machine.root / QUEUE)}
            assert set(writable.stdout.splitlines()) & ours <= allowed
        for name in ("/var/lib/wsqueue/.", f"/{QUEUE}/.failed/.", f"/{QUEUE}/.lock", f"/{QUEUE}/at-order-7.json"):
            assert machine.run("cat", name, user="mallory", check=False).returncode != 0
        # What it made is its alone; nothing that is installed gives anybody another's rights.
        modes = {name: os.lstat(machine.root / QUEUE / name).st_mode & 0o777
                 for name in os.listdir(machine.root / QUEUE) if name.startswith(".")}
        assert modes == {
            ".failed": 0o700, ".lock": 0o600, ".server": 0o622, ".address": 0o644, ".control": 0o600}
        for name in packed:
            mode = os.lstat(machine.root / name).st_mode
            if not stat.S_ISLNK(mode) and name != QUEUE:
                assert not mode & 0o6002, name
        # The process has no more rights than the unit says, and no others look into it.
        with open(f"/proc/{server.pid}/status", encoding="ascii") as file:
            rights = dict(line.strip().split(":\t") for line in file if line.startswith(("Cap", "NoNew")))
        assert {rights[name] for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {f"{1 << 28:016x}"}
        assert rights["NoNewPrivs"] == "1"
        number = machine.run("id", "-u", "mallory").stdout.strip()
        who = ["setpriv", "--reuid", number, "--regid", number, "--clear-groups", "--"]
        for command in (["cat", f"/proc/{server.pid}/environ"], ["ls", f"/proc/{server.pid}/fd/"],
                        ["kill", "-0", str(server.pid)]):
            assert subprocess.run([*who, *command], capture_output=True).returncode != 0, command
        assert server.terminate() == 0
