"""Pages that were written for the older systems, unchanged, in a real browser."""

import pathlib
import re

import pytest

from support.files import name_of, place
from support.rules import write_rules

PAGES = pathlib.Path(__file__).parent / "pages"
OPEN = 1


def address(server):
    """A document of the server's origin, and not the live page, which listens too."""
    return f"http://{server.host}:{server.port}/nothing"


def run_script(page, name):
    """The one class that the file declares is the page's."""
    text = (PAGES / name).read_text(encoding="utf-8")
    [declared] = re.findall(r"^class (\w+)", text, re.MULTILINE)
    page.run(f"{text}\nglobalThis.{declared} = {declared};")


@pytest.fixture
def chat(start, queue):
    rules = write_rules(queue, [{"channel": "chat.room.{id}", "publish": "anyone"}])
    return start("--rules", str(rules), "--ping", "1s")


@pytest.fixture
def room(chat, browser):
    """A browser with two chat pages in one room."""
    with browser.open(address(chat)) as page:
        run_script(page, "chat.js")
        for name in ("bob", "eve"):
            page.run(f"globalThis.{name} = new ChatPage('{chat.address}', 'chat.room.1')")
            page.wait_for(f"{name}.channels.length === 1 && {name}.connectionId !== null")
        yield page
        assert page.evaluate("[bob.unknown, eve.unknown]") == [[], []]


def test_a_chat_page_is_welcomed_subscribes_and_pings(room):
    assert room.evaluate("[bob.channels, bob.errors, bob.connectionId > 0, bob.connectionId !== eve.connectionId]") == [
        ["chat.room.1"], [], True, True]
    room.wait_for("bob.pongs >= 2")
    assert room.evaluate("bob.shown.length + bob.errors.length") == 0


def test_chat_pages_talk_to_each_other(room):
    room.evaluate("bob.say('chat.room.1', { text: 'hello', n: 1.50 })")
    room.wait_for("bob.sent.length === 1 && eve.shown.length === 1 && bob.shown.length === 1")
    assert room.evaluate("bob.sent[0]") == {
        "channel": "chat.room.1", "message": {"text": "hello", "n": 1.5}, "count": 2}
    assert room.evaluate(
        "eve.shown[0].from === bob.connectionId && Math.abs(eve.shown[0].time - Date.now() / 1000) < 60")
    assert room.evaluate("eve.shown[0].text") == {"text": "hello", "n": 1.5}


def test_a_chat_page_gets_events_of_the_queue_as_messages_of_the_server(room, queue):
    place(queue, name_of(0), '{"event":"said","payload":{"text":"welcome"},"timestamp":17,"channel":"chat.room.1"}')
    room.wait_for("eve.shown.length === 1 && bob.shown.length === 1")
    assert room.evaluate("eve.shown[0]") == {
        "channel": "chat.room.1", "from": 0, "text": {"text": "welcome"}, "time": 17}


def test_a_chat_page_that_says_too_much_waits_as_it_is_told_and_loses_nothing(room):
    room.run("for (let n = 0; n < 63; n += 1) bob.say('chat.room.1', n)")
    room.wait_for("bob.errors.length >= 4")
    error = room.evaluate("bob.errors[0]")
    assert (error["success"], error["retry_after"]) == (False, 1)
    room.wait_for("bob.sent.length === 63", timeout=30)
    assert sorted(room.evaluate("eve.shown.map((one) => one.text)")) == list(range(63))
    assert room.evaluate("bob.closed ?? null") is None


def test_a_chat_page_hears_what_was_wrong(room):
    room.run("eve.say('chat.room.2', 'hi'); eve.send('dance'); eve.socket.send('hello'); eve.send('subscribe')")
    room.wait_for("eve.errors.length === 4")
    assert room.evaluate("eve.errors.map((one) => one.error)") == [
        "Not subscribed to channel", "Unknown action: dance", "Invalid message format",
        "Missing required field: channel"]


def test_a_page_of_the_php_original_shows_events_and_gets_nothing_else(start, queue, browser):
    server = start()
    with browser.open(address(server)) as page:
        run_script(page, "events.js")
        page.run(f"globalThis.page = new EventsPage('{server.address}')")
        page.wait_for(f"page.socket.readyState === {OPEN}")
        # As the original writes them: in place, without a rename.
        (queue / "1729000000.25_6b01103dde297.json").write_text(
            '{"event":"order.created","payload":{"id":7},"timestamp":1729000000,"queued_at":1729000000.25}')
        (queue / "1729000000.5_6b01103dde298.json").write_text(
            '{"event":"user.registered","payload":{"name":"Bob"},"timestamp":1729000000}')
        place(queue, name_of(0), '{"event":"order.created","payload":{"id":8},"channel":"orders"}')
        place(queue, name_of(1), '{"event":"order.created","payload":{"id":9}}')
        page.wait_for("page.orders.length === 2 && page.users.length === 1")
        assert page.evaluate("[page.orders, page.users, page.unknown]") == [
            [7, 9], ["Bob at 2024-10-15T13:46:40.000Z"], []]
