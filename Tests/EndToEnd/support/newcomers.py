"""Clients that come and ask for the state, how long it takes until they have it, and what that costs the others."""

import contextlib
import json
import resource
import select
import socket
import time

from .client import handshake_request
from .files import name_of, place, waiting
from .owed import ClientsApart, Witness, own_memory
from .waiting import eventually

CHANNELS, KEYS = 100, 100
EVENT_BYTES = 300


def publish_state(queue):
    """10,000 keys of 300 bytes, 100 in each of 100 channels."""
    lines = []
    for channel in range(CHANNELS):
        for key in range(KEYS):
            event = {"event": "state", "channel": f"c{channel}", "key": f"k{key}", "payload": ""}
            event["payload"] = "x" * (EVENT_BYTES - len(json.dumps(event)))
            lines.append(json.dumps(event))
    place(queue, name_of(1) + "l", "\n".join(lines))
    eventually(lambda: not waiting(queue), "the state is published", 30)


def come(address, requests, ends, orders):
    """In a process of its own: all connect at once, and say how long it took until each has read what ends it."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8_192), hard))
    while (order := orders.recv()) != "end":
        poller, clients = select.epoll(), {}
        begin = time.monotonic()
        for request in requests:
            one = socket.socket()
            one.connect(address)
            one.sendall(request)
            one.setblocking(False)
            poller.register(one, select.EPOLLIN)
            clients[one.fileno()] = [one, b""]
        if order == "stay":
            _read(poller, clients, b"\r\n\r\n")
            orders.send("open")
            order = orders.recv()
            begin = time.monotonic()
        times = _read(poller, clients, ends)
        orders.send([moment - begin for moment in times])
        orders.recv()
        for one, _ in clients.values():
            one.close()
        poller.close()


def _read(poller, clients, end):
    left, times = len(clients), []
    done = set()
    while left:
        for number, _ in poller.poll(10) or [(None, None)]:
            assert number is not None, f"{left} clients have not got {end!r}"
            client = clients[number]
            data = client[0].recv(1 << 18)
            assert data, "a connection ended"
            # What ends it may lie in two pieces.
            if number not in done and end in client[1] + data:
                done.add(number)
                times.append(time.monotonic())
                left -= 1
            client[1] = data[-64:]
    return times


class Newcomers(ClientsApart):
    """Clients that come for the state, in a process of their own."""

    def __init__(self, server, paths, end):
        requests = [handshake_request(server.host, server.port, path, "wsqueue.v1")[0] for path in paths]
        super().__init__(come, (server.host, server.port), requests, end)

    def measure(self, meanwhile, order="come"):
        """Has them come; calls `meanwhile` until they are done, and gives the time of the last, in seconds."""
        self.orders.send(order)
        while not self.orders.poll():
            meanwhile()
        times = self.orders.recv()
        self.orders.send("leave")
        return max(times)

    def burst(self, publish):
        """Has them come and stay; gives the time from `publish` until the last of them has all, in seconds."""
        self.orders.send("stay")
        assert self.orders.recv() == "open"
        self.orders.send("go")
        publish()
        times = self.orders.recv()
        self.orders.send("leave")
        return max(times)


def newcomers_of_a_channel(size=1_000):
    return [f"/?channels=c{number % CHANNELS}&state=1" for number in range(size)], b'"keys":100'


def newcomers_of_everything(size=100):
    return ["/?channels=**&state=1"] * size, b'"keys":10000'


KINDS = {newcomers_of_a_channel: 1.0, newcomers_of_everything: 5.0}


def measure(kind, start, queue):
    """Time until all have their state, and what it costs: (seconds, KB, quiet, late)."""
    server = start("--threads", "2")
    publish_state(queue)
    paths, end = kind()
    with contextlib.ExitStack() as stack:
        witness = Witness(server, queue)
        newcomers = stack.enter_context(Newcomers(server, paths, end))
        witness.look_for(1)
        quiet = witness.late()
        before = own_memory(server)
        seconds = newcomers.measure(witness.look)
        return seconds, own_memory(server) - before, quiet, witness.late()


def burst(start, queue, is_keyed, size=1_000, count=1_000):
    """A burst of events to many clients, with or without keys: (seconds, seconds of the server's processor time)."""
    server = start("--threads", "2")
    lines = []
    for number in range(count):
        event = {"event": "n", "payload": "last" if number == count - 1 else "x" * 200}
        lines.append(json.dumps({**event, "key": f"k{number}"} if is_keyed else {**event, "kez_": f"k{number}"}))
    with Newcomers(server, ["/"] * size, b'"payload":"last"') as clients:
        used = server.processor_seconds()
        seconds = clients.burst(lambda: place(queue, name_of(1) + "l", "\n".join(lines)))
        return seconds, server.processor_seconds() - used
