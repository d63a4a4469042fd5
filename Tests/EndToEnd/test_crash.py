"""The kill -9 test in short; `scripts/crash-test 200 --events 100000` is the long one."""

from support.crash import CrashTest


def test_kills_at_random_moments_cost_clients_that_return_nothing(binaries, tmp_path):
    test = CrashTest(binaries, tmp_path, cycles=12, events=6_000, clients=4)
    result = test.run()
    assert result["events"] == 6_000 and result["kills"] == 13, result
    for fault in ("lost", "doubled", "disordered", "gaps", "foreign", "missing"):
        assert result[fault] == 0, result
