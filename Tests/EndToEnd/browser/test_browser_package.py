"""The package that the server makes of its browser client: what npm, Node, TypeScript, esbuild and Deno make of it."""

import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile

import pytest

from support.http import request
from support.places import ROOT
from support.ports import free_port

WEB = ROOT / "Sources/WSQueueRoutes/Web"
# Prints what it has received, and ends.
HEARS = """
import { WSQueue } from "wsqueue";
const queue = new WSQueue(process.argv[2], { store: null });
queue.on("*", (payload, { event }) => { console.log(event, payload.n); queue.close(); });
queue.on("error", ({ code }) => { console.log(code); queue.close(); });
queue.on("status", (status) => { if (status === "live") console.error("live"); });
"""
TYPED = """
import WSQueueToo, { WSQueue, type WSQueueChannel } from "wsqueue";
import { useWSQueue } from "wsqueue/react";
const hooked: "connecting" | "catching-up" | "live" | "offline" | "denied" =
  useWSQueue<{ n: number }>("/", { channels: ["orders"] }, { event: ({ n }, { event }) => n.toFixed() + event });
// @ts-expect-error
useWSQueue<{ n: number }>("/", {}, { event: ({ m }) => m });
console.log(hooked);
interface Order { id: number; total: number }
interface Events { "order.created": Order; "order.paid": { id: number }; "status": string }
declare const maybe: string | undefined;
const queue = new WSQueue<Events>("/", {
  token: maybe, since: maybe, channels: "orders", share: true, load: async ({ gap }) => gap?.reason });
queue.on("order.created", (order, event, text) => {
  const total: number = order.total;
  return [total, event.payload.id, text.length];
});
queue.on("order.*", (payload, { event }) => { payload.anything; event.length; });
queue.on("status", (status, change) => { if (status === "live") change.delay; });
queue.on("gap", ({ reason }) => reason === "epoch");
queue.on("message", (message, { sender }) => sender);
queue.events.on("status", (payload) => { const text: string = payload; return text; });
queue.signals.on("status", (status) => status === "denied");
queue.onBatch((events) => events.map(({ payload }) => payload));
queue.onBatch("order.paid", (events) => events[0]!.payload.id.toFixed());
const room: WSQueueChannel<Events> = queue.channel("orders");
room.on("order.paid", ({ id }) => id);
room.ready.then(({ name }) => name);
queue.subscribe("a", ["b"]).then(() => 1);
// @ts-expect-error
queue.on("order.created", (order) => order.tottal);
// @ts-expect-error
queue.on("order.creatd", () => 1);
// @ts-expect-error
queue.on("status", (status) => status === "closed");
// @ts-expect-error
queue.signals.on("order.created", () => 1);
// @ts-expect-error
new WSQueue("/", { channels: [7] });
const plain = new WSQueue("/");
plain.on("anything", (payload) => payload.x.y);
plain.once("anything", () => 1);
const same: typeof WSQueue = WSQueueToo; same;
let later: WSQueue | null = null; later = plain; later.close();
let typed: WSQueue<Events> = queue; typed.cursor;
"""
# A page with the classic script.
TYPED_PAGE = """
/// <reference path="./node_modules/wsqueue/wsqueue.d.ts" />
let page: WSQueue | null = null;
let typed: WSQueue<{ a: number }> | undefined;
typed = new WSQueue<{ a: number }>("/");
typed.on("a", (payload) => payload.toFixed());
page = new WSQueue();
page.on("x", (payload) => payload.y);
"""
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="no Node")


def run(*command, **how):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, **how)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def files(server):
    answer = request(server, "/wsqueue.tgz")
    with tarfile.open(fileobj=io.BytesIO(answer.body), mode="r:gz") as archive:
        return {one.name: archive.extractfile(one).read() for one in archive}


@pytest.fixture
def project(files, tmp_path):
    """A directory in which the package is installed."""
    for name, content in files.items():
        path = tmp_path / "node_modules" / name.replace("package/", "wsqueue/", 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path


def test_the_package_has_what_its_description_names(server, files, binaries):
    description = json.loads(files["package/package.json"])
    version = run(binaries / "wsqueue-server", "--version").split()[-1]
    assert (description["name"], description["version"]) == ("wsqueue", version)
    named = {description["main"], description["module"], description["types"], *description["sideEffects"]}
    for target in description["exports"].values():
        named |= set(target.values() if isinstance(target, dict) else [target])
    assert {"package/" + name.removeprefix("./") for name in named} == set(files)
    for name in ("wsqueue.js", "wsqueue.min.js", "wsqueue.mjs", "wsqueue.d.ts", "wsqueue-react.mjs"):
        assert files["package/" + name] == (WEB / name).read_bytes()
    # Whoever keeps the sum of a package, as npm does, gets the same again.
    assert request(server, "/wsqueue.tgz").body == request(server, "/wsqueue.tgz").body


def test_other_programs_read_the_archive(server, tmp_path):
    (tmp_path / "wsqueue.tgz").write_bytes(request(server, "/wsqueue.tgz").body)
    run("gzip", "-t", tmp_path / "wsqueue.tgz")
    listing = run("tar", "-tvzf", tmp_path / "wsqueue.tgz").splitlines()
    assert len(listing) >= 6 and all(line.startswith("-rw-r--r-- 0/0") for line in listing)


@pytest.mark.skipif(not shutil.which("npm"), reason="no npm")
def test_npm_installs_the_package_from_the_server_and_asks_no_registry(server, tmp_path):
    (tmp_path / "package.json").write_text('{"name": "shop", "version": "1.0.0", "private": true}')
    run(
        "npm", "install", f"http://{server.host}:{server.port}/wsqueue.tgz", "--no-audit", "--no-fund",
        "--registry", f"http://127.0.0.1:{free_port()}/", cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)})
    installed = tmp_path / "node_modules/wsqueue"
    assert (installed / "wsqueue.js").read_bytes() == (WEB / "wsqueue.js").read_bytes()
    assert json.loads((tmp_path / "package.json").read_text())["dependencies"]["wsqueue"].endswith("/wsqueue.tgz")


@needs_node
def test_node_finds_the_package(project):
    (project / "hears.mjs").write_text(
        'import WSQueue, { WSQueue as Same } from "wsqueue"; console.log(WSQueue === Same, WSQueue.name);')
    assert run("node", "hears.mjs", cwd=project) == "true WSQueue\n"


def has_websocket():
    return shutil.which("node") and run("node", "-p", "typeof WebSocket === 'function'") == "true\n"


def listening(command, project, server, publish):
    """What a program prints that hears one event."""
    (project / "hears.mjs").write_text(HEARS)
    address = f"http://{server.host}:{server.port}/"
    with subprocess.Popen(
            [*command, "hears.mjs", address], cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "NO_COLOR": "1", "DENO_NO_UPDATE_CHECK": "1", "HOME": str(project)}) as process:
        try:
            before = []
            for line in process.stderr:
                before.append(line)
                if line == "live\n":
                    break
            else:
                raise AssertionError("".join(before))
            publish("order.created", "n:=7")
            return process.communicate(timeout=20)[0]
        finally:
            process.kill()


@needs_node
def test_a_node_with_websockets_hears_events(server, project, publish):
    options = [] if has_websocket() else ["--experimental-websocket"]
    if options and "websocket" not in run("node", "-p", "process.allowedNodeEnvironmentFlags.has('" + options[0]
                                          + "') ? 'websocket' : ''"):
        pytest.skip("this Node has no WebSocket")
    assert listening(["node", *options], project, server, publish) == "order.created 7\n"


def find_deno():
    """That of PyPI, beside the Python that runs the tests, or any."""
    return shutil.which("deno", path=os.path.dirname(sys.executable)) or shutil.which("deno")


@pytest.mark.skipif(not find_deno(), reason="no Deno")
def test_deno_hears_events(server, project, publish):
    (project / "package.json").write_text('{"name": "shop", "dependencies": {"wsqueue": "*"}}')
    command = [find_deno(), "run", "--quiet", "--no-lock", "--node-modules-dir=manual", "--allow-net", "--allow-env"]
    assert listening(command, project, server, publish) == "order.created 7\n"


@pytest.mark.skipif(not shutil.which("tsc"), reason="no TypeScript")
@pytest.mark.parametrize("resolution", ["node", "nodenext"])
def test_typescript_checks_what_is_made_of_the_package(project, resolution):
    file = "shop.mts" if resolution == "nodenext" else "shop.ts"
    (project / file).write_text(TYPED)
    run(
        "tsc", "--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022", "--lib", "es2022,dom",
        "--module", "nodenext" if resolution == "nodenext" else "es2022", "--moduleResolution", resolution,
        file, cwd=project)


@pytest.mark.skipif(not shutil.which("tsc"), reason="no TypeScript")
def test_typescript_knows_the_class_of_the_classic_script(project):
    (project / "page.ts").write_text(TYPED_PAGE)
    run("tsc", "--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022", "--lib", "es2022,dom",
        "page.ts", cwd=project)


@pytest.mark.skipif(not shutil.which("esbuild"), reason="no esbuild")
def test_a_bundle_has_the_client_once_and_only_where_it_is_used(project):
    def bundle(text):
        (project / "shop.mjs").write_text(text)
        return run("esbuild", "--bundle", "--minify", "--format=esm", "--log-level=warning", "shop.mjs", cwd=project)

    assert bundle('import { WSQueue } from "wsqueue"; console.log(1);') == "console.log(1);\n"
    used = bundle('import { WSQueue } from "wsqueue"; new WSQueue("/");')
    assert used.count("globalThis.WSQueue??=") == 1
    # What the server sends has shorter names besides, and is packed better.
    assert len(gzip.compress(used.encode(), 9)) <= 9_000
