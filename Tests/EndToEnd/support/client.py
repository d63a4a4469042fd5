"""A WebSocket client on a plain socket: it shows the very bytes that arrive."""

import base64
import hashlib
import json
import os
import socket
import time

from .frames import FrameReader, client_frame
from .waiting import deadline_after

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
RECEIVE_BYTES = 1 << 18


def handshake_request(host, port, path="/", protocol=None, headers=()):
    """An opening handshake and the answer's Sec-WebSocket-Accept (RFC 6455, section 4)."""
    key = base64.b64encode(os.urandom(16))
    lines = [
        f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key.decode()}",
    ]
    if protocol:
        lines.append(f"Sec-WebSocket-Protocol: {protocol}")
    lines += headers
    accept = base64.b64encode(hashlib.sha1(key + MAGIC).digest()).decode()
    return ("\r\n".join(lines) + "\r\n\r\n").encode(), accept


def split_response(data):
    """The head of an HTTP answer as (status line, headers, the bytes behind it); None when it is not whole."""
    head, separator, rest = data.partition(b"\r\n\r\n")
    if not separator:
        return None
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return status, headers, rest


def read_head(connection):
    """The first answer on a connection, as `split_response` gives it."""
    data = b""
    while not (response := split_response(data)):
        received = connection.recv(65_536)
        assert received, f"the connection ended before an answer: {data!r}"
        data += received
    return response


def connect(server, receive_buffer=None):
    connection = socket.socket()
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(10)
    connection.connect((server.host, server.port))
    return connection


class Client:
    """One blocking client."""

    def __init__(self, server, path="/", protocol=None, headers=(), receive_buffer=None, connection=None):
        """`connection` is one to the server that is there already, such as one by TLS."""
        self.socket = connection or connect(server, receive_buffer)
        self.frames = FrameReader()
        request, accept = handshake_request(server.host, server.port, path, protocol, headers)
        self.socket.sendall(request)
        self._open(accept)

    def _open(self, accept):
        self.status, self.headers, rest = read_head(self.socket)
        assert self.status == "HTTP/1.1 101 Switching Protocols", (self.status, rest)
        assert self.headers["sec-websocket-accept"] == accept
        self.frames.feed(rest)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _receive(self, deadline, what):
        left = deadline - time.monotonic()
        assert left > 0, what()
        self.socket.settimeout(left)
        try:
            data = self.socket.recv(RECEIVE_BYTES)
        except TimeoutError:
            raise AssertionError(what()) from None
        if data:
            self.frames.feed(data)
            for ping in self.frames.pings:
                self.send(0xA, ping)
            self.frames.pings.clear()
        return bool(data)

    def receive(self, count=1, timeout=10.0):
        """The next `count` messages, as bytes."""
        deadline = deadline_after(timeout)
        messages = self.frames.messages
        while len(messages) < count:
            is_open = self._receive(deadline, lambda: f"{len(messages)} of {count} messages, last {messages[-1:]}")
            assert is_open, f"the connection ended after {len(messages)} of {count}, close {self.frames.close}"
        taken, self.frames.messages = messages[:count], messages[count:]
        return taken

    def receive_events(self, count=1, timeout=10.0):
        """The next `count` messages, parsed."""
        return [json.loads(message) for message in self.receive(count, timeout)]

    def receive_until_end(self, timeout=30.0):
        """All messages until the server ends the connection."""
        deadline = deadline_after(timeout)
        try:
            while self._receive(deadline, lambda: "the connection did not end"):
                if self.frames.close:
                    self.send(8, self.frames.close[0].to_bytes(2, "big"))
                    break
        except (ConnectionResetError, BrokenPipeError):
            pass
        return self.frames.take()

    def pass_on(self, take, patience, is_ending):
        """Gives `patience` messages, as bytes, to `take`, or fewer when `is_ending` or the connection ends."""
        while not is_ending() and patience > 0:
            for message in self.frames.take():
                patience -= 1
                take(message)
            try:
                data = self.socket.recv(1 << 16)
            except TimeoutError:
                continue
            if not data:
                return
            self.frames.feed(data)

    def expect_silence(self, seconds):
        """Fails when a message arrives within `seconds`, or the end; pings are none."""
        deadline = time.monotonic() + seconds
        while not self.frames.messages:
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                data = self.socket.recv(RECEIVE_BYTES)
            except TimeoutError:
                return
            assert data, f"the connection ended, close {self.frames.close}"
            self.frames.feed(data)
            for ping in self.frames.pings:
                self.send(0xA, ping)
            self.frames.pings.clear()
            assert not self.frames.close, self.frames.close
        raise AssertionError(f"unexpected: {self.frames.messages}")

    def send(self, opcode, payload):
        self.socket.settimeout(10)
        self.socket.sendall(client_frame(opcode, payload))

    def send_action(self, action, **data):
        self.send(1, json.dumps({"action": action, "data": data}).encode())
