"""wsqueue_receive.py and wsqueue_receive.php of examples/: they come back by themselves, and say what is lost."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading

import pytest

from support.files import gone, place_each
from support.places import EXAMPLES
from support.ports import free_port
from support.tokens import make_token, write_secrets
from support.waiting import eventually

PYTHON = """
import json, sys
from wsqueue_receive import Receiver
options = json.loads(sys.argv[1])
def say(*what): print(json.dumps(what), flush=True)
if options.pop("hears_gaps"):
    options["on_gap"] = lambda gap: say("gap", gap.begin, gap.end, gap.reason)
receiver = Receiver(
    **options, on_state=lambda begins: say("state", begins), on_retry=lambda reason, seconds: say("retry", reason))
for event in receiver:
    say("event", event.payload, event.key, event.is_state)
"""
PHP = """<?php
$options = json_decode($argv[2], true);
require $argv[1];
$say = function (...$what) { echo json_encode($what), "\n"; };
if ($options['hears_gaps']) {
    $options['onGap'] = fn ($gap) => $say('gap', $gap->told['from'], $gap->told['to'], $gap->told['reason']);
}
unset($options['hears_gaps']);
$named = ['cursor_file' => 'cursorFile'];
foreach ($options as $name => $value) {
    $all[$named[$name] ?? $name] = $value;
}
$retry = fn ($reason, $seconds) => $say('retry', $reason);
$receiver = new WSQueue\\Receiver(...$all, onState: fn ($begins) => $say('state', $begins), onRetry: $retry);
foreach ($receiver as $event) {
    $say('event', $event['payload'], $event['key'] ?? null, $event['is_state']);
}
"""


class Receiving:
    """A process that receives, and says what."""

    def __init__(self, language, tmp_path, url, hears_gaps=True, **options):
        if language == "php":
            if not shutil.which("php"):
                pytest.skip("no php")
            program = tmp_path / "receive.php"
            program.write_text(PHP)
            command = ["php", str(program), str(EXAMPLES / "php/wsqueue_receive.php")]
        else:
            command = [sys.executable, "-c", PYTHON]
        options = {"url": url, "hears_gaps": hears_gaps, **options}
        self.process = subprocess.Popen(
            [*command, json.dumps(options)], env={**os.environ, "PYTHONPATH": str(EXAMPLES / "python")},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.said = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            if line.startswith("["):
                self.said.append(json.loads(line))

    def told(self, kind):
        return [rest for one, *rest in list(self.said) if one == kind]

    def payloads(self):
        return [payload for payload, *_ in self.told("event")]

    def wait_for(self, condition, what, timeout=40):
        eventually(lambda: condition(self), lambda: f"{what}: {self.said[-5:]}", timeout)
        return self

    def wait_for_events(self, count):
        return self.wait_for(lambda one: len(one.payloads()) >= count, f"{count} events")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join(10)

    def end(self):
        """What it says when it ends by itself."""
        self.process.wait(60)
        self.reader.join(10)
        return self.process.stderr.read() + json.dumps(self.said)


@pytest.fixture(params=["python", "php"])
def receive(request, tmp_path):
    made = []

    def start(server, **options):
        url = f"http://127.0.0.1:{getattr(server, 'port', server)}"
        made.append(Receiving(request.param, tmp_path, url, **options))
        return made[-1]
    yield start
    for one in made:
        one.kill()
        one.process.stdout.close()
        one.process.stderr.close()


def test_nothing_is_lost_or_doubled_when_the_server_is_killed(start, queue, receive, tmp_path):
    listen = f"127.0.0.1:{free_port()}"
    server = start(listen=listen)
    one = receive(server, channels=["orders"], cursor_file=str(tmp_path / "cursor"))
    server.wait_for("client.open")
    for round in range(3):
        place_each(queue, range(100 * round, 100 * round + 60), channel="orders")
        one.wait_for_events(100 * round + 1)
        server.signal(signal.SIGKILL)
        server.exit_status()
        place_each(queue, range(100 * round + 60, 100 * round + 100), channel="orders")
        server = start(listen=listen)
    one.wait_for_events(300)
    assert one.payloads() == list(range(300)) and not one.told("gap") and one.told("retry")


def test_a_receiver_that_is_killed_goes_on_behind_its_cursor(start, queue, receive, tmp_path):
    server = start()
    got = []
    for first in (0, 50, 100):
        place_each(queue, range(first, first + 50))
        one = receive(server, since="all", cursor_file=str(tmp_path / "cursor")).wait_for_events(20)
        one.kill()
        got.append(one.payloads())
    one = receive(server, cursor_file=str(tmp_path / "cursor"))
    one.wait_for(lambda one: one.payloads() and one.payloads()[-1] == 149 or got[-1][-1] == 149, "the last one")
    got.append(one.payloads())
    # What was handled when it was killed, and was not noted, comes again: one at most.
    for before, after in zip(got, got[1:]):
        assert not after or after[0] in (before[-1], before[-1] + 1)
    assert all(some == list(range(some[0], some[-1] + 1)) for some in got if some)
    assert set().union(*got) == set(range(150))


def test_a_gap_is_told(start, queue, receive, tmp_path):
    server = start("--journal-events", "5")
    (tmp_path / "cursor").write_text("elsewhere:7\n")
    place_each(queue, range(3))
    gone(queue)
    one = receive(server, cursor_file=str(tmp_path / "cursor")).wait_for(lambda one: one.told("gap"), "a gap")
    [[begin, end, reason]] = one.told("gap")
    assert (begin, end.partition(":")[2], reason) == ("elsewhere:7", "3", "epoch")
    place_each(queue, [3])
    one.wait_for_events(1)
    assert one.payloads()[-1] == 3 and len(one.told("gap")) == 1
    # Without ears for it, it is an error, and the cursor stays.
    (tmp_path / "other").write_text("elsewhere:7\n")
    said = receive(server, cursor_file=str(tmp_path / "other"), hears_gaps=False).end()
    assert "events were lost between elsewhere:7 and" in said and (tmp_path / "other").read_text() == "elsewhere:7\n"


def test_the_state_comes_first(server, queue, receive, publish):
    for key, number in (("a", 1), ("b", 2), ("a", 3)):
        publish("-k", key, "-c", "jobs", "job", f"-j{number}")
    publish("-k", "b", "-c", "jobs", "--clear", "job")
    gone(queue)
    one = receive(server, channels=["jobs"], state=True)
    one.wait_for(lambda one: len(one.told("state")) == 2, "the state")
    publish("-k", "a", "-c", "jobs", "job", "-j4")
    one.wait_for_events(2)
    assert one.said == [["state", True], ["event", 3, "a", True], ["state", False], ["event", 4, "a", False]]


def test_a_refusal_ends_it(start, queue, receive):
    secrets = write_secrets(queue)
    server = start("--jwt-secret-file", str(secrets))
    assert "401" in receive(server, token="nonsense").end()
    assert "needs an authenticated user" in receive(server, channels=["private.user.42"]).end()
    one = receive(server, channels=["private.user.42"], token=make_token())
    server.wait_for("client.open", user="42")
    place_each(queue, [1], channel="private.user.42")
    one.wait_for_events(1)


HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


def message(number, cursor=None):
    text = {"event": "n", "payload": number, "timestamp": 1, "id": f"i{number}", "seq": number}
    return f"id: {cursor}\ndata: {json.dumps(text)}\n\n" if cursor else f"data: {json.dumps(text)}\n\n"


def test_what_comes_before_a_gap_is_given_once(receive):
    """The server gives no cursor there; when the connection is lost in its midst, it sends these again."""
    told = json.dumps({"action": "resumed", "cursor": "e:9", "complete": False, "gap": {
        "from": "e:1", "to": "e:3", "reason": "trimmed"}})
    answers = [
        "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n",
        f"{HEAD}Connection: close\r\n\r\nretry: 2000\n\nid: e:1\n\n{message(4)}{message(5)}data: {{\"event\"",
        f"{HEAD}Connection: close\r\n\r\n: ping\r\n\r\n{message(4)}{message(5)}{message(6)}data: {told}\n\nid: e:9\n\n"
        f"{message(10, 'e:10')}",
    ]
    body = message(11, "e:11").encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:20], body[20:])) + b"0\r\n\r\n"
    answers.append(f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode() + chunks)
    with Answering(answers) as host:
        one = receive(host.port)
        one.wait_for(lambda one: 11 in one.payloads(), "the last event")
    assert one.payloads() == [4, 5, 6, 10, 11] and one.told("gap") == [["e:1", "e:3", "trimmed"]]
    assert host.cursors[:4] == [None, None, "e:1", "e:10"]


class Answering:
    """Gives one answer to each connection, and notes where each wants to go on."""

    def __init__(self, answers):
        self.answers, self.cursors = [one if isinstance(one, bytes) else one.encode() for one in answers], []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def serve(self):
        for answer in self.answers:
            connection, _ = self.socket.accept()
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(4096)
                found = [line for line in head.decode().split("\r\n") if line.lower().startswith("last-event-id:")]
                self.cursors.append(found[0].partition(": ")[2] if found else None)
                connection.sendall(answer)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.close()
