"""The browser client of the first edition, as it lies in a tab or a bundle, unchanged, with this server."""

import contextlib
import json
import pathlib

import pytest

from support.files import name_of, place, place_each, waiting
from support.pages import serving
from support.rules import write_rules
from support.tokens import make_token, soon, write_secrets
from support.waiting import eventually

SCRIPT = (pathlib.Path(__file__).parent / "pages/wsqueue-0.1.js").read_text(encoding="utf-8")
PAGE = """<!doctype html><title>test</title><link rel="icon" href="data:,">
<script src="/client.js"></script>
<script>
  const seen = [], statuses = [], gaps = [], errors = [], messages = [], people = [];
  const queue = new WSQueue("http://{address}/", {options});
  queue.on("n", (payload) => seen.push(payload));
  queue.on("status", (status) => statuses.push(status));
  queue.on("gap", (gap) => gaps.push(gap));
  queue.on("error", (error) => errors.push(error));
  queue.on("message", (payload) => messages.push(payload));
  queue.on("presence", (user) => people.push(user));
</script>"""


@pytest.fixture
def open_page(engine):
    """Opens a page of another host with the old script."""
    with contextlib.ExitStack() as resources:
        def open_page(server, options="{}"):
            text = PAGE.replace("{address}", f"{server.host}:{server.port}").replace("{options}", options)
            host = resources.enter_context(serving({"/": text, "/client.js": SCRIPT}))
            page = resources.enter_context(engine.open(host + "/"))
            page.wait_for("queue.status === 'live'")
            return page
        yield open_page


def test_it_receives_through_a_kill_and_over_a_reload(start, queue, open_page):
    server = start()
    page = open_page(server)
    place_each(queue, range(500))
    page.wait_for("seen.length > 100")
    server.process.kill()
    server.exit_status()
    server = start(listen=f"127.0.0.1:{server.port}")
    place_each(queue, range(500, 1_000))
    page.wait_for("seen.length >= 1000", timeout=30)
    assert page.evaluate("seen") == list(range(1_000))
    page.reload()
    place_each(queue, [1_000, 1_001])
    page.wait_for("seen.length >= 2", timeout=30)
    assert page.evaluate("[seen, gaps]") == [[1_000, 1_001], []]
    eventually(lambda: waiting(queue) == [], "the files are deleted")


def test_it_subscribes_and_talks_and_is_refused(start, queue, open_page):
    rules = write_rules(queue, [
        {"channel": "chat.{id}", "publish": "anyone"}, {"channel": "secret", "subscribe": "none"}])
    page = open_page(start("--rules", str(rules)), "{channels: ['chat.1']}")
    page.run("queue.subscribe('chat.2'); queue.subscribe('secret')")
    page.wait_for("errors.length >= 1")
    assert page.evaluate("[errors[0].code, errors[0].channel]") == ["forbidden", "secret"]
    page.run("globalThis.answer = null; queue.send('chat.1', {a: 1}).then((count) => answer = [count])")
    page.wait_for("messages.length === 1 && answer")
    assert page.evaluate("messages") == [{"a": 1}]
    page.run("queue.unsubscribe('chat.2')")
    page.run("queue.send('chat.2', 1).catch(() => {})")
    page.wait_for("errors.some((error) => error.channel === 'chat.2')")


def test_it_is_let_in_by_a_token_and_renews_it(start, queue, open_page):
    server = start("--jwt-secret-file", str(write_secrets(queue)))
    tokens = json.dumps([make_token("7", exp=soon(4)), make_token("7", exp=soon(3600))])
    token = f"() => {tokens}[window.asked = (window.asked ?? -1) + 1]"
    page = open_page(server, f"{{ channels: ['private.user.7', 'presence.room'], token: {token} }}")
    page.wait_for("asked === 1", timeout=20)
    place_each(queue, [1], channel="private.user.7")
    page.wait_for("seen.length === 1")
    assert page.evaluate("[errors, queue.counters.connections]") == [[], 1]
    page.run("queue.presence('presence.room', { status: 'away' }).then(({ members }) => globalThis.there = members)")
    page.wait_for("globalThis.there")
    assert page.evaluate("[there, people.at(-1)].map(([{ user, status }]) => [user, status])") == [["7", "away"]] * 2


def test_it_hears_what_it_named_and_is_told_what_it_missed(start, queue, open_page):
    server = start("--journal-events", "10", "--ping", "1s")
    page = open_page(server, "{events: ['n', 'm*']}")
    place_each(queue, [1])
    place(queue, name_of(2), '{"event":"other","payload":2}')
    page.wait_for("seen.length === 1")
    # Pings show where it stands though nothing is for it, and what it answers keeps it.
    for number in range(3, 50):
        place(queue, name_of(number), '{"event":"other","payload":0}')
    page.wait_for("queue.cursor.endsWith(':49')")
    assert page.evaluate("[seen, gaps, queue.counters.received, queue.counters.connections]") == [[1], [], 1, 1]
    # What is too far back, or of another numbering, is told.
    epoch, _, _ = page.evaluate("queue.cursor").partition(":")
    for since, reason in ((f"{epoch}:3", "trimmed"), ("k3f9:1", "epoch"), ("rubbish", "cursor")):
        other = open_page(server, json.dumps({"since": since}))
        other.wait_for("gaps.length === 1")
        assert other.evaluate("gaps[0].reason") == reason
