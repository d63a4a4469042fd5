"""wsqueue.js: what the server serves, and what it does against a server that a test plays."""

import gzip
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from support.http import request
from support.places import ROOT

TESTS = pathlib.Path(__file__).parent
WEB = ROOT / "Sources/WSQueueRoutes/Web"


def has_node():
    """With a clock that a test moves, which came with Node 20.4."""
    asks = "process.exit(require('node:test').mock.timers ? 0 : 1)"
    return shutil.which("node") and subprocess.run(["node", "-e", asks]).returncode == 0


def client_tests(**variables):
    """Runs the tests of the client without a browser."""
    done = subprocess.run(
        ["node", "--test", "--test-reporter=tap", str(TESTS / "wsqueue.test.mjs")],
        capture_output=True, text=True, timeout=60, env={**os.environ, **variables})
    assert done.returncode == 0, done.stdout[-4000:]
    assert int(re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)[1]) > 40


@pytest.mark.skipif(not has_node(), reason="no Node that is new enough")
def test_the_client_keeps_its_promises_whatever_the_server_does():
    client_tests()


def get(server, path, *fields):
    return request(server, path, *fields, host="localhost")


@pytest.mark.parametrize("path, kind", [
    ("/wsqueue.js", "text/javascript; charset=utf-8"), ("/wsqueue.mjs", "text/javascript; charset=utf-8"),
    ("/wsqueue.src.js", "text/javascript; charset=utf-8"), ("/wsqueue.tgz", "application/gzip"),
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


def test_the_client_is_small_and_packed_for_who_takes_it(server):
    plain, packed = get(server, "/wsqueue.js"), get(server, "/wsqueue.js", "Accept-Encoding: br, gzip")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.body) == plain.body
    # The core may have 6 KB, what HTTP is asked for and the connection of all tabs 2.5 more.
    assert len(packed.body) <= 8_500
    assert plain.headers["etag"] != packed.headers["etag"]
    for fields in ([], ["Accept-Encoding: gzip;q=0"]):
        assert get(server, "/wsqueue.js", f"If-None-Match: {plain.headers['etag']}", *fields).status == 304
        assert get(server, "/wsqueue.js", f"If-None-Match: {packed.headers['etag']}", *fields).status == 200


def test_people_can_read_the_client(server):
    assert get(server, "/wsqueue.src.js").body == (WEB / "wsqueue.js").read_bytes()


@pytest.mark.skipif(not shutil.which("esbuild"), reason="no esbuild")
def test_the_smaller_forms_are_made_of_the_source(server):
    assert get(server, "/wsqueue.js").body == (WEB / "wsqueue.min.js").read_bytes()
    done = subprocess.run([ROOT / "scripts/pack-web", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not has_node() or not shutil.which("esbuild"), reason="no Node that is new enough, or no esbuild")
def test_the_core_is_small_and_a_client_by_itself(tmp_path):
    core = tmp_path / "core.js"
    subprocess.run([ROOT / "scripts/pack-web", "--core", core], check=True)
    packed = (tmp_path / "core.js.gz").read_bytes()
    # What gzip makes of it where there is no zopfli is 3 % larger.
    assert len(packed) <= (6_000 if shutil.which("zopfli") else 6_180)
    assert gzip.decompress(packed) == core.read_bytes()
    assert b"event-stream" not in core.read_bytes()
    client_tests(WSQUEUE_JS=core, WSQUEUE_PART="core")


@pytest.mark.skipif(not has_node(), reason="no Node that is new enough")
def test_the_small_form_keeps_the_same_promises():
    client_tests(WSQUEUE_JS=WEB / "wsqueue.min.js")


def test_the_client_loads_nothing_else(server):
    assert re.findall(rb"import|require|https?://|eval|Function\(", get(server, "/wsqueue.js").body) == []


def test_the_cursor_is_where_events_stand(server, queue, publish):
    epoch, _, seq = get(server, "/cursor").body.decode().partition(":")
    assert seq == "0"
    publish("one")
    server.wait_for("event.sent")
    answer = get(server, "/cursor")
    assert (answer.body.decode(), answer.headers["cache-control"]) == (f"{epoch}:1", "no-store")
