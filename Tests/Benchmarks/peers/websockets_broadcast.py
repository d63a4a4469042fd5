"""Python's websockets: what comes on /publish goes to everyone on /. Usage: websockets_broadcast.py PORT"""

import asyncio
import sys

from websockets.asyncio.server import broadcast, serve

clients = set()


async def serve_client(connection):
    if connection.request.path == "/publish":
        async for message in connection:
            broadcast(clients, message)
        return
    clients.add(connection)
    try:
        await connection.wait_closed()
    finally:
        clients.discard(connection)


async def main():
    async with serve(serve_client, "127.0.0.1", int(sys.argv[1]), compression=None, ping_interval=None, backlog=4096):
        await asyncio.get_running_loop().create_future()


asyncio.run(main())
