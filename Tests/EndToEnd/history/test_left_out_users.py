"""Users that an event leaves out (SPEC §3, `except_users`) do not get it from the past either, after a restart too."""

import json

import pytest

from support.client import Client
from support.files import name_of, place, waiting
from support.nodes import events_of
from support.speaking import PROTOCOL, Speaking
from support.tokens import make_token, write_secrets
from support.waiting import eventually


@pytest.mark.parametrize("members", [{}, {"channel": "orders"}, {"recipients": ["42", "43", "44"]}], ids=str)
def test_they_are_left_out_after_a_restart(queue, start, members):
    options = ["--jwt-secret-file", str(write_secrets(queue))]
    server = start(*options)
    with Speaking(server) as first:
        cursor = first.welcome["cursor"]
    for number, left_out in enumerate([[42, "43"], "42", None]):
        event = {"event": "e", "id": "abc"[number], **members, "except_users": left_out}
        place(queue, name_of(number), json.dumps(event))
    eventually(lambda: waiting(queue) == [], "all are sent")
    for server in (server, None):
        if server is None:
            server = start(*options)
        for user, ids in (("42", "c"), ("43", "bc"), ("44", "abc")):
            path = f"/?channels=orders&since={cursor}&token={make_token(user)}"
            with Client(server, path, protocol=PROTOCOL) as client:
                assert "".join(identity for _, identity in events_of(client, len(ids))) == ids
        server.terminate()
