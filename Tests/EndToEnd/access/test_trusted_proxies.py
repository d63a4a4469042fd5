"""Whom the server believes about a client's address, and what a client that was passed on may not."""

import json
import socket

import pytest

from support.client import Client, handshake_request
from support.http import exchange, read_answer, request
from support.stream import Stream
from support.waiting import deadline_after, eventually

FORWARDED = ("X-Forwarded-For: 203.0.113.9",)


def shake(server, *fields, host="127.0.0.1"):
    request, _ = handshake_request(host, server.port, headers=fields)
    return exchange(server, request)


def test_a_trusted_proxys_client_has_its_own_address_in_the_log(start):
    server = start("--trusted-proxy", "127.0.0.1", "--trusted-proxy", "10.0.0.0/8")
    with Client(server, headers=["X-Forwarded-For: 198.51.100.1, 203.0.113.9, 10.1.2.3"]):
        assert server.wait_for("client.open")["addr"] == "203.0.113.9"
        answer = request(server, "/status.json")
        assert [client["address"] for client in json.loads(answer.body)["clients"]["list"]] == ["203.0.113.9"]
    assert server.wait_for("client.close")["addr"] == "203.0.113.9"
    with Stream(server, headers=["X-Forwarded-For: 2001:db8::7"]):
        server.wait_for("client.open", addr="2001:db8::7", proto="sse")
    assert shake(server, *FORWARDED, "Origin: http://elsewhere.example").status == 403
    server.wait_for("client.denied", addr="203.0.113.9", reason="origin")
    assert not server.logged("config.warn")


@pytest.mark.parametrize("trusted", [(), ("--trusted-proxy", "192.0.2.1"), ("--trusted-proxy", "unix")])
def test_nobody_else_is_believed_and_the_log_says_so_once(start, trusted):
    server = start(*trusted)
    for _ in range(3):
        with Client(server, headers=FORWARDED):
            pass
    eventually(lambda: len(server.logged("client.close")) == 3, "they are gone")
    assert all(line["addr"].startswith("127.0.0.1:") for line in server.logged("client.open"))
    [warning] = server.logged("config.warn", reason="forwarded")
    assert "--trusted-proxy 127.0.0.1 " in warning["hint"]


@pytest.mark.parametrize("trusted", [(), ("--trusted-proxy", "127.0.0.1")], ids=["untrusted", "trusted"])
@pytest.mark.parametrize("field", [
    "X-Forwarded-For: 127.0.0.1", "X-Forwarded-For:", "X-Forwarded-For: ::1", "X-Forwarded-Proto: http",
    "X-Forwarded-Server: here", "Forwarded: for=127.0.0.1", "Via: 1.1 here", "X-Real-IP: 127.0.0.1"])
def test_who_was_passed_on_is_never_on_this_machine(start, field, trusted):
    server = start(*trusted)
    assert request(server, "/status.json").status == 200
    assert request(server, "/status.json", field).status == 403
    assert shake(server, "Origin: http://localhost:3000").status == 101
    assert shake(server, "Origin: http://localhost:3000", field).status == 403


def test_a_host_that_is_not_this_machine_is_a_proxys_or_a_rebound_name(server):
    assert request(server, "/status.json", host="example.org").status == 403
    assert shake(server, "Origin: http://localhost:3000", host="example.org").status == 403


def test_the_origin_is_compared_with_what_the_client_asked_the_proxy_for(start):
    server = start("--trusted-proxy", "127.0.0.1")
    fields = ["X-Forwarded-For: 203.0.113.9", "X-Forwarded-Host: example.org", "X-Forwarded-Proto: https"]
    assert shake(server, *fields, "Origin: https://example.org").status == 101
    assert shake(server, *fields, "Origin: http://example.org").status == 403
    assert shake(server, *fields, "Origin: https://example.com").status == 403
    assert shake(server, f"Origin: https://example.org:{server.port}", host="example.org").status == 101


def test_clients_are_counted_by_their_own_address(start):
    server = start("--trusted-proxy", "127.0.0.1", "--clients-per-address", "2")
    with Client(server, headers=FORWARDED), Client(server, headers=FORWARDED):
        assert shake(server, *FORWARDED).status == 429
        server.wait_for("client.denied", addr="203.0.113.9", reason="address")
        # What a client writes stands in front of what the proxy adds, and changes nothing.
        assert shake(server, "X-Forwarded-For: 198.51.100.1, 203.0.113.9").status == 429
        with Client(server, headers=["X-Forwarded-For: 203.0.113.10"]), Client(server), Client(server):
            assert shake(server).status == 429
    eventually(lambda: len(server.logged("client.close")) >= 5, "they are gone")
    with Client(server, headers=FORWARDED), Client(server, headers=FORWARDED):
        pass


def unix_socket(path, *fields):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(path))
    request, _ = handshake_request("127.0.0.1", 80, headers=fields)
    connection.sendall(request)
    return connection, read_answer(connection, deadline_after(5))


def test_proxies_that_come_by_a_unix_socket(start, queue):
    path = queue.parent / "wsqueue.sock"
    server = start(
        "-l", "127.0.0.1:0", "--trusted-proxy", "unix", "--clients-per-address", "1", listen=f"unix:{path}")
    first, answer = unix_socket(path, *FORWARDED)
    assert answer.status == 101
    server.wait_for("client.open", addr="203.0.113.9")
    second, answer = unix_socket(path, *FORWARDED)
    assert answer.status == 429
    third, answer = unix_socket(path, "X-Forwarded-For: 203.0.113.10")
    assert answer.status == 101
    for connection in (first, second, third):
        connection.close()
    # Others are not trusted with it.
    assert shake(server, *FORWARDED).status == 101
    assert server.wait_for("config.warn", reason="forwarded")["addr"].startswith("127.0.0.1:")


@pytest.mark.parametrize("text", ["localhost", "10.0.0.0/33", "", "unix:/run/nginx.sock"])
def test_what_is_no_address_is_a_mistake_on_the_command_line(start, text):
    server = start("--trusted-proxy", text, is_ready=False)
    assert server.exit_status() == 64
    assert b"--trusted-proxy" in server.raw_log and b"10.0.0.0/8" in server.raw_log
