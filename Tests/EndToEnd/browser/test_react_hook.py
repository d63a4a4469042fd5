"""The React hook with the React that Debian ships, as developers run it: StrictMode mounts everything twice."""

import contextlib
import json
import os
import shutil
import subprocess

import pytest

from support.files import name_of, place
from support.pages import serving
from support.places import ROOT
from support.rules import write_rules
from support.tokens import make_token, write_secrets

WEB = ROOT / "Sources/WSQueueRoutes/Web"
MODULES = "/usr/share/nodejs"
APP = """
import { createElement as h, StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { useWSQueue } from "WEB/wsqueue-react.mjs";

function Orders({ id, channels, events, token, before: said = "", isDeaf }) {
  const [orders, setOrders] = useState([]);
  const status = useWSQueue(address, { channels, events, token }, {
    event: ({ n }) => setOrders((before) => [...before, said + n]),
    error: isDeaf ? undefined : ({ code }) => errors.push(code),
  });
  return h("p", { id, "data-status": status }, orders.join());
}

const known = {
  both: { channels: ["orders", "*"], events: ["n", "*"] }, orders: { channels: "orders", events: "n" }, plain: {},
};
function App() {
  const [shown, show] = useState(first);
  window.show = show;
  return shown.map((one) => one.id ? one : { id: one, ...known[one] }).map((one) => h(Orders, { key: one.id, ...one }));
}

const said = console.error;
console.error = (...all) => { errors.push(all.join(" ")); said(...all); };
createRoot(document.getElementById("root")).render(h(StrictMode, null, h(App)));
"""

pytestmark = pytest.mark.skipif(
    not (shutil.which("esbuild") and os.path.isdir(f"{MODULES}/react-dom")), reason="no React of Debian, or no esbuild")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    directory = tmp_path_factory.mktemp("react")
    (directory / "app.mjs").write_text(APP.replace("WEB", str(WEB)))
    return subprocess.run(
        [
            "esbuild", "--bundle", "--format=iife", "--log-level=warning",
            '--define:process.env.NODE_ENV="development"', "app.mjs"],
        cwd=directory, env={**os.environ, "NODE_PATH": MODULES}, check=True, capture_output=True, text=True).stdout


PAGE = """<!doctype html><title>shop</title><div id="root"></div><script src="http://{address}/wsqueue.js"></script>
<script>
  window.errors = [];
  const address = "http://{address}/", first = {first}, queues = [], warnings = [];
  console.warn = (text) => warnings.push(text);
  window.WSQueue = class extends WSQueue { constructor(...all) { super(...all); queues.push(this); } };
</script><script src="/app.js"></script>"""


@contextlib.contextmanager
def showing(first, server, engine, bundle):
    html = PAGE.replace("{address}", f"{server.host}:{server.port}").replace("{first}", json.dumps(first))
    with serving({"/": html, "/app.js": bundle}) as host, engine.open(host + "/") as page:
        page.wait_for(f"document.querySelectorAll('[data-status=live]').length === {len(first)}")
        yield page


def test_components_share_a_connection_and_one_that_is_shown_again_begins_empty(server, queue, engine, bundle):
    def publish(number, channel=None):
        text = f'{{"event":"n","payload":{{"n":{number}}}' + (f',"channel":"{channel}"}}' if channel else "}")
        place(queue, name_of(number), text)

    shown = "['both', 'orders', 'plain'].map((id) => document.getElementById(id)?.textContent ?? null)"
    with showing(["both", "orders", "plain"], server, engine, bundle) as page:
        server.wait_for("client.open")
        publish(1, "orders")
        publish(2)
        page.wait_for("document.getElementById('plain').textContent === '2'")
        assert page.evaluate(shown) == ["1", "1", "2"]
        assert len(server.logged("client.open")) == 1
        page.run("show(['plain'])")
        page.wait_for("document.getElementById('both') === null")
        for number in range(3, 200):
            publish(number, "orders")
        publish(200)
        page.wait_for("document.getElementById('plain').textContent === '2,200'")
        page.run("show(['orders', 'plain'])")
        page.wait_for("document.getElementById('orders')?.dataset.status === 'live'")
        page.wait_for("document.getElementById('orders').textContent === ''")
        # Its channel is asked for anew; what is published until then is not for it.
        for number in range(201, 400):
            publish(number, "orders")
            if page.evaluate("document.getElementById('orders').textContent") != "":
                break
        first = page.evaluate("+document.getElementById('orders').textContent.split(',')[0]")
        assert first > 200
        # Who went long ago has not taken the connection along.
        page.run("window.wentAt = performance.now()")
        page.wait_for("performance.now() - wentAt > 1100")
        publish(500)
        page.wait_for("document.getElementById('plain').textContent === '2,200,500'")
        assert len(server.logged("client.open")) == 1
        # Who goes last takes it along, but not at once; what is published until somebody is shown again is for nobody.
        page.run("show([])")
        server.wait_for("client.close")
        publish(501, "orders")
        page.run("show(['orders'])")
        page.wait_for("document.getElementById('orders')?.dataset.status === 'live'")
        assert page.evaluate(shown) == [None, "", None]
        publish(502, "orders")
        page.wait_for("document.getElementById('orders').textContent === '502'")
        assert page.evaluate("errors") == []


def test_a_component_hears_what_it_asks_for_now_and_its_handlers_are_the_last_ones(start, queue, engine, bundle):
    rules = write_rules(queue, [{"channel": "secret", "subscribe": "none"}])
    server = start("--rules", str(rules), "--jwt-secret-file", str(write_secrets(queue)))

    def show(page, *shown):
        page.run(f"show({json.dumps(shown)})")

    def publish(number, channel):
        place(queue, name_of(number), f'{{"event":"n","payload":{{"n":{number}}},"channel":"{channel}"}}')

    with showing([{"id": "one", "channels": "a"}], server, engine, bundle) as page:
        show(page, {"id": "one", "channels": "a", "before": "x"})
        page.wait_for("queues[0].channels.length === 1 && queues[0].status === 'live'")
        publish(1, "a")
        page.wait_for("document.getElementById('one').textContent === 'x1'")
        show(page, {"id": "one", "channels": "b"})
        page.wait_for("queues[0].channels.join() === 'b'")
        page.evaluate("queues[0].subscribe('b').then(() => true)")
        publish(2, "a")
        publish(3, "b")
        page.wait_for("document.getElementById('one').textContent.endsWith('3')")
        assert page.evaluate("document.getElementById('one').textContent") == "x1,3"
        # Another user has a connection of his own; another component has not, though nothing was shown for a moment.
        show(page, {"id": "one", "channels": "b"}, {"id": "user", "token": make_token("7")})
        page.wait_for("document.getElementById('user')?.dataset.status === 'live' && queues.length === 2")
        show(page)
        page.wait_for("document.getElementById('one') === null")
        page.evaluate("new Promise((go) => setTimeout(go, 50))")
        show(page, {"id": "two", "channels": "secret"})
        page.wait_for("errors.length === 1")
        assert page.evaluate("[errors, warnings, queues.length, queues[0].counters.connections]") == [
            ["forbidden"], [], 2, 1]
        # Without a handler the console has it.
        show(page)
        page.wait_for("document.getElementById('two') === null")
        show(page, {"id": "three", "channels": "secret", "isDeaf": True})
        page.wait_for("warnings.length === 1")
        assert page.evaluate("[errors, warnings[0].slice(0, 20)]") == [["forbidden"], "wsqueue: forbidden: "]
