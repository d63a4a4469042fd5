"""Many clients in one process, which keep no message."""

import select
import socket
import time

from .client import RECEIVE_BYTES, handshake_request, split_response
from .frames import FrameReader, client_frame
from .waiting import deadline_after


class Member:
    """One socket of the crowd."""

    def __init__(self, index):
        self.index = index
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.frames = FrameReader()
        self.response = b""
        self.is_open = False
        self.count = 0

    def advance(self, data, accept):
        """Takes what arrived; gives the whole messages in it."""
        if not self.is_open:
            self.response += data
            response = split_response(self.response)
            if not response:
                return []
            status, headers, data = response
            assert status.startswith("HTTP/1.1 101 "), self.response
            assert headers["sec-websocket-accept"] == accept
            self.is_open = True
            self.response = b""
        if data:
            self.frames.feed(data)
        return self.frames.take()


class Crowd:
    """Connects `size` clients at once, `at_once` handshakes under way at a time.

    What comes before all are connected is an error, or with `keeps_early` the first that `receive` hands over.
    """

    def __init__(self, server, size, at_once=100, timeout=60.0, path="/", keeps_early=False):
        self.request, self.accept = handshake_request(server.host, server.port, path)
        self.address = (server.host, server.port)
        self.members = {}
        self.early = []
        self.take_early = (lambda *message: self.early.append(message)) if keeps_early else self._early_message
        self.poller = select.epoll()
        self._connect(size, at_once, deadline_after(timeout))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for member in self.members.values():
            member.socket.close()
        self.poller.close()

    def _connect(self, size, at_once, deadline):
        pending = 0
        opened = 0
        while opened < size:
            while pending < at_once and len(self.members) < size:
                self._start()
                pending += 1
            for number, events in self.poller.poll(1):
                member = self.members[number]
                if events & select.EPOLLOUT:
                    member.socket.sendall(self.request)
                    self.poller.modify(number, select.EPOLLIN)
                elif not member.is_open:
                    self._read(member, self.take_early)
                    if member.is_open:
                        opened, pending = opened + 1, pending - 1
                else:
                    self._read(member, self.take_early)
            assert time.monotonic() < deadline, f"{opened} of {size} connected"

    def _start(self):
        member = Member(len(self.members))
        member.socket.connect_ex(self.address)
        self.members[member.socket.fileno()] = member
        self.poller.register(member.socket, select.EPOLLOUT)

    def _read(self, member, handle):
        data = member.socket.recv(RECEIVE_BYTES)
        assert data, f"client {member.index} was disconnected, close {member.frames.close}"
        for message in member.advance(data, self.accept):
            handle(member, message)
        for ping in member.frames.pings:
            member.socket.send(client_frame(0xA, ping))
        member.frames.pings.clear()

    @staticmethod
    def _early_message(member, message):
        raise AssertionError(f"client {member.index} got {message!r} unasked")

    def read_for(self, seconds, handle):
        """Hands what arrives within a time to `handle(member, message)`."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            for number, _ in self.poller.poll(left):
                self._read(self.members[number], handle or self._early_message)

    def read_while(self, is_going_on):
        """Answers pings as long as `is_going_on()`; no message is expected."""
        while is_going_on():
            self.read_for(0.05, None)

    def receive(self, handle, timeout):
        """Reads until `handle(member, message)` has said of each client that it is done."""
        missing = set(self.members.values())
        deadline = deadline_after(timeout)

        def count(member, message):
            if handle(member, message):
                missing.discard(member)
            member.count += 1

        for member, message in self.early:
            count(member, message)
        self.early.clear()
        while missing:
            for number, _ in self.poller.poll(1):
                self._read(self.members[number], count)
            assert time.monotonic() < deadline, (
                f"{len(missing)} clients short, counts {sorted({member.count for member in missing})[:10]}")
