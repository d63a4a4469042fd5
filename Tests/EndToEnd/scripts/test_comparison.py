"""How scripts/bench --against judges what it has measured."""

import random
import sys
from collections import Counter

import pytest

from support.places import TESTS

sys.path.append(str(TESTS / "Benchmarks"))

import comparison  # noqa: E402
from comparison import NEW, OLD, PAIRS, TWIN  # noqa: E402


def pairs(new, own):
    """Pairs with these ratios of new to old and of old to itself."""
    return [{OLD: 2.0, NEW: 2 * ratio} for ratio in new] + [{OLD: 2.0, TWIN: 2 * ratio} for ratio in own]


def test_all_pairs_are_run_in_an_order_that_the_seed_gives():
    order = comparison.schedule(["burst", "start"], random.Random(1))
    assert Counter((group, frozenset(pair)) for group, pair in order) == {
        (group, frozenset((OLD, other))): PAIRS for group in ("burst", "start") for other in (NEW, TWIN)}
    assert order == comparison.schedule(["burst", "start"], random.Random(1))
    assert order != comparison.schedule(["burst", "start"], random.Random(2))
    assert 5 < sum(pair[0] == OLD for _, pair in order) < 35, "old comes first in some pairs and second in others"
    changes = sum(one[0] != next_one[0] for one, next_one in zip(order, order[1:]))
    assert changes > 5, "groups come in turn, and not one after the other"


@pytest.mark.parametrize("new, own, word", [
    ([1.04] * 10, [1.0] * 10, "no difference"),
    ([1.06] * 10, [1.0] * 10, "worse"),
    ([1.06] * 10, [1.0] * 9 + [1.1], "no difference"),
    ([1.06] * 10, [1.0] * 9 + [1 / 1.1], "no difference"),
    ([1.11] * 10, [1.0] * 9 + [1.1], "worse"),
    ([1.11] * 10, [1.0] * 9 + [1 / 1.1], "worse"),
    ([0.94] * 10, [1.0] * 10, "better"),
    ([0.94] * 10, [1.0] * 9 + [1.1], "no difference"),
    ([0.89] * 10, [1.0] * 9 + [1.1], "better"),
    ([1.0] * 6 + [9.0] * 4, [1.0] * 10, "no difference"),
    ([1.0] * 4 + [9.0] * 6, [1.0] * 10, "worse"),
])
def test_worse_is_a_median_outside_what_old_shows_against_itself(new, own, word):
    verdict = comparison.judge(pairs(new, own))
    assert verdict.word == word
    assert verdict.is_worse == (word == "worse")
    assert (verdict.least, verdict.most) == (min(new), max(new))
    assert verdict.own == max(max(own), 1 / min(own))


def test_ratios_are_taken_within_a_pair():
    # The machine was half as fast for the second pair: its two runs were alike all the same.
    measured = [{OLD: 1.0, NEW: 1.5}, {OLD: 2.0, NEW: 3.0}, {OLD: 1.0, TWIN: 1.0}, {OLD: 2.0, TWIN: 2.0}]
    assert comparison.judge(measured) == (1.5, 1.5, 1.5, 1)


def test_a_kind_of_pairs_that_was_not_measured_is_an_error():
    with pytest.raises(ValueError, match="no pair of old and twin"):
        comparison.judge([{OLD: 1.0, NEW: 1.0}])


def test_what_is_counted_has_no_range():
    assert comparison.judge_counted(1_040, 1_000).word == "no difference"
    assert comparison.judge_counted(1_060, 1_000).word == "worse"
    assert comparison.judge_counted(900, 1_000).word == "better"


def test_what_a_run_costs_besides_its_events_cancels():
    assert comparison.per_event(5_000_000 + 100 * 700, 5_000_000 + 200 * 700, 100) == 700
