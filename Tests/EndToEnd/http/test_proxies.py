"""The examples of proxies, each in front of a real server: what arrives, from whom, and what does not pass."""

import json
import socket

import pytest

from support.client import Client
from support.files import place_each
from support.http import read_answer
from support.ports import free_port
from support.proxies import NAME, PROXIES, Certificate, is_installed
from support.speaking import PROTOCOL
from support.stream import Stream
from support.waiting import deadline_after, eventually

TOKEN = "0123456789abcdef0123456789abcdef"
# Whoever comes from here is not the proxy.
SOMEBODY, ELSE = "127.0.0.2", "127.0.0.3"
FORGED = "X-Forwarded-For: 203.0.113.9"


class Proxied(Client):
    """A WebSocket through a proxy, by TLS."""

    def __init__(self, proxy, path="/", source=SOMEBODY, **how):
        self.ping_count = 0
        super().__init__(proxy, path, connection=proxy.connect(source), **how)

    def send(self, opcode, payload):
        self.ping_count += opcode == 0xA
        super().send(opcode, payload)

    def wait_for_pings(self, count):
        deadline = deadline_after(20)
        while self.ping_count < count:
            assert self._receive(deadline, lambda: f"{self.ping_count} pings"), f"cut off after {self.ping_count} pings"


def stream(proxy, path="/events", source=SOMEBODY, **how):
    return Stream(proxy, path, connection=proxy.connect(source), **how)


def ask(proxy, method, path, *fields, body=b"", source=SOMEBODY):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {NAME}", "Connection: close", *fields, "", ""]
    with proxy.connect(source) as connection:
        connection.sendall("\r\n".join(lines).encode() + body)
        return read_answer(connection, deadline_after(20))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    return Certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(params=PROXIES)
def kind(request):
    if not is_installed(request.param):
        pytest.skip(f"no {request.param}")
    return PROXIES[request.param]


@pytest.fixture
def front(kind, tmp_path, certificate):
    """Starts a proxy in front of a server's address; all are ended with the test."""
    proxies = []

    def start_proxy(upstream, **how):
        proxies.append(kind(tmp_path, certificate, upstream, **how))
        return proxies[-1]

    yield start_proxy
    for proxy in proxies:
        proxy.__exit__()


@pytest.fixture(params=["tcp", "unix"])
def both(request, start, front, queue):
    """A server and a proxy before it, by TCP and by a Unix socket."""
    if request.param == "tcp":
        server = start("--trusted-proxy", "127.0.0.1", "--ping", "500ms")
        return server, front(f"{server.host}:{server.port}")
    path = queue.parent / "wsqueue.sock"
    server = start("-l", "127.0.0.1:0", "--trusted-proxy", "unix", "--ping", "500ms", listen=f"unix:{path}")
    # In the place of a group that the proxy's user is in.
    path.chmod(0o666)
    return server, front(f"unix:{path}")


@pytest.fixture
def behind(start, front):
    """Starts a server with options and a proxy before it."""
    def start_both(*options, **how):
        server = start("--trusted-proxy", "127.0.0.1", *options)
        return server, front(f"{server.host}:{server.port}", **how)
    return start_both


def test_events_arrive_and_the_log_has_the_clients_address(both, queue):
    server, proxy = both
    with Proxied(proxy) as client, stream(proxy, source=ELSE) as reader:
        place_each(queue, [1])
        assert client.receive_events()[0]["payload"] == reader.receive_events()[0]["payload"] == 1
        server.wait_for("client.open", addr=SOMEBODY, proto="plain")
        server.wait_for("client.open", addr=ELSE, proto="sse")
    with Proxied(proxy, protocol=PROTOCOL, headers=[FORGED, "Forwarded: for=203.0.113.9"]) as client:
        assert client.receive_events()[0]["action"] == "welcome"
        assert client.headers["sec-websocket-protocol"] == PROTOCOL
        server.wait_for("client.open", addr=SOMEBODY, proto=PROTOCOL)
    # Whoever has gone is not kept by the proxy, at the latest when the next ping finds nobody.
    eventually(lambda: len(server.logged("client.close")) == 3, "all have gone")
    assert not [line for line in server.lines if "203.0.113.9" in line.get("addr", "")]
    assert not server.logged("config.warn")


def test_what_is_for_the_operator_stays_inside(behind, tmp_path):
    server, proxy = behind()
    for path in ("/status.json", "/metrics", "/status.json?x", "/%73tatus.json"):
        assert ask(proxy, "GET", path).status == 404, path
    answer = ask(proxy, "GET", "/wsqueue.js")
    assert (answer.status, b"WSQueue" in answer.body) == (200, True)
    assert ask(proxy, "GET", "/").status == 403
    with socket.create_connection(("127.0.0.1", proxy.plain_port), 10) as plain:
        plain.sendall(f"GET /x HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode())
        answer = read_answer(plain, deadline_after(10))
    assert answer.status in (301, 308) and answer.headers["location"].startswith(f"https://{NAME}")
    # And beside the proxy the operator is let in.
    with socket.create_connection((server.host, server.port), 10) as inside:
        inside.sendall(b"GET /status.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert read_answer(inside, deadline_after(10)).status == 200


def test_pages_of_the_host_may_connect_and_no_others(behind):
    server, proxy = behind()
    with Proxied(proxy, headers=[f"Origin: https://{NAME}:{proxy.port}"]):
        pass
    upgrade = ["Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
    for origin in ("https://elsewhere.example", "http://localhost:3000", f"http://{NAME}", "https://forged.example"):
        fields = [*upgrade, f"Origin: {origin}", "X-Forwarded-Host: forged.example", "X-Forwarded-Proto: http"]
        with proxy.connect(SOMEBODY) as connection:
            lines = ["GET / HTTP/1.1", f"Host: {NAME}", "Connection: Upgrade", *fields, "", ""]
            connection.sendall("\r\n".join(lines).encode())
            assert read_answer(connection, deadline_after(10), wants_end=False).status == 403, origin
    eventually(lambda: len(server.logged("client.denied", reason="origin", addr=SOMEBODY)) == 4, "all are named")


def test_an_event_by_http_passes_with_its_token(behind, queue):
    tokens = queue.parent / "publishers"
    tokens.write_text(f"{TOKEN}\n")
    tokens.chmod(0o640)
    _, proxy = behind("--publish-token-file", str(tokens))
    body = json.dumps({"event": "e", "payload": "x" * 900_000}).encode()
    fields = ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    with Proxied(proxy) as client, stream(proxy) as reader:
        answer = ask(proxy, "POST", "/publish", *fields, f"Authorization: Bearer {TOKEN}", body=body)
        assert answer.status == 202, answer.body
        # A large event comes whole through all buffers.
        assert len(client.receive_events()[0]["payload"]) == len(reader.receive_events()[0]["payload"]) == 900_000
    assert ask(proxy, "POST", "/publish", "Content-Length: 2", body=b"{}").status == 401


def test_whoever_is_silent_is_not_cut_off_as_long_as_it_is_pinged(behind, queue):
    _, proxy = behind("--ping", "300ms", timeout="1s")
    with Proxied(proxy) as client, stream(proxy) as reader:
        client.wait_for_pings(7)
        reader.wait_until(lambda reader: reader.comments >= 7)
        place_each(queue, [1])
        assert client.receive_events()[0]["payload"] == reader.receive_events()[0]["payload"] == 1


def test_without_pings_the_proxys_time_limit_would_end_it(behind, kind):
    if not kind.timeout:
        pytest.skip(f"{kind.program} has no such limit")
    _, proxy = behind(timeout="1s")
    with Proxied(proxy) as client:
        client.receive_until_end(timeout=10)


def test_reading_the_proxys_configuration_again_loses_nothing(behind, queue):
    _, proxy = behind()
    with Proxied(proxy, "/?events=n", protocol=PROTOCOL) as client:
        [welcome] = client.receive_events()
        proxy.reload()
        place_each(queue, [1])
        if proxy.keeps_clients:
            assert client.receive_events()[0]["payload"] == 1
    with Proxied(proxy, f"/?since={welcome['cursor']}") as client:
        place_each(queue, [2])
        events = [event for event in client.receive_events(3) if "event" in event]
        assert [event["payload"] for event in events] == [1, 2]


def test_a_server_that_restarts_is_back_by_the_cursor(start, front, queue):
    options = ["--trusted-proxy", "127.0.0.1"]
    address = f"127.0.0.1:{free_port()}"
    first = start(*options, listen=address)
    proxy = front(address)
    with Proxied(proxy, protocol=PROTOCOL) as client, stream(proxy) as reader:
        cursor = client.receive_events()[0]["cursor"]
        place_each(queue, [1])
        assert client.receive_events()[0]["seq"] == 1
        last_id, _ = reader.receive()[0]
        assert first.terminate() == 0
        client.receive_until_end()
        assert client.frames.close[0] == 1001
    answer = ask(proxy, "GET", "/cursor")
    assert answer.status in (502, 503)
    place_each(queue, [2])
    start(*options, listen=address)

    def is_back():
        return ask(proxy, "GET", "/cursor").status == 200

    eventually(is_back, "it is back")
    with Proxied(proxy, f"/?since={cursor}") as client:
        assert [event["payload"] for event in client.receive_events(2)] == [1, 2]
    with stream(proxy, headers=[f"Last-Event-ID: {last_id}"]) as reader:
        assert reader.receive_events()[0]["payload"] == 2


def test_clients_are_limited_by_their_own_address(behind):
    server, proxy = behind("--clients-per-address", "2")
    with Proxied(proxy), Proxied(proxy):
        assert ask(proxy, "GET", "/cursor", FORGED).status == 429
        server.wait_for("client.denied", addr=SOMEBODY, reason="address")
        with Proxied(proxy, source=ELSE), Proxied(proxy, source=ELSE):
            pass
