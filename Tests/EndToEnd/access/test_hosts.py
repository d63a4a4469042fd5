"""By which names a server answers: a page that has its own name lead to this machine gets nothing."""

import json
import socket
import subprocess

import pytest

from support.client import Client, handshake_request
from support.files import name_of, place, waiting
from support.http import exchange, read_answer, request
from support.waiting import deadline_after, eventually

ROUTES = [
    "/", "/wsqueue.js", "/wsqueue.mjs", "/wsqueue.d.ts", "/cursor", "/state", "/events?poll=1",
    "/events?channels=**&since=0", "/status.json", "/metrics", "/live", "/ready", "/publish", "/nothing",
]
# What a page can make its browser ask for, whatever its name leads to.
FOREIGN = [
    "evil.test", "evil.test:PORT", "EVIL.test", "localhost.evil.test", "127.0.0.1.evil.test", "127.1.evil.test",
    "[::1].evil.test", "127.0.0.1@evil.test", "0.0.0.0:PORT", "192.0.2.1", "[2001:db8::1]:PORT", "evillocalhost", "",
    "127.0.0.1.", "127.0.0", "127.+1.0.1",
]
# `127.0.0.1.` is this machine, though no browser writes it so.
OWN = ["localhost", "localhost:PORT", "LOCALHOST", "localhost.", "app.localhost:1", "127.0.0.1:PORT", "127.8.7.6",
       "[::1]", "[::1]:PORT", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "127.0.0.1."]


def ask(server, path, host, *fields, method="GET"):
    return request(server, path, *fields, host=host.replace("PORT", str(server.port)), method=method, wants_end=False)


def shake(server, host, *fields):
    data, _ = handshake_request("HOST", 0, headers=fields)
    return exchange(server, data.replace(b"HOST:0", host.replace("PORT", str(server.port)).encode()))


@pytest.mark.parametrize("route", ROUTES)
def test_no_route_answers_a_name_that_was_led_here(server, route):
    """With the page's `Origin`, and as the same-origin GET that has none."""
    for fields in ([], ["Origin: http://evil.test:PORT".replace("PORT", str(server.port))]):
        for method in ("GET", "HEAD", "POST", "OPTIONS"):
            answer = ask(server, route, "evil.test:PORT", *fields, method=method)
            assert answer.status == 403, (method, answer.line)
            assert "access-control-allow-origin" not in answer.headers
    answer = ask(server, route, "evil.test:PORT")
    assert b"--origin" in answer.body and b"--trusted-proxy" in answer.body and b"--host-name" in answer.body
    line = server.wait_for("client.denied", reason="host")
    assert line["host"] == f"evil.test:{server.port}"
    assert "--origin" in line["hint"] and "--trusted-proxy" in line["hint"]


@pytest.mark.parametrize("host", FOREIGN)
def test_no_name_is_taken_for_this_machines(server, host):
    if host == "127.0.0.1.":
        pytest.skip("the dot that ends a whole name")
    wanted = (400, 403) if "@" in host or "+" in host or ".evil" in host else (403,)
    assert ask(server, "/cursor", host).status in wanted
    assert shake(server, host, "Origin: http://" + host.replace("PORT", str(server.port))).status in wanted
    assert shake(server, host).status in wanted


@pytest.mark.parametrize("host", OWN)
def test_this_machines_names_are_taken(server, host):
    assert ask(server, "/cursor", host).status == 200
    assert shake(server, host).status == 101


def test_a_page_that_was_led_here_reads_nothing_of_the_journal(server, queue, publish):
    publish("-c", "private.user.42", "secret", "pin:=4711")
    eventually(lambda: not waiting(queue), "it is sent")
    epoch = ask(server, "/cursor", "localhost").body.decode().split(":")[0]
    path = f"/events?channels=**&since={epoch}:0&poll=1"
    answer = ask(server, path, "evil.test:PORT", f"Origin: http://evil.test:{server.port}")
    assert answer.status == 403 and b"4711" not in answer.body


@pytest.mark.parametrize("options, hosts, others", [
    (["--origin", "https://app.example"], ["app.example", "APP.example:8443", "app.example."], ["b.example"]),
    (["--origin", "https://*.app.example:8443"], ["a.app.example", "a.b.app.example"], ["app.example", "xapp.example"]),
    (["--origin", "null"], [], ["null", "evil.test"]),
    (["--origin", "*"], ["anything.example"], []),
    (["--host-name", "ws.example", "--host-name", "192.0.2.1"], ["ws.example:1", "WS.example", "192.0.2.1:80"],
     ["a.ws.example", "evil.test"]),
    (["--trusted-proxy", "127.0.0.1"], ["anything.example"], []),
    (["--trusted-proxy", "192.0.2.1"], [], ["anything.example"]),
])
def test_names_that_were_given_are_taken_and_no_others(start, options, hosts, others):
    server = start(*options)
    assert [ask(server, "/ready", host).status for host in hosts] == [200] * len(hosts)
    assert [ask(server, "/ready", host).status for host in others] == [403] * len(others)
    assert ask(server, "/ready", "localhost").status == 200


def test_a_check_that_names_no_host_is_answered(server):
    assert exchange(server, b"GET /ready HTTP/1.0\r\n\r\n").status == 200


def test_where_others_are_listened_to_only_given_names_are_taken(start):
    server = start("--host-name", "ws.example", listen="0.0.0.0:0")
    server.host = "127.0.0.1"
    assert ask(server, "/cursor", "ws.example:PORT").status == 200
    for host in ("evil.test", "192.0.2.1", "a.ws.example"):
        answer = ask(server, "/cursor", host)
        assert answer.status == 403 and b"--host-name" in answer.body
    # A health check beside it.
    assert ask(server, "/cursor", "127.0.0.1:PORT").status == 200
    without = start(listen="0.0.0.0:0", directory=server.queue.parent)
    without.host = "127.0.0.1"
    assert ask(without, "/cursor", "anything.example").status == 200


@pytest.mark.parametrize("text", ["https://ws.example", "ws.example:80", "ws.example/x", "", "*", "a b", "*.example"])
def test_what_no_host_can_be_is_refused(binaries, queue, text):
    result = subprocess.run(
        [binaries / "wsqueue-server", "check", "-d", queue, "--host-name", text], capture_output=True, text=True,
        timeout=20)
    assert result.returncode == 64 and "ws.example.org" in result.stderr


def test_a_unix_socket_answers_to_the_same_names(start, queue):
    path = queue.parent / "wsqueue.sock"
    start("-l", "127.0.0.1:0", listen=f"unix:{path}")
    for host, status in (("localhost", 200), ("evil.test", 403)):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            connection.sendall(f"GET /status.json HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert read_answer(connection, deadline_after(10)).status == status


def test_the_page_that_was_led_here_does_not_disturb_others(server, queue):
    with Client(server) as client:
        assert shake(server, "evil.test").status == 403
        place(queue, name_of(1), json.dumps({"event": "e"}))
        assert client.receive_events()[0]["event"] == "e"
