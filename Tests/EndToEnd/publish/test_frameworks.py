"""What examples/frameworks adds to frameworks, each in the real one, most without a server: publishing needs none.

wsqueue_django.py, wsqueue_flask.py, WSQueueHub.php, WSQueueBroadcaster.php with wsqueue-echo.mjs, of Rails wsqueue.rb
with wsqueue_listener.rb.
"""

import importlib.util
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest

from support.files import published, waiting
from support.pages import serving
from support.places import EXAMPLES
from support.ports import free_port
from support.waiting import eventually

SITES = pathlib.Path(__file__).parent / "frameworks"


def test_the_frameworks_are_small_and_say_that_no_server_is_needed():
    for directory in (EXAMPLES / "frameworks").iterdir():
        texts = {path.name: path.read_text() for path in directory.iterdir() if path.is_file()}
        assert {name: len(text.splitlines()) for name, text in texts.items() if len(text.splitlines()) > 100} == {}
        assert any("ublishing works with the server down" in text for text in texts.values()), directory


def run_site(name, *words, command=(sys.executable,)):
    """What a site says, a line of JSON each."""
    path = os.pathsep.join(str(EXAMPLES / one) for one in ("python", f"frameworks/{name.partition('_')[0]}"))
    result = subprocess.run(
        [*command, SITES / name, *words], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
        timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def needs_php(component):
    return pytest.mark.skipif(
        not shutil.which("php") or not os.path.exists(f"/usr/share/php/{component}/autoload.php"),
        reason=f"no {component}")


def told(queue):
    """The events as they were published: what each has beside times and its payload."""
    ours = ("timestamp", "queued_at")
    return [{name: value for name, value in event.items() if name not in ours} for event in published(queue)]


@pytest.mark.skipif(not importlib.util.find_spec("django"), reason="no Django")
def test_django_publishes_what_is_committed(queue):
    said = run_site("django_site.py", queue)
    assert said[0] == "inside" and "is 'channel' meant?" in said[1] and len(said) == 4
    at_once, types, *events = told(queue)
    assert at_once == {"event": "at.once", "payload": None}
    assert types["payload"] == {
        "decimal": "12.50", "uuid": "00000000-0000-0000-0000-000000000007", "text": "Zoë", "list": [1],
        "time": "2026-11-30T08:00:00Z"}
    one = {"channel": "orders", "key": "order:1"}
    # Batches come as their files do; ids of SQLite are used again after a rollback.
    assert events == [
        {"event": "one", "payload": None, "channel": "orders"}, {"event": "two", "payload": 2},
        {"event": "order.saved", "payload": {"id": 1, "total": "12.50"}, **one},
        {"event": "order.saved", "payload": {"id": 1, "total": "13.00"}, **one},
        {"event": "order.deleted", "payload": {"id": 1}, **one, "clear": True},
        {"event": "tea", "payload": {"total": "1.5"}}]
    assert sum(name.endswith(".jsonl") for name in waiting(queue)) == 1


@pytest.mark.skipif(not importlib.util.find_spec("flask"), reason="no Flask")
def test_flask_publishes_what_went_well(queue):
    assert run_site("flask_site.py", queue) == [
        201, 409, 500, 200, 200, "'chanel' is no member of an event; is 'channel' meant?"]
    order = {
        "event": "order.created", "channel": "orders",
        "payload": {"day": "Mon, 30 Nov 2026 00:00:00 GMT", "total": "12.50"}}
    assert told(queue) == [
        {**order, "except": 18}, order, {"event": "order.counted", "payload": 1}, {"event": "now", "payload": {"n": 1}},
        {"event": "outside", "payload": "1.5"}]


@needs_php("Symfony/Component/Mercure")
def test_symfony_publishes_updates(queue):
    said = run_site("symfony_hub.php", EXAMPLES, queue, command=["php"])
    assert said[0] == [True, "https://example.org/events", ""]
    (price, books), (changed,), (none, plain), (wrong,), (nobody,), (nowhere,) = said[1:]
    assert changed == "urn:7" and plain == "books.1" and books.startswith("https.example.org.books.1.")
    assert "'event'" in wrong and "topics" in nobody and "WSQUEUE_DIR" in nowhere
    events = {event.pop("id", None) or name: event for name, event in zip(waiting(queue), told(queue))}
    assert events == {
        f"{price}.json": {"event": "message", "payload": {"price": 12.50}, "channels": [books]},
        "urn:7": {
            "event": "book.changed", "payload": 'a text, "quoted"', "channels": ["private-books", "private-news"]},
        f"{none}.json": {"event": "message", "payload": None, "channels": ["books"]}}
    assert '"payload":{"price": 12.50}' in (queue / f"{price}.json").read_text()


@needs_php("Illuminate/Broadcasting")
def test_laravel_broadcasts_events(queue):
    nowhere, wrong, *answers = run_site("laravel_broadcast.php", EXAMPLES, queue, command=["php"])
    assert "WSQUEUE_DIR" in nowhere[0] and "'channels'" in wrong[0]
    channels = {"channels": ["private-orders.1", "news", "presence-room"]}
    assert told(queue) == [
        {"event": "OrderCreated", "payload": {"id": 7, "total": 12.0}, **channels},
        {"event": "OrderCreated", "payload": {"id": 8, "total": 1.5}, **channels, "except": 18},
        {"event": "empty", "payload": {}, "channels": ["news"]}]
    # What routes/channels.php says, asked as the server asks.
    room = json.dumps({"channel_data": {"user_id": 42, "user_info": {"name": "Zoë"}}}, separators=(",", ":"))
    assert answers == [
        ["private-orders.1", "true"], ["private-orders.2", 403], ["private-orders.1", 403], ["presence-room", room],
        ["private-other", 403]]


ECHO = """<!doctype html>
<meta charset="utf-8">
<script type="module">
import { WSQueue } from "SERVER/wsqueue.mjs";
import { WSQueueConnector } from "/wsqueue-echo.js";
// What Echo does with a connector that is a class.
class Echo {
  constructor(options) { this.connector = new options.broadcaster(options); }
  channel(name) { return this.connector.channel(name); }
  private(name) { return this.connector.privateChannel(name); }
  leave(name) { this.connector.leave(name); }
  socketId() { return this.connector.socketId(); }
}
window.got = [];
const heard = (name) => (...values) => { got.push([name, ...values]); };
window.echo = new Echo({ broadcaster: WSQueueConnector, client: WSQueue, url: "SERVER/", store: null });
window.gone = heard("gone");
echo.private("orders.1").listen("OrderCreated", heard("order")).listen(".order.paid", heard("paid"))
  .listen("OrderCreated", gone).stopListening("OrderCreated", gone).notification(heard("note"))
  .subscribed(() => { document.title = "subscribed"; });
echo.channel("news").listenToAll(heard("news"));
echo.private("others").error(({ code }) => heard("refused")(code));
</script>
"""


def test_echo_hears_what_laravel_broadcasts(start, publish, browser):
    connector = (EXAMPLES / "frameworks/laravel/wsqueue-echo.mjs").read_text()
    with serving({"/auth": lambda: "true"}) as application:
        server = start("--authorize-url", f"{application}/auth")
        page = ECHO.replace("SERVER", f"http://{server.host}:{server.port}")
        with serving({"/": page, "/wsqueue-echo.js": connector}) as host, browser.open(host) as page:
            page.wait_for("document.title === 'subscribed' && echo.socketId() > 0")
            publish("-c", "private-orders.1", "App\\Events\\OrderCreated", "id:=7")
            publish("-c", "private-orders.1", "order.paid", "id:=7")
            note = "Illuminate\\Notifications\\Events\\BroadcastNotificationCreated"
            publish("-c", "private-orders.1", note, "id=n")
            publish("-c", "private-orders.1", "-x", page.evaluate("echo.socketId()"), "order.paid", "id:=8")
            publish("-c", "news", "weather", "-j", "1")
            page.wait_for("got.length === 4")
            assert page.evaluate("got") == [
                ["order", {"id": 7}], ["paid", {"id": 7}], ["note", {"id": "n"}], ["news", "weather", 1]]


class Cable:
    """Action Cable in a process of its own."""

    def __init__(self, tmp_path, queue, port):
        # Where an application has it.
        library = tmp_path / "lib/action_cable/subscription_adapter"
        if not library.exists():
            shutil.copytree(EXAMPLES / "frameworks/rails", library)
        self.process = subprocess.Popen(
            ["ruby", "-I", EXAMPLES / "ruby", "-I", tmp_path / "lib", SITES / "rails_cable.rb", queue,
             f"http://127.0.0.1:{port}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True)

    def tell(self, *words):
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()

    def said(self):
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.kill()
        self.process.wait()


@pytest.mark.skipif(not shutil.which("ruby"), reason="no ruby")
def test_action_cable_hears_what_other_processes_broadcast(start, queue, tmp_path):
    if subprocess.run(["ruby", "-e", "require 'action_cable'"], capture_output=True).returncode:
        pytest.skip("no Action Cable")
    port = free_port()
    web, job = (Cable(tmp_path, queue, port) for _ in range(2))
    try:
        job.tell("broadcast", "room", {"early": True})
        assert job.said() == ["broadcast"] and told(queue) == [
            {"event": "cable", "payload": {"early": True}, "channel": "cable.room"}]
        server = start(listen=f"127.0.0.1:{port}")
        eventually(lambda: waiting(queue) == [], "the early one is sent to nobody")
        web.tell("subscribe", "room")
        web.tell("subscribe", "comments:Z2lk==")
        assert sorted([web.said(), web.said()]) == [["subscribed", "comments:Z2lk=="], ["subscribed", "room"]]
        job.tell("broadcast", "room", {"n": 1.50, "text": "Zoë"})
        job.tell("text", "room", "<turbo-stream>")
        assert [web.said(), web.said()] == [
            ["heard", "room", '{"n":1.5,"text":"Zoë"}'], ["heard", "room", "<turbo-stream>"]]
        server.signal(signal.SIGKILL)
        server.exit_status()
        job.tell("broadcast", "comments:Z2lk==", "while it was away")
        job.tell("broadcast", "elsewhere", 1)
        start(listen=f"127.0.0.1:{port}")
        assert web.said() == ["heard", "comments:Z2lk==", '"while it was away"']
        web.tell("unsubscribe", "room")
        assert web.said() == ["unsubscribed", "room"]
        job.tell("broadcast", "room", 2)
        job.tell("broadcast", "comments:Z2lk==", 3)
        assert web.said() == ["heard", "comments:Z2lk==", "3"]
    finally:
        web.end()
        job.end()
