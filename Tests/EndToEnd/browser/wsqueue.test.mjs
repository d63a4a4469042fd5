// wsqueue.js against a server that does what the test says: everything that is hard to bring about with a real one.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { load, pass, settled, Store } from "./page.mjs";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_800_000_000_000 }));
afterEach(() => mock.timers.reset());

const same = (actual, expected) => assert.deepEqual(JSON.parse(JSON.stringify(actual)), expected);

test("it speaks wsqueue.v1 to the page's own host, and over TLS where the page came so", async () => {
  const page = load();
  await page.open({ channels: ["a", "b.*"], events: ["order.*"] }, "/live");
  assert.equal(page.socket.url.href,
    "wss://example.org/live?channels=a%2Cb.*&events=order.*&heartbeat=app");
  same(page.socket.protocols, ["wsqueue.v1"]);
});

test("events go to the handlers of their name, of a glob, and with what they came in", async () => {
  const page = load();
  const queue = await page.open();
  const heard = [];
  queue.on("order.created", (payload, event, text) => heard.push(["name", payload, event.seq, text]));
  queue.on("order.*", (payload) => heard.push(["glob", payload]));
  queue.on("orderXcreated", () => heard.push("another name"));
  queue.on("o*d", (payload) => heard.push(["two ends", payload]));
  page.socket.welcome();
  page.socket.say({ event: "order.created", payload: { id: 7 }, timestamp: 1, id: "x", seq: 1 });
  const text = '{"event":"order.created","payload":{"id":7},"timestamp":1,"id":"x","seq":1}';
  same(heard, [["name", { id: 7 }, 1, text], ["glob", { id: 7 }], ["two ends", { id: 7 }]]);
});

test("a handler that was taken away hears nothing", async () => {
  const page = load();
  const queue = await page.open();
  const heard = [];
  const one = () => heard.push("one"), other = () => heard.push("other");
  const takeAway = queue.on("n", one);
  queue.on("n", other);
  page.socket.welcome();
  page.socket.event(1);
  takeAway();
  page.socket.event(2);
  queue.off("n");
  page.socket.event(3);
  same(heard, ["one", "other", "other"]);
});

test("a payload under another name is found", async () => {
  const page = load();
  await page.open();
  page.socket.welcome();
  page.socket.say({ event: "n", data: 5, timestamp: 1, id: "x", seq: 1 });
  same(page.seen, [5]);
});

test("published events cannot pass for the client's own", async () => {
  const page = load();
  const queue = await page.open();
  const own = [];
  for (const name of ["status", "gap", "error"]) queue.on(name, (value) => own.push(value));
  page.socket.welcome();
  own.length = 0;
  for (const [seq, event] of ["status", "gap", "error"].entries()) page.socket.event(seq + 1, { event });
  same(own, []);
  same(page.seen, [1, 2, 3]);
});

test("a handler that throws harms no other, and is reported and counted", async () => {
  const page = load();
  const queue = await page.open();
  const heard = [];
  queue.on("n", () => { throw new Error("mine"); });
  queue.on("n", (payload) => heard.push(payload));
  page.socket.welcome();
  page.socket.event(1);
  page.socket.event(2);
  same(heard, [1, 2]);
  same(page.reports.map((error) => error.message), ["mine", "mine"]);
  assert.equal(queue.counters.failures, 2);
  assert.equal(queue.cursor, "a:2");
});

test("it comes back where it was, catches up, and is live again", async () => {
  const page = load();
  const queue = await page.open();
  page.socket.welcome("a:3");
  page.socket.event(4);
  page.socket.end();
  await pass(250);
  assert.equal(page.sockets.length, 2);
  assert.equal(page.socket.url.searchParams.get("since"), "a:4");
  page.socket.welcome("a:4");
  page.socket.event(5);
  page.socket.say({ action: "resumed", cursor: "a:9", complete: true });
  same(page.statuses.map(({ status }) => status), ["live", "offline", "connecting", "catching-up", "live"]);
  same(page.seen, [4, 5]);
  assert.equal(queue.cursor, "a:9");
});

test("a state is heard whole, whatever of it was seen before, and moves no cursor before its end", async () => {
  const page = load();
  const queue = await page.open({ state: true });
  const states = [];
  queue.on("state", ({ begin, keys }) => states.push(begin ? "begin" : keys));
  assert.equal(page.socket.url.searchParams.get("state"), "1");
  page.socket.welcome("a:3");
  assert.equal(queue.status, "catching-up");
  page.socket.say({ action: "state", begin: true });
  page.socket.event(2, { key: "k" });
  assert.equal(queue.cursor, null);
  page.socket.say({ action: "state", cursor: "a:3", keys: 1, complete: true });
  assert.equal(queue.status, "live");
  page.socket.event(4, { key: "l" });
  assert.equal(queue.cursor, "a:4");
  page.socket.end();
  await pass(250);
  page.socket.welcome("a:4");
  page.socket.say({ action: "state", begin: true });
  for (const seq of [2, 4]) page.socket.event(seq, { key: "k" });
  // What has no key was missed, or is there twice.
  for (const seq of [5, 5]) page.socket.event(seq);
  assert.equal(queue.cursor, "a:4");
  page.socket.say({ action: "state", cursor: "a:9", keys: 2, complete: true });
  assert.equal(queue.status, "catching-up");
  page.socket.say({ action: "resumed", cursor: "a:9", complete: false, healed: true });
  assert.equal(queue.status, "live");
  assert.equal(queue.cursor, "a:9");
  assert.equal(queue.counters.gaps, 0);
  same(page.seen, [2, 4, 2, 4, 5]);
  same(states, ["begin", 1, "begin", 2]);
});

test("waits grow by two up to 20 s, at random from nothing on", async () => {
  const page = load({ random: () => 0.999 });
  await page.open();
  for (let attempt = 0; attempt < 9; attempt++) {
    page.socket.end();
    await pass(25_000);
  }
  const delays = page.statuses.filter(({ status }) => status === "offline").map(({ delay }) => Math.round(delay));
  same(delays, [250, 500, 999, 1998, 3996, 7992, 15984, 19980, 19980]);
  const lucky = load({ random: () => 0 });
  await lucky.open();
  lucky.socket.end();
  await pass(0);
  assert.equal(lucky.sockets.length, 2);
});

test("the wait begins small again after a connection that lasted, and not after one that did not", async () => {
  const page = load({ random: () => 0.999 });
  await page.open();
  const delay = () => Math.round(page.statuses.at(-1).delay);
  for (let attempt = 0; attempt < 4; attempt++) {
    page.socket.end();
    await pass(delay());
  }
  page.socket.welcome();
  await pass(4_000);
  page.socket.end();
  assert.equal(delay(), 3996);
  await pass(delay());
  page.socket.welcome();
  await pass(6_000);
  page.socket.end();
  assert.equal(delay(), 250);
});

test("a server that goes away says when to come back", async () => {
  const page = load();
  await page.open();
  page.socket.welcome();
  page.socket.end(1001, "retry_ms=3210");
  await pass(3_209);
  assert.equal(page.sockets.length, 1);
  await pass(1);
  assert.equal(page.sockets.length, 2);
});

for (const [code, returns] of [[4001, true], [4008, true], [4029, true], [4499, true], [4500, false], [4999, false]]) {
  test(`after ${code} it ${returns ? "comes back" : "stays away"}`, async () => {
    const page = load();
    const queue = await page.open();
    page.socket.welcome();
    page.socket.end(code, "why");
    assert.equal(queue.status, returns ? "offline" : "denied");
    await pass(60_000);
    page.window("online");
    page.document("visibilitychange");
    await settled();
    assert.equal(page.sockets.length > 1, returns);
  });
}

test("reconnect brings back what was denied", async () => {
  const page = load();
  const queue = await page.open();
  page.socket.end(4500);
  queue.reconnect();
  await settled();
  assert.equal(page.sockets.length, 2);
});

for (const [what, sign] of [
  ["the network is back", (page) => page.window("online")],
  ["somebody looks at the page", (page) => page.document("visibilitychange")],
  ["a frozen page goes on", (page) => page.document("resume")],
]) {
  test(`it comes back at once when ${what}`, async () => {
    const page = load();
    await page.open();
    page.socket.welcome();
    page.socket.end(1001, "retry_ms=20000");
    sign(page);
    await settled();
    assert.equal(page.sockets.length, 2);
    // And only once.
    page.socket.welcome();
    await pass(20_000);
    assert.equal(page.sockets.length, 2);
  });
}

test("neither a page nobody looks at nor a network that goes makes it try at once", async () => {
  const page = load();
  await page.open();
  page.socket.welcome();
  page.socket.end(1001, "retry_ms=20000");
  page.document("visibilitychange", true);
  page.window("offline");
  page.window("pageshow");
  await settled();
  assert.equal(page.sockets.length, 1);
});

test("a page in the browser's cache has no connection, and when it is shown again it has", async () => {
  const page = load();
  const queue = await page.open();
  page.socket.welcome("a:1");
  page.socket.event(2);
  page.window("pagehide");
  assert.equal(page.socket.readyState, 3);
  assert.equal(queue.status, "offline");
  await pass(60_000);
  assert.equal(page.sockets.length, 1);
  page.window("pageshow");
  await settled();
  assert.equal(page.socket.url.searchParams.get("since"), "a:2");
});

test("the first pageshow does not connect twice", async () => {
  const page = load();
  let asked = 0;
  await page.open({ token: () => new Promise(() => { asked++; }) });
  page.window("pageshow");
  await settled();
  assert.equal(asked, 1);
});

test("a silent server is asked, and left when it says nothing", async () => {
  const page = load();
  const queue = await page.open();
  page.socket.welcome();
  await pass(29_000);
  same(page.socket.actions("ping").length, 0);
  await pass(1_000);
  same(page.socket.actions("ping").length, 1);
  page.socket.say({ action: "pong" });
  await pass(30_000);
  same(page.socket.actions("ping").length, 2);
  assert.equal(queue.status, "live");
  await pass(10_000);
  assert.equal(queue.status, "offline");
});

test("whatever arrives shows that the server is there", async () => {
  const page = load();
  await page.open();
  page.socket.welcome();
  for (let seq = 1; seq < 10; seq++) {
    await pass(20_000);
    page.socket.event(seq);
  }
  same(page.socket.actions("ping"), []);
});

test("the server's pings are answered", async () => {
  const page = load();
  await page.open();
  page.socket.welcome();
  page.socket.say({ action: "ping" });
  same(page.socket.sent, [{ action: "pong" }]);
});

test("a ping may move the cursor of a client that nothing is for", async () => {
  const page = load();
  const queue = await page.open();
  page.socket.welcome();
  page.socket.say({ action: "ping", cursor: "a:5000" });
  assert.equal(queue.cursor, "a:5000");
});

test("after sleep a dead connection is left within seconds", async () => {
  const page = load();
  const queue = await page.open();
  page.socket.welcome();
  page.document("visibilitychange");
  await pass(4_000);
  assert.equal(queue.status, "offline");
});

test("a handshake that hangs is given up", async () => {
  const page = load();
  const queue = await page.open();
  await pass(10_000);
  assert.equal(queue.status, "offline");
  await pass(250);
  assert.equal(page.sockets.length, 2);
});

test("a client without a token hears why it may not be there, though that comes late", async () => {
  const page = load();
  const queue = await page.open({ token: async () => null });
  const errors = [];
  queue.on("error", ({ code }) => errors.push(code));
  await pass(9_000);
  page.socket.open();
  await pass(10_200);
  assert.equal(queue.status, "connecting");
  page.socket.say({ success: false, action: "error", error: "A token is needed here.", code: "forbidden" });
  page.socket.end(4503, "A token is needed here.");
  assert.equal(queue.status, "denied");
  same(errors, ["forbidden"]);
  await pass(60_000);
  assert.equal(page.sockets.length, 1);
});

test("an open connection without a welcome is given up, too", async () => {
  const page = load();
  const queue = await page.open();
  page.socket.open();
  await pass(14_900);
  assert.equal(queue.status, "connecting");
  await pass(100);
  assert.equal(queue.status, "offline");
});

test("what comes twice under one number is handled once, whatever its id", async () => {
  const page = load();
  const queue = await page.open();
  page.socket.welcome();
  page.socket.event(1);
  page.socket.event(2, { id: "id-1" });
  page.socket.event(1, { id: "another" });
  same(page.seen, [1, 2]);
  assert.equal(queue.counters.duplicates, 1);
  assert.equal(queue.cursor, "a:2");
});

test("the numbers of another numbering are others", async () => {
  const page = load();
  const queue = await page.open();
  page.socket.welcome("a:0");
  for (const seq of [1, 2]) page.socket.event(seq);
  page.socket.end();
  await pass(250);
  page.socket.welcome("b:0");
  page.socket.say({ action: "resumed", cursor: "b:0", complete: false, gap: { from: "a:2", to: "b:0", reason: "epoch" } });
  for (const seq of [1, 2]) page.socket.event(seq);
  same(page.seen, [1, 2, 1, 2]);
  assert.equal(queue.counters.duplicates, 0);
});

test("a gap is told", async () => {
  const page = load();
  const queue = await page.open({ since: "a:5" });
  const gaps = [];
  queue.on("gap", (gap) => gaps.push(gap));
  const gap = { from: "a:5", to: "a:90", reason: "trimmed" };
  page.socket.welcome("a:90");
  page.socket.event(91);
  page.socket.say({ action: "resumed", cursor: "a:91", complete: false, gap });
  same(gaps, [gap]);
  same(page.warnings, []);
  assert.equal(queue.counters.gaps, 1);
});

test("a place in the past may be said in words", async () => {
  const page = load();
  const queue = await page.open({ since: "10m" });
  assert.equal(new URL(page.socket.url).searchParams.get("since"), "10m");
  page.socket.welcome("a:4");
  for (const seq of [3, 4]) page.socket.event(seq);
  page.socket.end();
  await pass(250);
  page.socket.welcome("a:5");
  for (const seq of [3, 4, 5]) page.socket.event(seq);
  page.socket.say({ action: "resumed", cursor: "a:5", complete: true });
  page.socket.event(6);
  same(page.seen, [3, 4, 5, 6]);
  assert.equal(queue.cursor, "a:6");
});

test("what the first moment brings is heard by handlers that are added right behind it, or on the console", async () => {
  const page = load();
  const heard = [];
  const queue = new page.WSQueue("/", { token: "a b" });
  queue.on("error", (error) => heard.push(error.code));
  queue.on("status", (status) => heard.push(status));
  await settled();
  same(heard, ["address", "denied"]);
  same(page.warnings, []);
  new page.WSQueue("/", { token: "a b" });
  await settled();
  assert.equal(page.warnings.length, 1);
});

test("more channels than an address may have are asked for by messages, and their past after them", async () => {
  const page = load();
  const channels = Array.from({ length: 120 }, (_, number) => ("c" + number + ".").padEnd(80, "x"));
  const queue = await page.open({ channels, since: "a:5" });
  assert.ok(page.socket.url.href.length < 4000);
  same([page.socket.url.searchParams.get("channels"), page.socket.url.searchParams.get("since")], [null, null]);
  page.socket.welcome("a:9");
  same(page.socket.actions("subscribe").map(({ data }) => data.channel), channels);
  same(page.socket.sent.at(-1), { action: "resume", data: { since: "a:5" } });
  // What is published meanwhile is further than what is missed, and hides nothing of it.
  page.socket.event(10);
  page.socket.event(6);
  same([queue.status, queue.cursor], ["catching-up", "a:5"]);
  page.socket.say({ action: "resumed", cursor: "a:10", complete: true });
  same([queue.status, queue.cursor, page.seen], ["live", "a:10", [10, 6]]);
  page.socket.event(11);
  assert.equal(queue.cursor, "a:11");
});

test("the past is asked for again after channels that came too fast", async () => {
  const page = load();
  const channels = Array.from({ length: 120 }, (_, number) => ("c" + number + ".").padEnd(80, "x"));
  const queue = await page.open({ channels, since: "a:5" });
  page.socket.welcome("a:9");
  page.socket.say({ success: false, action: "error", code: "rate_limited", error: "slow down", retry_after: 2 });
  page.socket.say({ action: "resumed", cursor: "a:9", complete: true });
  same([queue.status, queue.cursor], ["catching-up", "a:5"]);
  await pass(2000);
  same([page.socket.actions("subscribe").length, page.socket.actions("resume").length], [240, 2]);
  page.socket.say({ action: "resumed", cursor: "a:9", complete: true });
  assert.equal(queue.status, "live");
});

test("a gap that nobody listens for is said on the console", async () => {
  const page = load();
  await page.open({ since: "a:5" });
  page.socket.welcome("b:0");
  page.socket.say({ action: "resumed", cursor: "b:0", complete: false, gap: { from: "a:5", to: "b:0", reason: "epoch" } });
  assert.equal(page.warnings.length, 1);
});

test("a gap is told though the connection breaks before the server has told it, and nothing is doubled", async () => {
  const page = load();
  const queue = await page.open({ since: "a:5" });
  const gaps = [];
  queue.on("gap", (gap) => gaps.push(gap));
  page.socket.welcome("a:90");
  page.socket.event(91);
  page.socket.event(92);
  page.socket.end();
  await pass(250);
  assert.equal(page.socket.url.searchParams.get("since"), "a:5");
  page.socket.welcome("a:90");
  for (const seq of [91, 92, 93]) page.socket.event(seq);
  page.socket.say({ action: "resumed", cursor: "a:93", complete: false, gap: { from: "a:5", to: "a:90" } });
  same(page.seen, [91, 92, 93]);
  assert.equal(gaps.length, 1);
  assert.equal(queue.counters.duplicates, 2);
});

test("a replay that begins anew doubles nothing, whatever the ids are", async () => {
  const page = load();
  await page.open({ since: "a:5" });
  page.socket.welcome("a:5");
  for (const seq of [6, 7]) page.socket.event(seq, { id: undefined });
  page.socket.end();
  await pass(250);
  page.socket.welcome("a:5");
  for (const seq of [6, 7, 8]) page.socket.event(seq, { id: undefined });
  same(page.seen, [6, 7, 8]);
});

test("numbers are not remembered for ever", async () => {
  const page = load();
  const queue = await page.open();
  page.socket.welcome();
  for (let seq = 1; seq <= 5_001; seq++) page.socket.event(seq);
  page.socket.event(1);
  page.socket.event(5_001);
  assert.equal(queue.counters.duplicates, 1);
});

test("a token that comes too late opens no second connection", async () => {
  const page = load();
  const gives = [];
  const queue = await page.open({ token: () => new Promise((give) => gives.push(give)) });
  queue.reconnect();
  for (const give of gives) give("t");
  await settled();
  assert.equal(page.sockets.length, 1);
});

test("a cursor that the server does not know how to read is a gap", async () => {
  const page = load();
  const queue = await page.open({ since: "rubbish" });
  const gaps = [];
  queue.on("gap", (gap) => gaps.push(gap));
  page.socket.welcome("a:9");
  page.socket.say({
    success: false, action: "error", code: "invalid_field",
    error: "Invalid field: since; send a cursor that this server has given",
  });
  same(gaps.map(({ reason }) => reason), ["cursor"]);
  assert.equal(queue.status, "live");
  page.socket.event(10);
  assert.equal(queue.cursor, "a:10");
});

test("a numbering that begins anew is followed", async () => {
  const page = load();
  const queue = await page.open({ since: "a:500" });
  page.socket.welcome("b:2");
  page.socket.say({ action: "resumed", cursor: "b:2", complete: false, gap: {} });
  page.socket.event(3);
  same(page.seen, [3]);
  assert.equal(queue.cursor, "b:3");
});

test("the cursor outlives the page", async () => {
  const sessionStorage = new Store();
  const first = load({ sessionStorage });
  await first.open({ channels: ["a"] });
  first.socket.welcome("a:1");
  first.socket.event(2);
  first.window("pagehide");
  const second = load({ sessionStorage });
  await second.open({ channels: ["a"] });
  assert.equal(second.socket.url.searchParams.get("since"), "a:2");
  // Of other channels it knows nothing.
  const third = load({ sessionStorage });
  await third.open({ channels: ["b"] });
  assert.equal(third.socket.url.searchParams.get("since"), null);
  // What the page was made with is newer than what was kept.
  const fourth = load({ sessionStorage });
  await fourth.open({ channels: ["a"], since: "a:7" });
  assert.equal(fourth.socket.url.searchParams.get("since"), "a:7");
});

test("a page that crashes has kept its cursor a second ago", async () => {
  const page = load();
  await page.open();
  page.socket.welcome("a:1");
  page.socket.event(2);
  await pass(1_000);
  same([...page.sessionStorage.values()], ["a:2"]);
});

test("a store that is full or forbidden harms nothing", async () => {
  const page = load();
  const refuse = () => { throw new Error("QuotaExceededError"); };
  await page.open({ store: { getItem: refuse, setItem: refuse } });
  page.socket.welcome("a:1");
  page.socket.event(2);
  await pass(1_000);
  page.window("pagehide");
  same(page.seen, [2]);
});

test("subscriptions that change while it is away are the next connection's", async () => {
  const page = load();
  const queue = await page.open({ channels: ["a"] });
  page.socket.welcome();
  queue.subscribe("b", "b");
  same(page.socket.sent, [{ action: "subscribe", data: { channel: "b" } }]);
  page.socket.end();
  queue.unsubscribe("a");
  queue.subscribe("c");
  await pass(250);
  assert.equal(page.socket.url.searchParams.get("channels"), "b,c");
  // Between the request and the welcome.
  queue.subscribe("d");
  queue.unsubscribe("b");
  page.socket.welcome();
  same(page.socket.sent.map(({ action, data }) => [action, data.channel]), [["subscribe", "d"], ["unsubscribe", "b"]]);
});

test("subscriptions that were too many at once are asked for again", async () => {
  const page = load();
  const queue = await page.open();
  page.socket.welcome();
  queue.subscribe("a");
  page.socket.say({ success: false, action: "error", code: "rate_limited", error: "Slow down", retry_after: 12 });
  await pass(12_000);
  same(page.socket.actions("subscribe").length, 2);
});

test("a refusal is told, with its channel", async () => {
  const page = load();
  const queue = await page.open();
  const errors = [];
  queue.on("error", (error) => errors.push(error));
  page.socket.welcome();
  page.socket.say({ success: false, action: "error", code: "forbidden", error: "Not yours", channel: "private.x" });
  same(errors.map(({ code, channel }) => [code, channel]), [["forbidden", "private.x"]]);
});

test("messages of clients are heard, and leave the cursor where it is", async () => {
  const page = load();
  const queue = await page.open();
  const heard = [];
  queue.on("message", (message, whole) => heard.push([message, whole.sender, whole.channel]));
  page.socket.welcome("a:1");
  page.socket.say({ action: "message", channel: "chat", sender: 4, message: { hi: 1 }, time: 1 });
  same(heard, [[{ hi: 1 }, 4, "chat"]]);
  assert.equal(queue.cursor, "a:1");
});

test("what is sent resolves to its answer, or rejects with what was wrong", async () => {
  const page = load();
  const queue = await page.open();
  await assert.rejects(queue.send("chat", 1), /no connection/);
  page.socket.welcome();
  const sent = queue.send("chat", { hi: 1 }, [4]);
  same(page.socket.sent, [{ action: "message", data: { channel: "chat", message: { hi: 1 }, recipients: [4] } }]);
  page.socket.say({ success: true, action: "message_sent", recipients_count: 1 });
  assert.equal((await sent).recipients_count, 1);
  const [here, refused, lost] = [queue.presence("presence.a"), queue.send("b", 1), queue.send("c", 1)];
  page.socket.say({ success: false, action: "error", error: "Not subscribed to channel", code: "not_subscribed", channel: "b" });
  page.socket.say({ success: true, action: "presence", channel: "presence.a", members: [{ user: "7" }] });
  same((await here).members, [{ user: "7" }]);
  await assert.rejects(refused, /Not subscribed/);
  page.socket.end();
  await assert.rejects(lost, /lost/);
});

const token = (expiresIn, name = "") =>
  `x.${Buffer.from(JSON.stringify({ exp: Date.now() / 1000 + expiresIn, name })).toString("base64url")}.y`;

test("a token is asked for at each connection, and renewed before it ends", async () => {
  const page = load();
  const tokens = [token(600, "~~~???"), token(1200), token(1800)];
  await page.open({ token: async () => tokens.shift() });
  const [first, second, third] = tokens.length === 2 ? [page.socket.protocols[1], ...tokens.map((one) => one)] : [];
  assert.match(first, /^bearer\.x\./);
  page.socket.welcome();
  await pass(20_000);
  // Something is heard now and then.
  for (let spent = 20; spent < 569; spent += 20) {
    page.socket.say({ action: "pong" });
    await pass(20_000);
  }
  same(page.socket.actions("authenticate").map(({ data }) => data.token), [second]);
  page.socket.end(4001, "expired");
  await pass(250);
  same(page.socket.protocols, ["wsqueue.v1", "bearer." + third]);
});

test("a token that cannot be had is told and tried again", async () => {
  const page = load();
  let attempts = 0;
  const queue = await page.open({ token: () => { if (attempts++ === 0) throw new Error("login"); return "t"; } });
  assert.equal(page.sockets.length, 0);
  assert.equal(queue.status, "offline");
  await pass(250);
  same(page.socket.protocols, ["wsqueue.v1", "bearer.t"]);
});

test("what no browser would send is denied", async () => {
  const page = load();
  const queue = await page.open({ token: "not a token" });
  assert.equal(queue.status, "denied");
});

test("a client that is closed stays so", async () => {
  const page = load();
  const queue = await page.open();
  page.socket.welcome("a:1");
  page.socket.event(2);
  queue.close();
  assert.equal(page.socket.readyState, 3);
  same([...page.sessionStorage.values()], ["a:2"]);
  page.window("online");
  page.window("pageshow");
  queue.reconnect();
  await pass(60_000);
  assert.equal(page.sockets.length, 1);
});
