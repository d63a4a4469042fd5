"""The examples, run as they are."""

import os
import shutil
import subprocess
import sys

import pytest

from support.files import waiting
from support.pages import serving
from support.places import EXAMPLES, MANUAL
from support.waiting import eventually

WAYS = {
    "shell": ["sh", str(EXAMPLES / "shell/publish.sh")],
    "python": [sys.executable, str(EXAMPLES / "python/wsqueue.py")],
    "php": ["php", str(EXAMPLES / "php/wsqueue.php")],
    "node": ["node", str(EXAMPLES / "node/wsqueue.mjs")],
    "ruby": ["ruby", str(EXAMPLES / "ruby/wsqueue.rb")],
    "perl": ["perl", str(EXAMPLES / "perl/WSQueue.pm")],
}


@pytest.mark.parametrize("way", WAYS)
def test_an_example_publishes_an_event_that_arrives(client, queue, way):
    if not shutil.which(WAYS[way][0]):
        pytest.skip(f"no {way}")
    subprocess.run([*WAYS[way], str(queue), "order.created", '{"id":7,"customer":"Zoë"}'], check=True, timeout=20)
    [event] = client.receive_events()
    assert (event["event"], event["payload"]) == ("order.created", {"id": 7, "customer": "Zoë"})
    eventually(lambda: waiting(queue) == [], "the file is deleted")
    own = {".lock", ".journal", ".failed", ".server", ".address", ".control"}
    assert {path.name for path in queue.iterdir()} == own and not list((queue / ".failed").iterdir())


@pytest.mark.parametrize("way", WAYS)
def test_an_example_says_when_it_cannot_publish(tmp_path, way):
    if not shutil.which(WAYS[way][0]):
        pytest.skip(f"no {way}")
    result = subprocess.run([*WAYS[way], str(tmp_path / "nowhere"), "order.created"], capture_output=True, timeout=20)
    assert result.returncode != 0 and (result.stderr or result.stdout)


def test_the_browser_example_shows_an_event_and_goes_on(start, queue, publish, browser):
    first = start()
    address = f"http://{first.host}:{first.port}/"
    text = (EXAMPLES / "browser/index.html").read_text().replace("http://127.0.0.1:8081/", address)
    with serving({"/": text}) as host, browser.open(host) as page:
        first.wait_for("client.open")
        page.wait_for("document.title === 'Events, live'")
        publish("order.created", "id:=7")
        page.wait_for("document.body.textContent.includes('order.created {\"id\":7}')")
        assert first.terminate() == 0
        publish("-c", "orders", "meanwhile")
        start(listen=f"127.0.0.1:{first.port}")
        page.wait_for("document.body.textContent.includes('meanwhile null')", timeout=20)


def test_a_page_with_nothing_but_an_event_source_shows_events_and_goes_on(start, queue, publish, browser):
    first = start()
    text = (EXAMPLES / "browser/eventsource.html").read_text()
    text = text.replace("http://127.0.0.1:8081/", f"http://{first.host}:{first.port}/")
    with serving({"/": text}) as host, browser.open(host) as page:
        page.wait_for("document.title === 'Orders, live'")
        publish("order.created", "id:=7", "customer=<b>Bob")
        page.wait_for("document.querySelector('li')?.textContent === '7: <b>Bob'")
        assert first.terminate() == 0
        publish("order.created", "id:=8", "customer=Zoë")
        start(listen=f"127.0.0.1:{first.port}")
        page.wait_for("document.querySelectorAll('li').length === 2", timeout=20)


def test_a_turbo_page_is_changed_by_what_is_published(start, queue, publish, browser):
    server = start()
    text = (EXAMPLES / "browser/turbo.html").read_text()
    text = text.replace("http://127.0.0.1:8081/", f"http://{server.host}:{server.port}/")
    with serving({"/": text}) as host, browser.open(host) as page:
        server.wait_for("client.open")
        stream = '<turbo-stream action="{}" target="{}">\n<template>{}</template></turbo-stream>'
        publish("a", "-t", stream.format("append", "orders", "<li id=o7>7: Bob</li>"))
        page.wait_for("document.querySelector('#orders li')?.textContent === '7: Bob'")
        publish("b", "-t", stream.format("replace", "o7", "<li id=o7>7: paid</li>"))
        page.wait_for("document.querySelector('#orders li')?.textContent === '7: paid'")
        publish("c", "-t", stream.format("remove", "o7", ""))
        page.wait_for("document.querySelectorAll('#orders li').length === 0")


# Just enough of React to run a hook: one component that is drawn again when its state has changed.
REACT = """
let slots = [], index = 0, effects = [], draw = () => {};
const slot = (first) => { const at = index++; slots[at] ??= { value: first }; return slots[at]; };
export const useState = (first) => {
  const one = slot(first);
  return [one.value, (value) => { one.value = value; draw(); }];
};
export const useRef = (first) => slot({ current: first }).value;
export const useEffect = (run, needs) => {
  const one = slot();
  if (needs && one.needs && needs.every((need, at) => need === one.needs[at])) return;
  effects.push(() => { one.end?.(); one.end = run(); one.needs = needs; });
};
export const render = (component) => {
  draw = () => { index = 0; component(); for (const effect of effects.splice(0)) effect(); };
  draw();
};
export const unmount = () => { for (const one of slots) one.end?.(); };
"""


def test_the_react_hook_listens_while_its_component_is_there(server, publish, browser):
    address = f"http://{server.host}:{server.port}/"
    page_text = """<!doctype html><script type="importmap">{"imports": {"react": "/react.js"}}</script>
        <script type="module">
        import { render, unmount } from "react";
        import { useWSQueue } from "/useWSQueue.js";
        window.seen = []; window.unmount = unmount; window.draws = 0;
        render(() => { draws++; const draw = draws;
            window.status_ = useWSQueue("{address}", {}, { event: (payload) => seen.push([payload, draw]) }); });
        </script>""".replace("{address}", address)
    hook = (EXAMPLES / "browser/useWSQueue.mjs").read_text().replace("./wsqueue.mjs", address + "wsqueue.mjs")
    with serving({"/": page_text, "/react.js": REACT, "/useWSQueue.js": hook}) as host, browser.open(host) as page:
        page.wait_for("window.status_ === 'live'")
        publish("one", "-j", "1")
        page.wait_for("seen.length === 1")
        # The handler is the last drawing's, and there was one connection for all of them.
        assert page.evaluate("seen[0][1] === draws && draws > 1")
        assert len(server.logged("client.open")) == 1
        page.evaluate("unmount()")
        server.wait_for("client.close")


@pytest.mark.skipif(not shutil.which("php"), reason="no PHP")
def test_the_php_page_misses_nothing_between_its_making_and_its_showing(server, publish, browser, tmp_path):
    (tmp_path / "page.php").write_text((EXAMPLES / "php/page.php").read_text())
    (tmp_path / "orders.json").write_text('[{"customer": "<Alice>"}]')
    address = f"http://{server.host}:{server.port}"
    made = subprocess.run(
        ["php", str(tmp_path / "page.php")], env={**os.environ, "WSQUEUE_SERVER": address},
        check=True, capture_output=True, text=True, timeout=20).stdout
    publish("order.created", "customer=Bob")
    server.wait_for("event.sent")
    with serving({"/": made}) as host, browser.open(host) as page:
        page.wait_for("document.querySelectorAll('#orders li').length === 2")
        assert page.evaluate("[...document.querySelectorAll('#orders li')].map((one) => one.textContent)") == [
            "<Alice>", "Bob"]


def test_the_manual_shows_the_examples_as_they_are():
    page = (MANUAL / "Receiving.md").read_text()
    assert (EXAMPLES / "browser/index.html").read_text().strip() in page
