"""uWebSockets by socketify: what comes on /publish goes to everyone on /. Usage: uwebsockets.py PORT publish|cork

publish: app.publish, as its manual has it. cork: what came in one turn of the loop is kept, and each client is sent all
of it corked, one write a client, as an author who knows of the cost would do by hand.
"""

import sys

from socketify import App, CompressOptions, OpCode

PORT, MODE = int(sys.argv[1]), sys.argv[2]
app = App()
clients = set()
pending = []


def send_all(socket, messages):
    for message in messages:
        socket.send(message, OpCode.TEXT)


def flush():
    messages = pending[:]
    pending.clear()
    for client in clients:
        client.cork(lambda socket: send_all(socket, messages))


def receive(socket, message, opcode):
    if MODE == "publish":
        app.publish("bench", message, OpCode.TEXT)
        return
    if not pending:
        app.loop.loop.call_soon(flush)
    pending.append(message)


def opened(socket):
    clients.add(socket)
    socket.subscribe("bench")


common = {"compression": CompressOptions.DISABLED, "max_backpressure": 1 << 30, "idle_timeout": 0}
app.ws("/publish", {**common, "max_payload_length": 1 << 20, "message": receive})
app.ws("/", {**common, "open": opened, "close": lambda socket, code, text: clients.discard(socket)})
app.listen({"port": PORT, "host": "127.0.0.1"}, lambda config: None)
app.run()
