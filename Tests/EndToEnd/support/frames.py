"""Server frames out of a byte stream (RFC 6455, section 5.2): one step for each frame, none for each byte."""

import struct

TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A


class FrameReader:
    """Takes bytes as they arrive and keeps whole messages; what a server must never send is an error."""

    def __init__(self):
        self.messages = []
        self.pings = []
        self.close = None
        self._rest = b""

    def feed(self, data):
        """Reads all frames that are complete now."""
        buffer = self._rest + data if self._rest else data
        position, end, messages = 0, len(buffer), self.messages
        while end - position >= 2:
            size, start = buffer[position + 1], position + 2
            if size == 126:
                if end < start + 2:
                    break
                size, start = buffer[start] << 8 | buffer[start + 1], start + 2
                assert size > 125, "a length in more bytes than it needs"
            elif size == 127:
                if end < start + 8:
                    break
                size, start = struct.unpack_from(">Q", buffer, start)[0], start + 8
                assert size > 65535, "a length in more bytes than it needs"
            assert size < 1 << 32, "a masked frame, or no frame at all"
            stop = start + size
            if stop > end:
                break
            if buffer[position] == TEXT:
                messages.append(buffer[start:stop])
            else:
                self._control(buffer[position], buffer[start:stop])
            position = stop
        self._rest = buffer[position:]

    def take(self):
        """The messages so far; they are forgotten here."""
        taken, self.messages = self.messages, []
        return taken

    def _control(self, first, payload):
        if first == PING:
            self.pings.append(payload)
        elif first == CLOSE:
            code = struct.unpack_from(">H", payload)[0] if payload else 1005
            self.close = (code, payload[2:].decode())
        else:
            assert first == PONG, f"an unexpected frame, first byte {first:#x}"


def client_frame(opcode, payload):
    """A masked frame as clients send them, payloads of up to 64 KiB; the mask is zero and so changes nothing."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else struct.pack(">BH", 0x80 | 126, size)
    return bytes([0x80 | opcode]) + length + bytes(4) + payload
