"""The Debian package: installed, used, removed and purged in a small Debian without systemd, a compiler or Swift."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from support.client import Client
from support.installing import install
from support.places import ROOT
from support.server import Server
from support.waiting import eventually

QUEUE = "var/spool/wsqueue"
# scripts/test makes it: that takes most of a minute.
DEBIAN = ROOT / ".build/bookworm"

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root installs packages"),
    pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="no dpkg-deb"),
    pytest.mark.timeout(400),
    # The package is made once.
    pytest.mark.xdist_group("package"),
]


def are_linked_anew(config):
    """Whether the programs are those that scripts/package makes if it is told of none: that takes a minute."""
    return pathlib.Path(config.getoption("--binaries")).resolve() == ROOT / ".build/programs" and shutil.which("swift")


@pytest.fixture(scope="session")
def package(binaries, tmp_path_factory, request):
    """The package of the programs that are tested; those for use are linked once more, without libraries."""
    if request.config.getoption("--sanitized"):
        pytest.skip("a sanitizer's programs are for no package")
    output = tmp_path_factory.mktemp("package")
    options = [] if are_linked_anew(request.config) else ["--binaries", str(binaries)]
    result = subprocess.run(
        [ROOT / "scripts/package", "--output", output, *options], check=True, timeout=400, capture_output=True,
        text=True)
    path = pathlib.Path(result.stdout.splitlines()[-1])
    assert path.parent == output
    return path


@pytest.fixture(scope="session")
def debian():
    if not DEBIAN.exists():
        pytest.skip(f"no Debian in {DEBIAN}")
    return DEBIAN


class Machine:
    """A Debian of its own, thrown away with the test: a layer over the one that is kept."""

    def __init__(self, debian, directory):
        self.root = pathlib.Path(directory) / "root"
        layers = [pathlib.Path(directory) / name for name in ("upper", "work")]
        for one in [self.root, *layers]:
            one.mkdir()
        os.chmod(directory, 0o755)
        try:
            subprocess.run(
                ["mount", "-t", "overlay", "overlay", "-o",
                 f"lowerdir={debian},upperdir={layers[0]},workdir={layers[1]}", self.root],
                check=True, capture_output=True)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"nothing can be mounted here: {error.stderr!r}")

    def end(self):
        subprocess.run(["umount", self.root], check=True)

    def command(self, *words, user=None):
        who = ["setpriv", "--reuid", user, "--regid", user, "--init-groups"] if user else []
        return ["chroot", str(self.root), *who, *words]

    def run(self, *words, user=None, check=True):
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
        return subprocess.run(
            self.command(*words, user=user), check=check, capture_output=True, text=True, timeout=60,
            env=environment)

    def install(self, package):
        shutil.copy(package, self.root / "tmp")
        return self.run("dpkg", "-i", f"/tmp/{package.name}")

    def files(self):
        """What there is, but for what dpkg notes and the lists of users keep of before."""
        found = set()
        for directory, _, names in os.walk(self.root):
            where = pathlib.Path(directory).relative_to(self.root)
            found |= {str(where), *(str(where / name) for name in names)}
        own = ("var/lib/dpkg/", "var/log/", "var/cache/", "tmp/", "var/lib/systemd/")
        return {name for name in found if not name.startswith(own) and not name.endswith("-")}


@pytest.fixture
def machine(debian):
    with tempfile.TemporaryDirectory(prefix="wsqueue-debian-") as directory:
        one = Machine(debian, directory)
        try:
            yield one
        finally:
            one.end()


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
