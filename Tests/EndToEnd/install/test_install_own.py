"""scripts/install for use, not for a package: by a user without root, and by root below a prefix of its own."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

from support.places import ROOT
from support.ports import free_port

# Numeric, because the account may have no name.
USER = 12345


class Account:
    """A user without root, with a home of its own."""

    def __init__(self, directory, binaries):
        self.home, self.binaries = directory / "home", binaries
        self.home.mkdir()
        self.prefix = self.home / ".local"
        if os.geteuid() == 0:
            os.chown(self.home, USER, USER)
            os.chmod(directory, 0o755)

    def command(self, *words):
        who = ["setpriv", "--reuid", str(USER), "--regid", str(USER), "--clear-groups"] if os.geteuid() == 0 else []
        path = os.environ["PATH"]
        return [*who, "env", "-i", f"HOME={self.home}", f"PATH={path}", "LLVM_PROFILE_FILE=/dev/null", *words]

    def install(self, *options, check=True):
        return subprocess.run(
            self.command(ROOT / "scripts/install", "--binaries", self.binaries, *options), check=check,
            capture_output=True, text=True, timeout=60)

    def files(self):
        return {str(path.relative_to(self.home)) for path in self.home.rglob("*")}


@pytest.fixture
def account(binaries):
    with tempfile.TemporaryDirectory(prefix="wsqueue-home-") as directory:
        yield Account(pathlib.Path(directory), binaries)


def typed(text):
    """The lines that are to be typed, without their comments, and the one that publishes."""
    lines = [re.sub(r"  +#.*", "", line).strip() for line in text.splitlines() if line.startswith("  ")]
    return lines, next(line for line in text.splitlines() if line.startswith("Then: ")).removeprefix("Then: ")


def steps_without_systemd(text, port):
    lines, publish = typed(text)
    # Where systemd runs there are lines for it instead.
    server = next((line for line in lines if line.endswith("server.conf &")), None)
    if server is None:
        pytest.skip("systemd runs here")
    return "\n".join(line.replace("server.conf &", f"server.conf -l 127.0.0.1:{port} &") for line in lines), publish


def test_a_user_installs_publishes_and_uninstalls(account):
    before = set(os.listdir("/etc"))
    (account.prefix / "bin").mkdir(parents=True)
    if os.geteuid() == 0:
        for path in (account.prefix, account.prefix / "bin"):
            os.chown(path, USER, USER)
    result = account.install("--prefix", str(account.prefix))
    assert result.stderr == "" and set(os.listdir("/etc")) == before
    unit = (account.prefix / "share/systemd/user/wsqueue-server.service").read_text(encoding="utf-8")
    settings = account.prefix / "etc/wsqueue/server.conf"
    assert f"ExecStart={account.prefix}/bin/wsqueue-server -c {settings}\n" in unit
    assert f"dir = {account.prefix}/var/spool/wsqueue\n" in settings.read_text(encoding="utf-8")
    # What is printed, typed.
    steps, publish = steps_without_systemd(result.stdout, free_port())
    shell = subprocess.run(
        account.command("bash", "-ec", f"{steps}\nserver=$!\nuntil [ -e $WSQUEUE_DIR/.address ]; do sleep 0.05; done\n"
                        f"{publish} --wait\n"
                        f"{ROOT}/scripts/install --prefix {account.prefix} --uninstall 2>&1\n"
                        "echo server=$server; kill $server; wait $server"),
        capture_output=True, text=True, timeout=60)
    assert shell.returncode == 0, shell
    server = re.search("server=([0-9]+)", shell.stdout)[1]
    assert f"wsqueue-server is running still, as process {server}. End it:\n  kill {server}\n" in shell.stdout
    assert f"{account.prefix}/var/spool/wsqueue stays" in shell.stdout and "publish" not in str(account.files())
    result = account.install("--prefix", str(account.prefix), "--uninstall")
    assert (result.stdout, result.stderr) == ("", "")
    # What was there before is there still.
    assert account.files() == {".local", ".local/bin"}


def test_events_that_wait_and_own_settings_outlive_it(account):
    account.install("--prefix", str(account.prefix))
    settings, queue = account.prefix / "etc/wsqueue/server.conf", account.prefix / "var/spool/wsqueue"
    settings.write_text("drain = 5s\n", encoding="utf-8")
    subprocess.run(account.command(account.prefix / "bin/wsqueue-publish", "-d", queue, "later"), check=True)
    # Another version leaves both.
    account.install("--prefix", str(account.prefix))
    assert settings.read_text(encoding="utf-8") == "drain = 5s\n"
    result = account.install("--prefix", str(account.prefix), "--uninstall")
    assert result.stderr.splitlines() == [f"{path} stays" for path in (settings, queue)]
    assert len(list(queue.glob("*.json"))) == 1
    assert not (account.prefix / "bin").exists()


@pytest.mark.skipif(not os.access("/usr/local", os.F_OK), reason="no /usr/local")
def test_who_may_not_write_there_is_told_before_anything_is_written(account):
    result = account.install(check=False)
    if os.geteuid() != 0 and os.access("/usr/local", os.W_OK):
        pytest.skip("anybody may write there")
    assert result.returncode == 77 and "scripts/install --prefix ~/.local" in result.stderr


@pytest.mark.parametrize("prefix", ["/tmp/with space", "/tmp/100%", "/tmp/a|b", "/tmp/a\nb"])
def test_a_prefix_that_a_unit_would_read_otherwise_is_refused(account, prefix):
    result = account.install("--prefix", prefix, check=False)
    assert result.returncode == 64 and not pathlib.Path(prefix).exists()


def add_clone(machine, binaries):
    """What is needed to install from a clone in the machine."""
    for name in ("scripts", "examples"):
        shutil.copytree(ROOT / name, machine.root / "clone" / name)
    shutil.copytree(binaries, machine.root / "clone/binaries", ignore=shutil.ignore_patterns("check-history"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a machine of its own")
@pytest.mark.parametrize("prefix", ["/usr/local", "/opt/wsqueue"])
def test_root_installs_and_lets_a_user_publish(machine, binaries, prefix):
    add_clone(machine, binaries)
    machine.run("useradd", "alice")
    before = machine.files()
    install = ["/clone/scripts/install", "--prefix", prefix]
    result = machine.run(*install, "--binaries", "/clone/binaries")
    base = "" if prefix == "/usr/local" else prefix
    assert (machine.root / "etc/wsqueue").exists() == (not base)
    steps, publish = steps_without_systemd(result.stdout, free_port())
    publish = publish.replace(" ", f" -w -d {base}/var/spool/wsqueue ", 1)
    script = (
        f"{steps.replace(' USER', ' alice')}\nserver=$!\n"
        f"until [ -e {base}/var/spool/wsqueue/.address ]; do sleep 0.05; done\n"
        f"setpriv --reuid alice --regid alice --init-groups {publish}\n"
        "kill $server; wait $server")
    machine.run("bash", "-ec", script)
    machine.run(*install, "--uninstall")
    left = {name for name in machine.files() - before if not name.startswith(f"{base}/var".lstrip("/"))}
    assert left <= {f"{base}/var".lstrip("/"), base.lstrip("/")}, left


def test_no_file_is_written_to_that_runs(account):
    account.install("--prefix", str(account.prefix))
    program = account.prefix / "bin/wsqueue-server"
    before = program.stat().st_ino
    account.install("--prefix", str(account.prefix))
    assert program.stat().st_ino != before


def test_a_packager_has_everything_below_the_directory(binaries, tmp_path):
    subprocess.run(
        [ROOT / "scripts/install", "--destdir", tmp_path, "--prefix", "/opt/x", "--binaries", binaries], check=True,
        capture_output=True, timeout=60)
    assert (tmp_path / "opt/x/etc/wsqueue/server.conf").exists() and os.listdir(tmp_path) == ["opt"]
    unit = (tmp_path / "opt/x/lib/systemd/system/wsqueue-server.service").read_text(encoding="utf-8")
    assert "StateDirectory" not in unit and "ReadWritePaths=/opt/x/var/lib/wsqueue\n" in unit
    subprocess.run(
        [ROOT / "scripts/install", "--destdir", tmp_path, "--prefix", "/opt/x", "--uninstall"], check=True)
    assert os.listdir(tmp_path) == []
