// For pages that spoke with RoadRunner's websockets plugin: new TopicSocket(url) instead of new WebSocket(url).
// It says {"command":"join","topics":[…]} and {"command":"leave",…} to wsqueue-server in its own words, and hands out
// {"topic":"@join","payload":[…]}, {"topic":"#join",…} when a topic is refused, and {"topic":…,"payload":"…"}.
class TopicSocket {
  #socket;
  #under = []; // joins and leaves that are not answered, in order

  constructor(url) {
    this.#socket = new WebSocket(url, "wsqueue.v1");
    this.#socket.onopen = (event) => this.onopen?.(event);
    this.#socket.onclose = (event) => this.onclose?.(event);
    this.#socket.onerror = (event) => this.onerror?.(event);
    this.#socket.onmessage = (event) => this.#receive(JSON.parse(event.data));
  }

  get readyState() { return this.#socket.readyState; }

  send(text) {
    const { command, topics } = JSON.parse(text);
    const action = { join: "subscribe", leave: "unsubscribe" }[command];
    if (!action) throw new Error("join or leave, not " + command);
    if (topics.length === 0) return this.#hand("@" + command, topics);
    this.#ask(action, topics, command);
  }

  close(...how) { this.#socket.close(...how); }

  #ask(action, topics, command) {
    this.#under.push({ command, topics, left: topics.length, isRefused: false });
    for (const channel of topics) this.#socket.send(JSON.stringify({ action, data: { channel } }));
  }

  #receive(message) {
    if (message.event !== undefined) {
      // Without a channel it is for everybody, and no page of the plugin's knows that.
      if (message.channel !== undefined) this.#hand(message.channel, JSON.stringify(message.payload));
    } else if (message.success !== undefined && this.#under.length > 0) {
      const first = this.#under[0];
      first.left -= 1;
      first.isRefused ||= !message.success;
      if (first.left > 0) return;
      this.#under.shift();
      if (first.command === null) return;
      // All of them or none, as it was.
      if (first.isRefused && first.command === "join") this.#ask("unsubscribe", first.topics, null);
      this.#hand((first.isRefused ? "#" : "@") + first.command, first.topics);
    }
  }

  #hand(topic, payload) { this.onmessage?.({ data: JSON.stringify({ topic, payload }) }); }
}
