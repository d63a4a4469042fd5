"""The kill -9 test in short; `scripts/crash-test 200` is the long one."""

import pytest

from support.crash import CrashTest


@pytest.mark.timeout(180)
def test_kills_at_random_moments_cost_clients_that_return_nothing(binaries, tmp_path):
    test = CrashTest(binaries, tmp_path, cycles=50, events=25_000)
    result = test.run()
    assert result["events"] == 25_000 and result["kills"] == 51 and result["publisher_kills"] > 10, result
    assert result["events_under_fire"] > 24_000, result
    for fault in ("lost", "doubled", "disordered", "gaps", "foreign", "missing"):
        assert result[fault] == 0, result
