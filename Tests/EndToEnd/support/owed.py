"""Clients that take nothing of what they are owed, of many kinds, and what that costs the server and the others."""

import contextlib
import json
import multiprocessing
import resource
import socket
import time

from .client import Client, handshake_request
from .files import place
from .frames import client_frame
from .rules import write_rules
from .speaking import Speaking
from .tokens import make_token, write_secrets
from .waiting import eventually

ROOM = "presence.room"


def own_memory(server):
    """Kilobytes at the most; the ring's pages are shared ones."""
    memory = server.memory()
    return memory["VmHWM"] - memory["RssShmem"]


def request(server, path, is_stream=False, **how):
    if is_stream:
        return f"GET {path} HTTP/1.1\r\nHost: {server.host}:{server.port}\r\n\r\n".encode()
    return handshake_request(server.host, server.port, path, **how)[0]


def action(name, **data):
    return client_frame(1, json.dumps({"action": name, "data": data}).encode())


def be_deaf(address, data, more, size, orders):
    """In a process of its own: many clients that say what they want and then read nothing."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8_192), hard))
    sockets = []
    for _ in range(size):
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        one.settimeout(5)
        one.connect(address)
        with contextlib.suppress(OSError):
            one.sendall(data)
        sockets.append(one)
    orders.send("open")
    while orders.recv() == "more":
        for one in sockets:
            with contextlib.suppress(OSError):
                one.sendall(more)
        orders.send("said")


class ClientsApart:
    """Clients in a process of their own, which takes `orders`: `end` is the last."""

    def __init__(self, target, *arguments):
        processes = multiprocessing.get_context("fork")
        self.orders, theirs = processes.Pipe()
        self.process = processes.Process(target=target, args=(*arguments, theirs))
        self.process.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.orders.send("end")
        self.process.join(30)


class Deaf(ClientsApart):
    """Clients that read nothing."""

    def __init__(self, server, size, data, more=b""):
        super().__init__(be_deaf, (server.host, server.port), data, more, size)

    @property
    def is_done(self):
        """Whether what they were told to do is done."""
        return self.orders.poll() and bool(self.orders.recv())

    def say_more(self):
        self.orders.send("more")


class Witness:
    """A client that reads, and how long events take to it."""

    def __init__(self, server, queue):
        self.server, self.queue, self.count, self.delays = server, queue, 0, []
        self.client = Client(server, "/?channels=witness")

    def look(self):
        self.count += 1
        begin = time.monotonic()
        place(self.queue, f"witness-{self.count}.json", '{"event":"witness","channel":"witness"}')
        while json.loads(self.client.receive(timeout=20)[0]).get("event") != "witness":
            pass
        self.delays.append(time.monotonic() - begin)
        time.sleep(0.002)

    def look_until(self, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline
            self.look()

    def look_for(self, seconds):
        end = time.monotonic() + seconds
        self.look_until(lambda: time.monotonic() > end)

    def late(self):
        """The 99th percentile of the delays since this was asked last, in seconds."""
        delays, self.delays = sorted(self.delays), []
        return delays[len(delays) * 99 // 100]


def wrong_names(server, _):
    return request(server, "/?channels=" + ",".join(["!"] * 7_500)), b""


def wrong_names_of_a_stream(server, _):
    return request(server, "/events?channels=" + ",".join(["!"] * 7_500), is_stream=True), b""


def different_wrong_names(server, _):
    return request(server, "/?channels=" + ",".join(f"!{number}" for number in range(2_500))), b""


def channels_of_others(server, _):
    return request(server, "/?channels=" + ",".join(f"private.{number}" for number in range(1_100))), b""


def lists_of_members(server, _):
    headers = [f"Authorization: Bearer {make_token('1000')}"]
    return (request(server, f"/?channels={ROOM}", headers=headers) +
            action("presence", channel=ROOM) * 58), action("presence", channel=ROOM)


def lists_of_members_of_many_rooms(server, _):
    headers = [f"Authorization: Bearer {make_token('1000')}"]
    rooms = ",".join(f"{ROOM}.{number}" for number in range(128))
    return request(server, f"/?channels={rooms}", protocol="wsqueue.v1", headers=headers), b""


def pings(server, _):
    return request(server, "/") + client_frame(9, bytes(125)) * 450, client_frame(9, bytes(125)) * 450


def refusals(server, _):
    return request(server, "/") + client_frame(1, b"{") * 110, client_frame(1, b"{") * 60


def pages(server, _):
    return request(server, "/", is_stream=True), b""


def large_events_to_streams(server, _):
    return request(server, "/events", is_stream=True), b""


def large_events_to_filters(server, _):
    return request(server, "/?events=big"), client_frame(9, b"")


def large_events_and_a_ping(server, _):
    return request(server, "/"), client_frame(9, b"")


def large_events_of_the_past(server, epoch):
    return request(server, f"/?since={epoch}:0"), client_frame(9, b"")


def messages(server, _):
    """Of others in a channel, each of 60 KB."""
    return request(server, "/?channels=chat"), b""


KINDS = [
    wrong_names, wrong_names_of_a_stream, different_wrong_names, channels_of_others, lists_of_members,
    lists_of_members_of_many_rooms, pings, refusals, pages, large_events_to_streams, large_events_to_filters,
    large_events_and_a_ping, large_events_of_the_past, messages]


def publish_large(directory, name, count=4, size=900_000):
    for number in range(count):
        place(directory, f"{name}-{number}.json", '{"event":"big","payload":"%s"}' % ("x" * size))


def fill_rooms(server, stack, members, rooms):
    """Many users with much to say of them are in some rooms."""
    channels = [ROOM] if rooms == 1 else [f"{ROOM}.{number}" for number in range(rooms)]
    for number in range(members):
        headers = [f"Authorization: Bearer {make_token(str(number), info={'about': 'x' * 900})}"]
        stack.enter_context(Client(server, "/?channels=" + ",".join(channels), headers=headers))
    with Speaking(server, headers=[f"Authorization: Bearer {make_token('2000')}"]) as one:
        answer = one.ask("subscribe", channel=channels[-1])
        assert answer["success"], answer
        eventually(lambda: one.ask("presence", channel=channels[-1])["count"] >= members, "all are there", 30)


class Cost:
    """What clients that take nothing have cost: memory in KB, and the 99th percentile of others' delays in seconds."""

    def __init__(self, grown, quiet, late, slow=0):
        self.grown, self.quiet, self.late, self.slow = grown, quiet, late, slow

    def __str__(self):
        return f"{self.grown} KB, {self.late * 1000:.1f} ms, quiet {self.quiet * 1000:.1f} ms"


def cost_of(kind, start, queue, size):
    """What so many of a kind cost. `start` starts a server with the options that it is given, on the queue."""
    if kind is messages:
        return cost_of_messages(start, queue, size)
    server = start("--threads", "2", "--jwt-secret-file", str(write_secrets(queue)))
    with contextlib.ExitStack() as stack:
        if kind in (lists_of_members, lists_of_members_of_many_rooms):
            fill_rooms(server, stack, 110, 1 if kind is lists_of_members else 128)
        with Speaking(server) as one:
            epoch = one.welcome["cursor"].partition(":")[0]
        if kind is large_events_of_the_past:
            publish_large(queue, "past")
        witness = Witness(server, queue)
        witness.look_for(0.5)
        quiet = witness.late()
        before = own_memory(server)
        deaf = stack.enter_context(Deaf(server, size, *kind(server, epoch)))
        witness.look_until(lambda: deaf.is_done)
        if kind.__name__.startswith("large_events_") and kind is not large_events_of_the_past:
            publish_large(queue, "now")
        witness.look_for(0.5)
        deaf.say_more()
        witness.look_until(lambda: deaf.is_done)
        witness.look_for(1)
        return Cost(own_memory(server) - before, quiet, witness.late())


def cost_of_messages(start, queue, size, count=25):
    rules = str(write_rules(queue, [{"channel": "chat", "subscribe": "anyone", "publish": "anyone"}]))
    server = start("--threads", "2", "--rules", rules)
    witness = Witness(server, queue)
    with Speaking(server, "/", "chat") as sender, Speaking(server, "/", "chat") as listener:
        witness.look_for(0.5)
        quiet = witness.late()
        before = own_memory(server)
        with Deaf(server, size, request(server, "/?channels=chat")) as deaf:
            witness.look_until(lambda: deaf.is_done)
            for number in range(count):
                text = str(number) + "x" * 60_000
                sender.send_action("message", channel="chat", message=text)
                # All that read get all of it, also while others are closed.
                assert listener.receive_events(timeout=30)[0]["message"] == text
                sender.receive(2, timeout=30)
                witness.look()
            grown = own_memory(server) - before
    return Cost(grown, quiet, witness.late(), server.times("client.slow"))
