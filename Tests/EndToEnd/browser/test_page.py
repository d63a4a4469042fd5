"""The page that the server shows, in real browsers."""

import contextlib
import json
import socket
import subprocess

import pytest

from support.client import Client
from support.files import name_of, place
from support.http import exchange, request
from support.relay import Relay
from support.speaking import Speaking
from support.tokens import make_token, write_secrets

PUBLISH_TOKEN = "a token for publishing, long enough"


def write_publish_tokens(queue):
    path = queue.parent / "publishers"
    path.write_text(PUBLISH_TOKEN + "\n")
    path.chmod(0o600)
    return path


def http(server):
    return f"http://{server.host}:{server.port}/"


@pytest.mark.parametrize("size", [{"width": 1200}, {"width": 390, "dark": True}])
def test_the_page_shows_an_event_as_it_arrives(server, engine, publish, pictures, size):
    with engine.open(http(server), **size) as page:
        page.wait_for("document.getElementById('status').textContent === 'live'")
        publish("order.created", "id:=7", "customer=Bob")
        page.wait_for("document.querySelector('#events .name')?.textContent === 'order.created'")
        assert page.evaluate("document.querySelector('#events .payload').textContent") == '{"id":7,"customer":"Bob"}'
        assert page.evaluate("document.getElementById('count').textContent") == "1"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.screenshot(pictures / f"page-{size['width']}.png")
        # A refusal by the content security policy would stand here.
        assert [entry for entry in page.complaints if "favicon" not in str(entry)] == []


def test_the_page_obeys_no_markup_in_an_event(server, engine, publish):
    with engine.open(http(server)) as page:
        page.wait_for("document.getElementById('status').textContent === 'live'")
        publish("<b>bold</b>", "text=<img src=x onerror='document.title=1'>")
        page.wait_for("document.querySelector('#events .name')?.textContent === '<b>bold</b>'")
        assert page.evaluate("document.querySelectorAll('#events b, #events img').length") == 0


def test_the_page_keeps_the_last_500_events(server, engine, publish):
    with engine.open(http(server)) as page:
        page.wait_for("document.getElementById('status').textContent === 'live'")
        publish("--lines", "tick", input="".join(f"{number}\n" for number in range(1200)))
        page.wait_for("document.getElementById('count').textContent.replace(/\\D/g, '') === '1200'")
        assert page.evaluate("document.querySelectorAll('#events li').length") == 500
        assert page.evaluate("document.querySelector('#events .payload').textContent") == "1199"


def test_pause_filter_and_clear_do_what_they_say(server, engine, publish):
    with engine.open(http(server)) as page:
        page.wait_for("document.getElementById('status').textContent === 'live'")
        publish("one")
        page.wait_for("document.querySelectorAll('#events li').length === 1")
        page.evaluate("document.getElementById('pause').click()")
        publish("two")
        page.wait_for("document.getElementById('pause').textContent === 'Resume (1 new)'")
        assert page.evaluate("document.querySelectorAll('#events li').length") == 1
        page.evaluate("document.getElementById('pause').click()")
        page.wait_for("document.querySelectorAll('#events li').length === 2")
        page.run(
            "const field = document.getElementById('filter'); field.value = 'TWO';"
            "field.dispatchEvent(new Event('input'))")
        shown = "[...document.querySelectorAll('#events li:not(.hidden) .name')].map((name) => name.textContent)"
        assert page.evaluate(shown) == ["two"]
        page.evaluate("document.getElementById('clear').click()")
        assert page.evaluate("document.querySelectorAll('#events li').length") == 0


def test_the_page_returns_when_the_server_does(start, queue, engine, publish):
    first = start()
    with engine.open(http(first)) as page:
        page.wait_for("document.getElementById('status').textContent === 'live'")
        assert first.terminate() == 0
        page.wait_for("document.getElementById('status').dataset.state === 'offline'")
        start(listen=f"127.0.0.1:{first.port}")
        page.wait_for("document.getElementById('status').textContent === 'live'", timeout=30)
        publish("again")
        page.wait_for("document.querySelector('#events .name')?.textContent === 'again'")


def test_the_page_is_one_small_file_that_loads_nothing(server):
    answer = exchange(server, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert len(answer.body) <= 80_000
    assert b"src=" not in answer.body and b"@import" not in answer.body and b"url(" not in answer.body
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'nonce-") and "unsafe" not in policy


def test_the_page_can_be_switched_off(start):
    server = start("--page", "off")
    assert exchange(server, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 404
    # The client for other pages is no page.
    assert exchange(server, b"GET /wsqueue.js HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 200


FAR = "X-Forwarded-For: 192.0.2.1"


def test_the_page_is_for_this_machine_and_admins(start, queue):
    server = start("--jwt-secret-file", str(write_secrets(queue)))
    assert request(server, "/").status == 200
    answer = request(server, "/", FAR)
    assert answer.status == 403 and b"--page on" in answer.body and b"container" in answer.body
    for role, status in (("admin", 200), ("user", 403), ("xadmin", 403)):
        token = make_token(role=role)
        assert request(server, "/", FAR, f"Authorization: Bearer {token}").status == status
        assert request(server, f"/?token={token}", FAR).status == status
    assert request(server, "/?token=x.y.z", FAR).status == 401
    assert request(server, "/", FAR, method="POST").status == 405


@pytest.mark.parametrize("options, here, there", [
    ([], 200, 403), (["--page", "on"], 200, 200), (["--page", "off"], 404, 404), (["--local", "off"], 403, 403),
])
def test_who_sees_the_page_can_be_said(start, options, here, there):
    server = start(*options)
    assert (request(server, "/").status, request(server, "/", FAR).status) == (here, there)


def test_an_admin_sees_the_page_with_a_token_in_its_address(start, queue, engine, publish):
    server = start("--jwt-secret-file", str(write_secrets(queue)), "--local", "off")
    with engine.open(f"{http(server)}?token={make_token(role='admin')}") as page:
        page.wait_for("document.getElementById('client-count').textContent === '1'")
        publish("one")
        page.wait_for("document.querySelector('#events .name')?.textContent === 'one'")


def test_the_page_finds_websockets_at_their_path(start, engine):
    server = start("--path", "/a&b")
    with engine.open(http(server)) as page:
        page.wait_for("document.getElementById('status').textContent === 'live'")


def test_the_page_shows_channels_and_payloads_as_they_were_written(server, engine, publish):
    with engine.open(http(server)) as page:
        page.wait_for("document.getElementById('status').textContent === 'live'")
        publish("a", "-c", "orders", "-j", '{"long":12345678901234567890,"list":[],"text":"a, b"}')
        page.wait_for("document.querySelector('#events .channel')?.textContent === 'orders'")
        page.evaluate("document.querySelector('#events summary').click()")
        page.wait_for("!!document.querySelector('#events pre')")
        assert page.evaluate("document.querySelector('#events pre').textContent") == (
            '{\n  "long": 12345678901234567890,\n  "list": [],\n  "text": "a, b"\n}')


def test_the_page_shows_clients_and_queue(server, queue, engine, publish):
    with Speaking(server, "/?channels=orders,b.*"), engine.open(http(server)) as page:
        place(queue, "broken.json", '{"payload":')
        page.wait_for("document.getElementById('failed').textContent === '1'")
        assert "too early" in page.evaluate("document.getElementById('failures').textContent")
        page.wait_for("document.getElementById('client-count').textContent === '2'")
        rows = page.evaluate("[...document.querySelectorAll('#clients tbody tr')].map((row) => row.innerText)")
        assert any("b.*, orders" in row and "127.0.0.1:" in row for row in rows), rows
        assert any("(this page)" in row for row in rows), rows
        publish("--lines", "tick", input="1\n" * 500)
        page.wait_for("document.getElementById('rate-line').getAttribute('points')?.includes(',1.0')")


class FromFarAway(Relay):
    """A proxy, which says whose requests it passes on."""

    def _pass(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data.replace(b" HTTP/1.1\r\n", b" HTTP/1.1\r\n%s\r\n" % FAR.encode()))
            target.shutdown(socket.SHUT_RDWR)


def test_who_may_not_see_clients_and_queue_sees_events(start, queue, engine, publish):
    server = start("--jwt-secret-file", str(write_secrets(queue)), "--page", "on")
    with FromFarAway(server) as proxy, engine.open(http(proxy)) as page:
        page.wait_for("document.getElementById('status').textContent === 'live'")
        page.wait_for("document.getElementById('closed').textContent.includes('admin')")
        assert page.evaluate("document.getElementById('operator').hidden") is True
        page.go(f"{http(proxy)}?admin#token={make_token(role='admin')}")
        page.wait_for("document.querySelector('#clients tbody')?.innerText.includes('42')")


@pytest.mark.parametrize("fields, line", [
    ({}, "wsqueue-publish -j '{\"id\":7,\"customer\":\"Bob\"}' order.created"),
    ({"event": "a b", "channel": "orders", "user": "42", "payload": "It's lunch"},
     "wsqueue-publish -c orders -u 42 -t 'It'\\''s lunch' 'a b'"),
    ({"event": "-x", "payload": ""}, "wsqueue-publish -- -x"),
    ({"payload": " 12345678901234567890 "}, "wsqueue-publish -j 12345678901234567890 order.created"),
])
def test_the_form_shows_a_command_that_does_the_same(server, engine, binaries, queue, fields, line):
    with engine.open(http(server)) as page, Client(server, "/?channels=orders") as client:
        for name, value in fields.items():
            page.evaluate(f"document.getElementById('{name}').value = {json.dumps(value)}")
        page.evaluate("document.getElementById('event').dispatchEvent(new Event('input', { bubbles: true }))")
        shown = page.evaluate("document.getElementById('line').textContent")
        assert shown == line
        if "user" not in fields:
            environment = {"PATH": f"{binaries}:/usr/bin:/bin", "WSQUEUE_DIR": str(queue)}
            subprocess.run(["sh", "-c", shown], check=True, env=environment, timeout=20)
            [event] = client.receive_events()
            assert event["event"] == fields.get("event", "order.created")


def test_the_form_publishes_where_the_server_takes_events(start, queue, engine):
    server = start("--publish-token-file", str(write_publish_tokens(queue)))
    with engine.open(http(server)) as page, Client(server, "/?channels=orders") as client:
        page.wait_for("!document.getElementById('send-bar').hidden")
        page.run(
            f"find('token').value = {json.dumps(PUBLISH_TOKEN)}; find('channel').value = 'orders';"
            "find('payload').value = '12345678901234567890'; find('send').click()")
        assert b'"payload":12345678901234567890,' in client.receive()[0]
        page.wait_for("find('sent').textContent === 'in the queue'")
        page.run("find('token').value = 'wrong'; send.click()")
        page.wait_for("find('sent').textContent.startsWith('401')")


@pytest.mark.takes(12)
@pytest.mark.parametrize("button", ["drop", "sleep", "slow"])
def test_a_disturbed_page_has_everything(server, browser, publish, button):
    with browser.open(http(server)) as page:
        page.wait_for("document.getElementById('status').textContent === 'live'")
        page.evaluate(f"document.getElementById('{button}').click()")
        publish("--lines", "test", input="".join(f"{number}\n" for number in range(1000)))
        page.wait_for("document.getElementById('result').textContent.startsWith('received')", timeout=60)
        assert page.evaluate("result.textContent") == "received 1,000 of 1,000, in order, 0 doubled"
        assert page.evaluate("count.textContent") == "1,000"


@pytest.mark.takes(15)
def test_the_page_has_10_000_events_through_three_kills(start, queue, browser, pictures):
    server = start("--journal-events", "20000")
    with browser.open(http(server)) as page:
        page.wait_for("document.getElementById('status').textContent === 'live'")
        for part in range(4):
            for number in range(part * 2_500, (part + 1) * 2_500):
                place(queue, name_of(number), json.dumps({"event": "n", "payload": number}))
            if part < 3:
                page.wait_for(f"received > {part * 2_500 + 100}")
                server.process.kill()
                server.exit_status()
                server = start("--journal-events", "20000", listen=f"127.0.0.1:{server.port}")
        page.wait_for("received >= 10000", timeout=60)
        page.evaluate("document.getElementById('check').click()")
        page.wait_for("document.getElementById('result').textContent.startsWith('received')", timeout=30)
        assert page.evaluate("result.textContent") == "received 10,000 of 10,000, in order, 0 doubled"
        assert page.evaluate("received") == 10_000
        page.screenshot(pictures / "page-10000.png")


def test_a_comparison_finds_what_is_missing_doubled_or_out_of_order(server, engine, publish):
    with engine.open(http(server)) as page:
        page.wait_for("document.getElementById('status').textContent === 'live'")
        publish("--lines", "test", input="1\n2\n3\n4\n5\n")
        page.wait_for("received === 5")
        page.run("record.splice(0, 5, 1, 4, 3, 3, 5); check.click()")
        page.wait_for("document.getElementById('result').textContent.startsWith('received')")
        assert page.evaluate("result.textContent") == "received 4 of 5, not in order, 1 doubled"


# The contrast of texts against what is behind them (WCAG 2.2, success criterion 1.4.3).
CONTRAST = """
(() => {
  const parts = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = parts(color).map((one) => one / 255)
      .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const color = getComputedStyle(element).backgroundColor;
      if ((parts(color)[3] ?? 1) > 0) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    const isText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!(isText || element.matches("input, textarea")) || !element.checkVisibility() || element.disabled) continue;
    if (element.matches("script, style, noscript")) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push([element.outerHTML.slice(0, 80), ratio]);
  }
  return poor;
})()
"""


@pytest.mark.parametrize("dark", [False, True])
def test_texts_can_be_read_against_what_is_behind_them(server, queue, engine, publish, dark):
    with engine.open(http(server), dark=dark) as page:
        page.wait_for("document.getElementById('status').textContent === 'live'")
        publish("a", "-c", "orders", "id:=7")
        place(queue, "broken.json", '{"payload":')
        page.wait_for("!!document.querySelector('#events summary') && failed.textContent === '1'")
        page.evaluate("document.querySelector('#events summary').click()")
        page.wait_for("!!document.querySelector('#events pre')")
        # What has just arrived is coloured for a moment.
        page.wait_for("document.getAnimations().length === 0")
        assert page.evaluate(CONTRAST) == []
        for state in ("connecting", "catching-up", "offline", "denied"):
            page.evaluate(f"document.getElementById('status').dataset.state = '{state}'")
            assert page.evaluate(CONTRAST) == []


# As the engines call them.
USED = {"button", "pushbutton", "entry", "textbox", "searchbox", "checkbox", "link", "DisclosureTriangle", "summary"}


def test_everything_that_can_be_used_has_a_name(server, engine, publish):
    with engine.open(http(server)) as page:
        page.wait_for("document.getElementById('status').textContent === 'live'")
        publish("a")
        page.wait_for("!!document.querySelector('#events summary')")
        named = page.accessible()
        assert [role for role, name in named if not name and role in USED] == []
        for name in (
                "Pause", "Clear", "Copy", "Compare", "Event", "Payload, JSON or text", "Test the connection", "Publish",
                "Events, the newest first"):
            # WebKit puts what is in a field behind its name.
            assert any(found.startswith(name) for _, found in named), (name, named)
        assert page.evaluate("document.documentElement.lang") == "en"
        levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map((one) => +one.tagName[1])")
        assert levels[0] == 1 and all(after - before <= 1 for before, after in zip(levels, levels[1:]))


def test_the_keyboard_reaches_everything_in_the_order_it_is_read(server, engine, publish):
    with engine.open(http(server)) as page:
        page.wait_for("document.getElementById('status').textContent === 'live'")
        publish("a")
        page.wait_for("!!document.querySelector('#events summary')")
        reached = []
        for _ in range(16):
            page.press("Tab")
            reached.append(page.evaluate("document.activeElement.id || document.activeElement.localName"))
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        assert reached == [
            "skip", "filter", "pause", "clear", "keys", "summary", "event", "channel", "user", "payload", "line",
            "copy", "drop", "sleep", "slow", "check"]
        page.evaluate("document.activeElement.blur()")
        page.press("p")
        page.press("/")
        assert page.evaluate("pause.getAttribute('aria-pressed')") == "true"
        assert page.evaluate("document.activeElement.id") == "filter"
        assert page.evaluate("filter.value") == ""
