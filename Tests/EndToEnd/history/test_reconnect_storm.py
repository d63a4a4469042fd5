"""A thousand clients that all lose their server in the same moment: they come back spread out, and miss nothing."""

import asyncio
import collections
import json
import random
import re
import time

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from support.files import name_of, place

SIZE = 1_000
# As wsqueue.js does (SPEC §4, browser client), milliseconds.
FIRST_DELAY, LONGEST_DELAY = 250, 20_000


class Returning:
    """A client that comes back as wsqueue.js does."""

    def __init__(self, address):
        self.address = address
        self.cursor = None
        self.asked = None
        self.returned = None
        self.failures = 0
        self.payloads = []
        self.last = asyncio.Event()

    async def run(self, opened):
        while not self.last.is_set():
            try:
                query = f"?since={self.cursor}" if self.cursor else ""
                async with connect(self.address + query, subprotocols=["wsqueue.v1"], open_timeout=30) as socket:
                    await self._listen(socket, opened)
            except (OSError, InvalidHandshake, TimeoutError):
                delay = random.random() * min(LONGEST_DELAY, FIRST_DELAY * 2 ** self.failures)
                self.failures += 1
                await asyncio.sleep(delay / 1_000)
            except ConnectionClosed as closed:
                self.asked = int(re.fullmatch(r"retry_ms=(\d+)", closed.rcvd.reason)[1])
                await asyncio.sleep(self.asked / 1_000)

    async def _listen(self, socket, opened):
        welcome = json.loads(await socket.recv())
        if self.cursor:
            self.returned = time.monotonic()
        self.cursor = self.cursor or welcome["cursor"]
        opened()
        while not self.last.is_set():
            message = json.loads(await socket.recv())
            if "event" not in message:
                continue
            self.payloads.append(message["payload"])
            self.cursor = f"{self.cursor.split(':')[0]}:{message['seq']}"
            if message["payload"] == "last":
                self.last.set()


async def storm(start, queue):
    server = start()
    count, all_open = 0, asyncio.Event()

    def opened():
        nonlocal count
        count += 1
        if count == SIZE:
            all_open.set()

    clients = [Returning(server.address) for _ in range(SIZE)]
    tasks = [asyncio.create_task(client.run(opened)) for client in clients]
    await asyncio.wait_for(all_open.wait(), 60)
    place(queue, name_of(1), '{"event":"n","payload":"before"}')
    await asyncio.to_thread(server.wait_for, "event.sent")
    assert await asyncio.to_thread(server.terminate) == 0
    place(queue, name_of(2), '{"event":"n","payload":"meanwhile"}')
    await asyncio.to_thread(start, listen=f"127.0.0.1:{server.port}")
    place(queue, name_of(3), '{"event":"n","payload":"last"}')
    await asyncio.wait_for(asyncio.gather(*tasks), 90)
    return clients


@pytest.mark.alone
def test_a_thousand_clients_come_back_as_they_were_told_and_miss_nothing(start, queue):
    clients = asyncio.run(storm(start, queue))
    assert {tuple(client.payloads) for client in clients} == {("before", "meanwhile", "last")}
    # Two milliseconds a client: of the tenths of these two seconds each has a tenth of them, give or take five sigma.
    told = collections.Counter(client.asked // 200 for client in clients)
    assert sorted(told) == list(range(10))
    assert all(50 < number < 150 for number in told.values()), told
    # And so they arrive, whatever a busy machine adds: no tenth of the time has more than half of them.
    first = min(client.returned for client in clients)
    arrived = collections.Counter(int((client.returned - first) * 5) for client in clients)
    assert len(arrived) >= 5 and max(arrived.values()) < SIZE / 2, arrived
