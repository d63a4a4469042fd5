"""scripts/build, scripts/run and what they ask for: in a copy of scripts/, with a toolchain that only says so."""

import os
import pathlib
import pty
import re
import shutil
import subprocess

import pytest

from support.debian import DEBIAN, Machine
from support.places import ROOT
from support.ports import free_port
from support.waiting import eventually

TOOLS = {
    "swift": """case $1 in
        --version) echo "Swift version $VERSION (swift-$VERSION-RELEASE)" ;;
        build) echo "Building for production..." && echo "[1/2] Compiling a" && echo "a.swift:1: warning: unused"
            echo "[2/2] Linking" && echo "Build complete! (0.1s)"
            mkdir -p .build/release && touch .build/release/wsqueue-server .build/release/wsqueue-publish ;;
        esac""",
    "swiftc": "echo '{}'",
    "clang": """for word; do case $word in -print-file-name=*) echo "${FOUND-/}${word#*=}" ;; esac; done""",
}


class Workshop:
    """A directory with scripts/ and a toolchain."""

    def __init__(self, directory):
        self.root = directory / "clone"
        self.tools = directory / "tools"
        self.home = directory / "home"
        self.home.mkdir()
        shutil.copytree(ROOT / "scripts", self.root / "scripts")
        self.tools.mkdir()
        for name, text in TOOLS.items():
            (self.tools / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
            (self.tools / name).chmod(0o755)

    def environment(self, has_swift=True, **more):
        path = "/usr/bin:/bin"
        if has_swift:
            path = f"{self.tools}:{path}"
        return {"PATH": path, "HOME": str(self.home), "VERSION": "6.3.1", **more}

    def run(self, name, *words, **more):
        return subprocess.run(
            [self.root / "scripts" / name, *words], env=self.environment(**more), capture_output=True, text=True,
            timeout=60)


@pytest.fixture
def workshop(tmp_path):
    return Workshop(tmp_path)


def on_terminal(command, **options):
    """What a command shows on a terminal."""
    leader, follower = pty.openpty()
    with subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower, **options) as process:
        os.close(follower)
        shown = b""
        try:
            while piece := os.read(leader, 65536):
                shown += piece
        except OSError:
            pass
        os.close(leader)
        assert process.wait(60) == 0
    return shown.decode()


def test_a_build_is_shown_on_a_terminal_and_only_there(workshop):
    result = workshop.run("build")
    assert (result.returncode, result.stderr.splitlines()[0]) == (0, "a.swift:1: warning: unused"), result
    assert "[1/2]" not in result.stderr and "complete" not in result.stderr
    assert [pathlib.Path(line).name for line in result.stdout.splitlines()] == ["wsqueue-server", "wsqueue-publish"]
    shown = on_terminal([workshop.root / "scripts/build"], env=workshop.environment())
    assert "[1/2] Compiling a" in shown and "a.swift:1: warning: unused" in shown


def test_a_build_that_fails_says_why(workshop):
    (workshop.tools / "swift").write_text(
        "#!/bin/sh\ncase $1 in --version) echo Swift version 6.4 ;; *) echo 'x: error: y'; exit 1 ;; esac\n")
    result = workshop.run("build")
    assert (result.returncode, result.stderr) == (1, "x: error: y\n")


@pytest.mark.parametrize("options, missing, line", [
    ({"VERSION": "6.2.9"}, "Swift 6.3 or newer: .*/tools/swift is 6.2.9", "swiftly install --use 6.3"),
    ({"has_swift": False}, "Swift 6.3 or newer: there is no 'swift' in PATH", "curl -O https://download.swift.org/.*"),
    ({"FOUND": ""}, r"the C and C\+\+ libraries to compile and link with \(stdio.h, .*", None),
    ({"HOME": "/proc/none"}, "a home that can be written: .*", "mkdir -p .build/home && export HOME=.*"),
])
def test_what_is_missing_to_build_is_said_before(workshop, options, missing, line):
    result = workshop.run("build", **options)
    assert (result.returncode, result.stdout) == (69, "")
    assert re.search(f"^  {missing}$", result.stderr, re.MULTILINE), result.stderr
    if line:
        assert re.search(f"^Type:\n(  .*\n)*  {line}$", result.stderr, re.MULTILINE), result.stderr
    assert not (workshop.root / ".build").exists()


@pytest.mark.skipif(os.geteuid() != 0 or not DEBIAN.exists(), reason="no Debian to try it in")
@pytest.mark.skipif(not shutil.which("swift"), reason="no toolchain")
def test_on_a_bare_debian_everything_that_is_missing_is_one_line(tmp_path):
    toolchain = pathlib.Path(shutil.which("swift")).resolve().parents[2]
    machine = Machine(DEBIAN, tmp_path)
    mounts = [(ROOT, machine.root / "clone"), (toolchain, machine.root / "swift")]
    try:
        for source, target in mounts:
            target.mkdir()
            subprocess.run(["mount", "--bind", source, target], check=True)
        result = machine.run("env", "PATH=/swift/usr/bin:/usr/bin:/bin", "/clone/scripts/prerequisites", check=False)
    finally:
        for _, target in mounts:
            subprocess.run(["umount", target], check=False)
        machine.end()
    assert result.returncode == 69
    assert result.stderr.splitlines()[-1] == (
        "  apt-get install -y --no-install-recommends g++ libcurl4 libncurses6 libsqlite3-0 libxml2"), result.stderr


@pytest.fixture
def runner(workshop, binaries):
    """scripts/run, with programs that are built."""
    (workshop.root / "scripts/build").write_text("#!/bin/sh\n", encoding="utf-8")
    programs = workshop.root / ".build/programs"
    programs.mkdir(parents=True)
    for name in ("wsqueue-server", "wsqueue-publish"):
        (programs / name).symlink_to(binaries / name)
    started = []

    def run(*words, **more):
        process = subprocess.Popen(
            [workshop.root / "scripts/run", *words], env={**workshop.environment(), **more}, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        started.append(process)
        lines = [process.stdout.readline() for _ in range(4)]
        return workshop.root, {line.split(":")[0]: line.split(":", 1)[1].strip() for line in lines if ":" in line}
    yield run
    for process in started:
        process.terminate()
        assert process.wait(20) == 0
        process.stdout.close()
        process.stderr.close()


@pytest.mark.parametrize("options, address", [
    (["-l", "127.0.0.1:PORT"], "http://127.0.0.1:PORT/"), (["--port", "PORT"], "http://127.0.0.1:PORT/"),
    (["--listen", "0.0.0.0:PORT"], "http://localhost:PORT/"),
    (["-l", "unix:PATH"], "curl --unix-socket PATH http://localhost/"),
])
def test_run_prints_the_address_that_it_serves(runner, tmp_path, options, address):
    port, path = str(free_port()), str(tmp_path / "s")
    here = [word.replace("PORT", port).replace("PATH", path) for word in (*options, address)]
    root, said = runner(*here[:-1])
    assert said["The page"] == here[-1]
    eventually(lambda: (root / "queue/.address").exists(), "it serves")
    command = (here[-1] if here[-1].startswith("curl") else f"curl {here[-1]}") + "live"
    if shutil.which("curl"):
        eventually(lambda: subprocess.run([*command.split(), "-sf"], capture_output=True).returncode == 0, "it serves")


def test_run_prints_how_to_publish_into_another_queue(runner, tmp_path):
    root, said = runner("-l", f"127.0.0.1:{free_port()}", "-d", str(tmp_path / "other"))
    assert said["Publish"] == (
        f"cd {root} && .build/programs/wsqueue-publish -d {tmp_path}/other order.created id:=7 customer=Bob")
    eventually(lambda: (tmp_path / "other/.address").exists(), "it serves")
