// Node's ws: what comes on /publish goes to everyone on /. Usage: ws.js PORT
const { WebSocketServer, WebSocket } = require("ws");

const server = new WebSocketServer({ host: "127.0.0.1", port: Number(process.argv[2]), backlog: 4096 });
const clients = new Set();

server.on("connection", (socket, request) => {
  socket.on("error", () => {});
  if (request.url === "/publish") {
    socket.on("message", (data) => {
      for (const client of clients) if (client.readyState === WebSocket.OPEN) client.send(data, { binary: false });
    });
    return;
  }
  clients.add(socket);
  socket.on("close", () => clients.delete(socket));
});
