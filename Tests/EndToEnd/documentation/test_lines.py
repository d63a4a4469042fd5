"""Every line that help, the manual pages, README and the manual tell people to type is typed."""

import contextlib
import os
import re
import secrets
import signal
import subprocess
import time

import pytest

from support import waiting
from support.manual import commands, said
from support.places import EXAMPLES, MANUAL, PUBLISHERS_MANUAL, ROOT, TESTS
from support.server import Server
from support.tokens import make_token

PROGRAMS = ["wsqueue-publish", "wsqueue-server"]
PAGES = [ROOT / "README.md", *sorted(MANUAL.glob("*.md")), *sorted(PUBLISHERS_MANUAL.glob("*.md"))]

# What is no line for this test, by its beginning, and why.
LEFT_OUT = {
    "scripts/": "builds and tests this checkout, which is what runs here; those for use have tests of their own",
    ".build/": "reads a history as HistoryTests do",
    ".ci/run": "is what runs all of this",
    "docker ": "needs an engine, which no test has; test_package_tar takes the steps of the Dockerfile",
    "tar -C /": "writes to /; test_package_tar unpacks the archive elsewhere",
    "dpkg -i": "is typed on an empty Debian, by test_package_first_minute",
    "curl localhost:8081/events": "is typed there, too",
    "PATH=": "finds what scripts/build has built",
    "wsqueue-server --redis redis://10.0.0.5": "needs a Redis on another machine; Tests/EndToEnd/nodes has such lines",
}
# Words in a text that name a command and are no whole line.
NAMES_ONLY = {
    "wsqueue-server queue", "wsqueue-server queue requeue", "wsqueue-server explain", "curl -N",
}
# What stands in a line for what this machine may not have, and what takes its place.
STANDS_FOR = {
    "/usr/local/bin/backup": "backup", "/usr/local/sbin/backup": "backup", "/var/spool/wsqueue": "queue",
    "/etc/wsqueue/server.conf": "server.conf", "/etc/wsqueue/rules.json": "rules.json", "/etc/wsqueue/secret": "secret",
    "/etc/wsqueue/": "", "/var/log/wsqueue.log": "server.log",
    "/var/log/app.log": "app.log",
    "/var/lib/hooks/orders": "orders.cursor", "/usr/local/bin/webhook.sh": "deliver-order",
    "./deliver-order": "deliver-order", "/run/wsqueue.sock": "wsqueue.sock",
    "http://queue.example:8081": "{address}", "http://127.0.0.1:8081": "{address}", "0.0.0.0:8081": "0.0.0.0:0",
    "127.0.0.1:8081": "127.0.0.1:0", "[::1]:8081": "[::1]:0",
}
# Commands of other people's in a line, as far as this test is concerned.
STUBS = {
    "sensors": "echo 21.5; echo 22", "mysql": "echo '{\"row\":1}'", "backup": "echo done", "mail": "cat >> told",
    "sudo": 'exec "$@"', "jq": "cat",
    "llm": "echo Because.",
    "deliver-order": "cat >> told",
}
# A doctor has something to say on many machines.
ACCEPTED = {"wsqueue-server doctor": (0, 78), "sudo wsqueue-server doctor": (0, 78)}


def lines_of_help(text):
    """What stands in the examples of a help, and before its options."""
    head = text.split("\nOptions:\n")[0].split("\n  -")[0]
    examples = text.split("\nExamples:\n")[1].split("\n\n")[0] if "\nExamples:\n" in text else ""
    found = re.findall(r"^  (\S.* # .*)$", head, re.M) + [line.strip() for line in examples.splitlines()]
    return [line for line in found if line]


def lines_of_page(path):
    """What stands in a page's blocks for the shell, and within its text as a line of its own."""
    text = path.read_text()
    found = []
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S):
        lines = block.splitlines()
        # Where lines have a prompt, the others are what is printed.
        prompted = [line[2:] for line in lines if line.startswith("$ ")]
        found += prompted or lines
    prose = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    within = re.findall(r"`((?:wsqueue-publish|wsqueue-server|curl|held=\$\(wsqueue-publish) [^`]+)`", prose)
    # A word in capitals stands for one that the reader has.
    return found + [line for line in within if not re.search(r"(?<![\w$])[A-Z]{4,}\b", line)]


class House:
    """A directory with all that the lines are about, and a server on its queue."""

    def __init__(self, binaries, root):
        self.root = root
        self.queue = root / "queue"
        self._binaries = binaries
        self.queue.mkdir()
        tools = root / "bin"
        tools.mkdir()
        for name, text in STUBS.items():
            (tools / name).write_text(f"#!/bin/sh\n{text}\n")
            (tools / name).chmod(0o755)
        secret = secrets.token_urlsafe(48)
        token = make_token("7", secret, role="admin")
        for name, text in {
            "secret": secret, "redis": "word", "token": token, ".wsqueue-token": token, "app-tokens": "a" * 24,
            "publish-tokens": "p" * 24, "rules.json": '[{"default": "anyone"}]', "app.log": "", "server.log": "",
            "events.jsonl": '{"event":"a"}\n{"event":"b"}\n',
        }.items():
            (root / name).write_text(text)
            (root / name).chmod(0o600)
        (root / "server.conf").write_text(
            "dir = queue\njwt-secret-file = secret\napp-token-file = app-tokens\npublish-token-file = publish-tokens\n"
            "rules = rules.json\n")
        self.server = Server(
            binaries / "wsqueue-server", self.queue, "--config", "server.conf", "-l", "127.0.0.1:0",
            listen="unix:wsqueue.sock", prefix=["env", "-C", str(root)]).ready()
        self.environment = {
            "PATH": f"{tools}:{binaries}:/usr/bin:/bin", "HOME": str(root), "LC_ALL": "C.UTF-8", "TOKEN": "p" * 24,
            "APP": "a" * 24, "LLVM_PROFILE_FILE": "/dev/null", "WSQUEUE_URL": self.address,
        }
        # A line may be about what waits.
        self.publish("-i", "order-7", "--in", "1h", "order.created")
        self.environment["held"] = self.publish("--hold", "order.created")

    @property
    def address(self):
        return f"http://{self.server.host}:{self.server.port}"

    def publish(self, *words):
        return subprocess.run(
            [self._binaries / "wsqueue-publish", "-d", self.queue, *words], check=True, capture_output=True, text=True,
            timeout=20).stdout.strip()

    def refuse(self):
        """Lets the server refuse a file, though another line may have queued it again."""
        path = self.queue / ".failed/status.json"
        if not path.exists():
            (self.queue / "status.json").write_text('{"evnt":"x"}')
            waiting.eventually(path.exists, "it is refused")

    def happen(self):
        """Lets something of everything happen that a line may wait for."""
        self.publish("-c", "orders", "order.created", "id:=7")
        self.publish("-c", "jobs", "-k", "job:42", "job.progress", "pct:=57")
        self.publish("deploy.finished")
        with (self.root / "app.log").open("a") as log:
            log.write("a line\n")
        with (self.root / "server.log").open("a") as log:
            log.write("ts=2026-11-21T03:04:05.678Z level=info ev=client.open client=1\n")

    def close(self):
        self.server.__exit__()


class Typed:
    """A line that runs in a shell, in a session of its own."""

    def __init__(self, line, directory, environment):
        self._output = (directory / f".{time.monotonic_ns()}").open("w+b")
        self._process = subprocess.Popen(
            ["sh", "-c", line], cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=self._output,
            stderr=subprocess.STDOUT, start_new_session=True)

    @property
    def status(self):
        return self._process.poll()

    @property
    def text(self):
        return os.pread(self._output.fileno(), 1 << 20, 0).decode("utf-8", "replace")

    def end(self):
        """Ends all that the line has started, as Control-C does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGINT)
        self._process.wait(20)

    def close(self):
        self.end()
        self._output.close()


@pytest.fixture(scope="module")
def house(binaries, tmp_path_factory):
    house = House(binaries, tmp_path_factory.mktemp("house"))
    yield house
    house.close()


def is_server(line):
    words = line.split(" #")[0].split()
    return words[0] == "wsqueue-server" and (len(words) == 1 or words[1] == "run" or words[1].startswith("-"))


def follows(line):
    return " tail" in line or "--follow" in line


def type_line(house, line, directory):
    """Types a line; what went wrong, or nothing."""
    command = line
    for text, stand_in in STANDS_FOR.items():
        command = command.replace(text, stand_in.format(address=house.address))
    place = house.root
    environment = house.environment
    if is_server(line) and "--help" not in line:
        # Another server, on a queue of its own.
        place = directory
        (place / "queue").mkdir(exist_ok=True)
        for name in ("server.conf", "secret", "rules.json", "app-tokens", "publish-tokens"):
            (place / name).write_bytes((house.root / name).read_bytes())
            (place / name).chmod(0o600)
        environment = {**environment, "WSQUEUE_LISTEN": "127.0.0.1:0"}
    if "status.json" in line:
        house.refuse()
    typed = Typed(command, place, environment)
    sent = len(house.server.logged("event.sent", event="log.line"))
    try:
        def is_done():
            if typed.status is not None:
                return True
            if place is directory:
                return "server.ready" in typed.text
            if follows(line):
                house.happen()
            if follows(line) and " -n " not in line:
                told = (house.root / "told").exists() or (house.root / "all.json").exists()
                return typed.text or told or len(house.server.logged("event.sent", event="log.line")) > sent
            return False
        waiting.eventually(is_done, lambda: f"{line}: {typed.text}", 20)
        if typed.status is None:
            typed.end()
            if place is directory:
                # Its shell may have ended before it.
                waiting.eventually(lambda: "server.stop" in typed.text, lambda: f"{line}: {typed.text}")
            return None
        wanted = next((status for begin, status in ACCEPTED.items() if line.startswith(begin)), (0,))
        return None if typed.status in wanted else f"{line}: {typed.status} {typed.text}"
    finally:
        typed.close()
        for name in ("told", "all.json"):
            (house.root / name).unlink(missing_ok=True)


def check(house, lines, directory):
    lines = [line for line in dict.fromkeys(lines) if line.split(" #")[0].strip() not in NAMES_ONLY]
    wrong = []
    for number, line in enumerate(lines):
        if not any(line.startswith(begin) for begin in LEFT_OUT):
            (directory / str(number)).mkdir()
            wrong.append(type_line(house, line, directory / str(number)))
    assert [one for one in wrong if one] == []
    return lines


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_lines_of_help(house, binaries, program, tmp_path):
    texts = [said(binaries, program, "--help", "all")]
    if program == "wsqueue-server":
        texts += [said(binaries, program, name, "--help") for name in commands(binaries) if name != "run"]
    lines = [line for text in texts for line in lines_of_help(text)]
    assert len(lines) >= 10
    check(house, lines, tmp_path)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_lines_of_a_page(house, path, tmp_path):
    check(house, lines_of_page(path), tmp_path)


def test_the_manual_pages_have_the_lines_of_help_and_of_the_pages(binaries):
    """So nothing in them is a line that is typed nowhere."""
    known = [line for path in PAGES for line in path.read_text().splitlines()]
    page = said(binaries, "wsqueue-server", "--man", "wsqueue-server")
    assert any("wsqueue-server queue requeue --all" in line for line in known) and "requeue \\-\\-all" in page


@pytest.mark.parametrize("name, count", [("UsersAndRules", 3), ("Operating", 1)])
def test_the_files_that_pages_show_are_taken(house, name, count, tmp_path):
    found = re.findall(r"^```(json|ini)\n(.*?)^```", (MANUAL / f"{name}.md").read_text(), re.M | re.S)
    assert len(found) == count
    for kind, text in found:
        file = house.root / "shown"
        for name, stand_in in STANDS_FOR.items():
            text = text.replace(name, stand_in.format(address=house.address))
        file.write_text(text)
        option = "--config" if kind == "ini" else "--publishers" if '"from"' in text else "--rules"
        result = subprocess.run(
            ["wsqueue-server", "check", option, "shown", *(["--authorize-url", "http://127.0.0.1:1/"])],
            cwd=house.root, env=house.environment, capture_output=True, text=True, timeout=20)
        assert result.returncode == 0, (text, result.stderr)


# What is run under another name, and how.
RUN_OTHERWISE = {
    "examples/swift/RequestHandler.swift": "Package.swift builds it",
    "examples/migration/spiral/WSQueueBroadcast.php": "migration/php/spiral_publish.php loads its directory",
    "examples/migration/spiral/interfaces.php": "migration/php/spiral_publish.php loads its directory",
    "examples/systemd/wsqueue-server.socket": "install/test_systemd.py takes all units",
    "examples/systemd/wsqueue.sysusers": "install/test_systemd.py, as it is installed",
}


def test_every_example_is_run_by_a_test():
    tests = "\n".join(path.read_text(errors="replace") for path in TESTS.rglob("*") if path.suffix in (".py", ".php"))
    files = [path for path in EXAMPLES.rglob("*") if path.is_file() and "/." not in str(path)]
    unknown = [
        str(path.relative_to(ROOT)) for path in files
        if path.name not in tests and str(path.relative_to(ROOT)) not in RUN_OTHERWISE]
    assert unknown == []
