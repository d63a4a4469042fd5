// Events of a wsqueue server, through sleep, lost networks and restarts: new WSQueue(url).on("order.*", fn).
// A script that defines WSQueue; wsqueue.mjs gives it as a module, wsqueue.d.ts says what everything takes.
// Members that begin with `_` are for this file alone; scripts/pack-web makes them short.
globalThis.WSQueue ??= (() => {
  "use strict";

  const firstDelay = 250;
  // After a connection that lasts so long the next wait begins small again.
  const steady = 5000;
  // How long an answer may take, and when somebody has just come back to the page.
  const patience = 10000, briefPatience = 4000;
  // And the welcome: where a token is needed, a client that has none is told only after ten seconds.
  const doorPatience = 15000;
  const tokenPatience = 30000;
  // A heartbeat may be so late before the server is asked, and its answer: with one in 25 s, 30 s in all.
  const lateness = 500, pongPatience = 4500;
  const rememberedNumbers = 5000;
  const heldLimit = 5000;
  // What a frame may last with `onBatch`, in milliseconds, and what of it is left to `onBatch` whatever the browser takes;
  // where that is too little, how few events a frame still has, and in how many frames what has come must be handed out.
  const frameTime = 60, leastTime = 8, fewest = 100, mostFrames = 50;
  // A proxy takes lines of some KB, nginx 8: more channels than fit are asked for by messages, of 64 KB each.
  const longestQuery = 4000, longestList = 200;
  // These names belong to the client. Published events of such a name are heard by globs, and by `events.on`.
  const ownNames = ["status", "gap", "error"];

  const now = () => performance.now();
  const sleep = (milliseconds, run) => setTimeout(run, milliseconds);
  /** What a page may forbid, and a store may have no room for. */
  const attempt = (run) => { try { return run(); } catch { } };
  const storage = (name) => attempt(() => globalThis[name]);
  const session = storage("sessionStorage");
  const read = (store, key) => attempt(() => store.getItem(key));
  const write = (store, key, value) => attempt(() => store.setItem(key, value));
  const failure = (error) => Object.assign(new Error(error.error ?? error.code), error);
  const place = (cursor) => { const [epoch, seq] = (cursor ?? "").split(":"); return [epoch, +seq]; };
  /** Whether a text is a cursor, and no age or time. */
  const isPlace = (text) => /^[^:]+:\d+$/.test(text ?? "");
  const namesOf = ({ channel, channels = channel === undefined ? [] : [channel] }) => channels;
  const claims = (token) =>
    attempt(() => JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")))) ?? {};

  function expect(types, what, value) {
    if (!types.test(typeof (value ?? undefined))) throw new TypeError(`wsqueue: ${what} cannot be ${value}`);
  }

  /** One name or a list of them. A comma would make two of one on the way. */
  function list(names, what) {
    const all = [names ?? []].flat(2);
    for (const name of all) expect(/^[^,]+$/.test(name) ? /string/ : /none/, what, name);
    return all;
  }

  /** What a name with stars stands for; `null` for another one. */
  const pattern = (name, stars, meaning) => name.includes("*")
    ? new RegExp("^" + name.replace(/[\\^$.|?+()[\]{}]/g, "\\$&").replace(stars, meaning) + "$") : null;

  /** A promise that nobody needs to look at. */
  function promise() {
    const one = {};
    one._kept = new Promise((resolve, reject) => { one._answer = (error, value) => error ? reject(error) : resolve(value); });
    one._kept.catch(() => { });
    return one;
  }

  /** A channel or pattern: who wants it, and what the server has said. */
  class Channel {
    /** How many want it, and whether one of them is `subscribe`. */
    _handles = 0;
    _isHeld = 0;
    /** wanted, asked, confirmed or refused; leaving, once the server has been told that it is wanted no longer. */
    status = "wanted";
    error = null;
    _wait = promise();
    /** Whether somebody waits for the answer: `_isAwaited`. */
    _left = promise();

    constructor(name) {
      this.name = name;
      // `*` is one part, a last `**` any number of them.
      this._glob = pattern(name + ".", /\*\*\\\.|\*/g, (stars) => stars[1] ? ".*" : "[^.]*");
    }

    _covers(name) { return name === this.name || !!this._glob?.test(name + "."); }

    /** It is to be asked for, once more or for the first time. */
    _want() {
      if (this.error) this._wait = promise();
      this.status = "wanted";
      this.error = null;
    }

    _answer(error) {
      this.status = error ? "refused" : "confirmed";
      this._isAwaited = false;
      this.error = error ?? null;
      // Who waits hears it, and who asks from now on; what was answered before stays so.
      for (const one of [this._wait, this._wait = promise()]) one._answer(error && failure(error), this);
    }
  }

  /** A way to the server. It calls what it was given, and nothing once it is closed. */
  function openSocket(Socket, url, token, opened, hear, lost) {
    const socket = new Socket(url, token ? ["wsqueue.v1", "bearer." + token] : ["wsqueue.v1"]);
    socket.onopen = opened;
    socket.onmessage = ({ data }) => hear(data);
    socket.onclose = ({ code, reason }) => lost(code, reason);
    socket.onerror = () => { };
    return {
      _send: (message) => socket.readyState === 1 && (socket.send(JSON.stringify(message)), true),
      // It is not waited for: closing a connection whose network has gone takes minutes.
      _close() { socket.onmessage = socket.onclose = null; socket.close(); },
    };
  }

  /** A client: `self` is what the page has of it, and all else stays in here. */
  function make(url = "/", options = {}, prototype) {
    const self = {
      __proto__: prototype,
      url: new URL(url, globalThis.location?.href),
      status: "offline",
      connectionId: null,
      counters: { received: 0, duplicates: 0, gaps: 0, connections: 0, failures: 0 },
      get cursor() { return handledTo; },
      get channels() { return all().filter((channel) => isOwn(channel)).map(({ name }) => name); },

      ...doorOf(),
      off(name, handler) {
        handlers = handlers.filter((entry) =>
          entry._name !== name || entry._door || (handler !== undefined && entry._handler !== handler));
      },
      /** What came within a frame of the screen, as a list; of all events, or of those of a name. */
      onBatch(...all) {
        const handler = all.pop();
        return add(all[0] ?? "*", handler, { _batch: [] });
      },
      /** Published events only, whatever they are called; and what the client and other clients say, only. */
      events: doorOf("events"),
      signals: doorOf("signals"),

      subscribe: (...names) => changed(Promise.all(list(names, "subscribe").map((name) => {
        const channel = hold(name);
        channel._isAwaited = channel.status !== "confirmed";
        return channel._wait._kept;
      }))),
      unsubscribe(...names) {
        const channels = list(names, "unsubscribe").flatMap((name) => byName.get(name) ?? []);
        for (const channel of channels) channel._handles -= channel._isHeld, channel._isHeld = 0;
        return changed(Promise.all(channels.filter(({ _handles }) => !_handles).map(({ _left }) => _left._kept)));
      },
      /** A channel that is listened to until it is closed here, whoever else listens to it. */
      channel(name) {
        const channel = channelOf(list([name], "channel")[0]);
        channel._handles++;
        changed();
        let isOpen = true;
        const isFor = (event) => !!event.channel && channel._covers(event.channel);
        return {
          name,
          get status() { return isOpen ? channel.status : "closed"; },
          get error() { return channel.error; },
          get ready() { return channel._wait._kept; },
          ...doorOf("channel", isFor),
          close() {
            handlers = handlers.filter((entry) => entry._isFor !== isFor);
            if (isOpen) channel._handles--;
            isOpen = false;
            return changed(channel._handles ? undefined : channel._left._kept);
          },
        };
      },

      send: (channel, message, recipients) => ask("message", { channel, message, recipients }, "message_sent"),
      presence: (channel, own) => ask("presence", { ...own, channel }, "presence"),

      connect() {
        if (isClosed || attempts) return;
        listen("addEventListener");
        dial();
      },
      reconnect() {
        if (isClosed) return;
        self.connect();
        tokenCall = null;
        failures = 0;
        again();
      },
      close() {
        isClosed = true;
        listen("removeEventListener");
        flush();
        drop(true);
        save();
        show("offline");
      },
    };

    let handlers = [];
    const byName = new Map();
    /** The cursor: everything up to here has been handled; and where the connection began. */
    let handledTo = null, began;
    /** The last event that was handled, when that is further: a replay has begun and has not ended. */
    let last = ["", 0];
    /** The numbers of the last events, and of those before them, and of which numbering they are. */
    let seen, seenBefore, seenEpoch;
    /** Counts attempts, so that what belongs to an earlier one can tell. */
    let attempts = 0, failures = 0, longestDelay = 20000;
    let tokenCall, isClosed, isAway = false;
    /** The connection: the way to the server, whether everything that was missed is here, and whether what comes is the state,
     * of which neither the numbers count nor what was seen of them. */
    let line, isWelcome, hasAll, isInState, liveSince = 0;
    /** 1: the past is to be asked for once the channels that did not fit into the address are answered; 2: it comes. */
    let late = 0;
    /** What was published before the past has come; it is further. */
    let later = [];
    /** What waits: for the first handler, or for the page's `load`. */
    let held = [], hasHandlers, isLoading, mustLoadAgain;
    let pending = [], isSettling;
    let heard = 0, beat = 25000, timers = {};
    const warned = new Set();
    let key, isSaved = true;
    /** The gap that has been told at this page's own `since`. */
    let told;
    /** What `onBatch` has not been told, until the next frame, and where that leads to; what has come besides, how much of it a
     * frame has room for, and when the last one's work was done. */
    let frame, after, unread = [], room = 500, turned = 0;

    const { channels, events, token, since, load, store = session, state, connect = true } = options;
    const names = list(channels, "channels"), eventNames = list(events, "events");
    const wantsState = state ? true : undefined, isRenewable = typeof token === "function";
    const stores = store && store === storage("localStorage") ? [session, store] : [store];
    self.url.protocol = self.url.protocol.replace("http", "ws");
    self.url.hash = "";
    expect(/string|^[fu]/, "token", token);
    expect(/string|^u/, "since", since);
    expect(/^[fu]/, "load", load);
    for (const name of names) hold(name);
    if (connect) queueMicrotask(() => self.connect());

    // MARK: Handlers

    function doorOf(_door, _isFor) {
      return {
        on: (name, handler) => add(name, handler, { _door, _isFor }),
        once: (name, handler) => add(name, handler, { _door, _isFor, _isOnce: true }),
      };
    }

    function add(name, handler, more) {
      expect(/string/, "a name", name);
      expect(/^f/, "a handler", handler);
      const entry = { _name: name, _glob: pattern(name, /\*/g, "[^]*"), _handler: handler, ...more };
      handlers = [...handlers, entry];
      if (!hasHandlers && entry._door !== "signals" && (entry._door || !ownNames.includes(name))) {
        hasHandlers = true;
        queueMicrotask(release);
      }
      return () => remove(entry);
    }

    function remove(entry) { handlers = handlers.filter((other) => other !== entry); }

    /** Calls a handler; what it throws, now or later, harms no other. */
    function callOne(entry, ...values) {
      const failed = (error) => { self.counters.failures++; (globalThis.reportError ?? console.error)(error); };
      if (entry._isOnce) remove(entry);
      try { entry._handler(...values)?.then?.(undefined, failed); } catch (error) { failed(error); }
    }

    function signal(name, value, whole = value) {
      const meant = handlers.filter((entry) => entry._name === name && (entry._door ?? "signals") === "signals");
      for (const entry of meant) callOne(entry, value, whole);
      return meant.length;
    }

    function call(name, payload, event, text, isPublished) {
      let isHeard, isMeant;
      for (const entry of handlers) {
        if (entry._door === (isPublished ? "signals" : "events")
          || entry._isFor?.(event) === false
          || (entry._glob ? !entry._glob.test(name) : entry._name !== name)) continue;
        if (isPublished && !entry._glob && !entry._door && ownNames.includes(name)) {
          isMeant = true;
          continue;
        }
        isHeard = true;
        if (!entry._batch) callOne(entry, payload, event, text);
        else {
          entry._batch.push(payload === event.payload ? event : { ...event, payload });
          frame ??= nextFrame();
        }
      }
      if (isMeant && !isHeard) warn(name, `an event is called ${name}: events.on("${name}") hears it`);
    }

    function nextFrame() {
      const request = globalThis.requestAnimationFrame?.(turn);
      // A page that nobody sees has no frames.
      const timer = sleep(request ? 100 : 16, turn);
      return () => { clearTimeout(timer); globalThis.cancelAnimationFrame?.(request); };
    }

    /** Hands out what has come for `onBatch`, and moves the cursor behind it. */
    function flush() {
      if (!frame) return;
      frame();
      frame = null;
      for (const entry of handlers) if (entry._batch?.length) callOne(entry, entry._batch.splice(0));
      if (after) move(after);
      after = null;
    }

    /** A frame: reads of what has come as much as it has room for, and hands out what is for it. */
    function turn() {
      const begin = now(), attempt = attempts, texts = unread, { length } = texts;
      let read = 0;
      unread = [];
      while (read < length && (read < room || !isSeen()) && attempt === attempts) readText(texts[read++]);
      if (attempt === attempts) unread = texts.slice(read);
      flush();
      if (unread.length) frame ??= nextFrame();
      // The next frame has what fits into the time that the browser has left of this one, but at most twice as much.
      const end = now(), time = Math.max(leastTime, frameTime - begin + turned);
      if (read) room = Math.max(fewest, length / mostFrames, Math.min(2 * read, read * time / (end - begin || 1)));
      turned = end;
    }

    function isSeen() { return !globalThis.document?.hidden; }

    function warn(code, text, more = "") {
      if (warned.has(code)) return;
      warned.add(code);
      console.warn("wsqueue: " + text, more);
    }

    function fail(code, error, more) {
      const whole = { code, error, ...more };
      if (!signal("error", whole)) warn(code, `${code}: ${error?.message ?? error}`, whole);
    }

    /** Tells what the connection does, unless that is the same as before. */
    function show(status = hasAll && !isLoading ? "live" : "catching-up", details) {
      if (status === self.status) return;
      self.status = status;
      signal("status", status, { status, ...details });
    }

    // MARK: Channels

    function hold(name) {
      const channel = channelOf(name);
      channel._handles += 1 - channel._isHeld;
      channel._isHeld = 1;
      return channel;
    }

    function all() { return [...byName.values()]; }

    function channelOf(name) {
      let channel = byName.get(name);
      if (!channel) byName.set(name, channel = new Channel(name));
      return channel;
    }

    /** Whether it is this page itself that wants a channel. */
    function isOwn(channel) { return !!channel._handles; }

    /** Asks for what a whole turn of the page's has changed. */
    function changed(result = Promise.resolve()) {
      if (!isSettling) queueMicrotask(() => { isSettling = false; settle(); });
      isSettling = true;
      result.catch(() => { });
      return result;
    }

    /** Asks for the channels that are wanted and not yet asked for, and gives back the others. */
    function settle() {
      for (const channel of all())
        if (!channel._handles && /^(wan|ref)/.test(channel.status)) forget(channel);
      // Too much was said: all of it waits for the one timer.
      if (!isWelcome || timers.pace) return;
      const known = all();
      askFor("subscribe", known.filter(({ status }) => status === "wanted"), "asked");
      askFor("unsubscribe", known.filter(({ _handles, status }) => !_handles && status !== "leaving"), "leaving");
      if (late === 1 && !known.some(({ status }) => /^(wan|ask)/.test(status))) {
        late = 2;
        tell("resume", { since: handledTo ?? began, state: wantsState });
      }
    }

    function askFor(action, channels, status) {
      for (const channel of channels) channel.status = status;
      const names = channels.map(({ name }) => name);
      const state = status === "asked" && !late ? wantsState : undefined;
      while (names.length) {
        const [channel, ...more] = names.splice(0, longestList);
        tell(action, more.length ? { channels: [channel, ...more], state } : { channel, state });
      }
    }

    function forget(channel) {
      channel._left._answer();
      byName.delete(channel.name);
    }

    function answered({ action, refused = {}, ...named }) {
      for (const name of namesOf(named)) {
        const one = byName.get(name);
        if (action === "unsubscribe") {
          if (one?.status !== "leaving") continue;
          if (one._handles) one._want();
          else forget(one);
        } else if (one?.status === "asked") one._answer();
      }
      for (const [name, code] of Object.entries(refused)) refuse(name, { code, channel: name, error: `Channel ${name}: ${code}` });
      settle();
    }

    function refuse(name, error) {
      const channel = byName.get(name);
      if (channel && channel.status !== "leaving") channel._answer(error);
      if (!channel || isOwn(channel)) fail(error.code, error.error, error);
    }

    /** Whether nobody here listens any more where an event comes from. */
    function isUnwanted({ channel: name, copies }) {
      let isLeft = false;
      if (name !== undefined) for (const channel of byName.values()) if (channel._covers(name)) {
        if (isOwn(channel)) return false;
        isLeft = true;
      }
      // Of several channels an event names the first: which of the others is wanted it does not say.
      return isLeft && !(copies > 1);
    }

    // MARK: What is said

    function tell(action, data) { return line?._send({ action, data }) ?? false; }

    function ask(_action, data, _answer = _action) {
      return new Promise((_resolve, _reject) => {
        if (!isWelcome || !tell(_action, data)) return _reject(new Error("no connection"));
        const one = { _action, _answer, _channel: data.channel, _resolve, _reject };
        one._timer = sleep(patience, () => takePending((other) => other === one)._reject(new Error("no answer for 10 s")));
        pending.push(one);
      });
    }

    function takePending(isMeant) {
      const one = pending.find(isMeant);
      pending = pending.filter((other) => other !== one);
      clearTimeout(one?._timer);
      return one;
    }

    // MARK: The connection

    function listen(change) {
      for (const name of ["online", "offline", "pageshow", "pagehide", "visibilitychange", "resume"])
        globalThis[change]?.(name, notice);
    }

    function again() {
      drop();
      dial();
    }

    async function dial() {
      const attempt = ++attempts, isMine = () => attempt === attempts;
      clear();
      show("connecting");
      let own;
      try {
        own = await askToken();
      } catch (error) {
        if (isMine()) fail("token", error), lost(1006, "no token");
        return;
      }
      if (!isMine()) return;
      identify(own);
      // A network that swallows everything says nothing.
      expectWelcome(patience);
      open(own, isMine);
    }

    function open(token) {
      try {
        line = socketTo(address(new URL(self.url), longestQuery), token, opened, hear, lost);
      } catch (error) {
        // The address or the token is nothing that a browser sends: it will not get better.
        drop();
        fail(error instanceof ReferenceError ? "no_websocket" : "address", error);
        show("denied");
      }
    }

    function socketTo(...all) {
      const Socket = options.WebSocket ?? globalThis.WebSocket;
      if (!Socket) throw new ReferenceError("Node 22, or { WebSocket }");
      return openSocket(Socket, ...all);
    }

    function opened() { expectWelcome(doorPatience); }

    /** An address with the channels that fit into it. */
    function address(url, room) {
      const fitting = [];
      late = 0;
      for (const channel of all()) if (channel._handles) {
        room -= encodeURIComponent(channel.name).length + 3;
        if (room < 0) late = 1;
        else {
          fitting.push(channel.name);
          channel._want();
          channel.status = "asked";
        }
      }
      return query(url, fitting, late ? {} : past());
    }

    function past() { return { since: handledTo, state: wantsState && 1 }; }

    function query(url, channels, more) {
      const members = { channels: channels.join(), ...more, events: eventNames.join(), heartbeat: "app" };
      for (const [name, value] of Object.entries(members)) if (value) url.searchParams.set(name, value);
      return url;
    }

    function expectWelcome(milliseconds) { setTimer("watch", milliseconds, () => lost(1006, "no welcome")); }

    /** Starts a timer, instead of one of that name. */
    function setTimer(name, milliseconds, run) {
      clearTimeout(timers[name]);
      timers[name] = sleep(milliseconds, run);
    }

    /** Starts a timer, if none of that name runs. */
    function startOnce(name, milliseconds, run) {
      timers[name] ??= sleep(milliseconds, () => { timers[name] = undefined; run(); });
    }

    function lost(code, reason = "", wait) {
      if (isClosed) return;
      if (liveSince && now() - liveSince > steady) failures = 0;
      // A token that is a text is not renewed.
      const isFinal = code >= 4500 || (code === 4001 && token && !isRenewable);
      drop(isFinal);
      if (isFinal) return show("denied", { code, reason });
      // A server that goes away names a moment of its own for each client, so that not all return at once.
      const [, asked] = /^retry_ms=(\d{1,6})$/.exec(reason) ?? [];
      const delay = +(wait ?? asked ?? Math.random() * Math.min(longestDelay, firstDelay * 2 ** failures));
      if (!asked) failures++;
      setTimer("retry", delay, dial);
      show("offline", { code, reason, delay });
    }

    /** Forgets the connection. */
    function drop() {
      attempts++;
      clear();
      line?._close();
      for (const channel of all()) {
        if (!channel._handles) forget(channel);
        else if (channel.status !== "refused") channel.status = "wanted";
      }
      line = self.connectionId = null;
      isWelcome = hasAll = isInState = false;
      late = liveSince = 0;
      held = [];
      later = [];
      unread = [];
      while (pending.length) takePending(() => true)._reject(new Error("connection lost"));
    }

    function clear() {
      for (const timer of Object.values(timers)) clearTimeout(timer);
      timers = {};
    }

    /** Looks whether the server is still there: a page does not see the pings that its browser answers. */
    function watch() {
      const silence = now() - heard, limit = beat + lateness;
      if (silence >= limit) test(pongPatience);
      else setTimer("watch", limit - silence, watch);
    }

    function test(milliseconds) {
      heard = null;
      tell("ping");
      setTimer("watch", milliseconds, () => {
        if (heard !== null) watch();
        else lost(1006, "silence");
      });
    }

    /** Somebody looks at the page, or its network has changed. */
    function look() { test(briefPatience); }

    function notice({ type }) {
      const isHidden = type === "visibilitychange" && document.hidden;
      if (type === "pagehide" || isHidden) turn(), save();
      if (isHidden || self.status === "denied") return;
      if (type === "pagehide") {
        // A page that may come back from the browser's cache must not hold a connection.
        isAway = true;
        drop(true);
        return show("offline");
      }
      if (isAway !== (type === "pageshow")) return;
      isAway = false;
      if (isWelcome) look(type);
      else if (type === "online" || (type !== "offline" && self.status === "offline")) again();
    }

    // MARK: Users

    /** The page's token: one call at a time, however many attempts wait for it. */
    function askToken() {
      if (!isRenewable) return token;
      if (!tokenCall) {
        const timer = sleep(tokenPatience, () => fail("token", "no answer for 30 s"));
        tokenCall = (async () => token())().finally(() => {
          clearTimeout(timer);
          tokenCall = null;
        });
      }
      return tokenCall;
    }

    /** The token's time is nearly over, or its secret's. */
    async function renew() {
      if (!isRenewable) return;
      const attempt = attempts;
      try {
        const token = await askToken();
        if (attempt !== attempts) return;
        await ask("authenticate", { token });
        for (const channel of all()) if (channel.status === "refused") channel._want();
        settle();
      } catch (error) {
        // What the server has refused it has said.
        if (attempt === attempts && !error.code) fail("token", error);
      }
    }

    // MARK: What the server says

    function hear(text) {
      heard = now();
      if (!text) return;
      // Not even read, as otherwise an engine that is flooded comes to no frame.
      if (frame && isSeen()) unread.push(text);
      else readText(text);
    }

    function readText(text) {
      let message;
      try { message = JSON.parse(text); } catch { return fail("malformed", "no JSON"); }
      arrived(message, text);
    }

    function arrived(message, text) {
      const { action, event, seq } = message;
      const isEvent = event !== undefined;
      if (isEvent && isUnwanted(message)) return;
      const isNews = isEvent || /^(resumed|state|position|message)$/.test(action);
      if (isNews && (isLoading || held.length || (!hasHandlers && isEvent)))
        return void (held.push([message, text]) > heldLimit && overflow());
      if (isEvent && late && !isInState && seq > place(began)[1]) return void later.push([message, text]);
      if (isEvent) return take(message, text);
      flush();
      if (action === "message" || action === "presence") {
        if (action === "message" && isUnwanted(message)) return;
        call(action, message.message ?? message.members, { ...message, event: action }, text);
      }
      obey(action, message);
      if (message.success)
        takePending((one) => one._answer === action && (message.channel ?? one._channel) === one._channel)?._resolve(message);
    }

    function obey(action, message) {
      switch (action) {
        case "welcome": return isWelcome || welcome(message);
        case "resumed": return resumed(message);
        case "state": return stateOf(message);
        case "token_expiring": return renew();
        case "ping":
          // Where everything for this client has been sent, though the last event for it may be long ago.
          if (message.cursor && hasAll && !held.length) move(message.cursor);
          return tell("pong");
        case "error": return wasRefused(message);
        case "subscribe": case "unsubscribe": return answered(message);
      }
    }

    /** Takes up what has waited. */
    function release() {
      const waiting = held, attempt = attempts;
      held = [];
      for (const one of waiting) if (attempt === attempts) arrived(...one);
    }

    function overflow() {
      if (!isLoading) return hasHandlers = true, release();
      // All this is in the state that is loaded after it.
      mustLoadAgain = true;
      held = held.filter(([{ action }]) => action);
    }

    function welcome(message) {
      self.connectionId = message.connection_id ?? null;
      began = message.cursor;
      self.counters.connections++;
      liveSince = heard = now();
      beat = message.heartbeat_interval * 1000 || beat;
      isWelcome = true;
      confirm();
      watch();
      if (!handledTo && began && !wantsState) begin(began);
      // The cursor stays where it is until the replay is over: only then the server has said what is lost.
      else show();
      settle();
    }

    /** What was in the address is answered only where it is refused; whoever waits for the answer asks once more. */
    function confirm() {
      for (const channel of all()) if (channel.status === "asked" && channel._handles) {
        if (channel._isAwaited || channel._handles > channel._isHeld) channel._want();
        else channel._answer();
      }
    }

    /** From now on everything comes; there is no past. */
    function begin(cursor) {
      move(cursor);
      if (load) loadPage(null);
      if (late) show();
      else caughtUp(cursor);
    }

    function caughtUp(cursor) {
      move(cursor);
      hasAll = true;
      show();
    }

    function resumed({ cursor, complete, healed, gap }) {
      if (late === 1) return;
      late = 0;
      if (!complete && !healed) miss(gap, cursor);
      for (const [event, text] of later.splice(0).sort(([one], [other]) => one.seq - other.seq)) take(event, text);
      const [epoch, seq] = place(cursor);
      caughtUp(epoch === last[0] && last[1] > seq ? last.join(":") : cursor);
    }

    /** The newest event of each key comes between two of these; keys that are not named have none (any more). */
    function stateOf(message) {
      isInState = !!message.begin;
      if (wantsState) signal("state", message);
      // What was missed besides, its end says.
      if (!message.begin && (!handledTo || hasAll)) caughtUp(message.cursor);
    }

    function miss(gap, cursor) {
      self.counters.gaps++;
      // A page out of a cache has an old `since` each time it is loaded: it is told once, and not again at once.
      const isRepeated = told && Date.now() - told[2] < 10000;
      if (isPlace(since)) told = [since, cursor, isRepeated ? told[2] : Date.now()];
      if (told) write(session, key + " gap", told.join(" "));
      if (isRepeated) return console.warn("wsqueue: events were missed again: Cache-Control: no-store?", gap);
      const isHeard = signal("gap", gap);
      if (load) loadPage(gap);
      else if (!isHeard) console.warn("wsqueue: events were missed: load anew", gap);
    }

    /** Has the page load what it shows; what comes meanwhile waits, so that nothing is between. */
    async function loadPage(gap) {
      if (isLoading) return void (mustLoadAgain = true);
      isLoading = true;
      for (let tries = 0; !isClosed; tries++) {
        mustLoadAgain = false;
        try {
          await load({ gap, cursor: handledTo });
          if (!mustLoadAgain) break;
        } catch (error) {
          fail("load", error);
          await new Promise((go) => sleep(Math.min(longestDelay, 1000 * 2 ** tries), go));
        }
      }
      isLoading = false;
      release();
      if (hasAll) show();
    }

    function take(event, text) {
      const { seq } = event, [epoch] = place(handledTo), cursor = epoch + ":" + seq, isLive = hasAll;
      if (epoch !== seenEpoch) {
        seenEpoch = epoch;
        seen = new Set(), seenBefore = new Set();
      }
      // A replay that had begun before is begun anew.
      const reached = epoch === last[0] ? last[1] : -1;
      const isState = isInState && event.key !== undefined;
      if (!isState && ((!isLive && seq <= reached) || seen.has(seq) || seenBefore.has(seq))) {
        self.counters.duplicates++;
      } else {
        // To take out the oldest of one set would cost more the longer engines go without collecting garbage.
        if (seen.add(seq).size > rememberedNumbers) seenBefore = seen, seen = new Set();
        self.counters.received++;
        // With --payload-key the second member has another name.
        call(event.event, event.payload === undefined ? Object.values(event)[1] : event.payload, event, text, true);
      }
      if (isInState || !(seq > reached)) return;
      last = [epoch, seq];
      if (!isLive) return;
      // What waits for its frame has not been handled.
      if (frame) after = cursor;
      else move(cursor);
    }

    function wasRefused(message) {
      const { code, channel, request, retry_after: seconds, error } = message;
      const one = takePending((one) => (request ?? one._action) === one._action && (channel ?? one._channel) === one._channel);
      if (one) one._reject(failure(message));
      else if (seconds) {
        // Too many at once: what has not been answered is asked for again, by one timer.
        for (const channel of all()) {
          if (channel.status === "asked") channel.status = "wanted";
          if (channel.status === "leaving") channel.status = "confirmed";
        }
        if (late === 2 && request !== "subscribe") late = 1;
        startOnce("pace", seconds * 1000, settle);
      } else if (code === "invalid_field" && /since/.test(error) && !hasAll) {
        late = 0;
        resumed({ cursor: began ?? handledTo, gap: { from: handledTo, to: began, reason: "cursor" } });
      } else if (channel !== undefined) return refuse(channel, message), settle();
      fail(code, error, message);
    }

    // MARK: The cursor

    /** Takes the name under which this user's cursor is kept, and where he was, the first time. */
    function identify(token) {
      const isFirst = !key;
      const user = claims(token).sub;
      const page = self.url.href.replace(/.+?:../, "") + (user === undefined ? "" : "#" + user);
      key = "wsqueue " + [page, ...names, "", ...eventNames].join(" ");
      if (!isFirst) return;
      const kept = stores.map((store) => read(store, key)).find(Boolean) ?? null;
      const before = isPlace(since) && read(session, key + " gap")?.split(" ");
      if (before && before[0] === since) told = before;
      handledTo = told ? kept ?? told[1] : since ?? (load ? null : kept);
    }

    function move(cursor) {
      handledTo = cursor;
      last = place(cursor);
      isSaved = false;
      if (isClosed) return save();
      // Not for each event: a page that goes says so first.
      startOnce("save", 1000, save);
    }

    function save() {
      if (isSaved) return;
      isSaved = true;
      for (const store of stores) write(store, key, handledTo);
    }

    // MARK: Beyond the core
    // What HTTP says of a server that no WebSocket reaches, and two more ways to it: by HTTP where WebSockets are blocked, and
    // by another tab that has a connection.

    // To ask by HTTP costs less than a handshake, and nothing where no one answers.
    if (globalThis.fetch) longestDelay = 8000;
    const blocked = "WebSockets do not get through: ";
    // How long events come by HTTP before a WebSocket is tried again.
    const streamTime = 60000;

    /** Server-Sent Events. An EventSource tells neither why it was refused nor of the signs that the server is there. */
    function openStream(url, token, opened, hear, lost, turnedAway) {
      const stop = new AbortController(), { signal } = stop;
      (async () => {
        const waits = [];
        try {
          const headers = { accept: "text/event-stream", ...bearer(token) };
          const answer = await fetch(url, { headers, cache: "no-store", signal });
          if (!answer.ok) return turnedAway(answer);
          opened();
          const reader = answer.body.getReader(), decoder = new TextDecoder();
          let rest = "", data = [], id;
          for (;;) {
            const { done, value } = await reader.read();
            if (done) break;
            hear();
            const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
            rest = lines.pop();
            for (const line of lines) {
              if (signal.aborted) return;
              if (line.startsWith("data: ")) data.push(line.slice(6));
              else if (line.startsWith("id: ")) id = line.slice(4);
              else if (line.startsWith("retry: ")) waits.push(line.slice(7));
              else if (!line) {
                if (data.length) hear(data.join("\n"));
                else if (id) hear(JSON.stringify({ action: "position", cursor: id }));
                data = [];
                id = undefined;
              }
            }
          }
        } catch { }
        // The first is for everyone, another comes from a server that goes away.
        if (!signal.aborted) lost(1006, waits[1] ? "retry_ms=" + waits.at(-1) : "");
      })();
      return { _send: () => false, _close: () => stop.abort(), _isFixed: true };
    }

    const { share, fallback = true } = options;
    /** Whether HTTP has just answered, and whether the connection has opened since. */
    let isProbed, hasOpened;
    /** Whether events come by HTTP, and whether the first place that is told is only the one that was named. */
    let isStream, isEcho;
    /** One connection for all tabs: this one's name, the channel that all of them hear, and how to leave it. */
    const tab = Math.random();
    let bus, leave, lead, isAlive, mustSteal, isReopened;
    /** Since when this tab leads, what the others want, and where what they were told stands. */
    let leads = 0, reached;
    const tabs = new Map();

    const openSocketOnly = open;
    open = async (token, isMine) => {
      isProbed = hasOpened = false;
      if (share && globalThis.navigator?.locks && globalThis.BroadcastChannel && join(token)) return;
      isStream ??= fallback && !!read(session, byHTTP);
      if (!isStream) {
        // Firefox lets a WebSocket wait for up to a minute after others have failed, and no request.
        if (failures < 2 || failures % 6 === 1 || !globalThis.fetch || await probe(token, isMine)) openSocketOnly(token);
        return;
      }
      const url = address(http("events" + self.url.search), Infinity);
      url.searchParams.delete("heartbeat");
      line = openStream(url, token, opened, hear, lost, turnedAway);
    };

    const expectAfterOpening = opened;
    opened = () => {
      hasOpened = true;
      expectAfterOpening();
      if (isStream) welcome({});
    };

    const isFollower = () => bus && !leads;

    const beginConnection = welcome;
    welcome = (message) => {
      const since = handledTo;
      clearTimeout(timers.join);
      isEcho = isStream && !wantsState;
      if (isStream) tryBack();
      beginConnection(message);
      if (!isFollower() || !isWelcome) return;
      // Until its leader was let into a channel nobody heard what came there, and no number of the leader's says so.
      if (since ? since !== began || self.channels.length : wantsState) catchUp();
      else if (since) caughtUp(since);
    };

    const confirmHere = confirm;
    confirm = () => { if (!isStream && !isFollower()) confirmHere(); };

    const liveHere = caughtUp;
    caughtUp = (cursor) => {
      if (isStream) answered({ action: "subscribe", channels: [...byName.keys()] });
      liveHere(cursor);
      if (leads) bus.postMessage({ lead: tab });
    };

    const askByMessage = askFor;
    askFor = (action, channels, status) => {
      if (!line?._isFixed) askByMessage(action, channels, status);
      else if (channels.length) {
        // Other tabs have what they asked for; to end them would have them ask again, and this again.
        isReopened = true;
        again();
        isReopened = false;
      }
    };

    const askServer = ask;
    ask = (...all) => isStream ? Promise.reject(new Error(blocked + "nothing can be sent")) : askServer(...all);

    const renewInPlace = renew;
    renew = () => isRenewable && line._isFixed ? again() : renewInPlace();

    const testHere = look;
    look = (type) => isStream && type !== "offline" ? tryBack(0) : testHere();

    const lostHere = lost;
    lost = (code, reason, wait) => {
      // Who leads and says nothing leads no more.
      mustSteal = isFollower() && (reason === "silence" || (reason === "no welcome" && !hasOpened));
      if (isProbed && !hasOpened && line && fallback) {
        setStream(true);
        fail("websocket_blocked", blocked + "events by HTTP");
        wait = 0;
      }
      lostHere(code, reason, wait);
    };

    const dropHere = drop;
    drop = (isGone) => {
      if (!isReopened) {
        if (leads && isWelcome) bus.postMessage({ end: true });
        for (const tab of tabs.keys()) forgetTab(tab);
      }
      dropHere();
      isEcho = false;
      if (!isGone) return;
      leave?.();
      leads = 0;
      bus = leave = null;
    };

    const obeyHere = obey;
    obey = (action, message) => {
      if (action === "position") positionOf(message);
      else if (action === "pong") hasOpened = true;
      else obeyHere(action, message);
    };

    isOwn = (channel) => channel._handles > (channel._foreign ?? 0);

    const arrivedHere = arrived;
    arrived = (message, text) => {
      if (leads) relay(message, text);
      arrivedHere(message, text);
    };

    // MARK: By HTTP, where no WebSocket comes about

    /** Another address of the server's, beside this one. */
    function http(name) {
      const url = new URL(name, self.url);
      url.protocol = url.protocol.replace("ws", "http");
      return url;
    }

    function bearer(token) { return token ? { authorization: "Bearer " + token } : {}; }

    /** Asks by HTTP whether the server is there, and why it does not let this page in. */
    async function probe(token, isMine) {
      const url = http("cursor"), get = (how) => fetch(url, { cache: "no-store", ...how }).catch(() => { });
      const answer = await get({ headers: bearer(token) }) ?? await get({ mode: "no-cors" });
      if (!isMine()) return;
      if (!answer) return lost(1006, "unreachable");
      if (answer.ok) return isProbed = true;
      if (answer.type !== "opaque") return void turnedAway(answer);
      // It is no server of ours, or one that does not know this page: perhaps a socket knows more.
      fail("unreadable", "allow its --origin");
      return true;
    }

    async function turnedAway(answer) {
      const attempt = attempts, { status } = answer;
      const text = (await answer.text().catch(() => "")).trim();
      if (attempt !== attempts) return;
      const code = status === 403 && text.includes("--origin") ? "origin" : "http_" + status;
      fail(code, text, { status });
      const isFinal = status === 403 || status === 431 || (status === 401 && !isRenewable);
      const seconds = +answer.headers.get("retry-after");
      lost(isFinal ? 4500 : 1006, code, seconds ? seconds * 1000 * (1 + Math.random()) : undefined);
    }

    const byHTTP = "wsqueue HTTP " + self.url.host;

    function setStream(isWanted) {
      isStream = isWanted;
      write(session, byHTTP, isWanted ? "1" : "");
    }

    /** Tries whether a WebSocket gets through now. */
    function tryBack(wait = streamTime) {
      setTimer("back", wait, () => {
        const attempt = attempts, isMine = () => attempt === attempts;
        const trial = socketTo(self.url, null, () => {
          trial._close();
          if (isMine()) setStream(false), again();
        }, () => { }, () => isMine() && tryBack());
      });
    }

    /** A stream says where it stands: first where it was asked to begin, then where everything has come that was missed. */
    function positionOf({ cursor }) {
      if (!isEcho) return hasAll ? move(cursor) : resumed({ cursor, complete: true });
      isEcho = false;
      if (began) return;
      began = cursor;
      if (!handledTo) begin(cursor);
    }

    // MARK: One connection for all tabs
    // A lock makes one of them the leader. To the others it is the server, over a channel that all of them hear.

    function join(token) {
      if (!bus) {
        // Tabs with another version of this file are among themselves.
        const name = "wsqueue tabs " + [self.url.href, claims(token).sub, !!wantsState, ...eventNames].join(" ");
        const mine = bus = new BroadcastChannel(name), stop = new AbortController();
        const ends = [() => stop.abort(), () => mine.close()];
        leave = () => { for (const end of ends.splice(0)) end(); };
        bus.onmessage = ({ data }) => overhear(data);
        // As long as this tab lives it holds a lock of its own name.
        const holdLock = (name, how, begin) => navigator.locks.request(name, how, () => new Promise((end) => {
          if (bus !== mine) return end();
          ends.push(end);
          begin?.();
        }));
        isAlive = new Promise((go) => holdLock(tab, {}, go));
        lead = (how) => holdLock(name, how, () => {
          // Some engines let one lead a moment after another has taken its place: the last one does.
          leads = Date.now() + Math.random();
          bus.postMessage({ end: true, took: leads });
          again();
        }).catch(() => {
          // Another tab has taken it, or this one has left.
          if (bus !== mine || !leads) return;
          leads = 0;
          again();
        });
        lead({ signal: stop.signal });
      }
      if (leads) return false;
      if (mustSteal) lead({ steal: true });
      mustSteal = false;
      const { channels } = self;
      for (const name of channels) channelOf(name).status = "asked";
      const way = line = {
        _send: (message) => (bus?.postMessage({ from: tab, ...message }), true),
        _close: () => bus?.postMessage({ from: tab, action: "leave" }),
        _isFixed: !!wantsState,
        _token: token,
      };
      // What is said at once a channel that is new may lose.
      const say = () => {
        tell("join", { channels, attempt: attempts });
        setTimer("join", 500, say);
      };
      // Or its leader had its lock first, and took it for gone.
      isAlive.then(() => { if (line === way) say(); });
      return true;
    }

    function overhear({ from, to, lead: isLed, took, end, text, channel, copies, ...message }) {
      if (from) return void (leads && serve(from, message));
      if (leads) {
        if (took > leads) leads = 0, again();
        return;
      }
      if (to && to !== tab) return;
      if (isLed) return void (isWelcome || again());
      // Before the welcome what is for all is not for this one.
      if (!line || (!to && !isWelcome)) return;
      if (end) lost(1006, "offline");
      // Some other tab wants this, and of several channels an event names the first.
      else if (channel === undefined || copies > 1 || all().some((one) => one._handles && one._covers(channel))) hear(text);
    }

    /** Does what another tab asks for, as the server would. */
    async function serve(tab, { action, data = {} }) {
      let names = tabs.get(tab);
      const reply = (message) => { if (tabs.get(tab) === names) bus?.postMessage({ to: tab, text: JSON.stringify(message) }); };
      const channels = namesOf(data);
      switch (action) {
        case "leave": return forgetTab(tab);
        case "ping": return reply({ action: "pong" });
        case "join":
          if (!hasAll) return void bus.postMessage({ to: tab, end: true });
          reply({ action: "pong" });
          if (names?._joined !== data.attempt) {
            forgetTab(tab);
            names = new Set();
            names._joined = data.attempt;
            tabs.set(tab, names);
            // Nobody says so for a tab that was killed.
            navigator.locks.request(tab, () => forgetTab(tab));
          }
          // What it asks for is answered before it is welcomed: what comes after that is not missed.
          return serveChannels(tab, channels, (answer) => {
            reply({ action: "welcome", cursor: reached, connection_id: self.connectionId, heartbeat_interval: beat / 1000 });
            if (channels.length) reply(answer);
          });
        case "subscribe": return names && serveChannels(tab, channels, reply);
        case "unsubscribe":
          for (const name of channels) if (names?.delete(name)) countTabs(name, -1);
          changed();
          return reply({ success: true, action, channels });
        case "message": case "presence":
          try {
            reply(await ask(action, data, action === "message" ? "message_sent" : action));
          } catch (error) {
            reply({ success: false, action: "error", request: action, channel: data.channel, error: error.message, ...error });
          }
      }
    }

    async function serveChannels(tab, names, answer) {
      const channels = names.map((name) => channelOf(name)), mine = tabs.get(tab);
      for (const { name } of channels) if (!mine.has(name)) mine.add(name), countTabs(name, 1);
      changed();
      await Promise.allSettled(channels.map(({ _wait }) => _wait._kept));
      const refused = {};
      for (const { name, error } of channels) if (error) refused[name] = error.code;
      if (tabs.get(tab) === mine)
        answer({ success: true, action: "subscribe", channels: names.filter((name) => !refused[name]), refused });
    }

    /** How many other tabs want a channel, of all that want it. */
    function countTabs(name, change) {
      const channel = channelOf(name);
      channel._handles += change;
      channel._foreign = (channel._foreign ?? 0) + change;
    }

    function forgetTab(tab) {
      for (const name of tabs.get(tab) ?? []) countTabs(name, -1);
      tabs.delete(tab);
      changed();
    }

    /** Passes on what is for other tabs, too. */
    function relay({ action, event, cursor, channel, copies, seq }, text) {
      const isEvent = event !== undefined;
      if (cursor) reached = cursor;
      if (isEvent && !isInState && seq > place(reached)[1]) reached = place(reached)[0] + ":" + seq;
      if (!tabs.size || isInState || !(isEvent || /^(message|presence|ping)$/.test(action))) return;
      // What nobody has asked for is for all.
      bus.postMessage(all().some((one) => one._covers(channel)) ? { text, channel, copies } : { text });
    }

    /** Gets what this tab has missed from the server itself: its leader has had it. */
    function catchUp() {
      late = 2;
      isEcho = !wantsState;
      const way = line, { _close } = way;
      const url = query(http("events" + self.url.search), self.channels, { ...past(), poll: 1 });
      const stream = openStream(url, way._token, () => { }, hear, (...all) => { if (late) lost(...all); }, turnedAway);
      way._close = () => { stream._close(); _close(); };
    }

    return self;
  }

  return class WSQueue { constructor(url, options) { return make(url, options, new.target.prototype); } };
})();
