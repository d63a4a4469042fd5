"""`wsqueue-server tail`: events and log lines in a shell."""

import json
import os
import signal
import socket
import subprocess
import threading

import pytest

from support.client import Client
from support.files import name_of, place, waiting
from support.metrics import Metrics
from support.screen import Screen
from support.tokens import make_token, write_secrets
from support.waiting import deadline_after, eventually, holds, suspend


class Tail:
    """A running `wsqueue-server tail`."""

    def __init__(self, binary, *arguments, environment=()):
        environment = {**os.environ, **dict(environment)}
        self.process = subprocess.Popen(
            [str(binary), "tail", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=environment)
        self.out, self.err = b"", b""
        self._threads = [threading.Thread(target=self._read, args=(name,), daemon=True) for name in ("out", "err")]
        for thread in self._threads:
            thread.start()

    def _read(self, name):
        for line in getattr(self.process, f"std{name}"):
            setattr(self, name, getattr(self, name) + line)

    @property
    def lines(self):
        return self.out.decode().splitlines()

    def end(self, timeout=10.0):
        """Waits for its end; gives the exit status."""
        status = self.process.wait(max(0, deadline_after(timeout) - deadline_after(0)))
        for thread in self._threads:
            thread.join(5)
        return status


@pytest.fixture
def tail(binaries):
    started = []

    def start_tail(server, *arguments, **how):
        address = () if server is None else (f"{server.host}:{server.port}",)
        clients = 0 if server is None else len(server.logged("client.open"))
        started.append(Tail(binaries / "wsqueue-server", *address, *arguments, **how))
        if server is not None and server.process.poll() is None:
            # What is published from now on is for it.
            eventually(
                lambda: len(server.logged("client.open")) > clients or started[-1].process.poll() is not None
                or started[-1].out, "it has come")
        return started[-1]

    yield start_tail
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.end()


def event(name="n", **members):
    return json.dumps({"event": name, **members})


def test_events_are_lines_with_time_name_channel_and_payload(server, queue, tail):
    one = tail(server, "-c", "orders", "-c", "chat.*", "-n", "4")
    place(queue, name_of(1), '{"event":"a","payload":{"b": 1.50,  "c":"\\u00e9"},"timestamp":1700000000}')
    place(queue, name_of(2), event("paid", channel="orders", timestamp=1700000001))
    place(queue, name_of(3), event("unheard", channel="other"))
    place(queue, name_of(4), event("said", channel="chat.1", payload="\x9b31mred\u202e \x7f", timestamp=1700000002))
    place(queue, name_of(5), '{"event":"wide","payload":[1,\n2]}')
    assert one.end() == 0
    assert one.lines[:2] == [
        '2023-11-14T22:13:20Z a {"b": 1.50,  "c":"\\u00e9"}', "2023-11-14T22:13:21Z paid #orders null"]
    assert one.lines[2].startswith("2023-11-14T22:13:22Z said #chat.1 ") and one.lines[3].endswith(" wide [1, 2]")
    assert not any(byte < 0x20 and byte != 0x0A or byte == 0x7F for byte in one.out)
    assert "\u202e" not in one.out.decode() and "\x9b" not in one.out.decode()
    assert one.err == b""


def test_on_this_machine_all_channels_are_shown_where_none_is_named(start, queue, tail):
    rules = queue.parent / "rules"
    rules.write_text('[{"channel": "secret", "subscribe": "authenticated"}]')
    server = start("--jwt-secret-file", str(write_secrets(queue)), "--rules", str(rules))
    one = tail(server, "-n", "3")
    for number, channel in enumerate([None, "secret", "private.x", "orders", "chat.1.2"]):
        place(queue, name_of(number), event(f"n{number}", **({"channel": channel} if channel else {})))
    assert one.end() == 0 and one.err == b""
    assert [line.split()[1:-1] for line in one.lines] == [["n0"], ["n3", "#orders"], ["n4", "#chat.1.2"]]


def test_where_patterns_are_not_for_this_machine_it_says_what_is_missing(start, queue, tail):
    server = start("--local", "off")
    one = tail(server, "-n", "2")
    eventually(lambda: one.err, "it is said")
    for number, channel in enumerate([None, "orders", None]):
        place(queue, name_of(number), event(f"n{number}", **({"channel": channel} if channel else {})))
    assert one.end() == 0 and b"only events without a channel" in one.err
    assert [line.split()[1] for line in one.lines] == ["n0", "n2"]


@pytest.mark.parametrize("environment, lines", [
    ({}, ["\x1b[2m2023-11-14T22:13:20Z\x1b[0m \x1b[1ma\x1b[0m null",
          "\x1b[2m2023-11-14T22:13:20Z\x1b[0m \x1b[1mlonger\x1b[0m \x1b[36m#orders\x1b[0m \x1b[33m[k]\x1b[0m 1",
          "\x1b[2m2023-11-14T22:13:20Z\x1b[0m \x1b[1mb\\u202e\x1b[0m \x1b[36m#c     \x1b[0m \"x\""]),
    ({"NO_COLOR": "1"}, ["2023-11-14T22:13:20Z a null", "2023-11-14T22:13:20Z longer #orders [k] 1",
                         "2023-11-14T22:13:20Z b\\u202e #c      \"x\""]),
])
def test_on_a_terminal_it_has_columns_and_colors(server, queue, binaries, environment, lines):
    address = f"{server.host}:{server.port}"
    with Screen(binaries / "wsqueue-server", "tail", address, **environment) as screen:
        eventually(lambda: server.logged("client.open"), "it has come")
        for number, (name, members) in enumerate([
                ("a", {}), ("longer", {"channel": "orders", "key": "k", "payload": 1}),
                ("b\u202e", {"channel": "c", "payload": "x"})]):
            place(queue, name_of(number), event(name, timestamp=1_700_000_000, **members))
        assert screen.wait_for(lambda text: text.count("\n") == 3).splitlines() == lines


def test_events_can_be_filtered_and_written_as_they_are(server, queue, tail):
    whole = tail(server, "-e", "order.*", "-e", "*.gone", "--format", "json", "-n", "2")
    payloads = tail(server, "-e", "order.*", "-e", "*.gone", "--format", "payload", "-n", "2")
    for number, name in enumerate(["order.created", "other", "user.gone"]):
        place(queue, name_of(number), f'{{"event":"{name}","payload":{{"n": {number}.0}},"id":"{number}"}}')
    assert (whole.end(), payloads.end()) == (0, 0)
    assert [json.loads(line)["id"] for line in whole.lines] == ["0", "2"]
    assert payloads.out == b'{"n": 0.0}\n{"n": 2.0}\n'


def test_it_begins_behind_a_cursor_or_a_number_and_says_what_is_gone(start, queue, tail):
    server = start("--journal-events", "1000")
    epoch = server.wait_for("journal.open")["epoch"]
    for number in range(5):
        place(queue, name_of(number), event(payload=number))
    eventually(lambda: Metrics(server)("wsqueue_events_total", result="sent") == 5, "they are sent")
    for since in (f"{epoch}:2", "2"):
        one = tail(server, "--since", since, "-n", "3", "--format", "payload")
        assert (one.end(), one.out, one.err) == (0, b"2\n3\n4\n", b"")
    one = tail(server, "--since", "other:2", "-n", "1", "--format", "payload")
    eventually(lambda: b"gap: that cursor is of another numbering" in one.err, lambda: one.err)
    place(queue, name_of(9), event(payload=9))
    assert (one.end(), one.out) == (0, b"9\n")


def test_the_state_comes_first_and_makes_up_for_what_is_gone(start, queue, tail):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def begin():
        return start("--journal-size", "64K", listen=f"127.0.0.1:{port}")
    server = begin()

    def put(name, *events, ending=""):
        place(queue, name_of(name) + ending, "\n".join(events))
        eventually(lambda: not waiting(queue), "it is sent")
    for number, key in enumerate("abc"):
        put(number, event(payload=number, channel="jobs", key=key))
    put(3, event(channel="jobs", key="c", clear=True))
    one = tail(server, "--state", "-c", "jobs")
    eventually(lambda: len(one.lines) == 2, lambda: one.out)
    put(4, event(payload=4, channel="jobs", key="b"), event(payload=5, channel="jobs"), ending="l")
    eventually(lambda: len(one.lines) == 4, lambda: one.out)
    assert [line.split(" ", 1)[1] for line in one.lines] == [
        "n #jobs [a] 0", "n #jobs [b] 1", "n #jobs [b] 4", "n #jobs 5"]
    server.process.kill()
    server.exit_status()
    server = begin()
    put(5, event(payload=6, channel="jobs", key="a"), event(payload=7, channel="jobs"), ending="l")
    eventually(lambda: len(one.lines) == 6, lambda: one.out + one.err)
    # What the journal has comes in full, and nothing twice.
    assert [line.split(" ", 1)[1] for line in one.lines[4:]] == ["n #jobs [a] 6", "n #jobs 7"]
    suspend(one.process.pid)
    server.process.kill()
    server.exit_status()
    server = begin()
    put(6, event(payload=8, channel="jobs", key="d"), event(payload=9, channel="jobs"), ending="l")
    for number in range(7, 19):
        put(number, *[event("line", channel="logs", payload="x" * 200)] * 100, ending="l")
    server.wait_for("journal.trim")
    one.process.send_signal(signal.SIGCONT)
    eventually(lambda: len(one.lines) == 7, lambda: one.out + one.err, timeout=30)
    assert one.lines[6].endswith("n #jobs [d] 8")
    assert b"gap: the journal no longer has events" in one.err and b"0 to 0" not in one.err
    put(19, event(payload=10, channel="jobs", key="d"))
    eventually(lambda: len(one.lines) == 8, lambda: one.out)


def test_after_a_server_was_killed_it_goes_on_where_it_was(start, queue, tail):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = start(listen=f"127.0.0.1:{port}")
    one = tail(server, "--format", "payload", "-n", "6")
    for number in range(3):
        place(queue, name_of(number), event(payload=number))
    eventually(lambda: len(one.lines) == 3, lambda: one.out)
    server.process.kill()
    server.exit_status()
    eventually(lambda: b"connecting again" in one.err, lambda: one.err)
    for number in range(3, 6):
        place(queue, name_of(number), event(payload=number))
    # Sent and in the journal before it is back.
    after = start(listen=f"127.0.0.1:{port}")
    assert one.end(30) == 0
    assert one.lines == ["0", "1", "2", "3", "4", "5"]
    assert one.err.count(b"connecting again") == 1 and b"connected again" in one.err
    assert after.logged("client.open")


def test_a_server_that_drains_is_waited_for_as_long_as_it_says(start, queue, tail):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = start(listen=f"127.0.0.1:{port}")
    one = tail(server, "--format", "payload", "-n", "1")
    assert server.terminate() == 0
    start(listen=f"127.0.0.1:{port}")
    place(queue, name_of(1), event(payload=1))
    assert (one.end(30), one.out) == (0, b"1\n")


def test_a_command_is_run_for_each_event_with_the_event_and_its_variables(server, queue, tail, tmp_path):
    script = f'cat >> {tmp_path}/events; printf "%s\\n" "$WSQUEUE_EVENT|$WSQUEUE_ID|$WSQUEUE_SEQ|$WSQUEUE_CHANNEL|' \
        '$WSQUEUE_TIMESTAMP|$WSQUEUE_CURSOR"'
    one = tail(server, "--exec", script, "-n", "2", "-c", "a.b")
    evil = "$(touch evil); `touch evil` 'x' \"y\""
    place(queue, name_of(1), event(evil, payload="$(touch evil)", id="i 1", timestamp=17, channel="a.b"))
    place(queue, name_of(2), event("n", payload="x" * 200_000))
    assert (one.end(), one.err) == (0, b"")
    epoch = server.wait_for("journal.open")["epoch"]
    assert one.lines[0] == f"{evil}|i 1|1|a.b|17|{epoch}:1"
    events = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
    assert [found["event"] for found in events] == [evil, "n"] and len(events[1]["payload"]) == 200_000
    assert not os.path.exists("evil")


def test_a_command_does_not_get_the_token(start, queue, tail):
    server = start("--jwt-secret-file", str(write_secrets(queue)))
    variables = [("WSQUEUE_TOKEN", make_token()), ("WSQUEUE_KEPT_AS_IT_IS", "kept")]
    one = tail(
        server, "--exec", 'printf "%s\\n" "${WSQUEUE_TOKEN-none}|$WSQUEUE_KEPT_AS_IT_IS"; env | grep -c ey', "-n", "1",
        environment=variables)
    place(queue, name_of(1), event("n"))
    one.end()
    assert one.out == b"none|kept\n0\n"


def test_a_command_that_fails_is_said_and_the_rest_is_done(server, queue, tail):
    one = tail(server, "--exec", 'test "$WSQUEUE_EVENT" = good || kill -9 $$', "-n", "3")
    for number, name in enumerate(["good", "bad", "good"]):
        place(queue, name_of(number), event(name))
    assert one.end() == 74
    assert one.err.count(b"\n") == 1 and b"the command for bad was ended by signal 9" in one.err


def test_a_token_comes_from_a_file_or_a_variable_and_is_not_among_the_words(start, queue, tail, tmp_path):
    rules = queue.parent / "rules"
    rules.write_text('[{"channel": "secret", "subscribe": "authenticated"}]')
    server = start("--jwt-secret-file", str(write_secrets(queue)), "--rules", str(rules))
    file = tmp_path / "token"
    file.write_text(make_token() + "\n")
    one = tail(server, "-c", "secret", "-n", "1", "--token-file", str(file))
    other = tail(server, "-c", "secret", "-n", "1", environment={"WSQUEUE_TOKEN": make_token()})
    stranger = tail(server, "-c", "secret")
    eventually(lambda: b"the server says: " in stranger.err, lambda: stranger.err)
    for process in (one, other):
        with open(f"/proc/{process.process.pid}/cmdline", "rb") as words:
            assert make_token().split(".")[0].encode() not in words.read()
    place(queue, name_of(1), event(channel="secret"))
    assert (one.end(), other.end()) == (0, 0)
    wrong = tail(server, environment={"WSQUEUE_TOKEN": make_token(exp=1)})
    assert wrong.end() == 77 and b"expired" in wrong.err


def test_without_a_server_it_ends_at_once(binaries, tail):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    one = tail(None, f"http://127.0.0.1:{port}/")
    assert one.end() == 69 and b"connection refused" in one.err
    assert tail(None, "https://example.org").end() == 64
    assert tail(None, "--format", "xml").end() == 64
    assert tail(None, "--since", "yesterday").end() == 64
    assert tail(None, "--log", "a", "--since", "1").end() == 64
    assert tail(None, "--token-file", "/nowhere").end() == 66


def test_what_is_no_server_of_ours_is_said(tail):
    with socket.create_server(("127.0.0.1", 0)) as other:
        def answer(data):
            connection, _ = other.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(data)
        for data, status in [
            (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", 69), (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 69),
            (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>", 69),
            (b"HTTP/1.1 403 Forbidden\r\n\r\n\x1b[31mno", 77), (b"", 69),
        ]:
            thread = threading.Thread(target=answer, args=(data,))
            thread.start()
            one = tail(None, f"127.0.0.1:{other.getsockname()[1]}")
            assert one.end() == status, one.err
            assert one.err.endswith(b"\n") and b"\x1b" not in one.err
            thread.join()


def test_a_stream_in_chunks_below_a_path_of_a_proxy_is_read_too(tail):
    body = b'retry: 2000\n\nid: e:1\r\ndata: {"event":"a",\ndata: "payload":1}\n\n: ping\n\n'
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        requests = []

        def answer():
            connection, _ = proxy.accept()
            with connection:
                requests.append(connection.recv(65_536))
                head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                connection.sendall(head + b"".join(b"1;x=y\r\n%c\r\n" % byte for byte in body))
                connection.recv(1)
        thread = threading.Thread(target=answer)
        thread.start()
        one = tail(None, f"http://localhost:{proxy.getsockname()[1]}/events/?x=y", "-n", "1", "--format", "json")
        assert (one.end(), one.out) == (0, b'{"event":"a", "payload":1}\n')
        thread.join()
    assert requests[0].startswith(b"GET /events/events?watch=1&channels=** HTTP/1.1\r\nHost: localhost:")


def test_it_works_through_a_unix_socket(start, queue, tail, tmp_path):
    path = tmp_path / "socket"
    start("-l", f"unix:{path}")
    one = tail(None, "-l", f"unix:{path}", "-n", "1")
    numbers = iter(range(1, 10_000))
    eventually(lambda: place(queue, name_of(next(numbers)), event()) or one.lines, "an event arrives")
    assert one.end() == 0


def test_when_its_reader_goes_it_ends(server, queue, binaries):
    command = f"{binaries}/wsqueue-server tail {server.host}:{server.port} | head -n 1"
    shell = subprocess.Popen(["sh", "-c", command], stdout=subprocess.PIPE)
    server.wait_for("client.open")
    place(queue, name_of(1), event())
    numbers = iter(range(2, 10_000))
    eventually(
        lambda: place(queue, name_of(next(numbers)), event()) or server.logged("client.close"), lambda: server.log
    )
    assert shell.communicate(timeout=10)[0].endswith(b" n null\n")


def test_a_log_is_followed_through_rotation_by_renaming_and_by_cutting_it_off(binaries, tail, tmp_path):
    log = tmp_path / "log"
    log.write_text("ts=0 level=info ev=old\n")
    one = tail(None, "--log", str(log))
    numbers = iter(range(1, 100))

    def append(expected):
        """Lines from when it has looked: it begins at the end of what it finds."""
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"ts=1 level=info ev=line n={expected}\n")

    eventually(lambda: "line" in one.out.decode() or append(next(numbers)), "it follows", 10)
    os.rename(log, tmp_path / "log.1")
    log.touch()
    with open(tmp_path / "log.1", "a", encoding="utf-8") as file:
        file.write("ts=2 level=info ev=late\n")
    append("renamed")
    eventually(lambda: "renamed" in one.out.decode(), lambda: one.out)
    assert "late" in one.lines[-2]
    log.write_text("")
    eventually(lambda: append("cut off") or "cut off" in one.out.decode(), lambda: one.out)


def test_log_lines_are_chosen_by_their_names_in_each_form(binaries, tail, tmp_path):
    log = tmp_path / "log"
    one = tail(None, "--log", str(log), "-e", "client.*", "-n", "3", "--exec", 'echo "$WSQUEUE_EVENT: $(cat)"')
    lines = (
        b"ts=1 level=info ev=client.open conn=1\nts=1 level=info ev=event.sent id=client.x\n"
        b'{"ts":"1","level":"info","ev":"client.close","conn":1}\n{"ts":"1","ev":"event.sent"}\n'
        b"<4>ev=client.slow a=b\n")

    def append():
        # In one write: it may come at any moment, and begins where the file ends then.
        with open(log, "ab", buffering=0) as file:
            file.write(lines)

    eventually(lambda: append() or one.process.poll() is not None, lambda: one.out)
    assert one.end() == 0
    assert one.lines == [
        "client.open: ts=1 level=info ev=client.open conn=1",
        'client.close: {"ts":"1","level":"info","ev":"client.close","conn":1}', "client.slow: <4>ev=client.slow a=b"]


def test_who_looks_on_is_not_the_client_that_files_wait_for(start, queue, tail):
    server = start("--hold-without-clients")
    one = tail(server)
    place(queue, name_of(1), event())
    holds(lambda: waiting(queue), 0.3)
    with Client(server) as client:
        assert len(client.receive_events(1)) == 1
        eventually(lambda: one.lines, lambda: one.err)
        place(queue, name_of(2), event())
        eventually(lambda: len(one.lines) == 2, lambda: one.out)
    # Somebody else has gone, and it is still there.
    server.wait_for("client.close")
    place(queue, name_of(3), event())
    holds(lambda: waiting(queue), 0.3)


def test_the_log_of_a_running_server_is_followed_while_it_is_rotated(start, queue, tail, tmp_path):
    log = tmp_path / "log"
    log.touch()
    server = start("--log-file", str(log), is_ready=False)
    one = tail(None, "--log", str(log), "-e", "server.*,event.*")
    eventually(lambda: b"server.ready" in log.read_bytes(), "it has started")
    # It begins at the end of what it finds, at some moment.
    eventually(lambda: server.signal(signal.SIGUSR1) or b"server.status" in one.out, lambda: one.out)
    for number in range(3):
        os.rename(log, tmp_path / f"log.{number}")
        server.signal(signal.SIGHUP)
        eventually(lambda: log.exists() and b"server.reload" in log.read_bytes(), "the log is another file")
        place(queue, name_of(number), event(id=f"event-{number}"))
        eventually(lambda: f"id=event-{number}" in one.out.decode(), lambda: one.out)
    # Cut off where it stands, as logrotate's copytruncate does.
    os.truncate(log, 0)
    eventually(lambda: log.stat().st_size == 0, "it is empty")
    holds(lambda: one.process.poll() is None, 0.3)
    place(queue, name_of(9), event(id="event-9"))
    eventually(lambda: "id=event-9" in one.out.decode(), lambda: one.out)
    assert b"\x00" not in log.read_bytes()
    eventually(lambda: waiting(queue) == [], "the queue is empty")
