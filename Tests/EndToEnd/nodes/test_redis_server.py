"""What the tests with Redis stand on: the server can be brought into every state that they need."""

import pytest

from support.ports import free_port
from support.redis_server import RedisFault
from support.waiting import eventually


def test_what_it_was_told_survives_a_kill(redis):
    redis.ask("XADD", "wsqueue", "0-*", "e", "{}")
    redis.kill()
    redis.start()
    assert redis.stream() == [("0-1", {b"e": b"{}"})]


def test_it_refuses_as_long_as_it_loads(redis):
    redis.ask("SET", "here", "1")
    redis.start_loading(1.0)
    with pytest.raises(RedisFault, match="^LOADING"):
        redis.ask("GET", "here")
    eventually(lambda: redis.state() == "PONG", "it has loaded")
    assert redis.ask("GET", "here") == b"1"


def test_it_refuses_to_write_without_room(redis):
    redis.fill()
    with pytest.raises(RedisFault, match="^OOM"):
        redis.ask("SET", "one", "1")
    redis.give_room()
    assert redis.ask("SET", "one", "1") == "OK"


def test_who_has_no_password_is_refused(make_redis):
    redis = make_redis(password="secret").start()
    assert redis.ask("PING") == "PONG"
    redis.password = None
    assert redis.state() == "NOAUTH"


def test_a_replica_takes_over(make_redis):
    one, two = make_redis(port=free_port()).start(), make_redis(port=free_port()).start()
    two.follow(one)
    one.ask("SET", "key", "value")
    eventually(lambda: two.has_followed(one), "in step")
    with pytest.raises(RedisFault, match="^READONLY"):
        two.ask("SET", "key", "other")
    one.kill()
    two.promote()
    assert two.ask("GET", "key") == b"value"
    assert two.ask("SET", "key", "other") == "OK"


def test_a_paused_one_takes_commands_and_answers_later(redis):
    redis.pause_clients(0.5)
    with redis.connect(timeout=0.2) as connection, pytest.raises(TimeoutError):
        connection.ask("PING")
    assert redis.state() == "PONG"
    redis.suspend()
    with redis.connect(timeout=0.2) as connection, pytest.raises(TimeoutError):
        connection.ask("PING")
    redis.resume()
    assert redis.state() == "PONG"
