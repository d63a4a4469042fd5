"""HTTP as bytes on a socket: what is sent is what the test wrote."""

import socket
import time

from .client import split_response
from .waiting import deadline_after


class Answer:
    """The head of an answer, and all bytes behind it until the server ended the connection or the test went on."""

    def __init__(self, data, has_ended):
        response = split_response(data)
        assert response, f"no HTTP answer: {data!r}"
        self.line, self.headers, self.body = response
        self.status = int(self.line.split(" ")[1])
        self.has_ended = has_ended


def exchange(server, *pieces, timeout=5.0, wants_end=True):
    """Sends the pieces one by one, and reads until the server ends the connection, or has answered 101."""
    with socket.create_connection((server.host, server.port), timeout) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        deadline = deadline_after(timeout)
        try:
            for piece in pieces:
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return read_answer(connection, deadline, wants_end)


def request(server, path="/", *fields, host="127.0.0.1", method="GET", body=b"", **how):
    """Asks; `how` is as in `exchange`. The length of a body is for the fields to say."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *fields, "", ""]
    return exchange(server, "\r\n".join(lines).encode() + body, **how)


def read_answer(connection, deadline, wants_end=True):
    data = b""
    while True:
        response = split_response(data)
        if response and (not wants_end or response[0].startswith("HTTP/1.1 101 ")):
            return Answer(data, False)
        connection.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            received = connection.recv(65536)
        except ConnectionResetError:
            received = b""
        except TimeoutError:
            raise AssertionError(f"no end of the answer: {data!r}") from None
        if not received:
            return Answer(data, True)
        data += received
