"""A Redis whose name cannot be looked up holds up nothing that can be done without it."""

import time

import pytest

from support.client import Client
from support.files import name_of, place
from support.marks import needs_root
from support.name_server import NameServer
from support.ports import free_port

pytestmark = needs_root
# Without a limit of ours a lookup takes ten seconds.
LIMIT = 4


@pytest.fixture
def names(tmp_path):
    server = NameServer(tmp_path, is_silent=True)
    yield server
    server.close()


def test_the_next_server_of_the_list_is_tried_in_time(start, make_redis, names):
    redis = make_redis(port=free_port()).start()
    begin = time.monotonic()
    server = start("--redis", f"redis://one.test,127.0.0.1:{redis.port}", prefix=names.prefix)
    told = server.wait_for("redis.down", code="address")
    assert "one.test" in told["host"]
    assert server.wait_for("redis.up")
    assert time.monotonic() - begin < 2 * LIMIT


def test_clients_of_one_server_talk_while_the_name_is_looked_up(start, queue, redis, names, tmp_path):
    server = start("--redis", redis.url)
    server.wait_for("redis.up")
    with Client(server, protocol="wsqueue.v1") as one:
        one.receive_events()
        place(queue, name_of(1), '{"event": "e"}')
        one.receive_events()
    server.terminate()
    rules = tmp_path / "rules.json"
    rules.write_text('[{"channel": "room", "publish": "anyone"}]')
    # With a history of its own a server lets clients in before Redis is there.
    server = start("--redis", "redis://one.test", "--rules", str(rules), prefix=names.prefix)
    server.wait_for("redis.down")
    with Client(server, protocol="wsqueue.v1") as one:
        one.receive_events()
        one.send_action("subscribe", channel="room")
        one.receive_events()
        begin = time.monotonic()
        one.send_action("message", channel="room", message="hello")
        one.receive_events(2)
        assert time.monotonic() - begin < LIMIT
    begin = time.monotonic()
    server.terminate()
    assert time.monotonic() - begin < LIMIT
