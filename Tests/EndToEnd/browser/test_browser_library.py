"""wsqueue.js: what the server serves, and what it does against a server that a test plays."""

import gzip
import pathlib
import re
import shutil
import subprocess

import pytest

from support.http import request

TESTS = pathlib.Path(__file__).parent


@pytest.mark.skipif(not shutil.which("node"), reason="no Node")
def test_the_client_keeps_its_promises_whatever_the_server_does():
    done = subprocess.run(
        ["node", "--test", "--test-reporter=tap", str(TESTS / "wsqueue.test.mjs")],
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout[-4000:]
    assert int(re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)[1]) > 40


def get(server, path, *fields):
    return request(server, path, *fields, host="localhost")


@pytest.mark.parametrize("path, kind", [
    ("/wsqueue.js", "text/javascript; charset=utf-8"), ("/wsqueue.mjs", "text/javascript; charset=utf-8"),
    ("/wsqueue.d.ts", "text/plain; charset=utf-8"), ("/wsqueue.d.mts", "text/plain; charset=utf-8"),
])
def test_the_server_serves_the_client_for_any_page_and_only_once(server, path, kind):
    answer = get(server, path)
    assert (answer.status, answer.headers["content-type"]) == (200, kind)
    assert answer.headers["access-control-allow-origin"] == "*"
    tag = answer.headers["etag"]
    for known in (tag, f'"x", W/{tag}', "*"):
        again = get(server, path, f"If-None-Match: {known}")
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    assert get(server, path, 'If-None-Match: "x"').status == 200


def test_the_client_is_small(server):
    assert len(gzip.compress(get(server, "/wsqueue.js").body, 9)) <= 6_000


def test_the_client_loads_nothing_else(server):
    assert re.findall(rb"import|require|https?://|eval|Function\(", get(server, "/wsqueue.js").body) == []


def test_the_cursor_is_where_events_stand(server, queue, publish):
    epoch, _, seq = get(server, "/cursor").body.decode().partition(":")
    assert seq == "0"
    publish("one")
    server.wait_for("event.sent")
    answer = get(server, "/cursor")
    assert (answer.body.decode(), answer.headers["cache-control"]) == (f"{epoch}:1", "no-store")
