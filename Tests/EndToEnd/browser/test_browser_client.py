"""wsqueue.js in real browsers, against the real server."""

import contextlib
import json

import pytest

from support.files import name_of, place, place_each, waiting
from support.http import exchange
from support.pages import serving
from support.relay import Relay
from support.rules import write_rules
from support.speaking import Speaking
from support.tokens import make_token, soon, write_secrets
from support.waiting import eventually

PAGE = """<!doctype html><title>test</title><link rel="icon" href="data:,">
<script src="http://{address}/wsqueue.js"></script>
<script>
  const seen = [], statuses = [], gaps = [];
  const queue = new WSQueue("http://{address}/", {options});
  queue.on("n", (payload) => seen.push(payload));
  queue.on("status", (status) => statuses.push(status));
  queue.on("gap", (gap) => gaps.push(gap));
</script>"""


@pytest.fixture
def tab(engine):
    """Opens a page of another host that listens to a server or to what stands before it."""
    with contextlib.ExitStack() as resources:
        def open_tab(server, options="{}", html=PAGE):
            text = html.replace("{address}", f"{server.host}:{server.port}").replace("{options}", options)
            host = resources.enter_context(serving({"/": text, "/other": "<title>other</title>"}))
            return resources.enter_context(engine.open(host + "/"))
        yield open_tab


def test_a_page_receives_with_the_classic_script(server, queue, tab):
    page = tab(server)
    page.wait_for("queue.status === 'live'")
    place_each(queue, range(3))
    page.wait_for("seen.length === 3")
    assert page.evaluate("seen") == [0, 1, 2]
    assert page.complaints == []


def test_a_page_receives_with_the_module(server, queue, tab):
    page = tab(server, html="""<!doctype html><title>test</title><link rel="icon" href="data:,"><script type="module">
        import WSQueueToo, { WSQueue } from "http://{address}/wsqueue.mjs";
        window.seen = [];
        window.isOne = WSQueueToo === WSQueue && WSQueue === globalThis.WSQueue;
        window.queue = new WSQueue("http://{address}/");
        queue.on("n", (payload) => seen.push(payload));
    </script>""")
    page.wait_for("queue.status === 'live'")
    place_each(queue, range(3))
    page.wait_for("seen.length === 3")
    assert page.evaluate("isOne") is True
    assert page.complaints == []


def test_10_000_events_through_three_kills_arrive_in_order_none_lost_none_doubled(start, queue, tab):
    server = start()
    address = f"127.0.0.1:{server.port}"
    page = tab(server)
    page.wait_for("queue.status === 'live'")
    for part in range(4):
        place_each(queue, range(part * 2_500, (part + 1) * 2_500))
        if part < 3:
            # In the middle of the stream: some of these it has had, and some nobody has read.
            page.wait_for(f"seen.length > {part * 2_500 + 100}")
            server.process.kill()
            server.exit_status()
            server = start(listen=address)
    page.wait_for("seen.length >= 10000", timeout=60)
    eventually(lambda: waiting(queue) == [], "the files are deleted")
    assert page.evaluate("seen") == list(range(10_000))
    assert page.evaluate("gaps") == []
    assert page.evaluate("queue.counters.connections") == 4


def test_what_was_published_while_the_server_was_down_arrives(start, queue, tab):
    server = start()
    page = tab(server)
    page.wait_for("queue.status === 'live'")
    place_each(queue, [0])
    page.wait_for("seen.length === 1")
    server.process.kill()
    server.exit_status()
    page.wait_for("queue.status === 'offline'")
    place_each(queue, [1, 2])
    start(listen=f"127.0.0.1:{server.port}")
    page.wait_for("seen.length === 3", timeout=30)
    assert page.evaluate("seen") == [0, 1, 2]
    assert page.evaluate("statuses.filter((one) => one !== 'connecting').join()").endswith("offline,catching-up,live")


def test_a_network_that_swallows_everything_is_noticed_and_what_was_missed_arrives(start, queue, tab):
    server = start("--ping", "1s")
    with Relay(server) as relay:
        page = tab(relay)
        page.wait_for("queue.status === 'live'")
        place_each(queue, [0])
        page.wait_for("seen.length === 1")
        # Nor does it matter what the clock on the wall says.
        page.run("Date.now = () => 0")
        relay.cut = True
        place_each(queue, [1, 2])
        page.wait_for("queue.status !== 'live'", timeout=20)
        relay.cut = False
        relay.drop()
        page.wait_for("seen.length === 3", timeout=30)
        assert page.evaluate("seen") == [0, 1, 2]


def test_a_network_that_comes_back_is_used_at_once(server, queue, tab):
    page = tab(server)
    page.wait_for("queue.status === 'live'")
    with page.offline():
        page.wait_for("navigator.onLine === false")
        # Whatever this browser does with a connection that is open: a new one it refuses.
        page.run("queue.reconnect()")
        page.wait_for("queue.status === 'offline'")
        place_each(queue, [0, 1])
        page.wait_for("statuses.filter((one) => one === 'offline').length >= 6", timeout=30)
    page.wait_for("queue.status === 'live'", timeout=3)
    assert page.evaluate("seen") == [0, 1]


def test_a_tab_that_slept_has_everything(server, queue, tab):
    page = tab(server)
    page.wait_for("queue.status === 'live'")
    with page.asleep():
        place_each(queue, range(2_000))
        eventually(lambda: waiting(queue) == [], "the files are deleted")
    page.wait_for("seen.length >= 2000", timeout=30)
    assert page.evaluate("seen") == list(range(2_000))


def test_two_tabs_both_have_everything_and_keep_their_own_cursors(server, queue, tab):
    one, other = tab(server), tab(server)
    for page in (one, other):
        page.wait_for("queue.status === 'live'")
    place_each(queue, range(100))
    one.run("queue.reconnect()")
    place_each(queue, range(100, 200))
    for page in (one, other):
        page.wait_for("seen.length >= 200")
        assert page.evaluate("seen") == list(range(200))


def test_a_reload_misses_nothing(server, queue, tab):
    page = tab(server)
    page.wait_for("queue.status === 'live'")
    place_each(queue, range(3))
    page.wait_for("seen.length === 3")
    host = page.evaluate("location.href")
    page.go(host + "other")
    place_each(queue, range(3, 6))
    eventually(lambda: waiting(queue) == [], "the files are deleted")
    page.go(host)
    page.wait_for("seen.length === 3")
    assert page.evaluate("seen") == [3, 4, 5]


def test_a_page_that_comes_out_of_the_browsers_cache_has_everything(server, queue, tab):
    page = tab(server)
    page.wait_for("queue.status === 'live'")
    place_each(queue, range(3))
    page.wait_for("seen.length === 3")
    page.go(page.evaluate("location.href") + "other")
    place_each(queue, range(3, 6))
    eventually(lambda: waiting(queue) == [], "the files are deleted")
    page.back()
    # As it was left, or loaded anew with the cursor it kept.
    page.wait_for("typeof seen !== 'undefined' && seen.at(-1) === 5")
    assert page.evaluate("seen") in ([0, 1, 2, 3, 4, 5], [3, 4, 5])


def test_a_gap_is_told_in_the_page(start, queue, tab):
    server = start("--journal-events", "10")
    page = tab(server, '{ since: "k3f9:1" }')
    page.wait_for("gaps.length === 1")
    assert page.evaluate("gaps[0].reason") == "epoch"
    page.wait_for("queue.status === 'live'")


def test_a_page_goes_on_from_the_cursor_that_it_was_made_with(server, queue, tab):
    place_each(queue, range(3))
    eventually(lambda: waiting(queue) == [], "the files are deleted")
    answer = exchange(server, b"GET /cursor HTTP/1.1\r\nHost: localhost\r\n\r\n")
    cursor = answer.body.decode()
    place_each(queue, range(3, 6))
    page = tab(server, json.dumps({"since": cursor}))
    page.wait_for("seen.length === 3")
    assert page.evaluate("seen") == [3, 4, 5]


def test_a_tab_that_slept_for_too_long_is_closed_as_slow_and_gets_everything(start, queue, tab):
    server = start("--behind-age", "1s")
    page = tab(server)
    page.wait_for("queue.status === 'live'")
    with page.asleep():
        for number in range(60):
            place(queue, name_of(number), json.dumps({"event": "n", "payload": number}))
            place(queue, name_of(number + 1_000), json.dumps({"event": "large", "payload": "x" * 500_000}))
        server.wait_for("client.slow", timeout=30)
    page.wait_for("seen.length >= 60", timeout=30)
    assert page.evaluate("seen") == list(range(60))


@pytest.fixture
def chat(start, queue):
    rules = write_rules(queue, [{"channel": "chat", "publish": "anyone"}])
    return start("--rules", str(rules), "--jwt-secret-file", str(write_secrets(queue)), "--ping", "1s")


def test_a_page_talks_to_other_pages(chat, tab):
    page = tab(chat, '{ channels: ["chat"] }')
    page.run("window.heard = []; queue.on('message', (message, { sender }) => heard.push([message, sender]))")
    page.wait_for("queue.status === 'live'")
    with Speaking(chat, "/?channels=chat") as other:
        assert page.evaluate("queue.send('chat', { hi: 1 }).then((answer) => answer.recipients_count)") == 2
        [message] = other.receive_events()
        assert (message["message"], message["sender"]) == ({"hi": 1}, page.evaluate("queue.connectionId"))
        assert page.evaluate("heard.length === 1 && heard[0][0].hi") == 1
        refusal = page.evaluate("queue.send('elsewhere', 1).catch((error) => error.message)")
        assert refusal == "Not subscribed to channel"


def test_a_page_subscribes_as_it_goes_and_keeps_that(chat, queue, tab):
    page = tab(chat)
    page.wait_for("queue.status === 'live'")
    page.run("window.errors = []; queue.on('error', (error) => errors.push(error.code))")
    page.run("queue.subscribe('orders', 'private.user.1')")
    page.wait_for("errors.length === 1")
    assert page.evaluate("errors") == ["forbidden"]
    place(queue, name_of(1), json.dumps({"event": "n", "payload": 1, "channel": "orders"}))
    page.wait_for("seen.length === 1")
    page.run("queue.reconnect()")
    page.wait_for("queue.counters.connections === 2 && queue.status === 'live'")
    place(queue, name_of(2), json.dumps({"event": "n", "payload": 2, "channel": "orders"}))
    page.wait_for("seen.length === 2")
    page.run("queue.unsubscribe('orders')")
    page.wait_for("queue.presence('x').catch(() => true)")
    place(queue, name_of(3), json.dumps({"event": "n", "payload": 3, "channel": "orders"}))
    place(queue, name_of(4), json.dumps({"event": "n", "payload": 4}))
    page.wait_for("seen.length === 3")
    assert page.evaluate("seen") == [1, 2, 4]


def test_a_page_knows_who_is_there(chat, tab):
    page = tab(chat, json.dumps({"token": make_token("7"), "channels": ["presence.room"]}))
    page.wait_for("queue.status === 'live'")
    page.run(
        "window.news = [];"
        "queue.on('presence.*', (payload, { event }) => news.push([event, payload.members[0].user]));")
    answer = page.evaluate("queue.presence('presence.room', { status: 'away' })")
    assert [(member["user"], member["status"]) for member in answer["members"]] == [("7", "away")]
    with Speaking(chat, f"/?channels=presence.room&token={make_token('8')}"):
        page.wait_for("news.some(([event, user]) => event === 'presence.join' && user === '8')")


def test_a_page_renews_its_token_and_stays(chat, tab):
    tokens = json.dumps([make_token("7", exp=soon(4)), make_token("7", exp=soon(3600))])
    page = tab(chat, f"{{ token: () => {tokens}[window.asked = (window.asked ?? -1) + 1] }}")
    page.wait_for("queue.status === 'live'")
    page.wait_for("window.asked === 1", timeout=20)
    # It is the same connection.
    page.wait_for("queue.presence('presence.x').catch(() => true)")
    assert page.evaluate("queue.counters.connections") == 1
    assert page.complaints == []


def test_a_page_that_nothing_is_for_keeps_its_cursor_new(start, queue, tab):
    server = start("--journal-events", "10", "--ping", "1s")
    page = tab(server, '{ channels: ["mine"] }')
    page.wait_for("queue.status === 'live'")
    for number in range(50):
        place(queue, name_of(number), json.dumps({"event": "n", "payload": number, "channel": "others"}))
    page.wait_for("queue.cursor.endsWith(':50')")
    page.run("queue.reconnect()")
    page.wait_for("queue.counters.connections === 2 && queue.status === 'live'")
    assert page.evaluate("gaps") == []
