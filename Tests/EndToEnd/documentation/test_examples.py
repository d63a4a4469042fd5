"""The examples, run as they are."""

import importlib.resources
import os
import shutil
import subprocess
import sys

import pytest

from support.files import name_of, place, place_each, waiting
from support.pages import serving
from support.places import EXAMPLES, MANUAL
from support.ports import free_port
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


def test_the_page_of_a_language_models_answer_is_whole_again_when_it_is_loaded_anew(
        server, queue, binaries, browser, tmp_path):
    text = (EXAMPLES / "language-model/answer.html").read_text().replace("127.0.0.1:8081", f"127.0.0.1:{server.port}")
    shown = "document.getElementById('answer').textContent"
    environment = {"PATH": f"{binaries}:/usr/bin:/bin", "WSQUEUE_DIR": str(queue)}
    command = ["sh", EXAMPLES / "language-model/answer.sh", "chat.7", "cat"]
    with serving({"/": text}) as host, browser.open(host) as page, subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE) as model:
        def write(text):
            model.stdin.write(text.encode())
            model.stdin.flush()
        write("Warum ist der")
        page.wait_for(f"{shown} === 'Warum ist der'")
        page.go(host)
        page.wait_for(f"{shown} === 'Warum ist der' && document.title === 'Answer, being written'")
        write(" Himmel\nblau?")
        page.wait_for(f"{shown} === 'Warum ist der Himmel\\nblau?'")
        model.stdin.close()
        page.wait_for("document.title === 'Answer'")
        page.go(host)
        page.wait_for(f"{shown} === 'Warum ist der Himmel\\nblau?' && document.title === 'Answer'")
        assert model.wait(10) == 0


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


def test_an_htmx_page_is_changed_by_what_is_published(start, publish, browser):
    """By htmx itself, which a package of PyPI ships."""
    htmx = importlib.resources.files("django_htmx") / "static/django_htmx"
    server = start()
    text = (EXAMPLES / "browser/htmx.html").read_text()
    pages = {
        "/": text.replace("http://127.0.0.1:8081/", f"http://{server.host}:{server.port}/"),
        "/htmx.min.js": (htmx / "htmx-2.min.js").read_text(),
        "/sse.js": (htmx / "ext/hx-sse-2.min.js").read_text(),
    }
    with serving(pages) as host, browser.open(host) as page:
        server.wait_for("client.open")
        publish("other", "-t", "<li>no order</li>")
        publish("order.created", "-t", "<li>7: Bob</li>")
        page.wait_for("document.querySelector('li')?.textContent === '7: Bob'")
        assert server.terminate() == 0
        publish("order.created", "-t", "<li>8: Zoë</li>")
        start(listen=f"127.0.0.1:{server.port}")
        page.wait_for("document.querySelectorAll('li')[1]?.textContent === '8: Zoë'", timeout=30)


def test_a_datastar_page_is_changed_by_what_is_published(start, publish, browser):
    server = start()
    text = (EXAMPLES / "browser/datastar.html").read_text()
    text = text.replace("http://127.0.0.1:8081/", f"http://{server.host}:{server.port}/")

    def patch(*lines):
        publish("datastar-patch-elements", "-t", "\n".join(lines))
    with serving({"/": text}) as host, browser.open(host) as page:
        server.wait_for("client.open")
        patch("selector #orders", "mode append", "elements <li id=o7>", "elements 7: Bob</li>")
        page.wait_for("document.querySelector('#orders li')?.textContent.trim() === '7: Bob'")
        patch("elements <li id=o7>7: paid</li>")
        page.wait_for("document.querySelector('#orders li')?.textContent === '7: paid'")
        patch("selector #o7", "mode remove")
        page.wait_for("document.querySelectorAll('#orders li').length === 0")


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


@pytest.mark.skipif(not shutil.which("php"), reason="no PHP")
def test_the_php_page_asks_php_for_its_list_again_when_events_are_lost(start, queue, browser, tmp_path):
    server = start("--journal-events", "10")
    shutil.copy(EXAMPLES / "php/page.php", tmp_path / "index.php")
    orders = tmp_path / "orders.json"
    orders.write_text('[{"customer": "<Alice>"}]')
    port = free_port()
    items = "[...document.querySelectorAll('#orders li')].map((one) => one.textContent).join()"
    with subprocess.Popen(
            ["php", "-S", f"127.0.0.1:{port}", "-t", str(tmp_path)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env={**os.environ, "WSQUEUE_SERVER": f"http://{server.host}:{server.port}"}) as php:
        try:
            assert b"started" in php.stderr.readline()
            with browser.open(f"http://127.0.0.1:{port}/") as page:
                page.wait_for("queue.status === 'live'")
                assert page.evaluate(items) == "<Alice>"
                page.run("dispatchEvent(new Event('pagehide'))")
                orders.write_text('[{"customer": "<Alice>"}, {"customer": "Bob"}]')
                # The journal is trimmed when more comes than it may hold.
                for first in (1, 40):
                    place_each(queue, range(first, first + 30))
                    eventually(lambda: waiting(queue) == [], "the files are deleted")
                page.run("dispatchEvent(new Event('pageshow'))")
                page.wait_for(f"{items} === '<Alice>,Bob' && queue.status === 'live'")
                place(queue, name_of(99), '{"event": "order.created", "payload": {"customer": "Carol"}}')
                page.wait_for(f"{items} === '<Alice>,Bob,Carol'")
                assert page.evaluate("[queue.counters.gaps, performance.getEntriesByType('resource')"
                                     ".filter(({ name }) => name.endsWith('?orders')).length]") == [1, 1]
        finally:
            php.kill()


def test_the_manual_shows_the_examples_as_they_are():
    page = (MANUAL / "Receiving.md").read_text()
    assert (EXAMPLES / "browser/index.html").read_text().strip() in page
