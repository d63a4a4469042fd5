"""A name server of our own, for programs that see no other; it may be silent."""

import os
import socket
import struct
import threading


class NameServer:
    """Answers 127.0.0.1 for every name, unless it is silent. Only root may have its port."""

    def __init__(self, directory, is_silent=False):
        self.is_silent = is_silent
        self.asked = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        # All of 127.0.0.0/8 is ours, and the port is the same for all of them.
        host = f"127.{os.getpid() >> 8 & 255}.{os.getpid() & 255}.{1 + os.urandom(1)[0] % 250}"
        self.socket.bind((host, 53))
        self.file = directory / "resolv.conf"
        self.file.write_text(f"nameserver {host}\n", encoding="utf-8")
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def prefix(self):
        """What to put before a command that shall ask this server."""
        return ["unshare", "-m", "sh", "-c", f'mount --bind {self.file} /etc/resolv.conf && exec "$@"', "-"]

    def _serve(self):
        while True:
            try:
                question, address = self.socket.recvfrom(4096)
            except OSError:
                return
            self.asked += 1
            if not self.is_silent:
                self.socket.sendto(self._answer(question), address)

    @staticmethod
    def _answer(question):
        end = question.index(b"\0", 12) + 5
        is_for_ipv4 = question[end - 4:end - 2] == b"\0\1"
        head = question[:2] + struct.pack(">HHHHH", 0x8180, 1, is_for_ipv4, 0, 0) + question[12:end]
        return head + (b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 0, 4) + b"\x7f\0\0\1" if is_for_ipv4 else b"")

    def close(self):
        self.socket.close()
