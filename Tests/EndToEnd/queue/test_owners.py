"""Whose an event is: as the kernel tells it from the open file, and of several users on one machine."""

import json
import os

import pytest

from support.client import Client
from support.files import name_of
from support.marks import needs_root

pytestmark = needs_root
PUBLISHER, GROUP = 64_101, 64_110


def put(queue, name, owner, mode=0o644, **members):
    """An event file of a user."""
    hidden = queue / ".placing.tmp"
    hidden.write_text(json.dumps({"event": "e", **members}))
    os.chown(hidden, owner, GROUP)
    os.chmod(hidden, mode)
    os.rename(hidden, queue / name)


@pytest.mark.parametrize("owner, mode, said", [
    (PUBLISHER, 0o644, str(PUBLISHER)), (0, 0o600, "root"), (PUBLISHER, 0o664, "?"), (PUBLISHER, 0o646, "?"),
    (65_534, 0o644, "?"),
], ids=["a user without a name", "a name", "writable by a group", "writable by all", "nobody"])
def test_every_sent_event_tells_who_has_published_it(start, queue, owner, mode, said):
    server = start()
    with Client(server) as client:
        put(queue, name_of(1), owner, mode)
        client.receive_events()
        assert server.wait_for("event.sent")["pub"] == said


def test_who_has_put_another_ones_file_into_the_queue_is_not_known_as_the_other(start, queue):
    server = start()
    with Client(server) as client:
        other = queue.parent / "other.json"
        other.write_text('{"event":"e","id":"bank-transfer-9"}')
        os.chown(other, PUBLISHER, GROUP)
        os.link(other, queue / name_of(1))
        server.wait_for("event.rejected")
        client.expect_silence(0.2)
        assert not server.logged("event.sent")
