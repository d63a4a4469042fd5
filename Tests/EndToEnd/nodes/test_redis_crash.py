"""Servers and Redis killed at random moments, in short; `scripts/redis-crash-test` is the long one."""

import pytest

from support import redis_server
from support.redis_crash import RedisCrashTest


@pytest.mark.timeout(180)
def test_kills_of_servers_and_of_redis_cost_no_client_an_event(binaries, queue, is_measured):
    if not redis_server.is_installed():
        pytest.skip("no redis-server")
    kills, events = (10, 5_000) if is_measured else (3, 1_000)
    result, findings = RedisCrashTest(binaries, queue.parent, kills, events, clients=4, seed=7).run()
    assert findings == []
    assert result["events"] == events and sum(result[name] for name in ("nodes", "redis", "pauses")) == kills, result
    assert result["deliveries"] >= 4 * events, result
