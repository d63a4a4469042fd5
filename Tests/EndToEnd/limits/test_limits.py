"""What a client may take of a server, and what it gets who takes more."""

import contextlib
import os
import resource
import signal
import socket
import struct
import time

import pytest

from support.client import Client, handshake_request
from support.frames import client_frame
from support.http import exchange, request
from support.waiting import eventually, holds

MASK = bytes(4)


def descriptors(server):
    return len(os.listdir(f"/proc/{server.pid}/fd"))


def header(first, length, size):
    """A masked frame's header with a length in `size` bytes, true or not."""
    short = {1: length, 2: 126, 8: 127}[size]
    extra = {1: b"", 2: struct.pack(">H", length & 0xFFFF), 8: struct.pack(">Q", length)}[size]
    return bytes([first, 0x80 | short]) + extra + MASK


def close_of(client, timeout=5.0):
    """The close frame that ends a connection, and whether the server then really ends it."""
    client.receive_until_end(timeout)
    client.socket.settimeout(timeout)
    with contextlib.suppress(ConnectionResetError):
        while client.socket.recv(65536):
            pass
    return client.frames.close


def opened(server):
    """A client, or the status that it was refused with (0: the connection just ended)."""
    try:
        return Client(server)
    except AssertionError as error:
        text = str(error)
        return int(text.split("HTTP/1.1 ")[1][:3]) if "HTTP/1.1 " in text else 0
    except (ConnectionResetError, BrokenPipeError):
        return 0


@pytest.mark.parametrize("length,code", [((1 << 63), 1002), ((1 << 63) - 1, 1009), (1 << 40, 1009), (65_537, 1009)])
def test_a_header_that_announces_much_costs_nothing(server, is_measured, length, code):
    before = server.memory()["RssAnon"]
    clients = [Client(server) for _ in range(50)]
    for client in clients:
        client.socket.sendall(header(0x81, length, 8))
    assert {close_of(client)[0] for client in clients} == {code}
    assert server.memory()["RssAnon"] - before < 2_048 or not is_measured
    for client in clients:
        client.socket.close()


def test_a_message_up_to_the_limit_is_taken_and_one_byte_more_closes(start):
    server = start("--message-size", "1000")
    with Client(server) as client:
        client.send(1, b"[" + b" " * 998 + b"]")
        assert b"invalid_format" in client.receive(2)[1]
        client.send(1, b"[" + b" " * 999 + b"]")
        assert close_of(client) == (1009, "message over 1000 bytes")


def test_fragments_together_are_bounded_like_a_message(server):
    with Client(server) as client:
        client.socket.sendall(header(0x01, 60_000, 2) + b"a" * 60_000)
        client.socket.sendall(header(0x00, 6_000, 2))
        assert close_of(client) == (1009, "message over 65536 bytes")


def test_fragments_without_content_do_not_go_on_for_ever(server):
    with Client(server) as client:
        client.socket.sendall(header(0x01, 0, 1) + header(0x00, 0, 1) * 1_024)
        assert close_of(client) == (1009, "message in more than 1024 frames")


@pytest.mark.parametrize("name,data,code", [
    ("no mask", b"\x81\x02{}", 1002), ("reserved bits", header(0xC1, 2, 1) + b"{}", 1002),
    ("an unknown opcode", header(0x83, 0, 1), 1002), ("a ping in two frames", header(0x09, 0, 1), 1002),
    ("a ping of 126 bytes", header(0x89, 126, 2), 1002), ("a length too long for itself", header(0x81, 2, 8), 1002),
    ("nothing to continue", header(0x80, 0, 1), 1002), ("a message within one", header(0x01, 0, 1) * 2, 1002),
    ("a close code of one byte", header(0x88, 1, 1) + b"\x03", 1002),
    ("a close code that must not be", header(0x88, 2, 1) + b"\x03\xed", 1002),
    ("a reason that is not UTF-8", header(0x88, 3, 1) + b"\x03\xe8\xff", 1007),
    ("text that is not UTF-8", header(0x81, 1, 1) + b"\xff", 1007),
    ("the first byte of an endless message", header(0x01, 60_000, 2) + b"\xf8", 1007),
    ("binary", header(0x82, 1, 1) + b"a", 1003),
])
def test_a_broken_rule_closes_with_its_code(server, name, data, code):
    with Client(server) as client:
        client.socket.sendall(data)
        assert close_of(client)[0] == code, name
    server.wait_for("client.close", code=code)


def test_a_flood_of_control_frames_is_answered_for_a_while_and_then_closed(start):
    server = start("--frame-rate", "10")
    with Client(server) as client:
        client.socket.sendall(b"".join(client_frame(9, b"%d" % n) for n in range(200)))
        data = b""
        with contextlib.suppress(ConnectionResetError):
            while received := client.socket.recv(65536):
                data += received
        pongs = b"".join(bytes([0x8A, len(b"%d" % n)]) + b"%d" % n for n in range(100))
        # One or two more may have been earned on the way.
        assert data.startswith(pongs) and data.count(b"\x8a") < 110
        assert data.endswith(b"\x88\x11\x0f\xbdtoo many frames")
    server.wait_for("client.error", code=4029)


def test_a_flood_of_messages_is_closed_too(server):
    with Client(server) as client:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(100):
                client.socket.sendall(client_frame(1, b'{"action":"ping"}') * 100)
        client.receive_until_end()
        assert client.frames.close[0] == 4029


def test_a_client_that_pings_once_a_second_a_hundred_times_over_stays(server):
    with Client(server) as client:
        client.socket.sendall(client_frame(9, b"") * 500)
        data = b""
        while len(data) < 1_000:
            data += client.socket.recv(65536)
        assert data == b"\x8a\x00" * 500
        client.expect_silence(0.1)


def test_pings_without_reading_the_answers_cost_little_memory(start, is_measured):
    server = start("--frame-rate", "0")
    before = server.memory()["RssAnon"]
    clients = [Client(server, receive_buffer=4_096) for _ in range(20)]
    payload = client_frame(9, b"p" * 125) * 100
    for client in clients:
        client.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                client.socket.send(payload)
    # It reads no more from who takes nothing.
    assert holds_still(lambda: server.memory()["RssAnon"] - before) < 20 * 512 or not is_measured
    for client in clients:
        client.socket.close()


def holds_still(value):
    """A value that has not changed for a fifth of a second."""
    last, since = value(), time.monotonic()
    while time.monotonic() - since < 0.2:
        time.sleep(0.02)
        if (now := value()) != last:
            last, since = now, time.monotonic()
    return last


def test_a_half_open_connection_is_found_by_ping(start):
    server = start("--ping", "500ms", "--pong", "300ms")
    with Client(server) as silent, Client(server) as lively:
        # It answers what it is asked, and nothing else arrives in all that time.
        with pytest.raises(AssertionError, match="0 of 1 messages"):
            lively.receive(timeout=2.0)
        assert lively.frames.close is None
        silent.socket.settimeout(1)
        data = b""
        while received := silent.socket.recv(100):
            data += received
        assert data.startswith(b"\x89\x00") and b"no answer to ping" in data and data[2:6] == b"\x88\x13\x03\xe9"
    closed = server.wait_for("client.close", code=1001)
    assert int(closed["seconds"]) <= 4


def test_who_never_closes_after_the_closing_handshake_is_not_waited_for(server):
    with Client(server) as client:
        before = descriptors(server)
        client.send(8, b"\x03\xe8")
        eventually(lambda: descriptors(server) < before, "its descriptor is free", 5)


def test_what_is_sent_after_the_end_is_read_for_a_while_only(server):
    with Client(server) as client:
        client.send(8, b"\x03\xe8")
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            for _ in range(1_000):
                client.socket.sendall(bytes(65536))


def test_one_client_too_many_is_told_503(start):
    server = start("--clients", "5")
    clients = [Client(server) for _ in range(5)]
    answer = exchange(server, handshake_request(server.host, server.port)[0])
    assert answer.status == 503 and answer.body.endswith(b".\n") and answer.has_ended
    server.wait_for("client.denied", reason="clients")
    clients.pop().socket.close()
    server.wait_for("client.close")
    clients.append(eventually(lambda: one if isinstance(one := opened(server), Client) else None, "there is room", 8))
    for client in clients:
        client.socket.close()


OPEN = ["/live", "/ready", "/ready?x", "/metrics", "/wsqueue.js", "/wsqueue.mjs", "/wsqueue.d.ts", "/wsqueue.tgz",
        "/live/"]


@pytest.mark.parametrize("options", [["--clients", "2"], ["--clients-per-address", "2"]])
def test_a_full_server_says_that_it_lives_and_what_a_page_needs(start, options):
    server = start(*options, "--threads", "1")
    clients = [Client(server) for _ in range(2)]
    for _ in range(40):
        for path in OPEN:
            answer = request(server, path)
            assert answer.status == 200, (path, answer.line)
        for client in clients:
            # It answers pings.
            client.expect_silence(0.01)
    assert request(server, "/live", method="HEAD").status == 200
    answer = request(server, "/cursor")
    assert answer.status in (429, 503) and int(answer.headers["retry-after"]) > 0
    # Neither a part of such a request nor a WebSocket at its path is one.
    assert exchange(server, handshake_request(server.host, server.port, "/live")[0]).status == answer.status
    assert exchange(server, b"GET /live HTTP/1.1\r\nHost: ").status == answer.status
    assert exchange(server, b"GET /liver HTTP/1.1\r\nHost: localhost\r\n\r\n").status == answer.status
    for client in clients:
        client.socket.close()


def test_by_a_trusted_proxy_too_nobody_counts_for_asking_whether_it_lives(start):
    server = start("--clients-per-address", "1", "--trusted-proxy", "127.0.0.1")
    with Client(server, headers=["X-Forwarded-For: 203.0.113.9"]):
        for path in ("/live", "/wsqueue.js"):
            assert request(server, path, "X-Forwarded-For: 203.0.113.9").status == 200
        assert request(server, "/cursor", "X-Forwarded-For: 203.0.113.9").status == 429


def test_one_too_many_that_says_nothing_is_soon_told(start):
    server = start("--clients", "1")
    with Client(server):
        answer = exchange(server)
        assert answer.status == 503 and answer.headers["retry-after"] == "5"


def test_who_has_gone_makes_room_for_a_newcomer_of_the_same_moment(start):
    server = start("--clients", "1", "--threads", "1")
    first = Client(server)
    server.signal(signal.SIGSTOP)
    eventually(lambda: thread_states(server) == {"T"}, "all its threads stand still")
    try:
        first.socket.close()
        # The loop finds both at once when it goes on: the end, which came first, and the newcomer.
        with socket.create_connection((server.host, server.port), 10) as other:
            other.sendall(handshake_request(server.host, server.port)[0])
            server.signal(signal.SIGCONT)
            assert other.recv(100).startswith(b"HTTP/1.1 101 ")
    finally:
        server.signal(signal.SIGCONT)


def test_one_address_cannot_have_all_places(start):
    server = start("--clients-per-address", "3")
    clients = [Client(server) for _ in range(3)]
    answer = exchange(server, handshake_request(server.host, server.port)[0])
    assert answer.status == 429 and answer.body.endswith(b".\n")
    server.wait_for("client.denied", reason="address")
    # Another address has its own, and each refusal leaves the count as it was.
    for number in range(5):
        with socket.create_connection((server.host, server.port), 5, (f"127.0.0.{number + 2}", 0)) as other:
            other.sendall(handshake_request(server.host, server.port)[0])
            assert other.recv(100).startswith(b"HTTP/1.1 101 ")
        assert exchange(server, handshake_request(server.host, server.port)[0]).status == 429
    clients.pop().socket.close()
    clients.append(eventually(lambda: one if isinstance(one := opened(server), Client) else None, "there is room", 8))
    for client in clients:
        client.socket.close()


def test_connections_that_say_nothing_are_not_counted_for_their_address(start):
    server = start("--clients-per-address", "3")
    idle = [socket.create_connection((server.host, server.port), 5) for _ in range(3)]
    # Found after those: the loops take newcomers in their order.
    clients = [Client(server) for _ in range(3)]
    assert opened(server) == 429
    for one in idle:
        one.close()
    for client in clients:
        client.socket.close()


def test_at_the_descriptor_limit_newcomers_are_refused_at_once_and_the_others_served(start, publish):
    server = start("--threads", "2", descriptors=128)
    most = int(server.wait_for("server.start")["max_clients"])
    assert 40 <= most < 100
    found = []
    begin = time.monotonic()
    for _ in range(150):
        found.append(opened(server))
    took = time.monotonic() - begin
    clients = [one for one in found if isinstance(one, Client)]
    refused = [one for one in found if not isinstance(one, Client)]
    assert len(clients) == most and set(refused) == {503}, (len(clients), refused)
    assert took < 3
    server.wait_for("client.denied", reason="clients")
    publish("order.created", "id:=7")
    for client in clients:
        assert client.receive_events()[0]["payload"] == {"id": 7}
        client.socket.close()
    with eventually(lambda: one if isinstance(one := opened(server), Client) else None, "there is room", 8) as client:
        publish("order.created", "id:=8")
        assert client.receive_events()[0]["payload"] == {"id": 8}


def test_a_storm_that_holds_its_refusals_leaves_descriptors_for_the_queue(start, publish):
    server = start("--threads", "2", descriptors=128)
    most = int(server.wait_for("server.start")["max_clients"])
    clients = [Client(server) for _ in range(most)]
    # They neither read nor close.
    storm = [socket.create_connection((server.host, server.port), 5) for _ in range(300)]
    server.wait_for("client.denied", reason="clients")
    for number in range(20):
        publish("order.created", f"id:={number}")
    for client in clients:
        assert [event["payload"]["id"] for event in client.receive_events(20)] == list(range(20))
    assert server.logged("client.denied", reason="descriptors") == []
    for one in [*storm, *[client.socket for client in clients]]:
        one.close()


def test_without_any_descriptor_left_newcomers_are_refused_and_it_rests(start, publish):
    # Two loops would take the spare descriptor from each other, and now and then serve one more.
    server = start("--threads", "1")
    clients = [Client(server) for _ in range(10)]
    before = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    # Nothing is left but what is open now.
    numbers = set(map(int, os.listdir(f"/proc/{server.pid}/fd")))
    most = 1 + max(numbers)
    assert numbers == set(range(most)), "a number below the limit is free"
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (most, before[1]))
    begin = time.monotonic()
    assert [opened(server) for _ in range(20)] == [0] * 20
    assert time.monotonic() - begin < 2
    assert "hint" in server.wait_for("client.denied", reason="descriptors")
    used = cpu_seconds(server)
    waiting = [socket.create_connection((server.host, server.port), 5) for _ in range(5)]
    holds(lambda: server.process.poll() is None, 1)
    assert cpu_seconds(server) - used < 0.5, "it turns on newcomers that it cannot accept"
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, before)
    publish("order.created", "id:=7")
    for client in clients:
        assert client.receive_events(timeout=20)[0]["payload"] == {"id": 7}
    with Client(server) as client:
        publish("order.created", "id:=8")
        assert client.receive_events()[0]["payload"] == {"id": 8}
    for one in [*waiting, *[client.socket for client in clients]]:
        one.close()


def test_when_newcomers_cannot_even_be_refused_they_wait_and_it_rests(start, publish):
    # One loop, which has begun when it serves the client: another might still need a descriptor to begin with.
    server = start("--threads", "1")
    with Client(server) as client:
        before = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
        # Below the number of its spare descriptor: what it closes is not given out again.
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (3, before[1]))
        waiting = [socket.create_connection((server.host, server.port), 5) for _ in range(5)]
        server.wait_for("client.denied", reason="descriptors")
        used = cpu_seconds(server)
        holds(lambda: server.process.poll() is None, 1)
        assert cpu_seconds(server) - used < 0.3, "it turns on newcomers that it cannot accept"
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, before)
        for one in waiting:
            one.sendall(handshake_request(server.host, server.port)[0])
            assert one.recv(100).startswith(b"HTTP/1.1 101 ")
            one.close()
        publish("order.created", "id:=7")
        assert client.receive_events()[0]["payload"] == {"id": 7}


def cpu_seconds(server):
    with open(f"/proc/{server.pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def thread_states(server):
    folder = f"/proc/{server.pid}/task"
    states = set()
    for thread in os.listdir(folder):
        with open(f"{folder}/{thread}/stat", encoding="utf-8") as file:
            states.add(file.read().rpartition(")")[2].split()[0])
    return states


def test_the_backlog_is_what_was_asked_for(start):
    server = start("--backlog", "7")
    server.signal(signal.SIGSTOP)
    eventually(lambda: thread_states(server) == {"T"}, "all its threads stand still")
    waiting = []
    try:
        # The kernel keeps one more than the backlog, and does not answer who comes then.
        with pytest.raises(TimeoutError):
            for _ in range(20):
                waiting.append(socket.create_connection((server.host, server.port), 0.5))
        assert 7 <= len(waiting) <= 8
    finally:
        server.signal(signal.SIGCONT)
        for one in waiting:
            one.close()
