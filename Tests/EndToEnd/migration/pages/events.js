// A page as it was written for the PHP original: it only listens, and looks at `data.event` and `data.payload`.
class EventsPage {
  constructor(url) {
    this.orders = [];
    this.users = [];
    this.unknown = [];
    this.url = url;
    this.connect();
  }

  connect() {
    this.socket = new WebSocket(this.url);
    this.socket.onmessage = (event) => {
      const data = JSON.parse(event.data);
      switch (data.event) {
        case "order.created":
          this.orders.push(data.payload.id);
          break;
        case "user.registered":
          this.users.push(`${data.payload.name} at ${new Date(data.timestamp * 1000).toISOString()}`);
          break;
        default:
          this.unknown.push(data);
      }
    };
    this.socket.onclose = () => setTimeout(() => this.connect(), 100);
  }
}
