"""Many who come back in the same moment, each from elsewhere and for something else, get what each would get alone."""

import contextlib
import fnmatch
import json
import signal

import pytest

from support.client import Client
from support.files import gone, name_of, place
from support.tokens import make_token, write_secrets

COUNT = 300
# In turn: what is for everyone and for listeners, and some of it for users, or not for some.
FORMS = [
    {}, {"channel": "a.x"}, {}, {"channels": ["b", "a.y"]}, {}, {"channel": "c"}, {"channel": "a.y"}, {},
    {"channel": "b"},
]
PERSONAL = [{"recipients": ["42"]}, {"except_users": ["42"]}, {"recipients": ["43"], "channel": "b"}]
# Channels and patterns, names of events, and the user.
KINDS = [
    ("", "*", None), ("", "e.1", None), ("", "*", "42"), ("a.x", "*", None), ("a.*", "*", None),
    ("a.x,b", "*", None), ("b", "e.0", "43"), ("a.*", "*", "42"), ("b", "*", "42"),
]
STARTS = (0, 1, 140)


def events(personal_from):
    """All of them, each number with whom it is for; from one number on some are for users."""
    for number in range(1, COUNT + 1):
        form = FORMS[number % len(FORMS)]
        if number >= personal_from and number % 5 == 0:
            form = PERSONAL[number % len(PERSONAL)]
        yield {"event": f"e.{number % 2}", "payload": {"n": number, "pad": "x" * 200}, **form}


def expected(event, kind):
    """The channel of the copy that a client of this kind gets, empty for none; `None` is no copy."""
    channels, names, user = kind
    if not fnmatch.fnmatchcase(event["event"], names):
        return None
    if "recipients" in event and user not in event["recipients"] or user in event.get("except_users", []):
        return None
    wanted = event.get("channels") or [event.get("channel", "")]
    return next((name for name in wanted if not name or any(
        fnmatch.fnmatchcase(name, pattern) for pattern in channels.split(","))), None)


@pytest.mark.parametrize("personal_from", [1, COUNT // 2, COUNT + 1])
def test_each_gets_what_it_would_get_alone(queue, start, personal_from):
    server = start("--jwt-secret-file", str(write_secrets(queue)))
    published = list(events(personal_from))
    place(queue, name_of(1) + "l", "\n".join(map(json.dumps, published)))
    gone(queue)
    with Client(server, protocol="wsqueue.v1") as client:
        epoch = client.receive_events()[0]["cursor"].partition(":")[0]
    with contextlib.ExitStack() as stack:
        # A server that stands finds all of them when it goes on.
        server.signal(signal.SIGSTOP)
        waiting = []
        for kind in KINDS:
            for since in STARTS:
                channels, names, user = kind
                query = f"/?since={epoch}:{since}&channels={channels}&events={names}"
                headers = [f"Authorization: Bearer {make_token(user)}"] if user else []
                client = Waiting(server, query, headers)
                stack.callback(client.socket.close)
                waiting.append((client, kind, since))
        server.process.send_signal(signal.SIGCONT)
        for client, kind, since in waiting:
            copies = [(number, expected(event, kind)) for number, event in enumerate(published, 1) if number > since]
            wanted = [(number, name) for number, name in copies if name is not None]
            client.open()
            assert client.numbers(len(wanted)) == wanted, (kind, since)


class Waiting(Client):
    """A client whose handshake was sent, and is answered later."""

    def __init__(self, server, path, headers):
        super().__init__(server, path, protocol="wsqueue.v1", headers=headers)

    def _open(self, accept):
        self.accept = accept

    def open(self):
        super()._open(self.accept)

    def numbers(self, count):
        """The numbers and channels of all that was missed, to the answer that ends it."""
        found = []
        for _ in range(count + 2):
            message = self.receive_events()[0]
            if message.get("action") == "resumed":
                assert message["complete"]
                return found
            if "event" in message:
                assert message["seq"] == message["payload"]["n"]
                found.append((message["payload"]["n"], message.get("channel", "")))
        return found
