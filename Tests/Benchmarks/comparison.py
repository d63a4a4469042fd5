"""Whether one build costs more than another: pure functions of what was measured.

Every figure is a cost, so a ratio above 1 says that the new build costs more.
"""

import statistics
from typing import NamedTuple

PAIRS = 10
# A smaller difference is never worse, however quiet the machine is.
TOLERANCE = 1.05
NEW, OLD, TWIN = "new", "old", "twin"


def schedule(groups, generator):
    """What is run in which order: ten pairs of new and old for each group, and ten of old and its twin, all drawn.

    What changes with time (temperature, other work) then meets both kinds of pairs and both places in a pair alike.
    """
    pairs = [(group, (OLD, other)) for group in groups for other in (NEW, TWIN) for _ in range(PAIRS)]
    generator.shuffle(pairs)
    return [(group, pair if generator.random() < 0.5 else pair[::-1]) for group, pair in pairs]


class Verdict(NamedTuple):
    """The ratios of new to old, and the largest of old to itself."""

    median: float
    least: float
    most: float
    own: float

    @property
    def is_worse(self):
        return self.median > max(self.own, TOLERANCE)

    @property
    def is_better(self):
        return self.median < 1 / max(self.own, TOLERANCE)

    @property
    def word(self):
        return "worse" if self.is_worse else "better" if self.is_better else "no difference"


def ratios(pairs, other):
    """What `other` cost, by what the old build cost in the same pair: `pairs` are dictionaries from build to cost."""
    found = [pair[other] / pair[OLD] for pair in pairs if other in pair]
    if not found:
        raise ValueError(f"no pair of old and {other}")
    return found


def judge(pairs):
    """The verdict on pairs of both kinds."""
    new = ratios(pairs, NEW)
    # Which of two runs of the same build is divided by the other means nothing: each ratio counts both ways round.
    own = max(max(ratio, 1 / ratio) for ratio in ratios(pairs, TWIN))
    return Verdict(statistics.median(new), min(new), max(new), own)


def judge_counted(new, old):
    """The verdict on two numbers that are the same in every run."""
    return Verdict(*[new / old] * 3, 1)


def per_event(once, twice, count):
    """What an event costs, by a run of `count` events and one of twice as many: what a run costs besides cancels."""
    return (twice - once) / count
