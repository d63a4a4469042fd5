"""The opening handshake and HTTP/1.1 as RFC 6455, section 4, RFC 9110 and RFC 9112 want them, through a real socket."""

import datetime
import email.utils
import socket
import time

import pytest

from support.client import Client, handshake_request, split_response
from support.frames import client_frame
from support.http import exchange, read_answer
from support.llhttp import cases

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
GOOD = {
    "Host": "localhost", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
}


def request(line="GET /chat HTTP/1.1", *more, **changes):
    """RFC 6455's own example with some fields changed (`None` takes one away) and more lines behind them."""
    fields = GOOD | {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [line, *(f"{name}: {value}" for name, value in fields.items() if value is not None), *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


ACCEPTED = {
    "the example of RFC 6455": request(),
    "names in other case": request().replace(b"Upgrade:", b"uPGRADE:").replace(b"Sec-WebSocket", b"sec-websocket"),
    "values in other case": request(Upgrade="WebSocket", Connection="UPGRADE"),
    "lists of tokens": request(Connection="keep-alive, Upgrade", Upgrade="h2c, websocket"),
    "a list over two lines": request("GET / HTTP/1.1", "Connection: Upgrade", Connection="keep-alive"),
    "empty elements of lists": request(Connection=", ,Upgrade,,"),
    "white space around values": request(Upgrade="  websocket \t", Connection="\tUpgrade"),
    "an absolute target": request("GET http://localhost/chat HTTP/1.1"),
    "a query": request("GET /chat?channels=a,b%2Fc&x HTTP/1.1"),
    "an IPv6 host": request(Host="[::1]:8081"),
    "an unknown extension": request("GET / HTTP/1.1", "Sec-WebSocket-Extensions: permessage-deflate; x=1, other"),
    "an unknown protocol": request("GET / HTTP/1.1", "Sec-WebSocket-Protocol: chat, superchat"),
    "fields nobody knows": request("GET / HTTP/1.1", "X-Anything: \x80\xff", "Cookie: a=b"),
    "an empty line in front": b"\r\n" + request(),
    "a length of nothing": request("GET / HTTP/1.1", "Content-Length: 0"),
    "8 KiB of cookies": request("GET / HTTP/1.1", "Cookie: " + "c" * 8_000),
}

REFUSED = {
    "HTTP/1.0": (400, request("GET / HTTP/1.0")),
    "HTTP/0.9": (400, b"GET /\r\n\r\n"),
    "HTTP/2": (505, request("GET / HTTP/2.0")),
    "HTTP/1.2": (505, request("GET / HTTP/1.2")),
    "another protocol's name": (400, request("GET / HTTQ/1.1")),
    "the version in lower case": (400, request("GET / http/1.1")),
    "two spaces": (400, request("GET  / HTTP/1.1")),
    "a method with a wrong byte": (400, request("G@T / HTTP/1.1".replace("@", "\x01"))),
    "POST": (405, request("POST / HTTP/1.1")),
    "a method in lower case": (405, request("get / HTTP/1.1")),
    "CONNECT": (501, request("CONNECT example.org:80 HTTP/1.1")),
    "a fragment in the target": (400, request("GET /#a HTTP/1.1")),
    "a target without a slash": (400, request("GET chat HTTP/1.1")),
    "a target with a wrong escape": (400, request("GET /%G0 HTTP/1.1")),
    "a target that is not UTF-8": (400, request("GET /%FF HTTP/1.1")),
    "a target with a byte over 127": (400, request("GET /\xe4 HTTP/1.1")),
    "no Host": (400, request(Host=None)),
    "two Hosts": (400, request("GET / HTTP/1.1", "Host: other.org")),
    "a list of Hosts": (400, request(Host="a, b")),
    "a Host with a path": (400, request(Host="example.org/x")),
    "no Upgrade": (426, request(Upgrade=None)),
    "another Upgrade": (426, request(Upgrade="h2c")),
    "no Connection": (400, request(Connection=None)),
    "another Connection": (400, request(Connection="keep-alive")),
    "no version": (426, request(Sec_WebSocket_Version=None)),
    "version 8": (426, request(Sec_WebSocket_Version="8")),
    "version 013": (426, request(Sec_WebSocket_Version="013")),
    "a list of versions": (426, request(Sec_WebSocket_Version="13, 8")),
    "two versions": (426, request("GET / HTTP/1.1", "Sec-WebSocket-Version: 8")),
    "no key": (400, request(Sec_WebSocket_Key=None)),
    "two keys": (400, request("GET / HTTP/1.1", f"Sec-WebSocket-Key: {KEY}")),
    "a short key": (400, request(Sec_WebSocket_Key="dGhlIHNhbXBsZQ==")),
    "a long key": (400, request(Sec_WebSocket_Key=KEY[:-2] + "ZZZZ")),
    "a key in no base 64": (400, request(Sec_WebSocket_Key="*" * 22 + "==")),
    "a body": (400, request("GET / HTTP/1.1", "Content-Length: 5") + b"hello"),
    "a body in chunks": (400, request("GET / HTTP/1.1", "Transfer-Encoding: chunked") + b"0\r\n\r\n"),
    "two lengths": (400, request("GET / HTTP/1.1", "Content-Length: 0", "Content-Length: 0")),
    "a list of lengths": (400, request("GET / HTTP/1.1", "Content-Length: 5, 5")),
    "a negative length": (400, request("GET / HTTP/1.1", "Content-Length: -1")),
    "a length with a sign": (400, request("GET / HTTP/1.1", "Content-Length: +1")),
    "a length of 2^64": (413, request("GET / HTTP/1.1", "Content-Length: 18446744073709551616")),
    "a length beside chunks": (400, request("GET / HTTP/1.1", "Content-Length: 5", "Transfer-Encoding: chunked")),
    "another coding": (501, request("GET / HTTP/1.1", "Transfer-Encoding: gzip, chunked")),
    "chunks that are not last": (400, request("GET / HTTP/1.1", "Transfer-Encoding: chunked, gzip")),
    "chunks twice": (400, request("GET / HTTP/1.1", "Transfer-Encoding: chunked, chunked")),
    "a folded line": (400, request("GET / HTTP/1.1", "X: a\r\n b")),
    "a space before the colon": (400, request("GET / HTTP/1.1", "X : a")),
    "a field without a name": (400, request("GET / HTTP/1.1", ": a")),
    "a line without a colon": (400, request("GET / HTTP/1.1", "hello")),
    "a zero byte": (400, request("GET / HTTP/1.1", "X: a\0b")),
    "a control character": (400, request("GET / HTTP/1.1", "X: a\x1b[31m")),
    "a CR alone": (400, request("GET / HTTP/1.1", "X: a\rSet: b")),
    "LF alone": (400, request().replace(b"\r\n", b"\n")),
    "a target of 20 KB": (414, request("GET /" + "a" * 20_000 + " HTTP/1.1")),
    "fields of 20 KB": (431, request("GET / HTTP/1.1", "X: " + "a" * 20_000)),
    "a thousand fields": (431, request("GET / HTTP/1.1", *["X-Field-Number: 1"] * 1_000)),
    "TLS": (400, bytes.fromhex("16030100c8010000c40303") + bytes(200)),
    "noise": (400, bytes(range(128, 256)) + b"\r\n\r\n"),
    "HTTP/2's preface": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "a foreign origin": (403, request("GET / HTTP/1.1", "Origin: https://evil.example")),
    "two origins": (403, request("GET / HTTP/1.1", "Origin: http://example.org", "Origin: https://evil.example")),
    "the origin null": (403, request("GET / HTTP/1.1", "Origin: null")),
}

PAGES = {
    "the page": (200, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    "the page in HTTP/1.0": (403, b"GET / HTTP/1.0\r\n\r\n"),
    "the page by an absolute target": (200, b"GET http://localhost/ HTTP/1.1\r\nHost: b\r\n\r\n"),
    "its head": (200, b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    "a post to it": (405, b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"),
    "no page": (404, b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    "the server itself": (404, b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    "a large post to nowhere": (
        404, b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000\r\n\r\n" + bytes(500_000)),
}


@pytest.fixture(scope="module")
def shared(binaries, queue_root, tmp_path_factory):
    """One server for all the tables, with a short time for requests."""
    from support.server import Server
    with Server(binaries / "wsqueue-server", tmp_path_factory.mktemp("queue"), "--handshake", "500ms") as one:
        yield one.ready()


def check_refusal(answer, status):
    """An error is a whole HTTP answer with words for a person, and then the connection ends."""
    assert answer.status == status, answer.line
    assert answer.has_ended
    assert answer.headers["connection"].endswith("close")
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert answer.headers["content-type"].startswith("text/plain")
    text = answer.body.decode()
    assert len(text) > 8 and text.endswith(".\n"), text


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_right_handshake_is_accepted(shared, name):
    answer = exchange(shared, ACCEPTED[name])
    assert answer.line == "HTTP/1.1 101 Switching Protocols"
    assert answer.headers["sec-websocket-accept"] == ACCEPT
    # Nothing was chosen that was not offered, and nothing is told that the client does not need.
    assert set(answer.headers) == {"upgrade", "connection", "sec-websocket-accept"}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_handshake_is_refused_with_the_right_status_and_words(shared, name):
    status, data = REFUSED[name]
    answer = exchange(shared, data)
    check_refusal(answer, status)
    if status == 426:
        assert answer.headers["sec-websocket-version"] == "13"
        assert answer.headers["upgrade"] == "websocket"
    if status == 405:
        assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize("name", PAGES)
def test_a_request_without_upgrade_gets_the_answer_http_wants(shared, name):
    status, data = PAGES[name]
    answer = exchange(shared, data)
    if status != 200:
        return check_refusal(answer, status)
    assert answer.status == 200 and answer.has_ended
    if name == "its head":
        assert answer.body == b"" and int(answer.headers["content-length"]) > 1_000
    else:
        assert len(answer.body) == int(answer.headers["content-length"])


def test_html_carries_a_policy_that_lets_nothing_in_and_headers_tell_no_more_than_they_must(shared):
    answer = exchange(shared, PAGES["the page"][1])
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert set(answer.headers) == {
        "content-type", "content-security-policy", "cache-control", "referrer-policy", "x-content-type-options",
        "connection", "content-length", "date",
    }
    date = email.utils.parsedate_to_datetime(answer.headers["date"])
    assert abs(date - datetime.datetime.now(datetime.timezone.utc)) < datetime.timedelta(seconds=10)
    refusal = exchange(shared, PAGES["no page"][1])
    assert set(refusal.headers) == {"content-type", "x-content-type-options", "connection", "content-length", "date"}


@pytest.mark.parametrize("name", ["the example of RFC 6455", "an unknown extension", "a folded line", "LF alone"])
def test_a_request_in_pieces_of_one_byte_is_read_the_same(shared, name):
    data = ACCEPTED.get(name) or REFUSED[name][1]
    answer = exchange(shared, *[bytes([byte]) for byte in data])
    assert answer.status == (101 if name in ACCEPTED else 400)


def test_frames_right_behind_the_request_are_read(shared):
    data = request() + client_frame(9, b"early") + client_frame(8, b"\x03\xe8")
    with socket.create_connection((shared.host, shared.port), 5) as connection:
        connection.sendall(data)
        answer = read_answer(connection, time.monotonic() + 5)
        reader = bytearray(answer.body)
        while len(reader) < 7 + 4:
            received = connection.recv(100)
            assert received
            reader += received
        assert bytes(reader) == b"\x8a\x05early\x88\x02\x03\xe8"


def test_a_second_request_behind_a_refused_one_is_not_answered(shared):
    answer = exchange(shared, PAGES["no page"][1] + PAGES["the page"][1])
    assert answer.status == 404
    assert len(answer.body) == int(answer.headers["content-length"])


def test_a_frame_behind_a_refused_request_is_not_read_as_one(shared):
    answer = exchange(shared, request(Sec_WebSocket_Version="8") + client_frame(1, b"{}"))
    check_refusal(answer, 426)


def test_a_request_that_does_not_end_is_answered_when_its_time_is_over(shared):
    begin = time.monotonic()
    check_refusal(exchange(shared, request()[:-2]), 408)
    assert 0.3 < time.monotonic() - begin < 2


def test_drops_of_a_request_do_not_buy_time(shared):
    begin = time.monotonic()
    with socket.create_connection((shared.host, shared.port), 5) as connection:
        connection.settimeout(0.05)
        data = b""
        for byte in request() * 10:
            try:
                connection.sendall(bytes([byte]) if not data else b"")
                received = connection.recv(1_000)
            except TimeoutError:
                continue
            except ConnectionResetError:
                break
            if not received:
                break
            data += received
        assert split_response(data)[0] == "HTTP/1.1 408 Request Timeout"
    assert time.monotonic() - begin < 2


def test_a_connection_without_a_word_is_closed_without_one(shared):
    with socket.create_connection((shared.host, shared.port), 5) as connection:
        assert connection.recv(100) == b""


def test_every_request_of_llhttp_gets_an_answer_and_none_that_is_malformed_a_good_one(shared):
    """All at once, because those that do not end are answered when their time is over."""
    connections = []
    count = malformed = 0
    for title, data, is_refused in cases():
        connection = socket.create_connection((shared.host, shared.port), 10)
        connection.sendall(data)
        connections.append((title, data, is_refused, connection))
    deadline = time.monotonic() + 20
    for title, data, is_refused, connection in connections:
        with connection:
            if not data.strip(b"\r\n"):
                continue
            answer = read_answer(connection, deadline)
            count += 1
            malformed += is_refused
            assert answer.has_ended, title
            if is_refused:
                assert answer.status in (400, 403, 404, 405, 408, 413, 414, 426, 431, 501, 505), (title, answer.line)
            if answer.status >= 400:
                assert answer.body.endswith(b".\n"), title
    assert count > 150 and malformed > 40, (count, malformed)
    assert shared.process.poll() is None


def test_a_foreign_origin_is_named_in_the_log_with_the_remedy(start):
    server = start()
    exchange(server, REFUSED["a foreign origin"][1])
    line = server.wait_for("client.denied", reason="origin")
    assert line["origin"] == "https://evil.example" and "--origin" in line["hint"]


@pytest.mark.parametrize("origin,is_allowed", [
    ("http://localhost:3000", True), ("http://127.0.0.1", True), ("http://[::1]:9", True),
    ("https://shop.example", True), ("https://shop.example:444", False), ("http://shop.example", False),
    ("https://shop.example.evil.example", False), ("https://localhost.evil.example", False),
    ("http://127.0.0.1.evil.example", False), ("file://", False), ("", False),
])
def test_the_origin_decides_which_pages_connect(start, origin, is_allowed):
    server = start("--origin", "https://shop.example")
    data, _ = handshake_request(server.host, server.port, headers=[f"Origin: {origin}"])
    assert exchange(server, data).status == (101 if is_allowed else 403)


def test_the_page_of_the_same_host_may_connect_wherever_the_server_listens(start):
    server = start(listen="0.0.0.0:0")
    server.host = "127.0.0.1"
    for origin, status in (("http://192.0.2.1:8081", 101), ("http://localhost:8081", 403)):
        data = request(Host="192.0.2.1:8081", Origin=origin)
        assert exchange(server, data).status == status


def test_a_path_of_its_own_is_the_only_one_with_websockets(start):
    server = start("--path", "/live")
    assert exchange(server, request("GET /live HTTP/1.1")).status == 101
    assert exchange(server, request("GET /live?a HTTP/1.1")).status == 101
    check_refusal(exchange(server, request("GET / HTTP/1.1")), 404)
    with Client(server, "/live") as client:
        client.expect_silence(0.05)
