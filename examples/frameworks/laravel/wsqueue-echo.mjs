// Laravel Echo on wsqueue's own client: channels, private and presence channels, toOthers(), notifications, whispers.
//
//   import Echo from "laravel-echo";
//   import { WSQueueConnector } from "./wsqueue-echo.mjs";
//   import { WSQueue } from "wsqueue";          // npm install http://127.0.0.1:8081/wsqueue.tgz
//   window.Echo = new Echo({ broadcaster: WSQueueConnector, client: WSQueue, url: "https://example.org:8081/" });
//   Echo.private(`orders.${id}`).listen("OrderCreated", ({ total }) => show(total));
//
// What was published while this page was away comes when it is back. Publishing works with the server down. `url` may
// be left out where the server is behind this host; all other options are those of WSQueue: token, since, share, …
// With Echo before 1.16, which takes no class: broadcaster: (options) => new WSQueueConnector(options).
const shown = ({ user, info }) => info ?? { id: user };

// One channel, with the methods that Echo's own have.
class Channel {
  constructor(connector, name) {
    Object.assign(this, { connector, name, handle: connector.queue.channel(name), handlers: [] });
  }

  /** An event's name as Laravel broadcasts it: its class, in the namespace of the options, or after a dot as it is. */
  #named(event) {
    if (/^[.\\]/.test(event)) return event.slice(1);
    const { namespace = "App.Events" } = this.connector.options;
    return (namespace ? `${namespace}.${event}` : event).replaceAll(".", "\\");
  }

  #on(name, given, handler) {
    this.handlers.push([name, given, this.handle.on(name, handler)]);
    return this;
  }

  #off(name, given) {
    const isMeant = ([one, its]) => one === name && (!given || its === given);
    for (const [, , off] of this.handlers.filter(isMeant)) off();
    this.handlers = this.handlers.filter((one) => !isMeant(one));
    return this;
  }

  listen(event, callback) { return this.#on(this.#named(event), callback, (payload) => callback(payload)); }
  listenToAll(callback) { return this.#on("*", callback, (payload, { event }) => callback(event, payload)); }
  stopListening(event, callback) { return this.#off(this.#named(event), callback); }
  stopListeningToAll(callback) { return this.#off("*", callback); }
  notification(callback) {
    return this.listen(".Illuminate\\Notifications\\Events\\BroadcastNotificationCreated", callback);
  }

  subscribed(callback) { return this.#done(this.handle.ready.then(() => callback(), () => {})); }
  error(callback) { return this.#done(this.handle.ready.catch(callback)); }
  #done() { return this; }

  // Whispers are messages of clients, which go where a rule of the server lets them.
  whisper(event, data) {
    return this.#done(this.connector.queue.send(this.name, { whisper: event, data }).catch(() => {}));
  }

  listenForWhisper(event, callback) {
    return this.#signal("message", ({ whisper, data }) => { if (whisper === event) callback(data); });
  }

  // Who is there, by user.
  here(callback) { return this.#signal("presence", (members) => callback(members.map(shown))); }
  joining(callback) { return this.#each("presence.join", callback); }
  leaving(callback) { return this.#each("presence.leave", callback); }
  #each(name, callback) {
    return this.#on(name, callback, ({ members }) => members.forEach((one) => callback(shown(one))));
  }

  #signal(name, handler) {
    return this.#done(this.connector.queue.signals.on(name, (value, { channel }) => {
      if (channel === this.name) handler(value ?? {});
    }));
  }
}

export class WSQueueConnector {
  constructor({ client = globalThis.WSQueue, url = "/", namespace, queue, broadcaster, ...options }) {
    this.options = { namespace, ...options };
    this.queue = queue ?? new client(url, options);
    this.channels = new Map();
  }

  disconnect() { this.queue.close(); }
  socketId() { return this.queue.connectionId === null ? undefined : String(this.queue.connectionId); }

  channel(name) {
    if (!this.channels.has(name)) this.channels.set(name, new Channel(this, name));
    return this.channels.get(name);
  }

  listen(name, event, callback) { return this.channel(name).listen(event, callback); }
  privateChannel(name) { return this.channel(`private-${name}`); }
  presenceChannel(name) { return this.channel(`presence-${name}`); }
  leave(name) { for (const one of [name, `private-${name}`, `presence-${name}`]) this.leaveChannel(one); }

  leaveChannel(name) {
    this.channels.get(name)?.handle.close();
    this.channels.delete(name);
  }
}
