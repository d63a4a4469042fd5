"""What an application meets in its first week: many channels, refusals, blocked networks, caches, several tabs."""

import contextlib
import json
import socket

import pytest

from support.files import name_of, place, place_each, waiting
from support.http import request
from support.pages import serving
from support.relay import Relay
from support.rules import write_rules
from support.tokens import make_token, soon, write_secrets
from support.waiting import eventually

SCRIPT = """<!doctype html><title>test</title><link rel="icon" href="data:,">
<script src="http://{script}/wsqueue.js"></script>"""
PAGE = SCRIPT + """<script>
  var seen = [], statuses = [], gaps = [], errors = [];
  var queue = new WSQueue("http://{address}/", {options});
  queue.on("n", (payload) => seen.push(payload));
  queue.on("status", (status) => statuses.push(status));
  queue.on("gap", (gap) => gaps.push(gap));
  queue.on("error", (error) => errors.push(error));
</script>"""


class Site:
    """Pages of another host, which listen to a server or to what stands before it."""

    def __init__(self, engine, resources):
        self.engine, self.resources = engine, resources
        self.pages = {}
        self.host = resources.enter_context(serving(self.pages))

    def set(self, server, options="{}", html=PAGE, path="/", address=None):
        text = html.replace("{script}", f"{server.host}:{server.port}")
        text = text.replace("{address}", address or f"{server.host}:{server.port}").replace("{options}", options)
        self.pages.update({path: text, "/other": "<!doctype html><title>other</title>"})

    def open(self, server, options="{}", html=PAGE, path="/", address=None):
        self.set(server, options, html, path, address)
        return self.resources.enter_context(self.engine.open(self.host + path))


@pytest.fixture
def site(engine):
    with contextlib.ExitStack() as resources:
        yield Site(engine, resources)


def live(page, timeout=10.0):
    page.wait_for("queue.status === 'live'", timeout)
    return page


def publish(queue, number, **members):
    place(queue, name_of(number), json.dumps({"event": "n", "payload": number, **members}))


class NoWebSockets(Relay):
    """A proxy that takes away what asks for another protocol, as some companies' do."""

    def __init__(self, server):
        self.lets_through = False
        super().__init__(server)

    def _pass(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if not self.lets_through:
                    data = data.replace(b"Upgrade: websocket\r\n", b"").replace(b"Connection: Upgrade\r\n", b"")
                    data = data.replace(b"Connection: keep-alive, Upgrade\r\n", b"Connection: keep-alive\r\n")
                target.sendall(data)
            target.shutdown(socket.SHUT_RDWR)


# What a page has sent, counted where it sends.
COUNTED = SCRIPT + """<script>
  let sent = 0, ends = [];
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (text) { sent++; return send.call(this, text); };
  const queue = new WSQueue("http://{address}/", {options});
  const seen = [];
  queue.on("n", (payload) => seen.push(payload));
  queue.on("status", (status, { code }) => { if (code) ends.push(code); });
</script>"""


def test_128_channels_in_a_loop_are_few_messages(server, queue, site):
    page = live(site.open(server, html=COUNTED))
    page.run("window.all = Promise.all(Array.from({ length: 128 }, (_, n) => queue.subscribe('room.' + n)))")
    page.evaluate("all.then(() => true)")
    assert page.evaluate("[sent <= 3, ends]") == [True, []]
    for number in (0, 64, 127):
        publish(queue, number, channel=f"room.{number}")
    page.wait_for("seen.length === 3")
    assert page.evaluate("[seen, queue.counters.connections]") == [[0, 64, 127], 1]


def test_what_is_asked_too_fast_is_asked_when_it_may_be(start, queue, site):
    server = start("--messages-per-minute", "30")
    page = live(site.open(server, html=COUNTED))
    # One turn each, so that each is a message.
    page.evaluate("(async () => { for (let n = 0; n < 40; n++) { queue.subscribe('room.' + n); "
                  "await new Promise((go) => setTimeout(go)); } await queue.subscribe('room.39'); })()")
    publish(queue, 39, channel="room.39")
    page.wait_for("seen.length === 1")
    assert page.evaluate("[sent <= 45, ends, queue.counters.connections]") == [True, [], 1]


def test_a_channel_is_given_back_under_the_rate_limit(start, queue, site):
    server = start("--messages-per-minute", "10")
    page = live(site.open(server, '{ channels: ["left", "stays"] }'))
    page.evaluate("Promise.allSettled(Array.from({ length: 11 }, () => queue.presence('x'))).then(() => true)")
    page.evaluate("queue.unsubscribe('left').then(() => true)")
    publish(queue, 1, channel="left")
    publish(queue, 2, channel="stays")
    page.wait_for("seen.length === 1")
    assert page.evaluate("seen") == [2]
    assert b'"left"' not in request(server, "/status.json", host="localhost").body


def test_120_long_channels_come_back_after_a_reconnect_and_miss_nothing(start, queue, site):
    server = start()
    names = [f"c{number}.".ljust(140, "x") for number in range(120)]
    page = live(site.open(server, json.dumps({"channels": names})))
    for number in range(0, 120, 10):
        publish(queue, number, channel=names[number])
    page.wait_for("seen.length === 12")
    server.process.kill()
    server.exit_status()
    page.wait_for("queue.status === 'offline'")
    for number in range(5, 120, 10):
        publish(queue, number, channel=names[number])
    server = start(listen=f"127.0.0.1:{server.port}")
    live(page, 30)
    publish(queue, 119, channel=names[119])
    page.wait_for("seen.length === 25")
    assert page.evaluate("seen") == [*range(0, 120, 10), *range(5, 120, 10), 119]
    assert page.evaluate("[gaps, errors]") == [[], []]


def test_a_page_leaves_a_room_and_hears_nothing_more_of_it(server, queue, site):
    page = live(site.open(server, '{ channels: ["room", "rest"] }'))
    page.run("queue.on('n', (payload) => { if (payload === 10) queue.unsubscribe('room'); })")
    place(queue, name_of(1) + "l", "".join(
        json.dumps({"event": "n", "payload": number, "channel": "room"}) + "\n" for number in range(5_000)))
    publish(queue, 5_000, channel="rest")
    page.wait_for("seen.at(-1) === 5000")
    assert page.evaluate("seen") == [*range(11), 5_000]


def test_two_parts_of_a_page_share_a_channel(server, queue, site):
    page = live(site.open(server))
    page.run("window.one = queue.channel('a'); window.other = queue.channel('a'); window.heard = [];"
             "one.on('n', (payload) => heard.push(payload)); window.refused = queue.channel('private.user.1')")
    assert page.evaluate("one.ready.then(({ status }) => status)") == "confirmed"
    assert page.evaluate("refused.ready.catch(({ code, channel }) => [code, channel])") == [
        "forbidden", "private.user.1"]
    page.run("other.close()")
    publish(queue, 1, channel="a")
    page.wait_for("heard.length === 1")
    page.evaluate("one.close().then(() => true)")
    publish(queue, 2, channel="a")
    publish(queue, 3)
    page.wait_for("seen.length === 2")
    assert page.evaluate("[seen, heard, one.status, refused.status]") == [[1, 3], [1], "closed", "refused"]


# MARK: Refusals


# What a page does wrong, or early: `told` has what it hears.
MISTAKES = SCRIPT + """<script>
  const told = [], thrown = [], queues = {};
  const tell = (name, options, url = "http://{address}/") => {
    const queue = queues[name] = new WSQueue(url, { store: null, ...options });
    queue.on("error", ({ code }) => told.push([name, code]));
    queue.on("status", (status) => told.push([name, status]));
  };
  tell("token", { token: "a b" });
  tell("scheme", {}, "ftp://x/");
  tell("socket", { WebSocket: class { constructor() { throw new Error("none"); } } });
  tell("later", { connect: false });
  for (const wrong of [
    () => new WSQueue("/", { channels: [7] }), () => new WSQueue("/", { events: ["a,b"] }), () => queues.later.on("n"),
    () => queues.later.subscribe({}), () => new WSQueue("/", { load: "x" }),
  ]) try { wrong(); thrown.push(null); } catch (error) { thrown.push(error.name); }
  const early = new WSQueue("http://{address}/", { store: null });
</script>"""


def test_what_a_page_does_wrong_it_hears_and_what_it_does_late_loses_nothing(server, queue, site):
    page = site.open(server, html=MISTAKES)
    assert page.evaluate("thrown") == ["TypeError"] * 5
    page.wait_for("told.length === 9")
    for name in ("token", "scheme", "socket"):
        heard = page.evaluate(f"told.filter(([name]) => name === '{name}').map(([, what]) => what)")
        assert heard == ["connecting", "address", "denied"]
    page.wait_for("early.status === 'live'")
    for number, name in enumerate(("n", "status", "error")):
        place(queue, name_of(number), json.dumps({"event": name, "payload": number}))
    with_handler = live(site.open(server, path="/handler"))
    publish(queue, 9)
    with_handler.wait_for("seen.length === 1")
    # It has had no handler until now.
    assert page.evaluate("[early.counters.received, queues.later.status]") == [0, "offline"]
    page.run("window.heard = []; for (const name of ['n', 'status', 'error']) "
             "early.events.on(name, (payload) => heard.push(payload)); queues.later.connect()")
    page.wait_for("heard.length === 4 && queues.later.status === 'live'")
    assert page.evaluate("heard") == [0, 1, 2, 9]


def test_an_address_where_nothing_is_is_told(start, engine):
    server = start("--path", "/live/queue")
    # Of another origin's answers a page reads neither status nor text.
    with engine.open(f"http://{server.host}:{server.port}/") as page:
        page.run("window.errors = []; window.lost = new WSQueue('/elsewhere/', { store: null });"
                 "lost.on('error', ({ code, status }) => errors.push([code, status]))")
        page.wait_for("errors.length > 0")
        assert page.evaluate("errors[0]") == ["http_404", 404]


def test_a_page_of_an_origin_that_may_not_hears_so(start, site):
    server = start("--origin", "https://example.org", listen="0.0.0.0:0")
    server.host = "127.0.0.1"
    page = site.open(server)
    page.wait_for("queue.status === 'denied'")
    assert page.evaluate("errors.map(({ code, status }) => [code, status])") == [["origin", 403]]
    assert "--origin" in page.evaluate("errors[0].error")


@pytest.mark.parametrize("token, code", [("rubbish", "invalid_token"), ("old", "token_expired")])
def test_a_token_that_is_refused_is_told_and_not_tried_for_ever(start, queue, site, token, code):
    server = start("--jwt-secret-file", str(write_secrets(queue)))
    text = make_token("7", exp=soon(-3600)) if token == "old" else token
    page = site.open(server, json.dumps({"token": text}))
    page.wait_for("queue.status === 'denied'")
    assert page.evaluate("errors.map(({ code }) => code)") == [code]


def test_a_server_that_is_full_says_so(start, site):
    server = start("--clients", "1")
    live(site.open(server))
    page = site.open(server, path="/second")
    page.wait_for("errors.length > 0")
    assert page.evaluate("errors[0].code") == "http_503"
    assert page.evaluate("queue.status") != "denied"


# MARK: Coming back


def test_a_server_that_was_away_for_long_is_found_within_seconds(start, queue, site):
    server = start()
    page = live(site.open(server))
    # Attempts that follow each other more closely than they would.
    page.run("Math.random = () => 0.15")
    server.process.kill()
    server.exit_status()
    # So many that a browser lets the next ones wait.
    page.wait_for("statuses.filter((one) => one === 'offline').length >= 8", timeout=60)
    start(listen=f"127.0.0.1:{server.port}")
    page.run("window.since = performance.now(); queue.reconnect()")
    live(page, 30)
    assert page.evaluate("performance.now() - since") < 10_000


def test_events_come_by_http_where_websockets_are_blocked_and_back_when_they_are_not(start, queue, site):
    server = start("--ping", "1s")
    with NoWebSockets(server) as relay:
        page = live(site.open(relay, '{ channels: ["a"] }'), 30)
        assert page.evaluate("errors.map(({ code }) => code)") == ["websocket_blocked"]
        publish(queue, 1)
        publish(queue, 2, channel="a")
        page.wait_for("seen.length === 2")
        page.evaluate("queue.subscribe('b', 'private.user.1').then(() => true, () => true)")
        live(page)
        for number, channel in enumerate("abc", 3):
            publish(queue, number, channel=channel)
        page.wait_for("seen.length === 4")
        refusal = page.evaluate("queue.send('a', 1).catch(({ message }) => message)")
        assert refusal.startswith("WebSockets do not")
        relay.drop()
        page.wait_for("queue.status !== 'live'")
        publish(queue, 6)
        page.wait_for("seen.length === 5", timeout=30)
        assert page.evaluate("[seen, gaps, [...new Set(errors.map(({ code }) => code))]]") == [
            [1, 2, 3, 4, 6], [], ["websocket_blocked", "forbidden"]]
        # Tried once a minute, and when there is a reason to.
        relay.lets_through = True
        page.run("dispatchEvent(new Event('online'))")
        page.wait_for("queue.connectionId !== null && queue.status === 'live'")
        publish(queue, 7)
        page.wait_for("seen.length === 6")
        assert page.evaluate("queue.send('a', 1).catch(({ message }) => message)") != refusal
        page.reload()
        live(page)
        assert page.evaluate("[seen, gaps, errors, queue.connectionId !== null]") == [[], [], [], True]


@pytest.fixture
def users(start, queue):
    return start("--jwt-secret-file", str(write_secrets(queue)))


def test_a_token_is_renewed_when_the_server_says_so_whatever_the_pages_clock_says(users, site):
    tokens = json.dumps([make_token("7", exp=soon(8)), make_token("7", exp=soon(3600))])
    page = live(site.open(users, f"{{ token: () => (Date.now = () => 4e12, {tokens})"
                          "[window.asked = (window.asked ?? -1) + 1], channels: ['private.user.7'] }"))
    page.wait_for("window.asked === 1", timeout=20)
    page.evaluate("queue.subscribe('private.user.7').then(() => true)")
    assert page.evaluate("[queue.counters.connections, errors]") == [1, []]


# MARK: Cursors


def test_a_page_out_of_a_cache_loads_itself_anew_once(start, queue, site):
    server = start("--journal-events", "10")
    page = SCRIPT + """<script>
      sessionStorage.loads = +(sessionStorage.loads ?? 0) + 1;
      const queue = new WSQueue("http://{address}/", { since: "k3f9:1", store: null });
      queue.on("gap", () => location.reload());
      queue.on("n", () => { });
    </script>"""
    page = site.open(server, html=page)
    page.wait_for("sessionStorage.loads === '2' && queue.status === 'live'")
    for number in range(50):
        publish(queue, number)
    page.wait_for("queue.counters.received > 40")
    assert page.evaluate("sessionStorage.loads") == "2"


def test_a_tab_that_others_have_overtaken_misses_nothing(server, queue, site):
    one = live(site.open(server, "{ store: localStorage }"))
    other = live(site.open(server, "{ store: localStorage }"))
    publish(queue, 1)
    for page in (one, other):
        page.wait_for("seen.length === 1")
    other.run("queue.close()")
    place_each(queue, [2, 3])
    one.wait_for("seen.length === 3")
    one.run("dispatchEvent(new Event('pagehide')); dispatchEvent(new Event('pageshow'))")
    other.reload()
    other.wait_for("seen.length === 2")
    assert other.evaluate("[seen, gaps]") == [[2, 3], []]
    other.run("localStorage.clear()")


def test_a_page_loads_its_state_at_the_start_and_at_a_gap_and_misses_nothing_between(start, queue, site):
    server = start("--journal-events", "10")
    load = """async ({ gap }) => {
      loads.push(gap?.reason ?? null);
      seen.length = 0;
      await new Promise((go) => { window.loaded = go; });
    }"""
    page = site.open(server, f"{{ load: {load} }}", html=PAGE.replace("var seen", "var loads = [], seen"))
    page.wait_for("loads.length === 1")
    publish(queue, 1)
    eventually(lambda: waiting(queue) == [], "the file is deleted")
    assert page.evaluate("[queue.status, seen]") == ["catching-up", []]
    page.run("loaded()")
    page.wait_for("seen.length === 1 && queue.status === 'live'")
    page.run("dispatchEvent(new Event('pagehide'))")
    # The journal is trimmed when more comes than it may hold.
    for first in (10, 40):
        place_each(queue, range(first, first + 30))
        eventually(lambda: waiting(queue) == [], "the files are deleted")
    page.run("dispatchEvent(new Event('pageshow'))")
    page.wait_for("loads.length === 2")
    assert page.evaluate("loads[1]") == "trimmed"
    page.run("loaded()")
    live(page)
    publish(queue, 99)
    page.wait_for("seen.at(-1) === 99")
    assert page.evaluate("loads.length") == 2


def test_users_and_queries_have_cursors_of_their_own(users, queue, site):
    page = live(site.open(users, json.dumps({"token": make_token("7")})))
    publish(queue, 1)
    page.wait_for("seen.length === 1")
    for number, (user, query, expected) in enumerate(
            [("8", "", []), ("7", "/?tenant=1", []), ("7", "", [2, 20, 3, 30, 4])], 2):
        page.go(site.host + "/other")
        publish(queue, number)
        eventually(lambda: waiting(queue) == [], "the file is deleted")
        site.set(users, json.dumps({"token": make_token(user)}), address=f"{users.host}:{users.port}{query}")
        page.go(site.host + "/")
        live(page)
        publish(queue, 10 * number)
        page.wait_for(f"seen.at(-1) === {10 * number}")
        assert page.evaluate("seen") == [*expected, 10 * number]


def test_the_servers_state_comes_first_and_after_a_gap(start, queue, site):
    server = start("--journal-events", "10")
    for number, members in enumerate([{"key": "a"}, {"key": "b"}, {"key": "a"}, {}]):
        publish(queue, number, **members)
    eventually(lambda: waiting(queue) == [], "the files are deleted")
    page = live(site.open(server, "{ state: true }"))
    assert page.evaluate("[seen.sort(), gaps]") == [[1, 2], []]
    page.run("dispatchEvent(new Event('pagehide'))")
    publish(queue, 10, key="b")
    for first in (20, 60):
        place_each(queue, range(first, first + 30), key="c")
        eventually(lambda: waiting(queue) == [], "the files are deleted")
    page.run("seen.length = 0; dispatchEvent(new Event('pageshow'))")
    live(page)
    page.wait_for("seen.length === 3")
    assert page.evaluate("[seen.sort(), gaps, queue.counters.gaps]") == [[10, 2, 89], [], 0]


# MARK: Once a frame


def test_a_frames_events_come_as_a_list_in_their_order_and_a_flood_in_several(server, queue, site):
    page = live(site.open(server))
    # A handler that takes 100 µs for each event.
    page.run("""
      window.lists = [];
      queue.onBatch("n", (events) => {
        lists.push(events.length);
        for (const until = performance.now() + events.length / 10; performance.now() < until;);
        window.last = [events.at(-1).seq, queue.cursor];
        window.batched = [...window.batched ?? [], ...events.map(({ payload }) => payload)];
      });""")
    # While it does nothing else so much comes that an engine without a bound hands out thousands at once.
    page.run("setTimeout(() => { for (const until = performance.now() + 700; performance.now() < until;); })")
    for first in range(0, 6_000, 1_000):
        place(queue, name_of(first) + "l", "".join(
            json.dumps({"event": "n", "payload": number}) + "\n" for number in range(first, first + 1_000)))
    page.wait_for("seen.length === 6000 && batched.length === 6000")
    assert page.evaluate("[batched, seen]") == [list(range(6_000))] * 2
    # The cursor is behind what was handed out, and while that is done before it.
    assert page.evaluate("+last[1].split(':')[1] < last[0] && +queue.cursor.split(':')[1] === last[0]")
    assert page.evaluate("Math.max(...lists)") <= 600
    publish(queue, 6_000)
    page.wait_for("batched.length === 6001")


# MARK: One connection for all tabs

SHARED = """{ share: true, channels: [new URLSearchParams(location.search).get("room") ?? "all"] }"""


def clients(server):
    return json.loads(request(server, "/status.json", host="localhost").body)["clients"]["total"]


WORKER = """importScripts("http://{address}/wsqueue.js");
const queue = new WSQueue("http://{address}/", { share: true, channels: ["all"] });
queue.on("n", () => { });
queue.on("status", (status) => postMessage(status));"""
LEADER = """<!doctype html><title>leader</title><link rel="icon" href="data:,"><script>
  const statuses = [], worker = new Worker("/worker.js");
  worker.onmessage = ({ data }) => statuses.push(data);
</script>"""


def test_a_worker_hears_that_the_network_is_back(start, queue, site):
    server = start()
    worker = WORKER.replace("{address}", f"{server.host}:{server.port}").replace("share: true, ", "")
    site.pages["/worker.js"] = worker + "onmessage = ({ data }) => eval(data);"
    page = site.open(server, html=LEADER)
    page.wait_for("statuses.at(-1) === 'live'")
    # By itself it does not come back any more.
    page.run("worker.postMessage('setTimeout = () => 0')")
    server.process.kill()
    server.exit_status()
    page.wait_for("statuses.at(-1) === 'offline'")
    start(listen=f"127.0.0.1:{server.port}")
    page.run("""worker.postMessage("dispatchEvent(new Event('online'))")""")
    page.wait_for("statuses.at(-1) === 'live'")


def test_twenty_tabs_are_one_client_and_another_takes_over_when_its_leader_is_killed(server, queue, site):
    site.pages["/worker.js"] = WORKER.replace("{address}", f"{server.host}:{server.port}")
    # A worker can be killed without a word, in every engine.
    leader = site.open(server, html=LEADER, path="/leader")
    leader.wait_for("statuses.at(-1) === 'live'")
    pages = [site.open(server, SHARED) for _ in range(3)]
    # A tab takes a browser half a second: the others are frames.
    pages[0].run("for (let n = 0; n < 16; n++) document.body.append(Object.assign(document.createElement('iframe'), "
                 "{ src: '/?room=' + (n % 2 ? 'all' : 'some') }))")
    for page in pages:
        live(page)
    pages[0].wait_for("Array.from(frames).every((one) => one.queue?.status === 'live')")
    eventually(lambda: clients(server) == 1, lambda: request(server, "/status.json", host="localhost").body)
    for number in range(100):
        publish(queue, number, channel="some" if number % 10 == 0 else "all")
    for page in pages:
        page.wait_for("seen.length === 90")
    pages[0].wait_for("Array.from(frames).every((one, n) => one.seen.length === (n % 2 ? 90 : 10))")
    for page in pages:
        page.run("window.backAt = 0; queue.on('status', (status) => { if (status === 'live') backAt = Date.now(); })")
    killed = leader.evaluate("(worker.terminate(), Date.now())")
    for number in range(100, 200):
        publish(queue, number, channel="all")
    expected = [number for number in range(200) if number >= 100 or number % 10]
    for page in pages:
        page.wait_for("seen.length >= 190 && backAt && queue.status === 'live'")
        seconds = (page.evaluate("backAt") - killed) / 1_000
        print(f"{page.engine}: live again {seconds:.2f} s after the leader was killed")
        assert seconds < 2
        assert page.evaluate("[seen, gaps, queue.counters.gaps]") == [expected, [], 0]
    pages[0].wait_for("Array.from(frames).every((one, n) => one.seen.length === (n % 2 ? 190 : 10))")
    eventually(lambda: clients(server) == 1, lambda: request(server, "/status.json", host="localhost").body)


def test_tabs_of_one_connection_hear_what_went_to_several_channels_once_each(server, queue, site):
    one, other, third = (
        live(site.open(server, json.dumps({"share": True, "channels": list(channels)}), path="/" + channels))
        for channels in ("a", "b", "ca"))
    eventually(lambda: clients(server) == 1, lambda: request(server, "/status.json", host="localhost").body)
    for number, channels in enumerate((["a", "b"], ["b"], ["a", "c"], ["c", "a", "b"], ["c"]), 1):
        publish(queue, number, channels=channels)
    publish(queue, 6)
    expected = {one: [1, 3, 4, 6], other: [1, 2, 4, 6], third: [1, 3, 4, 5, 6]}
    for page, numbers in expected.items():
        page.wait_for("seen.at(-1) === 6")
        # What went to several channels may reach tabs that want none of them, and nothing else does.
        assert page.evaluate("seen.filter((one) => ![1, 3, 4].includes(one))") == [
            one for one in numbers if one not in (1, 3, 4)]
        assert set(numbers) <= set(page.evaluate("seen"))
        assert page.evaluate("[new Set(seen).size === seen.length, seen.join() === [...seen].sort().join(), gaps]") == [
            True, True, []]
    # The connection ends in the middle: the next one is asked for the same.
    one.run("queue.reconnect()")
    publish(queue, 7, channels=["b", "c"])
    publish(queue, 8)
    for page in expected:
        page.wait_for("seen.at(-1) === 8 && queue.status === 'live'")
        assert page.evaluate("[new Set(seen).size === seen.length, gaps]") == [True, []]
    assert 7 in other.evaluate("seen") and 7 in third.evaluate("seen")


def test_what_comes_before_the_leader_has_a_tabs_channel_again_is_not_missed(server, queue, site):
    one, other = (
        live(site.open(server, json.dumps({"share": True, "channels": [channel]}), path="/" + channel))
        for channel in "ab")
    eventually(lambda: clients(server) == 1, lambda: request(server, "/status.json", host="localhost").body)
    publish(queue, 1)
    other.wait_for("seen.at(-1) === 1")
    # What the other tab asks of its leader waits until the next event has been sent.
    other.run("""
      const { prototype } = BroadcastChannel, { postMessage } = prototype, kept = [];
      prototype.postMessage = function (message) { kept.push(() => postMessage.call(this, message)); };
      window.ask = () => { prototype.postMessage = postMessage; for (const one of kept) one(); };
    """)
    former = one.evaluate("queue.connectionId")
    one.run("queue.reconnect()")
    one.wait_for(f"queue.status === 'live' && queue.connectionId !== {former!r}")
    other.wait_for("queue.status !== 'live'")
    publish(queue, 2, channel="b")
    eventually(lambda: not waiting(queue), "it is sent")
    other.run("ask()")
    live(other)
    publish(queue, 3)
    other.wait_for("seen.at(-1) === 3")
    assert other.evaluate("[seen, gaps]") == [[1, 2, 3], []]


def test_tabs_share_what_comes_by_http_where_websockets_are_blocked(start, queue, site):
    server = start("--ping", "1s")
    with NoWebSockets(server) as relay:
        one, other = (
            live(site.open(relay, json.dumps({"share": True, "channels": [channel]}), path="/" + channel), 30)
            for channel in "ab")
        eventually(lambda: clients(server) == 1, lambda: request(server, "/status.json", host="localhost").body)
        other.evaluate("queue.subscribe('c').then(() => true)")
        live(other)
        for number, channel in enumerate("abc", 1):
            publish(queue, number, channel=channel)
        publish(queue, 4)
        for page, numbers in {one: [1, 4], other: [2, 3, 4]}.items():
            page.wait_for("seen.at(-1) === 4")
            assert page.evaluate("[seen, gaps]") == [numbers, []]
