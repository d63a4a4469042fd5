"""What is kept for clients that take nothing, whatever it is that they are owed: together it has a bound.

`scripts/owed` measures the same five times, with the bound that healthy clients' delays have.
"""

import pytest

from support.owed import KINDS, cost_of

LIMIT_KB = 48 * 1_024


@pytest.mark.alone
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_thousand_that_take_nothing_of_what_they_are_owed(start, memory_queue, is_measured, kind):
    cost = cost_of(
        kind, lambda *options: start(*options, directory=memory_queue), memory_queue, 1_000 if is_measured else 100)
    print(f"{kind.__name__}: {cost}")
    assert cost.grown < LIMIT_KB or not is_measured, cost
    # Some tens of milliseconds on a machine with nothing else to do.
    assert cost.late < max(2 * cost.quiet, 0.5) or not is_measured, cost
    assert cost.slow > 0 or kind.__name__ != "messages" or not is_measured
