"""The page that the server shows, in a real browser."""

import pytest


def http(server):
    return f"http://{server.host}:{server.port}/"


@pytest.mark.parametrize("size", [{"width": 1200}, {"width": 390, "dark": True}])
def test_the_page_shows_an_event_as_it_arrives(server, browser, publish, pictures, size):
    with browser.open(http(server), **size) as page:
        page.wait_for("document.getElementById('status').textContent === 'live'")
        publish("order.created", "id:=7", "customer=Bob")
        page.wait_for("document.querySelector('#events .name')?.textContent === 'order.created'")
        assert page.evaluate("document.querySelector('#events .payload').textContent") == '{"id":7,"customer":"Bob"}'
        assert page.evaluate("document.getElementById('count').textContent") == "1"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.screenshot(pictures / f"page-{size['width']}.png")
        # A refusal by the content security policy would stand here.
        assert [entry for entry in page.complaints if "favicon" not in str(entry)] == []


def test_the_page_obeys_no_markup_in_an_event(server, browser, publish):
    with browser.open(http(server)) as page:
        page.wait_for("document.getElementById('status').textContent === 'live'")
        publish("<b>bold</b>", "text=<img src=x onerror='document.title=1'>")
        page.wait_for("document.querySelector('#events .name')?.textContent === '<b>bold</b>'")
        assert page.evaluate("document.querySelectorAll('#events b, #events img').length") == 0


def test_the_page_keeps_the_last_500_events(server, browser, publish):
    with browser.open(http(server)) as page:
        page.wait_for("document.getElementById('status').textContent === 'live'")
        publish("--lines", "tick", input="".join(f"{number}\n" for number in range(1200)))
        page.wait_for("document.getElementById('count').textContent.replace(/\\D/g, '') === '1200'")
        assert page.evaluate("document.querySelectorAll('#events li').length") == 500
        assert page.evaluate("document.querySelector('#events .payload').textContent") == "1199"


def test_pause_filter_and_clear_do_what_they_say(server, browser, publish):
    with browser.open(http(server)) as page:
        page.wait_for("document.getElementById('status').textContent === 'live'")
        publish("one")
        page.wait_for("document.querySelectorAll('#events li').length === 1")
        page.evaluate("document.getElementById('pause').click()")
        publish("two")
        page.wait_for("document.getElementById('pause').textContent === 'Resume (1 new)'")
        assert page.evaluate("document.querySelectorAll('#events li').length") == 1
        page.evaluate("document.getElementById('pause').click()")
        page.wait_for("document.querySelectorAll('#events li').length === 2")
        page.evaluate(
            "const field = document.getElementById('filter'); field.value = 'TWO';"
            "field.dispatchEvent(new Event('input'))")
        shown = "[...document.querySelectorAll('#events li:not(.hidden) .name')].map((name) => name.textContent)"
        assert page.evaluate(shown) == ["two"]
        page.evaluate("document.getElementById('clear').click()")
        assert page.evaluate("document.querySelectorAll('#events li').length") == 0


def test_the_page_returns_when_the_server_does(start, queue, browser, publish):
    first = start()
    with browser.open(http(first)) as page:
        page.wait_for("document.getElementById('status').textContent === 'live'")
        assert first.terminate() == 0
        page.wait_for("document.getElementById('status').dataset.state === 'offline'")
        start(listen=f"127.0.0.1:{first.port}")
        page.wait_for("document.getElementById('status').textContent === 'live'", timeout=30)
        publish("again")
        page.wait_for("document.querySelector('#events .name')?.textContent === 'again'")
