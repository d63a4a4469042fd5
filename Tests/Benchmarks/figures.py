"""What was measured: for each scenario, server and value one number a round; pure functions of that.

A file of figures grows by pieces, so that a long run can be taken apart: what is the same in all of them (machine,
versions) is written once, and what differs (the load before, kernel, commit) is kept for each piece.
"""

import json
import re
import statistics
from typing import NamedTuple


class Spread(NamedTuple):
    """The middle one of several rounds, the least and the greatest, and how many those were."""

    median: float
    least: float
    most: float
    rounds: int


def spread(values):
    """The spread of some values; nothing of none."""
    return Spread(statistics.median(values), min(values), max(values), len(values)) if values else None


class Figures:
    """All that was measured, by scenario, server and value."""

    def __init__(self, machine=None, pieces=(), values=None):
        self.machine = dict(machine or {})
        self.pieces = list(pieces)
        self.values = values or {}

    def learn(self, machine):
        """Notes on what they are measured; figures that are there were measured on the same."""
        known = self.machine.get("versions", {})
        if not self.values:
            self.machine = dict(machine)
        self.machine = self.machine | {"versions": known | machine["versions"]}

    def add(self, scenario, server, results):
        """Adds what one round of one server gave: dictionaries of the load client, or of values alone."""
        place = self.values.setdefault(scenario, {}).setdefault(server, {})
        for result in results:
            step = result.get("scenario")
            for key, value in result.items():
                if key not in ("scenario", "clients", "events"):
                    place.setdefault(f"{step}.{key}" if step else key, []).append(value)

    def all(self, scenario, server, key):
        return self.values.get(scenario, {}).get(server, {}).get(key, [])

    def spread(self, scenario, server, key):
        return spread(self.all(scenario, server, key))

    def median(self, scenario, server, key):
        found = self.spread(scenario, server, key)
        return found.median if found else None

    def servers(self, scenario):
        return list(self.values.get(scenario, {}))

    def ratio(self, scenario, ours, theirs, key, other_key=None):
        """One server's value by another's in the same round, which saw the same machine: the spread of that."""
        left, right = self.all(scenario, ours, key), self.all(scenario, theirs, other_key or key)
        return spread([one / other for one, other in zip(left, right) if other])

    @property
    def rounds(self):
        """The least and the greatest number of rounds that any value has."""
        counts = [len(found) for servers in self.values.values() for keys in servers.values()
                  for found in keys.values()]
        return (min(counts), max(counts)) if counts else (0, 0)

    def text(self):
        """As it is kept: a line for each value."""
        def rounded(value):
            return value if isinstance(value, int) else float(f"{value:.5g}")

        values = {scenario: {server: {key: [rounded(value) for value in found] for key, found in keys.items()}
                             for server, keys in servers.items()} for scenario, servers in self.values.items()}
        document = {"machine": self.machine, "pieces": self.pieces, "values": values}
        text = json.dumps(document, indent=1, ensure_ascii=False)
        return shorten(text) + "\n"

    @classmethod
    def parse(cls, text):
        document = json.loads(text)
        return cls(document["machine"], document["pieces"], document["values"])


def shorten(text):
    """JSON whose lists of numbers stand on one line each."""
    def one_line(found):
        return "[" + ", ".join(found[1].replace(",", " ").split()) + "]"

    return re.sub(r"\[([\d\s.,e+-]+)\]", one_line, text)
