// wsqueue.js against a server that does what the test says: everything that is hard to bring about with a real one.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { load, pass, settled, Store, whole } from "./page.mjs";

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
  same(page.statuses.map(({ status }) => status), ["connecting", "live", "offline", "connecting", "catching-up", "live"]);
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
  for (const seq of [2, 4, 8]) page.socket.event(seq, { key: "k" });
  // What has no key was missed, or is there twice.
  for (const seq of [5, 5]) page.socket.event(seq);
  assert.equal(queue.cursor, "a:4");
  page.socket.say({ action: "state", cursor: "a:9", keys: 3, complete: true });
  assert.equal(queue.status, "catching-up");
  page.socket.say({ action: "resumed", cursor: "a:9", complete: false, healed: true });
  assert.equal(queue.status, "live");
  assert.equal(queue.cursor, "a:9");
  assert.equal(queue.counters.gaps, 0);
  same(page.seen, [2, 4, 2, 4, 8, 5]);
  same(states, ["begin", 1, "begin", 3]);
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
  await pass(25_400);
  same(page.socket.actions("ping").length, 0);
  await pass(100);
  same(page.socket.actions("ping").length, 1);
  page.socket.say({ action: "pong" });
  await pass(25_500);
  same(page.socket.actions("ping").length, 2);
  assert.equal(queue.status, "live");
  // A network that has gone is noticed within 30 seconds.
  await pass(4_500);
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
  same(heard, ["connecting", "address", "denied"]);
  same(page.warnings, []);
  new page.WSQueue("/", { token: "a b" });
  await settled();
  assert.equal(page.warnings.length, 1);
});

const many = Array.from({ length: 120 }, (_, number) => ("c" + number + ".").padEnd(140, "x"));

test("more channels than an address may have are asked for by one message, and their past after it, in order", async () => {
  const page = load();
  const queue = await page.open({ channels: many, since: "a:5" });
  assert.ok(page.socket.url.href.length < 4200);
  const inAddress = page.socket.url.searchParams.get("channels").split(",");
  assert.ok(inAddress.length > 20);
  assert.equal(page.socket.url.searchParams.get("since"), null);
  page.socket.welcome("a:9");
  await settled();
  same(page.socket.sent, [{ action: "subscribe", data: { channels: many.slice(inAddress.length) } }]);
  // What is published meanwhile is further than what is missed: it waits for that.
  page.socket.event(10);
  page.socket.say({ success: true, action: "subscribe", channels: many.slice(inAddress.length), refused: {} });
  await settled();
  same(page.socket.sent.slice(1), [{ action: "resume", data: { since: "a:5" } }]);
  page.socket.event(11);
  page.socket.event(6);
  same([queue.status, queue.cursor, page.seen], ["catching-up", "a:5", [6]]);
  page.socket.say({ action: "resumed", cursor: "a:10", complete: true });
  same([queue.status, queue.cursor, page.seen], ["live", "a:11", [6, 10, 11]]);
  page.socket.event(12);
  assert.equal(queue.cursor, "a:12");
});

test("the past is asked for when channels that came too fast are answered", async () => {
  const page = load();
  const queue = await page.open({ channels: many, since: "a:5" });
  page.socket.welcome("a:9");
  await settled();
  page.socket.say({
    success: false, action: "error", code: "rate_limited", error: "slow down", retry_after: 2, request: "subscribe" });
  await pass(1_900);
  same([queue.status, page.socket.sent.length], ["catching-up", 1]);
  await pass(100);
  same(page.socket.sent.map(({ action }) => action), ["subscribe", "subscribe"]);
  page.socket.say({ success: true, action: "subscribe", channels: page.socket.sent[1].data.channels, refused: {} });
  await settled();
  same(page.socket.sent.at(-1), { action: "resume", data: { since: "a:5" } });
  // That is too much, too.
  page.socket.say({
    success: false, action: "error", code: "rate_limited", error: "slow down", retry_after: 1, request: "resume" });
  await pass(1_000);
  same(page.socket.actions("resume").length, 2);
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
  for (let seq = 1; seq <= 10_010; seq++) page.socket.event(seq);
  page.socket.event(1);
  assert.equal(queue.counters.duplicates, 0);
  page.socket.event(5_010);
  page.socket.event(10_010);
  assert.equal(queue.counters.duplicates, 2);
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
  await settled();
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
  await settled();
  // Whoever has asked for one without a connection waits for the answer, which an address does not get.
  same(page.socket.sent.map(({ action, data }) => [action, data.channels ?? data.channel]),
    [["subscribe", ["c", "d"]], ["unsubscribe", "b"]]);
});

test("subscriptions that were too many at once are asked for again", async () => {
  const page = load();
  const queue = await page.open();
  page.socket.welcome();
  queue.subscribe("a");
  await settled();
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

test("a token is asked for at each connection, and renewed when the server says that it ends", async () => {
  const page = load();
  const tokens = ["first", "second", "third"];
  const queue = await page.open({ channels: ["mine"], token: async () => tokens.shift() });
  same(page.socket.protocols, ["wsqueue.v1", "bearer.first"]);
  page.socket.welcome();
  page.socket.say({ success: false, action: "error", code: "forbidden", error: "Not yours", channel: "mine" });
  page.socket.say({ action: "token_expiring", expires_at: 0, expires_in: 60 });
  await settled();
  same(page.socket.sent, [{ action: "authenticate", data: { token: "second" } }]);
  page.socket.say({ success: true, action: "authenticate", user: "7" });
  await settled();
  // Whom the new token names may listen there.
  same(page.socket.actions("subscribe").map(({ data }) => data.channel), ["mine"]);
  assert.equal(queue.counters.connections, 1);
  page.socket.end(4001, "expired");
  await pass(250);
  same(page.socket.protocols, ["wsqueue.v1", "bearer.third"]);
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

// What an application meets in its first week.

const limited = (request, seconds) => ({
  success: false, action: "error", code: "rate_limited", error: "Slow down", retry_after: seconds, request });

test("many channels in a loop are one message, and what is refused is asked for once more, by one timer", async () => {
  const page = load();
  const queue = await page.open();
  const names = Array.from({ length: 128 }, (_, number) => "room." + number);
  page.socket.welcome();
  for (const name of names) queue.subscribe(name);
  await settled();
  same(page.socket.sent, [{ action: "subscribe", data: { channels: names } }]);
  page.socket.say(limited("subscribe", 3), limited("subscribe", 3));
  queue.subscribe("one more");
  await pass(2_900);
  assert.equal(page.socket.sent.length, 1);
  await pass(100);
  same(page.socket.sent.slice(1), [{ action: "subscribe", data: { channels: [...names, "one more"] } }]);
  page.socket.say({ success: true, action: "subscribe", channels: [...names, "one more"], refused: {} });
  await pass(60_000);
  assert.equal(page.socket.actions("subscribe").length, 2);
});

test("a channel that is given back is given back, however often that is refused", async () => {
  const page = load();
  const queue = await page.open({ channels: ["left", "stays"] });
  page.socket.welcome();
  let isLeft = false;
  queue.unsubscribe("left").then(() => { isLeft = true; });
  await settled();
  page.socket.say(limited("unsubscribe", 5));
  await pass(5_000);
  same(page.socket.actions("unsubscribe").map(({ data }) => data), [{ channel: "left" }, { channel: "left" }]);
  assert.equal(isLeft, false);
  page.socket.say({ success: true, action: "unsubscribe", channel: "left" });
  await settled();
  assert.equal(isLeft, true);
  same(queue.channels, ["stays"]);
  await pass(60_000);
  assert.equal(page.socket.actions("unsubscribe").length, 2);
});

test("what comes of a channel that is wanted no longer is not handed out, and what may be of another is", async () => {
  const page = load();
  const queue = await page.open({ channels: ["room.1", "user.*", "all"] });
  page.socket.welcome("a:0");
  page.socket.event(1, { channel: "room.1" });
  queue.unsubscribe("room.1");
  page.socket.event(2, { channel: "room.1" });
  page.socket.event(3, { channel: "room.1", copies: 2 });
  page.socket.event(4, { channel: "user.7" });
  // A channel that the server gives at this path.
  page.socket.event(5, { channel: "given" });
  queue.unsubscribe("user.*");
  page.socket.event(6, { channel: "user.7" });
  page.socket.event(7);
  same(page.seen, [1, 3, 4, 5, 7]);
});

test("a channel that is wanted again is asked for when it has been given back", async () => {
  const page = load();
  const queue = await page.open({ channels: ["a"] });
  page.socket.welcome();
  queue.unsubscribe("a");
  await settled();
  const again = queue.subscribe("a");
  await settled();
  same(page.socket.sent.map(({ action }) => action), ["unsubscribe"]);
  page.socket.say({ success: true, action: "unsubscribe", channel: "a" });
  await settled();
  same(page.socket.sent.map(({ action }) => action), ["unsubscribe", "subscribe"]);
  page.socket.say({ success: true, action: "subscribe", channel: "a" });
  await again;
  // In one turn it is nothing at all.
  queue.unsubscribe("a");
  queue.subscribe("a");
  await settled();
  assert.equal(page.socket.sent.length, 2);
});

test("a subscription is answered, or refused with the reason", async () => {
  const page = load();
  const queue = await page.open();
  const errors = [];
  queue.on("error", ({ code, channel }) => errors.push([code, channel]));
  const early = queue.channel("early");
  assert.equal(early.status, "wanted");
  page.socket.welcome();
  await settled();
  assert.equal(early.status, "asked");
  const [good, bad] = [queue.subscribe("good"), queue.subscribe("bad", "private.1")];
  await settled();
  page.socket.say({ success: true, action: "subscribe", channel: "early" },
    { success: true, action: "subscribe", channels: ["good", "bad"], refused: { "private.1": "forbidden" } });
  await good;
  await early.ready;
  assert.equal(early.status, "confirmed");
  await assert.rejects(bad, { code: "forbidden", channel: "private.1" });
  same(errors, [["forbidden", "private.1"]]);
  const refused = queue.channel("private.1");
  assert.equal(refused.status, "refused");
  assert.equal(refused.error.code, "forbidden");
});

test("a channel is listened to until the last handle is closed, and each has handlers of its own", async () => {
  const page = load();
  const queue = await page.open();
  page.socket.welcome();
  const [one, other, rest] = [queue.channel("a"), queue.channel("a"), queue.channel("b.*")];
  const heard = [];
  one.on("n", (payload) => heard.push(["one", payload]));
  other.once("*", (payload) => heard.push(["other", payload]));
  rest.on("status", (payload) => heard.push(["rest", payload]));
  await settled();
  same(page.socket.sent, [{ action: "subscribe", data: { channels: ["a", "b.*"] } }]);
  page.socket.say({ success: true, action: "subscribe", channels: ["a", "b.*"], refused: {} });
  page.socket.event(1, { channel: "a" });
  page.socket.event(2, { channel: "b.c", event: "status" });
  page.socket.event(3);
  same(heard, [["one", 1], ["other", 1], ["rest", 2]]);
  other.on("n", (payload) => heard.push(["other", payload]));
  other.close();
  other.close();
  await settled();
  page.socket.event(4, { channel: "a" });
  same(heard.slice(3), [["one", 4]]);
  assert.equal(page.socket.sent.length, 1);
  const over = one.close();
  page.socket.event(5, { channel: "a" });
  await settled();
  same(page.socket.sent.at(-1), { action: "unsubscribe", data: { channel: "a" } });
  page.socket.say({ success: true, action: "unsubscribe", channel: "a" });
  await over;
  assert.equal(one.status, "closed");
  same(heard.length, 4);
  same(queue.channels, ["b.*"]);
});

test("handles are asked for anew after a reconnect, and what was refused is, too", async () => {
  const page = load();
  const queue = await page.open();
  const handle = queue.channel("a");
  page.socket.welcome();
  await settled();
  page.socket.say({ success: true, action: "subscribe", channel: "a" });
  page.socket.end();
  await pass(250);
  assert.equal(page.socket.url.searchParams.get("channels"), "a");
  page.socket.welcome();
  await settled();
  same(page.socket.sent, [{ action: "subscribe", data: { channel: "a" } }]);
  page.socket.say({ success: true, action: "subscribe", channels: [], refused: { a: "forbidden" } });
  await assert.rejects(handle.ready, { code: "forbidden" });
  page.socket.end();
  await pass(500);
  assert.equal(page.socket.url.searchParams.get("channels"), "a");
});

test("wrong types are told at once", async () => {
  const page = load();
  for (const options of [
    { channels: [7] }, { channels: ["a,b"] }, { events: {} }, { events: [""] }, { token: 7 }, { since: 7 }, { load: "x" },
  ]) assert.throws(() => new page.WSQueue("/", options), { name: "TypeError" });
  const queue = await page.open({ channels: "orders", events: "order.*" });
  same(queue.channels, ["orders"]);
  assert.equal(page.socket.url.searchParams.get("events"), "order.*");
  for (const wrong of [() => queue.on("n"), () => queue.on(7, () => { }), () => queue.subscribe({}), () => queue.onBatch("n")])
    assert.throws(wrong, { name: "TypeError" });
  queue.subscribe(["a", "b"], "c");
  same(queue.channels, ["orders", "a", "b", "c"]);
});

test("published events may be called as what the client says itself", async () => {
  const page = load();
  const queue = new page.WSQueue();
  await settled();
  const heard = [], own = [];
  queue.events.on("status", (payload) => heard.push(payload));
  queue.events.once("error", (payload) => heard.push(payload));
  queue.signals.on("status", (status) => own.push(status));
  queue.on("error", (error) => own.push(error));
  page.socket.welcome();
  page.socket.event(1, { event: "status" });
  page.socket.event(2, { event: "error" });
  same([heard, own, page.warnings], [[1, 2], ["live"], []]);
  page.socket.event(4, { event: "error" });
  // Who has meant the published ones hears of it, once.
  assert.equal(page.warnings.length, 1);
  assert.match(page.warnings[0][0], /events\.on\("error"\)/);
});

test("a handle of a channel hears what was published there, and not how the connection is", async () => {
  const page = load();
  const queue = await page.open();
  const room = queue.channel("room"), heard = [];
  for (const name of ["status", "error", "gap"]) room.on(name, (payload) => heard.push(payload));
  page.socket.welcome();
  page.socket.say({ success: false, action: "error", code: "invalid_field", error: "no", request: "message" });
  page.socket.end();
  same(heard, []);
  await pass(10_000);
  page.socket.welcome();
  page.socket.say({ success: true, action: "subscribe", channels: ["room"] });
  page.socket.say({ event: "status", payload: "shipped", channel: "room", id: "x", seq: 1 });
  same(heard, ["shipped"]);
});

test("who ends it when it is refused has ended it", whole, async () => {
  let asked = 0;
  const answer = { ok: false, status: 503, headers: new Headers(), text: async () => "Full" };
  const page = load({ fetch: async () => (asked++, answer) });
  const queue = await page.open();
  queue.on("error", () => queue.close());
  for (let attempt = 0; attempt < 2; attempt++) {
    page.socket.end();
    await pass(10_000);
  }
  for (let wait = 0; wait < 5; wait++) await pass(10_000);
  same([queue.status, asked, page.sockets.length], ["offline", 1, 2]);
});

test("an error that nobody listens for is on the console, once for each code", async () => {
  const page = load();
  await page.open({ channels: ["private.1"] });
  page.socket.welcome();
  for (const code of ["forbidden", "forbidden", "too_many_channels"])
    page.socket.say({ success: false, action: "error", code, error: "What to do", channel: "private.1" });
  same(page.warnings.map(([text]) => text.split(" (")[0]),
    ["wsqueue: forbidden: What to do", "wsqueue: too_many_channels: What to do"]);
});

test("events wait for the first handler, and their place with them", async () => {
  const page = load();
  const queue = new page.WSQueue("/");
  const seen = [];
  await settled();
  page.socket.welcome("a:0");
  page.socket.event(1);
  page.socket.event(2);
  page.socket.say({ action: "ping", cursor: "a:2" });
  same([queue.cursor, queue.counters.received], ["a:0", 0]);
  queue.on("n", (payload) => seen.push(payload));
  page.socket.event(3);
  await settled();
  same([seen, queue.cursor], [[1, 2, 3], "a:3"]);
});

test("it connects when it is told to", async () => {
  const page = load();
  const queue = await page.open({ connect: false });
  await pass(1_000);
  same([page.sockets.length, queue.status], [0, "offline"]);
  queue.connect();
  queue.connect();
  await settled();
  assert.equal(page.sockets.length, 1);
});

test("where there is no WebSocket that is said, and another may be given", async () => {
  const page = load({ WebSocket: undefined });
  const queue = await page.open();
  const sockets = [];
  assert.equal(queue.status, "denied");
  assert.match(page.warnings[0][0], /no_websocket: .*Node/);
  class Other { constructor(url) { sockets.push(url); } close() { } }
  await page.open({ WebSocket: Other });
  assert.equal(sockets.length, 1);
});

const http = (answers) => {
  const asked = [];
  const fetch = async (url, options) => {
    asked.push([String(url), options]);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (!answer) throw new TypeError("Failed to fetch");
    return { headers: new Map(), ok: answer.status < 300, text: async () => "", ...answer };
  };
  return { fetch, asked };
};

for (const [status, text, options, code, expected] of [
  [401, "No such user", { token: "t" }, "http_401", "denied"],
  [401, "No such user", { token: () => "t" }, "http_401", "offline"],
  [403, "Start the server with --origin to allow them.", {}, "origin", "denied"],
  [403, "Not for you", {}, "http_403", "denied"],
  [404, "Nothing here", {}, "http_404", "offline"],
  [431, "Shorten the URL", {}, "http_431", "denied"],
  [503, "Full", {}, "http_503", "offline"],
  [502, "", {}, "http_502", "offline"],
]) {
  test(`a page that is refused with ${status} (${text}) hears ${code} and is ${expected}`, whole, async () => {
    const { fetch, asked } = http([{ status, text: async () => text }]);
    const page = load({ fetch });
    const queue = await page.open(options, "/queue/?tenant=1");
    const errors = [];
    queue.on("error", (error) => errors.push(error));
    for (let attempt = 0; attempt < 2; attempt++) {
      page.socket.end();
      await pass(1_000);
    }
    same(errors.map((error) => [error.code, error.status]), [[code, status]]);
    if (text) assert.equal(errors[0].error, text);
    assert.equal(asked[0][0], "https://example.org/queue/cursor");
    assert.equal(asked[0][1].headers.authorization, options.token && "Bearer t");
    await pass(60_000);
    assert.equal(queue.status === "denied", expected === "denied");
  });
}

test("after two failures it is looked by HTTP whether anybody is there, and only now and then by a socket", whole, async () => {
  const { fetch, asked } = http([null]);
  const page = load({ fetch, random: () => 0.999 });
  await page.open();
  page.socket.end();
  await pass(250);
  page.socket.end();
  for (let wait = 0; wait < 150; wait++) {
    await pass(1_000);
    if (page.socket.readyState === 0) page.socket.end();
  }
  assert.ok(page.sockets.length >= 4 && page.sockets.length <= 6, page.sockets.length);
  // Nor are any two questions further apart than that the page is back within ten seconds.
  assert.ok(asked.length >= 16, asked.length);
});

/** A page whose WebSockets are blocked, so that events come by HTTP; `feed` is what the server says there. */
const blocked = async () => {
  let feed;
  const fetch = async (url) => {
    if (url.pathname.endsWith("/cursor")) return { ok: true, status: 200 };
    const chunks = [], waits = [];
    feed = (text) => {
      const chunk = { done: false, value: new TextEncoder().encode(text) };
      if (waits.length) waits.shift()(chunk);
      else chunks.push(chunk);
    };
    const read = () => new Promise((go) => { if (chunks.length) go(chunks.shift()); else waits.push(go); });
    return { ok: true, status: 200, body: { getReader: () => ({ read }) } };
  };
  const page = load({ fetch });
  const queue = await page.open();
  for (let attempt = 0; attempt < 3; attempt++) {
    page.socket.end();
    await pass(1_000);
  }
  page.feed = async (text) => { feed(text); await settled(); };
  await page.feed("id: a:5\n\n");
  assert.equal(queue.status, "live");
  return { page, queue };
};

test("where events come by HTTP a WebSocket is tried once a minute, and taken when it gets through", whole, async () => {
  const { page, queue } = await blocked();
  const before = page.sockets.length;
  const minute = async () => {
    for (let part = 0; part < 3; part++) {
      await page.feed(": ping\n\n");
      await pass(20_000);
    }
  };
  await minute();
  assert.equal(page.sockets.length, before + 1);
  page.socket.end();
  await page.feed('id: a:6\ndata: {"event":"n","payload":6,"seq":6}\n\n');
  await minute();
  assert.equal(page.sockets.length, before + 2);
  const trial = page.socket;
  trial.open();
  await settled();
  assert.equal(trial.readyState, 3);
  assert.equal(page.sockets.length, before + 3);
  assert.equal(page.socket.url.searchParams.get("since"), "a:6");
  page.socket.welcome("a:6");
  page.socket.say({ action: "resumed", cursor: "a:6", complete: true });
  page.socket.event(7);
  same([queue.status, page.seen, queue.counters.gaps], ["live", [6, 7], 0]);
  // There it stays, and the next page begins with it.
  for (const seq of [8, 9, 10, 11]) {
    await pass(20_000);
    page.socket.event(seq);
  }
  assert.equal(page.sockets.length, before + 3);
  assert.equal([...page.sessionStorage].find(([key]) => key.startsWith("wsqueue HTTP"))[1], "");
});

for (const [what, sign] of [
  ["the network is back", (page) => page.window("online")],
  ["somebody looks at the page", (page) => page.document("visibilitychange")],
]) {
  test(`a WebSocket is tried at once when ${what}, and what comes by HTTP goes on meanwhile`, whole, async () => {
    const { page, queue } = await blocked();
    const before = page.sockets.length;
    for (let time = 0; time < 2; time++) sign(page);
    await pass(0);
    assert.equal(page.sockets.length, before + 1);
    page.socket.end();
    await page.feed('id: a:6\ndata: {"event":"n","payload":6,"seq":6}\n\n');
    await pass(20_000);
    same([queue.status, page.seen, page.sockets.length], ["live", [6], before + 1]);
  });
}

test("a tab joins its leader when the lock that shows that it lives is held, and not before", whole, async () => {
  const said = [], grants = new Map();
  const request = (name, options, run) => new Promise((done) => grants.set(name, () => done(run())));
  class BroadcastChannel { postMessage(message) { said.push(message.action); } close() { } }
  const page = load({ navigator: { locks: { request } }, BroadcastChannel });
  const queue = await page.open({ share: true, channels: ["a"] });
  await pass(1_000);
  same([said, page.sockets.length, grants.size], [[], 0, 2]);
  for (const [name, grant] of grants) if (typeof name === "number") grant();
  await settled();
  same(said, ["join"]);
  // Who was not answered says it again; one that has left does not.
  await pass(500);
  same(said, ["join", "join"]);
  queue.close();
  await pass(10_000);
  same(said, ["join", "join", "leave"]);
});

test("a server that answers, but not for this page to read, is told", whole, async () => {
  const { fetch } = http([null, { type: "opaque" }]);
  const page = load({ fetch });
  const queue = await page.open();
  const errors = [];
  queue.on("error", ({ code }) => errors.push(code));
  page.socket.end();
  await pass(250);
  page.socket.end();
  await pass(1_000);
  same(errors, ["unreadable"]);
  assert.equal(page.sockets.length, 3);
});

test("a token has time of its own, and is asked for once", async () => {
  const page = load();
  const gives = [];
  const queue = await page.open({ token: () => new Promise((give) => gives.push(give)) });
  const errors = [];
  queue.on("error", ({ code }) => errors.push(code));
  await pass(12_000);
  same([queue.status, errors], ["connecting", []]);
  page.window("online");
  page.document("visibilitychange");
  await pass(18_000);
  same([gives.length, errors], [1, ["token"]]);
  await pass(20_000);
  gives[0]("late");
  await settled();
  same([gives.length, page.socket.protocols], [1, ["wsqueue.v1", "bearer.late"]]);
});

test("a token that is a text and has ended is not tried for ever", async () => {
  const page = load();
  const queue = await page.open({ token: "x.y.z" });
  page.socket.open();
  page.socket.end(4001, "token expired");
  assert.equal(queue.status, "denied");
});

test("a page out of a cache hears of its gap once", async () => {
  const sessionStorage = new Store();
  const gap = { from: "a:5", to: "b:7", reason: "epoch" };
  const visit = async (options = {}) => {
    const page = load({ sessionStorage });
    const queue = await page.open({ since: "a:5", store: null, ...options });
    page.gaps = [];
    queue.on("gap", (one) => page.gaps.push(one));
    return page;
  };
  const first = await visit();
  first.socket.welcome("b:7");
  first.socket.say({ action: "resumed", cursor: "b:7", complete: false, gap });
  assert.equal(first.gaps.length, 1);
  first.window("pagehide");
  const second = await visit();
  assert.equal(second.socket.url.searchParams.get("since"), "b:7");
  // Even if that is gone by now: it would load itself anew again.
  second.socket.welcome("b:90");
  second.socket.say({ action: "resumed", cursor: "b:90", complete: false, gap });
  same([second.gaps, second.warnings.length], [[], 1]);
  // A page that was made anew has a place of its own.
  const third = await visit({ since: "b:91" });
  assert.equal(third.socket.url.searchParams.get("since"), "b:91");
  await pass(11_000);
  const fourth = await visit();
  assert.equal(fourth.socket.url.searchParams.get("since"), "b:90");
  fourth.socket.welcome("b:99");
  fourth.socket.say({ action: "resumed", cursor: "b:99", complete: false, gap });
  assert.equal(fourth.gaps.length, 1);
});

test("a tab goes on where it was itself, though another has gone further in the same store", async () => {
  const localStorage = new Store();
  const [mine, others] = [new Store(), new Store()];
  const visit = async (sessionStorage) => {
    const page = load({ sessionStorage, localStorage });
    page.queue = await page.open({ store: localStorage });
    return page;
  };
  const [one, other] = [await visit(mine), await visit(others)];
  for (const page of [one, other]) {
    page.socket.welcome("a:0");
    page.socket.event(1);
  }
  other.queue.close();
  one.socket.event(2);
  one.window("pagehide");
  const again = await visit(others);
  assert.equal(again.socket.url.searchParams.get("since"), "a:1");
  // A tab that has been nowhere begins where the newest was.
  const third = await visit(new Store());
  assert.equal(third.socket.url.searchParams.get("since"), "a:2");
});

test("another user and another query have cursors of their own", async () => {
  const sessionStorage = new Store();
  const claims = (sub) => `x.${Buffer.from(JSON.stringify({ sub, name: "~~~???" })).toString("base64url")}.y`;
  const visit = async (url, options) => {
    const page = load({ sessionStorage });
    await page.open(options, url);
    return page;
  };
  const first = await visit("/?tenant=1", { token: claims("7") });
  first.socket.welcome("a:1");
  first.socket.event(2);
  first.window("pagehide");
  const since = async (...visited) => (await visit(...visited)).socket.url.searchParams.get("since");
  assert.equal(await since("/?tenant=1", { token: () => claims("7") }), "a:2");
  assert.equal(await since("/?tenant=1", { token: claims("8") }), null);
  assert.equal(await since("/?tenant=2", { token: claims("7") }), null);
});

test("what a page shows is loaded at the start and at a gap, and what comes meanwhile waits for that", async () => {
  const page = load({ sessionStorage: new Store([["wsqueue example.org/ ", "a:1"]]) });
  const loads = [];
  const queue = await page.open({ load: (why) => new Promise((done) => loads.push([why, done])) }, "/");
  // Where it was before is nothing to a page that is new.
  assert.equal(page.socket.url.searchParams.get("since"), null);
  page.socket.welcome("a:5");
  page.socket.event(6);
  same([queue.status, page.seen, loads[0][0]], ["catching-up", [], { gap: null, cursor: "a:5" }]);
  // A connection that is lost meanwhile loses nothing.
  page.socket.end();
  await pass(250);
  assert.equal(page.socket.url.searchParams.get("since"), "a:5");
  page.socket.welcome("a:6");
  page.socket.event(6);
  page.socket.say({ action: "resumed", cursor: "a:6", complete: true });
  page.socket.event(7);
  loads[0][1]();
  await settled();
  same([queue.status, page.seen, queue.cursor, loads.length], ["live", [6, 7], "a:7", 1]);
  page.socket.end();
  await pass(1_000);
  const gap = { from: "a:7", to: "a:90", reason: "trimmed" };
  page.socket.welcome("a:90");
  page.socket.say({ action: "resumed", cursor: "a:90", complete: false, gap });
  page.socket.event(91);
  same([queue.status, page.seen, loads[1][0].gap, page.warnings], ["catching-up", [6, 7], gap, []]);
  loads[1][1]();
  await settled();
  same([queue.status, page.seen, queue.cursor], ["live", [6, 7, 91], "a:91"]);
});

test("a load that fails is told and tried again", async () => {
  const page = load();
  let count = 0;
  const queue = await page.open({ load: async () => { if (count++ === 0) throw new Error("HTTP 500"); } });
  const errors = [];
  queue.on("error", (error) => errors.push(error.code));
  page.socket.welcome("a:5");
  page.socket.event(6);
  await settled();
  same([errors, page.seen], [["load"], []]);
  await pass(1_000);
  same([count, page.seen, queue.status], [2, [6], "live"]);
});

test("what comes within a frame is handed out as one list, and the cursor moves behind it", async () => {
  const frames = [];
  const page = load({ requestAnimationFrame: (run) => frames.push(run), cancelAnimationFrame() { } });
  const queue = await page.open();
  const lists = [], orders = [];
  queue.onBatch((list) => lists.push(list.map(({ payload }) => payload)));
  queue.onBatch("order.*", (list) => orders.push(list.length));
  page.socket.welcome("a:0");
  for (const seq of [1, 2, 3]) page.socket.event(seq);
  same([lists, queue.cursor, frames.length], [[], "a:0", 1]);
  frames[0]();
  same([lists, orders, queue.cursor], [[[1, 2, 3]], [], "a:3"]);
  page.socket.event(4, { event: "order.new" });
  // What the server says itself comes in its order.
  page.socket.say({ action: "ping", cursor: "a:9" });
  same([orders, queue.cursor], [[], "a:3"]);
  frames[1]();
  same([lists[1], orders, queue.cursor], [[4], [1], "a:9"]);
  // A page that nobody sees has no frames.
  page.document("visibilitychange", true);
  page.socket.event(10);
  await pass(100);
  same(lists[2], [10]);
  page.socket.event(11);
  queue.close();
  same([lists[3], queue.cursor], [[11], "a:11"]);
});

/** A page whose frames the test runs, and whose handlers take so long for each event as it says. */
const framed = async (options) => {
  let time = 0;
  const frames = [];
  const page = load({
    requestAnimationFrame: (run) => frames.push(run), cancelAnimationFrame() { }, performance: { now: () => time } });
  const queue = await page.open({ ...options });
  const batched = { page, queue, lists: [], milliseconds: 0, frame: () => frames.pop()?.(), idle: (more) => time += more };
  queue.onBatch("n", (list) => {
    batched.lists.push(list.map(({ payload }) => payload));
    time += list.length * batched.milliseconds;
  });
  return batched;
};
const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

test("a frame has what the page can take in its time, the next ones the rest, in order, with the cursor behind it", async () => {
  const one = await framed();
  const { page, queue, lists, frame } = one;
  page.socket.welcome("a:0");
  for (const seq of numbers(1, 4_000)) page.socket.event(seq);
  page.socket.say({ action: "ping", cursor: "a:4000" });
  one.milliseconds = 0.2;
  frame();
  // The first was read when it came, the others in the frame.
  same([lists[0], queue.cursor], [numbers(1, 501), "a:501"]);
  // That was 100 ms: 60 are 300 events.
  frame();
  assert.ok(lists[1].length <= 500, lists[1].length);
  frame();
  for (let turn = 0; turn < 3; turn++) frame();
  for (const list of lists.slice(3)) assert.ok(list.length * 0.2 <= 65, list.length);
  assert.equal(queue.cursor, "a:" + lists.flat().length);
  // Where it is fast again it has more of them.
  one.milliseconds = 0.001;
  for (let turn = 0; turn < 8; turn++) frame();
  assert.ok(lists.length < 14);
  same([lists.flat(), queue.cursor], [numbers(1, 4_000), "a:4000"]);
});

test("a frame has less where the browser itself takes long for what comes", async () => {
  const one = await framed(), { page, lists, frame, idle } = one;
  one.milliseconds = 0.05;
  page.socket.welcome("a:0");
  for (const seq of numbers(1, 6_000)) page.socket.event(seq);
  for (let turn = 0; turn < 10; turn++) {
    idle(50);
    frame();
  }
  assert.ok(lists.at(-1).length <= 250, lists.at(-1).length);
});

test("a page that is flooded for long has it all in so many frames, however slow it is", async () => {
  const one = await framed();
  one.page.socket.welcome("a:0");
  one.milliseconds = 10;
  for (const seq of numbers(1, 20_000)) one.page.socket.event(seq);
  for (let turn = 0; turn < 5; turn++) one.frame();
  assert.ok(one.lists.at(-1).length >= 300, one.lists.at(-1).length);
});

test("what waits for a frame when the connection breaks comes once more, and is handed out once", async () => {
  const { page, queue, lists, frame } = await framed();
  page.socket.welcome("a:0");
  for (const seq of numbers(1, 700)) page.socket.event(seq);
  page.socket.end();
  frame();
  await pass(250);
  same([lists, queue.cursor, page.socket.url.searchParams.get("since")], [[[1]], "a:1", "a:1"]);
  page.socket.welcome("a:700");
  for (const seq of numbers(2, 700)) page.socket.event(seq);
  page.socket.say({ action: "resumed", cursor: "a:700", complete: true });
  page.socket.event(701);
  for (let turn = 0; turn < 3; turn++) frame();
  same([lists.flat(), queue.cursor, queue.counters.duplicates], [numbers(1, 701), "a:701", 0]);
});

test("a replay that is longer than a frame ends when it is handed out", async () => {
  const { page, queue, lists, frame } = await framed({ since: "a:0" });
  page.socket.welcome("a:900");
  for (const seq of numbers(1, 900)) page.socket.event(seq);
  page.socket.say({ action: "resumed", cursor: "a:900", complete: true });
  page.socket.event(901);
  same([queue.status, queue.cursor], ["catching-up", "a:0"]);
  frame();
  frame();
  same([queue.status, queue.cursor, lists.flat()], ["live", "a:901", numbers(1, 901)]);
});

test("a page that nobody sees is not spared, and one that is hidden meanwhile does not stop", async () => {
  const { page, queue, lists, frame } = await framed();
  page.socket.welcome("a:0");
  for (const seq of numbers(1, 600)) page.socket.event(seq);
  page.document("visibilitychange", true);
  for (const seq of numbers(601, 3_000)) page.socket.event(seq);
  await pass(100);
  same([lists.flat(), queue.cursor], [numbers(1, 3_000), "a:3000"]);
  assert.ok(lists.length <= 3);
});

test("a handler that ends it has handled what was handed to it, and nothing more", async () => {
  const { page, queue, lists, frame } = await framed();
  queue.onBatch(() => queue.close());
  page.socket.welcome("a:0");
  for (const seq of numbers(1, 700)) page.socket.event(seq);
  frame();
  await pass(100);
  same([lists.flat(), [...page.sessionStorage.values()]], [numbers(1, 501), ["a:501"]]);
});

test("what waits for a frame is not read any more when a handler ends it", async () => {
  const { page, queue, lists, frame } = await framed();
  page.socket.welcome("a:0");
  queue.on("n", (payload) => { if (payload === 600) queue.close(); });
  for (const seq of numbers(1, 900)) page.socket.event(seq);
  frame();
  await pass(100);
  same([page.seen.at(-1), lists.flat().at(-1), queue.cursor], [600, 600, "a:600"]);
});

test("who ends it in a handler has handled that event", async () => {
  const page = load();
  const queue = await page.open();
  queue.on("n", () => queue.close());
  page.socket.welcome("a:0");
  page.socket.event(1);
  same([...page.sessionStorage.values()], ["a:1"]);
});

test("a handler may take its time, and what it throws then is counted", async () => {
  const page = load();
  const queue = await page.open();
  queue.on("n", async () => { await null; throw new Error("later"); });
  page.socket.welcome();
  page.socket.event(1);
  await settled();
  same([queue.counters.failures, page.reports.length], [1, 1]);
});

test("a clock that is set back hides no silence", async () => {
  let isBack = false;
  const page = load({ wallClock: () => Date.now() - (isBack ? 3_600_000 : 0) });
  const queue = await page.open();
  page.socket.welcome();
  isBack = true;
  await pass(25_500);
  await pass(4_500);
  assert.equal(queue.status, "offline");
});

test("what has come and waits for its frame is read in that frame, and what others wait for with it", async () => {
  const { page, queue, lists, frame } = await framed();
  page.socket.welcome("a:0");
  page.socket.event(1);
  page.socket.event(2, { event: "other" });
  const sent = queue.send("room", 1);
  page.socket.say({ success: true, action: "message_sent", channel: "room", recipients_count: 3 });
  page.socket.event(3);
  same([lists, page.seen], [[], [1]]);
  frame();
  same([lists, page.seen, (await sent).recipients_count, queue.cursor], [[[1], [3]], [1, 2, 3], 3, "a:3"]);
});

test("what is not answered in ten seconds is given up", async () => {
  const page = load();
  const queue = await page.open();
  page.socket.welcome();
  const asked = queue.presence("presence.a");
  await pass(10_000);
  await assert.rejects(asked, /10 s/);
});
