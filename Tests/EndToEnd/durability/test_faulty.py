"""System calls that fail once, in short; `scripts/faults` has one fail after the other."""

import pytest

from support.faults import FAULTS
from support.faulty import Fault, FaultyRun
from support.trace import require_strace


@pytest.fixture(autouse=True)
def needs(is_measured):
    require_strace()
    if not is_measured:
        pytest.skip("a sanitizer makes calls of its own")


@pytest.mark.parametrize("fault", [
    Fault("server", "pwrite64", "EIO", 4), Fault("publish", "fsync", "EIO", 1),
], ids=str)
def test_a_call_that_fails_once_loses_nothing_and_is_said(binaries, tmp_path, fault):
    assert fault in FAULTS
    assert FaultyRun(binaries, tmp_path, fault).run() == []


def test_a_case_whose_call_is_not_made_is_told(binaries, tmp_path):
    fault = Fault("publish", "swapoff", "EIO", 1)
    assert FaultyRun(binaries, tmp_path, fault).run() == ["the call was not made so often", "nothing says it"]


def test_no_case_is_there_twice():
    assert len(set(FAULTS)) == len(FAULTS) >= 60
