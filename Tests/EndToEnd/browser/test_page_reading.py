"""The server's page for those who read it: what they see, find, reach and are not disturbed in."""

import contextlib
import json

import pytest

from support.files import name_of, place
from support.http import request

ROWS = "document.querySelectorAll('#events li').length"
LIVE = "document.getElementById('status').textContent === 'live'"


@pytest.fixture
def show(engine):
    """Opens a server's page, and waits until it is live."""
    with contextlib.ExitStack() as resources:
        def open_page(server, **look):
            page = resources.enter_context(engine.open(f"http://{server.host}:{server.port}/", **look))
            page.wait_for(LIVE)
            return page
        yield open_page


def filtered(page, text):
    page.run(f"find('filter').value = {json.dumps(text)}; find('filter').dispatchEvent(new Event('input'))")
    return page.evaluate("find('shown').textContent")


def test_text_is_read_and_found_as_it_is_meant_and_shown_as_written_on_demand(server, queue, show):
    page = show(server)
    written = r'{"name":"M\u00fcller \ud83d\ude00","at":"https:\/\/a\/","quote":"\u0022\u005c","half":"\ud800"}'
    place(queue, name_of(1), '{"event":"other","payload":1}')
    place(queue, name_of(2), f'{{"event":"n","payload":{written},"channel":"orders"}}')
    page.wait_for(f"{ROWS} === 2")
    read = r'{"name":"Müller 😀","at":"https://a/","quote":"\"\\","half":"\ud800"}'
    assert page.evaluate("document.querySelector('#events .payload').textContent") == read
    assert filtered(page, "müller") == "1 of 2"
    assert filtered(page, "name:n channel:ord https://") == "1 of 2"
    assert filtered(page, "channel:n") == "0 of 2"
    assert "channel:n" in page.evaluate("find('empty').textContent")
    assert page.evaluate("find('empty').checkVisibility()")
    assert filtered(page, "") == ""
    page.evaluate("document.querySelector('#events summary').click()")
    page.wait_for("!!document.querySelector('#events pre')")
    assert "Müller" in page.evaluate("document.querySelector('#events pre').textContent")
    page.evaluate("document.querySelector('#events details button').click()")
    assert page.evaluate("document.querySelector('#events pre').textContent") == written


def test_a_long_payload_is_looked_through_to_its_end(server, publish, show):
    page = show(server)
    publish("long", "-t", "x" * 50_000 + "NEEDLE")
    page.wait_for(f"{ROWS} === 1")
    assert filtered(page, "needle") == "1 of 1"
    assert filtered(page, "needles") == "0 of 1"


def test_what_turns_text_around_is_visible_and_turns_nothing_else(server, queue, show):
    page = show(server)
    place(queue, name_of(1), json.dumps({"event": "\u202eevil.txt", "payload": "a\u202eb\u0007"}, ensure_ascii=False))
    page.wait_for(f"{ROWS} === 1")
    assert page.evaluate("document.querySelector('#events .name').textContent") == r"\u202eevil.txt"
    assert page.evaluate("document.querySelector('#events .payload').textContent") == r'"a\u202eb\u0007"'
    for part in ("name", "payload"):
        isolation = f"getComputedStyle(document.querySelector('#events .{part}')).unicodeBidi"
        assert "isolate" in page.evaluate(isolation)


def test_rows_stay_where_they_are_while_somebody_reads(server, publish, show):
    page = show(server)
    publish("--lines", "tick", input="".join(f"{number}\n" for number in range(60)))
    page.wait_for(f"{ROWS} === 60")
    page.run("find('box').scrollTop = 400")
    page.wait_for("find('box').scrollTop === 400")
    top = "document.querySelectorAll('#events li')[20].getBoundingClientRect().top"
    before = page.evaluate(top)
    publish("--lines", "tick", input="".join(f"{number}\n" for number in range(60, 72)))
    page.wait_for("find('newer').textContent === '12 new ↑' && find('newer').checkVisibility()")
    assert page.evaluate(top) == before
    page.evaluate("find('newer').click()")
    page.wait_for(f"{ROWS} === 72 && find('box').scrollTop === 0")
    assert page.evaluate("document.querySelector('#events .payload').textContent") == "71"
    assert page.evaluate("find('newer').hidden")


def test_an_open_row_is_not_moved_and_scrolling_back_brings_the_rest(server, publish, show):
    page = show(server)
    publish("one")
    page.wait_for(f"{ROWS} === 1")
    page.evaluate("document.querySelector('#events summary').click()")
    publish("two")
    page.wait_for("find('newer').textContent === '1 new ↑'")
    assert page.evaluate(ROWS) == 1
    page.run("document.querySelector('#events details').open = false; document.activeElement.blur()")
    page.wait_for(f"{ROWS} === 2")


def test_the_list_is_one_stop_of_the_tab_key_and_arrows_reach_its_rows(server, publish, show):
    page = show(server)
    publish("--lines", "tick", input="".join(f"{number}\n" for number in range(198)))
    page.wait_for(f"{ROWS} === 198")
    page.run("find('keys').focus()")
    page.press("Tab")
    here = "document.activeElement.querySelector('.payload')?.textContent"
    assert page.evaluate(here) == "197"
    for key, payload in [("ArrowDown", "196"), ("ArrowDown", "195"), ("ArrowUp", "196"), ("End", "0"), ("Home", "197")]:
        page.press(key)
        assert page.evaluate(here) == payload
    page.press("Enter")
    page.wait_for("document.querySelector('#events details').open")
    page.run("document.querySelector('#events details').open = false")
    page.press("Tab")
    assert page.evaluate("document.activeElement.id") == "event"


def test_the_first_stop_leads_past_the_events(server, publish, show):
    page = show(server, width=500)
    publish("--lines", "tick", input="".join(f"{number}\n" for number in range(500)))
    page.wait_for(f"{ROWS} === 500")
    page.press("Tab")
    assert page.evaluate("document.activeElement.id") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left >= 0")
    page.press("Enter")
    page.press("Tab")
    page.wait_for("document.activeElement.id === 'event'")
    # On a phone, too, the form is a few screens down, however many events there are.
    assert page.evaluate("find('publish').getBoundingClientRect().top + scrollY") < 2_500
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_shortcuts_can_be_switched_off_and_stay_so(server, show):
    page = show(server)
    page.press("p")
    assert page.evaluate("pause.getAttribute('aria-pressed')") == "true"
    page.evaluate("find('keys').click()")
    page.press("p")
    assert page.evaluate("pause.getAttribute('aria-pressed')") == "true"
    page.reload()
    page.wait_for(LIVE)
    page.press("p")
    page.press("/")
    assert page.evaluate("[pause.getAttribute('aria-pressed'), document.activeElement.localName]") == ["false", "body"]
    page.evaluate("find('keys').click()")
    page.press("p")
    assert page.evaluate("pause.getAttribute('aria-pressed')") == "true"


def test_text_is_kept_up_to_a_bound_in_bytes(server, queue, show):
    page = show(server)
    place(queue, name_of(1), json.dumps({"event": "large", "payload": "x" * 900_000}))
    page.wait_for(f"{ROWS} === 1")
    more = "for (let n = 0; n < 30; n++) receive(n, large); draw();"
    page.run("""window.large = '{"event":"large","payload":"' + "x".repeat(900000) + '"}'; """ + more)
    page.wait_for(f"waiting.length === 0 && {ROWS} === 8")
    page.evaluate("pause.click()")
    page.run(more)
    assert page.evaluate("shownBytes <= keptBytes && waitingBytes <= 2 * keptBytes")
    assert page.evaluate("waiting.length < 20 && find('pause').textContent") == "Resume (30 new)"
    page.evaluate("pause.click()")
    page.wait_for("waiting.length === 0")
    assert page.evaluate(ROWS) == 8 and page.evaluate("entries.size") == 8


def test_long_names_and_payloads_take_a_part_of_the_screen(server, queue, show):
    page = show(server)
    place(queue, name_of(1), json.dumps({"event": "n" * 255, "payload": ["y" * 50] * 15_000, "channel": "c" * 120}))
    page.wait_for(f"{ROWS} === 1")
    assert page.evaluate("document.querySelector('#events summary').offsetHeight") < 90
    page.evaluate("document.querySelector('#events summary').click()")
    page.wait_for("!!document.querySelector('#events pre')")
    assert page.evaluate("document.querySelector('#events pre').offsetHeight") < 400
    assert 100_000 <= page.evaluate("document.querySelector('#events pre').textContent.length") < 100_100
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_row_shows_that_it_opens(server, publish, show):
    page = show(server)
    publish("one")
    page.wait_for(f"{ROWS} === 1")
    mark = "getComputedStyle(document.querySelector('#events summary'), '::before').content"
    assert page.evaluate(mark) == '"▸"'
    page.evaluate("document.querySelector('#events summary').click()")
    assert page.evaluate(mark) == '"▾"'
    assert page.evaluate("getComputedStyle(document.querySelector('#events summary')).cursor") == "pointer"


def test_figures_of_a_server_that_is_gone_look_like_it(start, show):
    server = start()
    page = show(server)
    page.wait_for("find('client-count').textContent === '1'")
    assert page.evaluate("find('as-of').textContent") == ""
    server.process.kill()
    server.exit_status()
    page.wait_for("find('figures').classList.contains('old')")
    assert page.evaluate("find('as-of').textContent").startswith("The server does not answer. The figures are of ")
    start(listen=f"127.0.0.1:{server.port}")
    page.wait_for("!find('figures').classList.contains('old') && find('as-of').textContent === ''", timeout=30)


def test_what_failed_is_red_and_leads_to_the_reasons(server, queue, show):
    page = show(server)
    page.wait_for("find('client-count').textContent === '1'")
    assert page.evaluate("[find('failed').href, find('failed-files').hidden]") == ["", True]
    place(queue, "broken.json", '{"payload":')
    page.wait_for("find('failed').textContent === '1'")
    color = "getComputedStyle(find('failed')).color"
    page.run(f"window.bad = {color}; find('status').dataset.state = 'offline'")
    assert page.evaluate("bad === getComputedStyle(find('status')).color")
    page.evaluate("find('failed').click()")
    page.wait_for("document.activeElement.id === 'failed-files'")
    assert "too early" in page.evaluate("document.activeElement.textContent")


def test_the_page_tells_version_queue_and_reach_of_the_journal(server, queue, publish, show):
    version = json.loads(request(server, "/status.json").body)["version"]
    publish("--lines", "tick", input="1\n2\n3\n")
    page = show(server)
    page.wait_for("find('facts').textContent.includes('#1 to #3')")
    facts = page.evaluate("[...find('facts').children].map((one) => one.textContent)")
    assert facts[0].startswith(f"Version {version}, up ")
    assert facts[1:] == [
        f"Queue {queue}", "Journal of 3 events, #1 to #3", "Keys 0", "This page hears **"]
    page.wait_for("find('losses').textContent === ' · 0 gaps · 0 doubled'")


def test_an_event_is_copied_as_its_payload_and_as_a_command(server, publish, show):
    page = show(server)
    publish("a b", "-c", "orders", "-k", "order:7", "-j", '{"n":12345678901234567890}')
    page.wait_for(f"{ROWS} === 1")
    page.evaluate("document.querySelector('#events summary').click()")
    page.wait_for("document.querySelectorAll('#events details button').length === 3")
    page.run("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    for number, copied in [
            (1, '{"n":12345678901234567890}'),
            (2, """wsqueue-publish -c orders -k order:7 -j '{"n":12345678901234567890}' 'a b'""")]:
        page.evaluate(f"document.querySelectorAll('#events details button')[{number}].click()")
        page.wait_for(f"window.copied === {json.dumps(copied)}")


def test_the_state_is_seen_where_colours_are_forced(server, publish, show):
    page = show(server, forced_colors=True)
    publish("one", "-c", "orders")
    page.wait_for(f"{ROWS} === 1")
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    dot = "getComputedStyle(find('status'), '::before').borderTopColor"
    assert page.evaluate(f"{dot} !== getComputedStyle(document.body).backgroundColor")
    assert page.evaluate("getComputedStyle(find('status'), '::before').borderTopWidth") != "0px"
