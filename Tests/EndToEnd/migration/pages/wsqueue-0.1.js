// Events of a wsqueue server, through sleep, lost networks and restarts: new WSQueue(url).on("order.*", fn).
// A script that defines WSQueue; wsqueue.mjs gives it as a module, wsqueue.d.ts says what everything takes.
globalThis.WSQueue ??= (() => {
  "use strict";

  const firstDelay = 250, longestDelay = 20000;
  // After a connection that lasts so long the next wait begins small again.
  const steady = 5000;
  // How long an answer may take, and when somebody has just come back to the page.
  const patience = 10000, briefPatience = 4000;
  const rememberedIds = 5000;
  // These names belong to the client. Published events of such a name are heard by globs, as "gap*".
  const ownNames = ["status", "gap", "error"];

  const report = (error) => (globalThis.reportError ?? console.error)(error);
  const sleep = (milliseconds, run) => setTimeout(run, Math.min(milliseconds, 2 ** 31 - 1));

  class WSQueue {
    url;
    status = "offline";
    connectionId = null;
    counters = { received: 0, duplicates: 0, gaps: 0, connections: 0, failures: 0 };

    #handlers = [];
    #channels;
    #events;
    #token;
    #store;
    #key;
    /** The cursor: everything up to here has been handled. */
    #since;
    /** Where the connection began. */
    #start;
    /** The last event that was handled, when that is further: a replay has begun and has not ended. */
    #last = ["", 0];
    #ids = new Set();
    #socket = null;
    /** Counts attempts, so that what belongs to an earlier one can tell. */
    #attempt = 0;
    #failures = 0;
    #liveSince = 0;
    /** The channels that the present connection has asked for; null before its welcome. */
    #asked = null;
    #urlChannels = [];
    #pending = [];
    #heard = 0;
    #beat = 25000;
    #timers = {};
    #isSaved = true;
    #isClosed = false;
    #isAway = false;

    constructor(url = "/", { channels = [], events = [], token, since, store } = {}) {
      this.url = new URL(url, globalThis.location?.href);
      this.url.protocol = this.url.protocol.replace("http", "ws");
      this.url.hash = "";
      this.#channels = new Set(channels);
      this.#events = events;
      this.#token = token;
      // A page may forbid storage, and then reading the very name fails.
      if (store === undefined) try { store = globalThis.sessionStorage; } catch { }
      this.#store = store;
      this.#key = "wsqueue " + [this.url.host + this.url.pathname, ...this.#channels, "", ...events].join(" ");
      try { this.#since = since ?? store?.getItem(this.#key) ?? null; } catch { this.#since = null; }
      for (const [target, name] of WSQueue.#signs) target?.addEventListener(name, this.#notice);
      this.#connect();
    }

    static #signs = [
      ...["online", "offline", "pageshow", "pagehide"].map((name) => [globalThis.window, name]),
      ...["visibilitychange", "resume"].map((name) => [globalThis.document, name]),
    ];

    get cursor() { return this.#since; }
    get channels() { return [...this.#channels]; }

    on(name, handler) {
      const parts = name.split("*").map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"));
      const glob = parts.length > 1 ? new RegExp("^" + parts.join("[^]*") + "$") : null;
      const entry = { name, glob, handler };
      this.#handlers.push(entry);
      return () => { this.#handlers = this.#handlers.filter((other) => other !== entry); };
    }

    off(name, handler) {
      this.#handlers = this.#handlers.filter((entry) =>
        entry.name !== name || (handler !== undefined && entry.handler !== handler));
    }

    subscribe(...channels) {
      for (const channel of channels) this.#channels.add(channel);
      this.#settleChannels();
    }

    unsubscribe(...channels) {
      for (const channel of channels) this.#channels.delete(channel);
      this.#settleChannels();
    }

    send(channel, message, recipients) {
      return this.#ask("message", { channel, message, recipients }, "message_sent");
    }

    presence(channel, own = {}) {
      return this.#ask("presence", { ...own, channel }, "presence");
    }

    reconnect() {
      if (this.#isClosed) return;
      this.#drop();
      this.#failures = 0;
      this.#connect();
    }

    close() {
      this.#isClosed = true;
      for (const [target, name] of WSQueue.#signs) target?.removeEventListener(name, this.#notice);
      this.#drop();
      this.#save();
      this.#show("offline");
    }

    async #connect() {
      const attempt = ++this.#attempt;
      this.#clear();
      this.#show("connecting");
      // Neither a token that does not come nor a network that swallows everything says anything.
      this.#timers.watch = sleep(patience, () => this.#lost(1006, "no welcome"));
      let token, socket;
      try {
        token = typeof this.#token === "function" ? await this.#token() : this.#token;
      } catch (error) {
        if (attempt === this.#attempt) this.#fail({ code: "token", error }), this.#lost(1006, "no token");
        return;
      }
      if (attempt !== this.#attempt) return;
      const url = new URL(this.url);
      this.#urlChannels = this.channels;
      const query = { channels: this.#urlChannels.join(), events: this.#events.join(), since: this.#since };
      for (const [name, value] of Object.entries({ ...query, heartbeat: "app" }))
        if (value) url.searchParams.set(name, value);
      try {
        socket = new WebSocket(url, token ? ["wsqueue.v1", "bearer." + token] : ["wsqueue.v1"]);
      } catch (error) {
        // The address or the token is nothing that a browser sends: it will not get better.
        this.#drop();
        this.#fail({ code: "address", error });
        return this.#show("denied");
      }
      this.#socket = socket;
      socket.onmessage = (message) => this.#hear(message.data, token);
      socket.onclose = (close) => this.#lost(close.code, close.reason);
    }

    #lost(code, reason) {
      if (this.#liveSince && Date.now() - this.#liveSince > steady) this.#failures = 0;
      this.#drop();
      if (code >= 4500 && code <= 4999) return this.#show("denied", { code, reason });
      // A server that goes away names a moment of its own for each client, so that not all return at once.
      const asked = /^retry_ms=(\d{1,6})$/.exec(reason);
      const delay = asked ? +asked[1] : Math.random() * Math.min(longestDelay, firstDelay * 2 ** this.#failures++);
      this.#timers.retry = sleep(delay, () => this.#connect());
      this.#show("offline", { code, reason, delay });
    }

    /** Forgets the connection. It is not waited for: closing one whose network has gone takes minutes. */
    #drop() {
      this.#attempt++;
      this.#clear();
      if (this.#socket) {
        this.#socket.onmessage = this.#socket.onclose = null;
        this.#socket.close();
      }
      this.#socket = this.#asked = this.connectionId = null;
      this.#liveSince = 0;
      for (const { reject } of this.#pending.splice(0)) reject(new Error("The connection was lost"));
    }

    #clear() {
      for (const timer of Object.values(this.#timers)) clearTimeout(timer);
      this.#timers = {};
    }

    #hear(text, token) {
      this.#heard = Date.now();
      let message;
      try { message = JSON.parse(text); } catch { return this.#fail({ code: "malformed" }); }
      if (message.event !== undefined) return this.#take(message, text);
      const { action } = message;
      if (action === "message" || action === "presence")
        this.#call(action, message.message ?? message.members, { ...message, event: action }, text);
      switch (action) {
        case "welcome": return this.#welcome(message, token);
        case "resumed": return this.#resumed(message);
        case "ping":
          // Where everything for this client has been sent, though the last event for it may be long ago.
          if (message.cursor && this.status === "live") this.#move(message.cursor);
          return this.#tell("pong");
        case "error": return this.#refused(message);
      }
      if (!message.success) return;
      const index = this.#pending.findIndex(({ answer, channel }) =>
        answer === action && (message.channel ?? channel) === channel);
      if (index >= 0) this.#pending.splice(index, 1)[0].resolve(message);
    }

    #welcome(message, token) {
      this.connectionId = message.connection_id;
      this.#start = message.cursor;
      this.counters.connections++;
      this.#liveSince = this.#heard;
      this.#beat = message.heartbeat_interval * 1000 || this.#beat;
      this.#asked = new Set(this.#urlChannels);
      this.#settleChannels();
      this.#watch();
      this.#renewLater(token);
      // The cursor stays where it is until the replay is over: only then the server has said what is lost.
      if (this.#since) return this.#show("catching-up");
      this.#move(this.#start);
      this.#show("live");
    }

    #resumed({ cursor, complete, gap }) {
      if (!complete) this.#miss(gap);
      this.#move(cursor);
      this.#show("live");
    }

    #miss(gap) {
      this.counters.gaps++;
      const isHeard = this.#tellHandlers(({ name }) => name === "gap", gap, gap);
      if (!isHeard) console.warn("wsqueue: events were missed, and no handler of \"gap\" loads their state anew", gap);
    }

    #take(event, text) {
      const { id, seq } = event;
      const epoch = this.#since?.split(":")[0];
      // A replay that had begun before is begun anew; a number that is not exact tells nothing.
      const isRepeated = this.status === "catching-up" && epoch === this.#last[0] && seq <= this.#last[1];
      const isKnown = this.#ids.has(id) && (typeof id === "string" || Number.isSafeInteger(id));
      if (isRepeated || isKnown) {
        this.counters.duplicates++;
      } else {
        this.#ids.add(id);
        if (this.#ids.size > rememberedIds) this.#ids.delete(this.#ids.values().next().value);
        this.counters.received++;
        // With --payload-key the second member has another name.
        this.#call(event.event, event.payload === undefined ? Object.values(event)[1] : event.payload, event, text);
      }
      if (!(seq > (epoch === this.#last[0] ? this.#last[1] : -1))) return;
      this.#last = [epoch, seq];
      if (this.status === "live") this.#move(epoch + ":" + seq);
    }

    #call(name, payload, event, text) {
      this.#tellHandlers((entry) =>
        entry.glob ? entry.glob.test(name) : entry.name === name && !ownNames.includes(name), payload, event, text);
    }

    #tellHandlers(isMeant, ...values) {
      let isHeard = false;
      for (const entry of [...this.#handlers]) {
        if (!isMeant(entry)) continue;
        isHeard = true;
        try { entry.handler(...values); } catch (error) { this.counters.failures++; report(error); }
      }
      return isHeard;
    }

    #refused(message) {
      const { code, channel, retry_after: seconds, error } = message;
      const index = this.#pending.findIndex((one) => (channel ?? one.channel) === one.channel);
      if (index >= 0) this.#pending.splice(index, 1)[0].reject(Object.assign(new Error(error), message));
      else if (seconds) {
        // Too many at once: what has not been heard of is asked for again.
        this.#timers.again = sleep(seconds * 1000, () => { this.#asked &&= new Set(); this.#settleChannels(); });
      } else if (code === "invalid_field" && /since/.test(error) && this.status === "catching-up") {
        this.#resumed({ cursor: this.#start, gap: { from: this.#since, to: this.#start, reason: "cursor" } });
      }
      this.#fail(message);
    }

    #fail(error) { this.#tellHandlers(({ name }) => name === "error", error, error); }

    #show(status, details = {}) {
      if (status === this.status) return;
      this.status = status;
      this.#tellHandlers(({ name }) => name === "status", status, { status, ...details });
    }

    #move(cursor) {
      this.#since = cursor;
      const [epoch, seq] = cursor.split(":");
      this.#last = [epoch, +seq];
      this.#isSaved = false;
      // Not for each event: a page that goes says so first.
      this.#timers.save ??= sleep(1000, () => { this.#timers.save = undefined; this.#save(); });
    }

    #save() {
      if (this.#isSaved) return;
      this.#isSaved = true;
      try { this.#store?.setItem(this.#key, this.#since); } catch { }
    }

    /** Asks for the channels that are wanted and not yet asked for, and gives back the others. */
    #settleChannels() {
      if (!this.#asked) return;
      for (const channel of this.#channels)
        if (!this.#asked.has(channel)) this.#tell("subscribe", { channel });
      for (const channel of this.#asked)
        if (!this.#channels.has(channel)) this.#tell("unsubscribe", { channel });
      this.#asked = new Set(this.#channels);
    }

    #tell(action, data) {
      if (this.#socket?.readyState !== 1) return false;
      this.#socket.send(JSON.stringify({ action, data }));
      return true;
    }

    #ask(action, data, answer) {
      return new Promise((resolve, reject) => {
        if (!this.#asked || !this.#tell(action, data)) return reject(new Error("There is no connection"));
        this.#pending.push({ answer, channel: data.channel, resolve, reject });
      });
    }

    /** Looks whether the server is still there: a page does not see the pings that its browser answers. */
    #watch() {
      const silence = Date.now() - this.#heard;
      clearTimeout(this.#timers.watch);
      const limit = this.#beat * 1.2;
      if (silence >= limit) this.#probe(patience);
      else this.#timers.watch = sleep(limit - silence, () => this.#watch());
    }

    #probe(milliseconds) {
      this.#heard = 0;
      clearTimeout(this.#timers.watch);
      this.#tell("ping");
      this.#timers.watch = sleep(milliseconds, () => {
        if (this.#heard) this.#watch();
        else this.#lost(1006, "silence");
      });
    }

    #notice = ({ type }) => {
      const isHidden = type === "visibilitychange" && document.hidden;
      if (type === "pagehide" || isHidden) this.#save();
      if (isHidden || this.status === "denied") return;
      if (type === "pagehide") {
        // A page that may come back from the browser's cache must not hold a connection.
        this.#isAway = true;
        this.#drop();
        return this.#show("offline");
      }
      if (this.#isAway !== (type === "pageshow")) return;
      this.#isAway = false;
      if (this.#asked) this.#probe(briefPatience);
      else if (type === "online" || (type !== "offline" && this.status === "offline")) this.#drop(), this.#connect();
    };

    /** Asks for the next token before this one ends. */
    #renewLater(token) {
      let end;
      try { end = JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/"))).exp * 1000; } catch { }
      const left = end - Date.now();
      if (typeof this.#token !== "function" || !(left > 0)) return;
      const attempt = this.#attempt;
      this.#timers.renew = sleep(Math.max(left - 30000, left / 2, 1000), async () => {
        try {
          const next = await this.#token();
          if (attempt !== this.#attempt) return;
          this.#tell("authenticate", { token: next });
          this.#renewLater(next);
        } catch (error) { this.#fail({ code: "token", error }); }
      });
    }
  }

  return WSQueue;
})();
