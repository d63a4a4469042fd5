"""picows: what comes on /publish goes to everyone on /. Usage: picows_broadcast.py PORT"""

import asyncio
import sys

from picows import WSListener, WSMsgType, ws_create_server

clients = set()


class Subscriber(WSListener):
    def on_ws_connected(self, transport):
        clients.add(transport)

    def on_ws_disconnected(self, transport):
        clients.discard(transport)


class PublisherListener(WSListener):
    def on_ws_frame(self, transport, frame):
        if frame.msg_type == WSMsgType.TEXT:
            message = frame.get_payload_as_bytes()
            for client in clients:
                client.send(WSMsgType.TEXT, message)


def listener(request):
    return PublisherListener() if request.path == b"/publish" else Subscriber()


async def main():
    server = await ws_create_server(listener, "127.0.0.1", int(sys.argv[1]), backlog=4096)
    await server.serve_forever()


asyncio.run(main())
