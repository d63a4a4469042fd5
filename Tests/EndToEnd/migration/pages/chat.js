// A chat page as it was written for the older WebSocket handlers: it knows no subprotocol and no cursor.
class ChatPage {
  constructor(url, channel) {
    this.connectionId = null;
    this.channels = [];
    this.shown = [];
    this.sent = [];
    this.errors = [];
    this.unknown = [];
    this.pongs = 0;
    this.outgoing = [];
    this.socket = new WebSocket(url);
    this.socket.onopen = () => this.send("subscribe", { channel });
    this.socket.onmessage = (event) => this.receive(JSON.parse(event.data));
    this.socket.onclose = (event) => { this.closed = event.code; };
  }

  send(action, data = {}) {
    this.socket.send(JSON.stringify({ action, data }));
  }

  say(channel, message) {
    this.outgoing.push({ channel, message });
    this.send("message", { channel, message });
  }

  receive(data) {
    if (data.success === false) {
      this.errors.push(data);
      // What was refused is sent again when the server says that it may be.
      if (data.error === "Rate limit exceeded. Please slow down.") {
        const refused = this.outgoing.shift();
        setTimeout(() => this.say(refused.channel, refused.message), data.retry_after * 1000);
      }
      return;
    }
    switch (data.action) {
      case "welcome":
        this.connectionId = data.connection_id;
        this.heartbeat = setInterval(() => this.send("ping"), data.heartbeat_interval * 1000);
        break;
      case "subscribe":
        this.channels.push(data.channel);
        break;
      case "unsubscribe":
        this.channels = this.channels.filter((name) => name !== data.channel);
        break;
      case "message":
        this.shown.push({ channel: data.channel, from: data.sender, text: data.message, time: data.time });
        break;
      case "message_sent":
        this.sent.push({ ...this.outgoing.shift(), count: data.recipients_count });
        break;
      case "pong":
        this.pongs += 1;
        break;
      default:
        this.unknown.push(data);
    }
  }
}
