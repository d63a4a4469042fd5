"""The server's log under people who want it to lie, to steer a terminal, to tell a secret or to grow; its rotation."""

import json
import os
import random
import re
import signal
import subprocess

import pytest

from support.client import Client, handshake_request
from support.files import fill, name_of, place, waiting
from support.http import exchange
from support.metrics import Metrics
from support.places import MANUAL, ROOT
from support.server import LINE, parse_line
from support.tokens import SECRET, make_token, write_secrets
from support.waiting import eventually

STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
PAYLOAD = "payload-that-is-nobodys-business"
# Pieces of which mischief is made.
PIECES = [
    "\x1b[2J", "\x07", "\r", "\n", "\x85", "\x9b31m", "\u202e", "\u2028", "\u2066", " ev=server.stop", " level=error",
    "ts=2026-11-21T00:00:00.000Z", '"', "\\", "\\n", "=", "%n%s", "<4>", "{\"ev\":\"x\"}", "\u00e9", "\U0001f600",
    "x" * 90, "\t", "\x7f", "\ufeff", "a",
]


def harmless_lines(raw):
    """Checks the form of every line; gives them taken apart."""
    lines = raw.split(b"\n")
    assert lines.pop() == b""
    for line in lines:
        assert LINE.fullmatch(line) and len(line) < 4_096, line
        assert not STEERING.search(line.decode()), line
    return [parse_line(line.decode()) for line in lines]


@pytest.mark.parametrize("seed", range(3))
def test_names_headers_and_tokens_of_all_kinds_stay_in_their_place(start, queue, seed):
    chance = random.Random(seed)

    def mischief(limit=200):
        return "".join(chance.choices(PIECES, k=chance.randrange(1, 12))).encode()[:limit].decode(errors="ignore")

    secrets = [make_token(user=f"user-{seed}"), make_token(secret="another secret that is long enough to be one")]
    server = start("--jwt-secret-file", str(write_secrets(queue)), "--handshake", "2s")
    for number in range(60):
        kind = number % 4
        if kind == 0:
            names = {"event": mischief(), "id": mischief(), "channel": mischief(40), "payload": PAYLOAD + mischief()}
            place(queue, name_of(number), json.dumps(names, ensure_ascii=chance.random() < 0.5))
        elif kind == 1:
            suffix = chance.choice([".json", ".jsonl", ".txt", ""])
            name = mischief(180).replace("/", "").replace("\x00", "").lstrip(".") + suffix
            place(queue, name, chance.choice(['{"event":"n"}', f'{{"{PAYLOAD}', ""]))
        elif kind == 2:
            header = mischief().replace("\n", "").replace("\r", "")
            name = chance.choice(["Origin", "User-Agent", "Sec-WebSocket-Protocol", "Authorization", "X-Forwarded-For"])
            request, _ = handshake_request("localhost", server.port, headers=[f"{name}: {header}"])
            exchange(server, request, wants_end=False)
        else:
            token = chance.choice(secrets) + chance.choice(["", "x", "%0a", "."])
            way = chance.choice([f"?token={token}", "/"])
            headers = [f"Authorization: Bearer {token}"] if way == "/" else []
            request, _ = handshake_request("localhost", server.port, f"/{way.lstrip('/')}", headers=headers)
            exchange(server, request, wants_end=False)
    place(queue, name_of(99), '{"event":"last"}')
    server.wait_for("event.sent", event="last")
    eventually(
        lambda: not [name for name in waiting(queue) if name.endswith((".json", ".jsonl"))],
        lambda: f"{waiting(queue)}")
    assert server.terminate() == 0
    lines = harmless_lines(server.raw_log)
    # Nobody but the server has stopped it, and it has said so once.
    assert sum(line["ev"] == "server.stop" for line in lines) == 1
    for secret in [*secrets, SECRET]:
        for part in secret.split("."):
            assert part.encode() not in server.raw_log or len(part) < 40, part
    assert PAYLOAD.encode() not in server.raw_log


def documented():
    """The names that the manual promises, with their levels."""
    text = (MANUAL / "WatchingIt.md").read_text()
    table = text.split("<!-- log names -->")[1].split("<!-- end -->")[0]
    return set(re.findall(r"`([a-z]+\.[a-z_]+)`", table))


def test_every_name_that_is_written_is_documented_and_every_documented_one_is_written():
    written = set()
    for path in (ROOT / "Sources").rglob("*.swift"):
        text = path.read_text()
        for name in re.findall(r'LogLine\(\s*(?:\.?\w[\w.? :]*,)?\s*"([^"]+)"', text):
            # The one name that is put together is of what can be read again.
            files = ("secrets", "rules", "publishers", "applications")
            names = [f"{what}.reload" for what in files] if "\\(" in name else [name]
            written.update(names)
        # What is not a name in place would escape this test.
        assert not re.search(r"LogLine\(\s*\.\w+,\s*[^\"\s]", text), path
    assert written - documented() == set(), "add them to the table of log names in WatchingIt.md"
    assert documented() - written == set(), "nothing writes these any more: take them out of WatchingIt.md"


def test_what_is_the_same_again_and_again_is_one_line_with_a_number(start, queue):
    server = start("--origin", "https://example.org")
    for _ in range(30):
        request, _ = handshake_request("localhost", server.port, headers=["Origin: https://evil.example"])
        exchange(server, request)
    eventually(
        lambda: server.times("client.denied") == 30, lambda: server.log)
    written = len(server.logged("client.denied"))
    assert written <= 10 and Metrics(server)("wsqueue_log_suppressed_total") == 30 - sum(
        "repeat" not in line for line in server.logged("client.denied"))
    assert server.terminate() == 0
    harmless_lines(server.raw_log)


def test_a_busy_server_can_be_read_along(start, memory_queue):
    server = start("--hold-without-clients", directory=memory_queue)
    fill(memory_queue, range(3_000), lambda number: b"no event" if number % 3 == 0 else b'{"event":"n"}')
    with Client(server) as client:
        client.receive(2_000)
        eventually(lambda: waiting(memory_queue) == [], "the queue is empty", 20)
    assert server.terminate() == 0
    lines = harmless_lines(server.raw_log)
    seconds = {}
    for line in lines:
        key = (line["ts"][:19], line["ev"])
        seconds[key] = seconds.get(key, 0) + 1
    # A second of the server begins with an event: parts of two of them may be in one of the clock.
    assert max(seconds.values()) <= 2 * 50 + 5, seconds
    assert sum(int(line["sent"]) for line in lines if line["ev"] == "events.sum") + sum(
        line["ev"] == "event.sent" for line in lines) == 2_000
    assert sum(int(line.get("repeat", 1)) for line in lines if line["ev"] == "event.rejected") == 1_000


@pytest.mark.parametrize("way", ["renamed", "cut off"])
def test_no_line_is_lost_or_cut_when_the_log_is_rotated(start, queue, tmp_path, way):
    log = tmp_path / "log"
    server = start("--log-file", str(log), "--log-events", "all", is_ready=False)
    eventually(lambda: log.exists() and b"ev=server.ready" in log.read_bytes(), "it is ready")
    kept = b""
    for turn in range(3):
        for number in range(20):
            place(queue, name_of(turn * 100 + number), '{"event":"n"}')
        eventually(lambda: waiting(queue) == [], "the queue is empty")
        if way == "renamed":
            old = tmp_path / f"log.{turn}"
            os.rename(log, old)
            server.signal(signal.SIGHUP)
            eventually(lambda: log.exists() and b"ev=server.reload" in log.read_bytes(), "the file is another one")
        else:
            eventually(lambda: log.read_bytes().count(b"ev=event.sent") == 20, lambda: log.read_bytes())
            old = tmp_path / "copy"
            old.write_bytes(log.read_bytes())
            os.truncate(log, 0)
        kept += old.read_bytes()
    assert server.terminate() == 0
    kept += log.read_bytes()
    lines = harmless_lines(kept)
    assert sum(line["ev"] == "event.sent" for line in lines) == 60


def test_a_log_that_cannot_be_opened_again_goes_on_and_says_so(start, queue, tmp_path):
    directory = tmp_path / "logs"
    directory.mkdir()
    server = start("--log-file", str(directory / "log"), is_ready=False)
    moved = tmp_path / "moved"
    eventually(lambda: (directory / "log").exists() and b"server.ready" in (directory / "log").read_bytes(), "ready")
    os.rename(directory, moved)
    server.signal(signal.SIGHUP)
    line = eventually(
        lambda: [one for one in harmless_lines((moved / "log").read_bytes()) if one["ev"] == "log.failing"],
        "it says so")[0]
    assert line["level"] == "error" and "no such file" in line["error"] and line["hint"]
    place(queue, name_of(1), '{"event":"n"}')
    eventually(lambda: b"ev=event.sent" in (moved / "log").read_bytes(), "it goes on")


def test_a_log_on_a_full_disk_goes_on_when_there_is_room_and_counts_what_is_missing(start, queue, tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    server = start("--log-file", "/dev/full", is_ready=False, listen=f"unix:{tmp_path}/socket")

    def metrics():
        asked = subprocess.run(
            ["curl", "-s", "--unix-socket", f"{tmp_path}/socket", "http://localhost/metrics"], capture_output=True)
        found = re.search(rb"^wsqueue_log_suppressed_total (\d+)$", asked.stdout, re.MULTILINE)
        return found and int(found[1])

    eventually(metrics, "lines are counted that could not be written")
    assert server.terminate() == 0


@pytest.mark.parametrize("matches", [True, False])
def test_the_journal_gets_priorities_if_it_is_the_reader(binaries, queue, matches):
    reading, writing = os.pipe()
    status = os.fstat(writing)
    inode = status.st_ino if matches else status.st_ino + 1
    process = subprocess.Popen(
        [str(binaries / "wsqueue-server"), "-d", str(queue), "-l", "127.0.0.1:0"], stderr=writing,
        env={**os.environ, "JOURNAL_STREAM": f"{status.st_dev}:{inode}"})
    os.close(writing)
    with os.fdopen(reading, "rb") as log:
        lines = [log.readline()]
        while b"server.ready" not in lines[-1]:
            lines.append(log.readline())
            assert lines[-1], lines
        process.terminate()
        assert process.wait(20) == 0
    form = rb"<[34567]>ev=[a-z]+\.[a-z]+( [a-z_]+=.*)?\n" if matches else rb"ts=\S+Z level=[a-z]+ ev=[a-z.]+( .*)?\n"
    assert all(re.fullmatch(form, line) for line in lines), lines
