"""A process whose connections misbehave, each in its own way again and again, until its standard input ends.

It then prints how often each way was gone to its end. `python -m support.mischief HOST PORT CONNECTIONS`."""

import collections
import json
import os
import random
import socket
import struct
import sys
import threading
import time

from .client import handshake_request, split_response
from .frames import client_frame

RESET = struct.pack("ii", 1, 0)
IS_OVER = threading.Event()


def header(first, length):
    """A masked frame's header that announces so many bytes, in eight bytes of length."""
    return bytes([first, 0xFF]) + struct.pack(">Q", length) + bytes(4)


class Connection:
    """A socket that is torn at by one kind of mischief."""

    def __init__(self, address, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(5)
        self.socket.connect(address)
        self.request = handshake_request(*address)[0]

    def send(self, data):
        self.socket.sendall(data)

    def open(self):
        self.send(self.request)
        data = b""
        while not split_response(data):
            received = self.socket.recv(4096)
            if not received:
                raise ConnectionResetError
            data += received
        if not data.startswith(b"HTTP/1.1 101 "):
            raise AssertionError(data)
        return self

    def read_to_end(self, seconds=5.0):
        """Reads as a program does that knows it has done wrong."""
        deadline = time.monotonic() + seconds
        while not IS_OVER.is_set() and time.monotonic() < deadline:
            self.socket.settimeout(0.2)
            try:
                if not self.socket.recv(65536):
                    return
            except TimeoutError:
                continue

    def reset(self):
        """Ends without the orderly way: the server's next call on it fails."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def flood(connection, data, seconds=2.0):
    """Sends the same over and over until it is stopped."""
    deadline = time.monotonic() + seconds
    connection.socket.settimeout(0.5)
    while not IS_OVER.is_set() and time.monotonic() < deadline:
        connection.send(data)


def drop_by_drop(connection, data):
    connection.socket.settimeout(0.05)
    for byte in data:
        connection.send(bytes([byte]))
        if IS_OVER.wait(0.03):
            return
    connection.read_to_end()


def say_nothing(connection):
    connection.read_to_end()


def send_half_a_request(connection):
    connection.send(connection.request[:60])
    connection.read_to_end()


def send_a_request_drop_by_drop(connection):
    drop_by_drop(connection, connection.request)


def send_noise(connection):
    connection.send(random.randbytes(5_000) + b"\r\n\r\n")
    connection.read_to_end()


def send_tls(connection):
    connection.send(bytes.fromhex("16030100c8010000c40303") + random.randbytes(200))
    connection.read_to_end()


def send_endless_fields(connection):
    flood(connection, b"GET / HTTP/1.1\r\n" + b"X-Field: 1\r\n" * 1_000)


def send_a_wrong_version(connection):
    connection.send(connection.request.replace(b"Version: 13", b"Version: 12"))
    connection.read_to_end()


def send_a_thousand_requests(connection):
    connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1_000)
    connection.read_to_end()


def upload_to_nowhere(connection):
    connection.send(b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n")
    flood(connection, bytes(65_536))


def go_away_at_once(connection):
    pass


def reset_at_once(connection):
    connection.reset()


def reset_when_open(connection):
    connection.open().reset()


def go_away_within_a_frame(connection):
    connection.open().send(client_frame(1, b"x" * 100)[:50])


def never_read(connection):
    connection.open()
    IS_OVER.wait(8)


def never_answer_pings(connection):
    connection.open().read_to_end(8)


def flood_with_pings(connection):
    flood(connection.open(), client_frame(9, b"p" * 20) * 1_000)


def flood_with_pongs(connection):
    flood(connection.open(), client_frame(10, b"") * 5_000)


def flood_with_messages(connection):
    flood(connection.open(), client_frame(1, b'{"action":"nothing","data":{}}') * 500)


def flood_with_subscriptions(connection):
    connection.open()
    for number in range(2_000):
        connection.send(client_frame(1, b'{"action":"subscribe","data":{"channel":"c.%d"}}' % number))
    connection.read_to_end()


def flood_with_empty_fragments(connection):
    flood(connection.open(), client_frame(1, b"")[:1].replace(b"\x81", b"\x01") + client_frame(1, b"")[1:]
          + (b"\x00" + client_frame(0, b"")[1:]) * 2_000)


def begin_messages_and_never_end_them(connection):
    connection.open().send(b"\x01" + client_frame(1, b"x" * 60_000)[1:])
    connection.read_to_end()


def announce_much(connection):
    connection.open().send(header(0x81, random.choice([1 << 63, (1 << 63) - 1, 1 << 40])))
    connection.read_to_end()


def send_a_message_of_a_megabyte(connection):
    connection.open().send(header(0x81, 1 << 20) + bytes(1 << 20))
    connection.read_to_end()


def send_without_mask(connection):
    connection.open().send(b"\x81\x02{}")
    connection.read_to_end()


def send_reserved_bits(connection):
    connection.open().send(b"\xf1" + client_frame(1, b"{}")[1:])
    connection.read_to_end()


def send_text_that_is_none(connection):
    connection.open().send(client_frame(1, b"\xff\xfe"))
    connection.read_to_end()


def send_binary(connection):
    connection.open().send(client_frame(2, bytes(100)))
    connection.read_to_end()


def send_frames_drop_by_drop(connection):
    drop_by_drop(connection.open(), client_frame(1, b'{"action":"ping"}'))


def send_on_after_the_end(connection):
    connection.open().send(client_frame(8, b"\x03\xe8"))
    flood(connection, bytes(65_536))


def never_close_after_the_end(connection):
    connection.open().send(client_frame(8, b"\x03\xe8"))
    IS_OVER.wait(5)


WAYS = [
    say_nothing, send_half_a_request, send_a_request_drop_by_drop, send_noise, send_tls, send_endless_fields,
    send_a_wrong_version, send_a_thousand_requests, upload_to_nowhere, go_away_at_once, reset_at_once, reset_when_open,
    go_away_within_a_frame, never_read, never_answer_pings, flood_with_pings, flood_with_pongs, flood_with_messages,
    flood_with_subscriptions, flood_with_empty_fragments, begin_messages_and_never_end_them, announce_much,
    send_a_message_of_a_megabyte, send_without_mask, send_reserved_bits, send_text_that_is_none, send_binary,
    send_frames_drop_by_drop, send_on_after_the_end, never_close_after_the_end,
]


def misbehave(way, address, counts, is_begun):
    while not IS_OVER.is_set():
        connection = None
        try:
            connection = Connection(address, receive_buffer=4_096 if way is never_read else None)
            is_begun()
            way(connection)
        except OSError:
            # That the server ends it is what all of them ask for.
            pass
        finally:
            if connection:
                connection.socket.close()
        counts[way.__name__] += 1
        IS_OVER.wait(random.uniform(0.02, 0.08))


def main():
    address = (sys.argv[1], int(sys.argv[2]))
    os.nice(10)
    counts, begun = collections.Counter(), threading.Semaphore(0)
    count = int(sys.argv[3])
    threads = [
        threading.Thread(target=misbehave, args=(WAYS[number % len(WAYS)], address, counts, begun.release), daemon=True)
        for number in range(count)
    ]
    for thread in threads:
        thread.start()
    for _ in range(count):
        begun.acquire()
    print("begun", flush=True)
    sys.stdin.read()
    IS_OVER.set()
    for thread in threads:
        thread.join(10)
    print(json.dumps(counts), flush=True)


if __name__ == "__main__":
    main()
