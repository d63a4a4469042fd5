"""Who has the rights of this machine: programs here that ask directly, while nothing else is listened to."""

import os
import socket

import pytest

from support.client import handshake_request
from support.http import exchange, read_answer, request
from support.proxies import BARE_SNIPPETS, bare_nginx, is_installed
from support.server import NOBODY
from support.waiting import deadline_after

# What proxies and content networks write, each alone with a Host of this machine.
MARKS = [
    "X-Forwarded-For: 203.0.113.9", "X-Forwarded: for=203.0.113.9", "X-Original-Forwarded-For: 203.0.113.9",
    "X-Envoy-External-Address: 203.0.113.9", "X-Cluster-Client-IP: 203.0.113.9", "X-Scheme: https",
    "Fly-Client-IP: 203.0.113.9", "Fastly-Client-IP: 203.0.113.9", "CF-Ray: 8f2a", "CDN-Loop: cloudflare",
    "X-Amzn-Trace-Id: Root=1", "X-Azure-ClientIP: 203.0.113.9", "X-Varnish: 12", "Incap-Client-IP: 203.0.113.9",
    "Connection: upgrade", "Surrogate-Capability: a=b", "Tailscale-User-Login: a@b", "Forwarded-For: 203.0.113.9",
    "Front-End-Https: on", "True-Client-IP: 203.0.113.9", "Via: 1.1 a", "Forwarded: for=1", "X-Arr-Log-Id: 1",
]


def may_ask(server, *fields, host="127.0.0.1"):
    statuses = {request(server, path, *fields, host=host).status for path in ("/status.json", "/metrics")}
    assert len(statuses) == 1
    return {200: True, 403: False}[statuses.pop()]


@pytest.mark.parametrize("mark", MARKS)
def test_what_a_proxy_or_a_content_network_writes_is_no_programs(server, mark):
    assert not may_ask(server, mark)


def test_what_programs_and_browsers_write_takes_nothing_away(server):
    assert may_ask(
        server, "User-Agent: curl/8", "Accept: */*", "Connection: keep-alive", "Cache-Control: no-cache",
        "X-Requested-With: XMLHttpRequest", "Sec-Fetch-Site: none", "Upgrade-Insecure-Requests: 1", "DNT: 1")


@pytest.mark.parametrize("options, listen, expected", [
    ([], "127.0.0.1:0", True), ([], "[::1]:0", True), ([], "0.0.0.0:0", False),
    (["-l", "127.0.0.1:0"], "0.0.0.0:0", False),
    (["--local", "on"], "0.0.0.0:0", True), (["--local", "off"], "127.0.0.1:0", False),
])
def test_they_hold_while_nothing_else_is_listened_to(start, options, listen, expected):
    server = start(*options, listen=listen)
    server.host = server.host.replace("0.0.0.0", "127.0.0.1")
    assert may_ask(server) == expected
    # What is no program's on this machine is not made one by the option.
    assert not may_ask(server, "X-Forwarded-For: 203.0.113.9")


def by_unix_socket(path, user=0):
    """The status of /status.json, asked for as some user: the kernel notes who connects."""
    with socket.socket(socket.AF_UNIX) as connection:
        os.seteuid(user)
        try:
            connection.connect(str(path))
        finally:
            os.seteuid(0)
        connection.sendall(b"GET /status.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return read_answer(connection, deadline_after(10)).status


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root for several users")
def test_by_a_unix_socket_root_and_the_servers_user_have_them(start, queue):
    path = queue.parent / "wsqueue.sock"
    os.chmod(queue.parent, 0o777)
    os.chown(queue, NOBODY, NOBODY)
    start("-l", "0.0.0.0:0", as_nobody=True, listen=f"unix:{path}")
    path.chmod(0o666)
    assert [by_unix_socket(path, user) for user in (0, NOBODY, 12_345)] == [200, 200, 403]


@pytest.mark.skipif(os.geteuid() != 0, reason="asks as root")
def test_local_off_is_for_unix_sockets_too(start, queue):
    path = queue.parent / "wsqueue.sock"
    start("-l", "127.0.0.1:0", "--local", "off", listen=f"unix:{path}")
    assert by_unix_socket(path) == 403


@pytest.fixture(params=BARE_SNIPPETS)
def bare(request, tmp_path, server):
    if not is_installed("nginx"):
        pytest.skip("no nginx")
    with bare_nginx(server, tmp_path, request.param) as port:
        yield port


def test_who_comes_by_a_bare_proxy_is_a_stranger(bare):
    for path in ("/status.json", "/metrics"):
        for host in ("example.org", "localhost", f"127.0.0.1:{bare}"):
            with socket.create_connection(("127.0.0.1", bare), 10) as connection:
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                assert read_answer(connection, deadline_after(10)).status == 403


def test_a_page_elsewhere_is_not_let_in_by_a_bare_proxy(bare, server):
    for origin in ("http://localhost:3000", "http://127.0.0.1", "http://evil.test"):
        data, _ = handshake_request("example.org", 80, headers=[f"Origin: {origin}"])
        with socket.create_connection(("127.0.0.1", bare), 10) as connection:
            connection.sendall(data)
            assert read_answer(connection, deadline_after(10), wants_end=False).status in (403, 426), origin
    assert exchange(server, data.replace(b"example.org:80", b"127.0.0.1")).status == 403
