// A page without a browser: time, window, document, storage and a socket that the test holds the other end of.
import { mock } from "node:test";
import vm from "node:vm";
import fs from "node:fs";

const { WSQUEUE_JS = new URL("../../../Sources/WSQueueRoutes/Web/wsqueue.js", import.meta.url), WSQUEUE_PART } = process.env;
const source = fs.readFileSync(WSQUEUE_JS, "utf8");
/** What a test that needs more than the core says so by. */
export const whole = { skip: WSQUEUE_PART === "core" };

export class Store extends Map {
  getItem(key) { return this.get(key) ?? null; }
  setItem(key, value) { this.set(key, value); }
}

/** Loads wsqueue.js into a page of its own; `sockets` are those it opened, the last one is `socket`. */
export function load({ sessionStorage = new Store(), random = () => 0.5, wallClock = () => Date.now(), ...more } = {}) {
  const page = { sockets: [], reports: [], warnings: [], sessionStorage };
  class Socket {
    static isBlocked = false;
    readyState = 0;
    sent = [];
    constructor(url, protocols) {
      if (protocols.some((protocol) => / /.test(protocol))) throw new SyntaxError("no protocol");
      Object.assign(this, { url: new URL(url), protocols });
      page.sockets.push(this);
    }
    send(text) { this.sent.push(JSON.parse(text)); }
    close() { this.readyState = 3; }
    // The server's side.
    open() { this.readyState = 1; this.onopen?.(); }
    say(...messages) { for (const message of messages) this.onmessage?.({ data: JSON.stringify(message) }); }
    welcome(cursor = "a:0", more = {}) {
      this.readyState = 1;
      this.say({ action: "welcome", heartbeat_interval: 25, connection_id: 18, authenticated: false, cursor, ...more });
    }
    event(seq, more = {}) { this.say({ event: "n", payload: seq, timestamp: 1, id: "id-" + seq, seq, ...more }); }
    end(code = 1006, reason = "") { this.readyState = 3; this.onclose?.({ code, reason }); }
    actions(action) { return this.sent.filter((one) => one.action === action); }
  }
  const window = new EventTarget();
  const document = { hidden: false };
  const context = vm.createContext({
    WebSocket: Socket, URL, atob, sessionStorage, document, location: { href: "https://example.org/shop/" },
    setTimeout: (...all) => setTimeout(...all), clearTimeout: (timer) => clearTimeout(timer),
    performance: { now: () => Date.now() },
    console: { warn: (...all) => page.warnings.push(all) }, reportError: (error) => page.reports.push(error),
    addEventListener: window.addEventListener.bind(window), removeEventListener: window.removeEventListener.bind(window),
    TextDecoder, AbortController, queueMicrotask, ...more,
  });
  vm.runInContext("Math.random = random; Date.now = now;", Object.assign(context, { random, now: wallClock }));
  vm.runInContext(source, context);
  page.WSQueue = context.WSQueue;
  Object.defineProperty(page, "socket", { get: () => page.sockets.at(-1) });
  page.window = (type) => window.dispatchEvent(new Event(type));
  // What a document tells goes up to its window.
  page.document = (type, hidden = false) => { document.hidden = hidden; window.dispatchEvent(new Event(type)); };
  /** A client whose first socket is there. */
  page.open = async (options, url) => {
    const queue = new context.WSQueue(url, options);
    page.seen = [];
    page.statuses = [];
    queue.on("*", (payload) => page.seen.push(payload));
    queue.on("status", (status, change) => page.statuses.push({ ...change }));
    await settled();
    return queue;
  };
  return page;
}

/** Lets promises go on; the clock stands still. */
export async function settled() { for (let turn = 0; turn < 10; turn++) await Promise.resolve(); }

/** Lets so much time pass. */
export async function pass(milliseconds) {
  mock.timers.tick(milliseconds);
  await settled();
}
