"""`--origin`, and what trusted proxies say of host and scheme: a value lets its page in or is refused at the start."""

import subprocess

import pytest

from support.client import handshake_request
from support.http import exchange, request

# What a browser sends for the page that is meant, and a neighbour that is not.
TAKEN = {
    "https://example.org/": ("https://example.org", "http://example.org"),
    "https://EXAMPLE.org": ("https://example.org", "https://example.org:8443"),
    "https://example.org:443": ("https://example.org", "https://example.org:444"),
    "http://example.org:80": ("http://example.org", "https://example.org"),
    "https://*.example.org": ("https://a.b.example.org", "https://evilexample.org"),
    "https://*.example.org:8443": ("https://a.example.org:8443", "https://a.example.org"),
    "null": ("null", "file://"),
    "capacitor://localhost": ("capacitor://localhost", "ionic://localhost"),
    "file:///": ("file://", "null"),
    "http://[::1]:3000": ("http://[::1]:3000", "http://[::1]:3001"),
    "*": ("https://anything.example", None),
}

REFUSED = {
    "example.org": "write https://example.org",
    "https://example.org/app": "write https://example.org",
    "https://a.org,https://b.org": "--origin https://a.org --origin https://b.org",
    "http://localhost:*": "http://localhost:5173",
    "wss://example.org": "https://example.org",
    "https://*": "write * for every page",
    "https://bücher.example": "xn--",
    "http://127.1": "four numbers",
    "": "https://example.org",
}


# A client, and one proxy in front of the other.
CHAIN = "X-Forwarded-For: 203.0.113.9, 192.0.2.7"


def status(server, origin, *fields, host="ws.example.net"):
    data, _ = handshake_request(host, 80, headers=[f"Origin: {origin}", *fields])
    return exchange(server, data.replace(b":80\r\n", b"\r\n", 1)).status


@pytest.mark.parametrize("given", TAKEN, ids=lambda text: text)
def test_an_origin_lets_its_page_in_and_no_other(start, given):
    server = start("--origin", given, "--host-name", "ws.example.net")
    page, other = TAKEN[given]
    assert status(server, page) == 101
    assert other is None or status(server, other) == 403


@pytest.mark.parametrize("given", REFUSED, ids=lambda text: text or "nothing")
@pytest.mark.parametrize("command", ["run", "check"])
def test_what_no_browser_sends_is_refused_with_what_to_write(binaries, queue, command, given):
    result = subprocess.run(
        [binaries / "wsqueue-server", command, "-d", queue, "-l", "127.0.0.1:0", "--origin", given],
        capture_output=True, text=True, timeout=20)
    assert result.returncode == 64 and "--origin" in result.stderr, result
    assert REFUSED[given] in result.stderr


@pytest.mark.parametrize("origin,expected,fields", [
    ("https://app.example.com", 101, ["X-Forwarded-Proto: wss"]),
    ("http://app.example.com", 403, ["X-Forwarded-Proto: wss"]),
    ("http://app.example.com", 101, ["X-Forwarded-Proto: ws"]),
    ("https://app.example.com", 101, ["X-Forwarded-Proto: https,http"]),
    ("http://app.example.com", 403, ["X-Forwarded-Proto: https, http", CHAIN]),
    ("http://app.example.com", 101, ["X-Forwarded-Proto: http, https", CHAIN]),
    ("https://app.example.com", 101, ["X-Forwarded-Host: app.example.com, inner.local"]),
    ("https://app.example.com", 101, ["X-Forwarded-Host: app.example.com", "X-Forwarded-Host: inner.local"]),
    ("https://outer.example.com", 101, ["X-Forwarded-Host: outer.example.com, inner.local", CHAIN]),
    ("https://outer.example.com", 403, ["X-Forwarded-Host: outer.example.com, inner.local"]),
    ("https://evil.example", 403, ["X-Forwarded-Host: app.example.com, inner.local"]),
])
def test_what_proxies_on_the_way_say_is_understood(start, origin, expected, fields):
    server = start("--trusted-proxy", "127.0.0.1", "--trusted-proxy", "192.0.2.0/24")
    fields = [*([] if CHAIN in fields else ["X-Forwarded-For: 203.0.113.9"]), *fields]
    assert status(server, origin, *fields, host="app.example.com") == expected


def test_what_other_programs_say_of_host_and_scheme_is_not_believed(start):
    server = start()
    fields = ["X-Forwarded-Proto: wss", "X-Forwarded-Host: app.example.com"]
    assert status(server, "https://app.example.com", *fields, host="localhost") == 403
    assert request(server, "/events", "Origin: https://evil.example", host="localhost").status == 403
