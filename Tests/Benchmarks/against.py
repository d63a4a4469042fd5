"""Compares this checkout's build with another one of wsqueue, measure by measure (scripts/bench --against DIR)."""

import os
import pathlib
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

import comparison
import load
from comparison import NEW, OLD, TWIN
from progress import progress
from servers import BUILD, ROOT, Server, wsqueue

PROGRAMS = ("wsqueue-server", "wsqueue-publish")
PURE_PATH = "PurePath"
STARTS = 100
COUNTED_EVENTS = 4_000


class Unmeasured(Exception):
    """Why nothing can be said about the two builds."""


class Measure(NamedTuple):
    """One row: where its value stands in what a group of measurements gives."""

    group: str
    scenario: str
    key: str
    text: str
    # Whether a larger value is the better one.
    is_rate: bool = False

    def value(self, results):
        value = results[self.scenario, self.key]
        if value <= 0:
            raise Unmeasured(f"{self.text}: measured {value}")
        return value

    def cost(self, results):
        return 1 / self.value(results) if self.is_rate else self.value(results)


MEASURES = [
    Measure("burst", "files", "messages_per_s", "burst of 1,000 files to 1,000 clients, messages/s", True),
    Measure("burst", "files", "cpu_us", "the same, server's CPU µs a message"),
    Measure("burst", "batch", "messages_per_s", "burst as one batch, messages/s", True),
    Measure("burst", "batch", "cpu_us", "the same, server's CPU µs a message"),
    Measure("lockstep", "lockstep", "messages_per_s", "one at a time to 1,000 clients, messages/s", True),
    Measure("lockstep", "lockstep", "cpu_us", "the same, server's CPU µs a message"),
    Measure("clients", "open", "cpu_us", "handshake of 4,000 clients, server's CPU µs each"),
    Measure("clients", "open", "bytes_per_client", "the same, idle: memory of each, bytes"),
    Measure("lines", "batch", "messages_per_s", "a .jsonl of 100,000 events to one client, events/s", True),
    Measure("lines", "batch", "cpu_us", "the same, server's CPU µs an event"),
    Measure("start", "start", "us", "wsqueue-publish from start to end, µs"),
]


def compare(directory, seed):
    """Prints the tables, and returns whether anything is worse."""
    # The other one first: where nothing is there, nothing need be built here.
    builds = {OLD: programs(directory), NEW: programs(ROOT)}
    print(f"new: {describe(ROOT)}\nold: {describe(directory)}\nseed: {seed}\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="against-", dir=BUILD) as parent:
        copies = {}
        # Where a program lies must make no difference, and the old one must have as many places as the new.
        for name, place in ((NEW, "a"), (OLD, "b"), (TWIN, "c")):
            copies[name] = pathlib.Path(parent) / place
            copies[name].mkdir()
            for program in builds[OLD if name == TWIN else name]:
                shutil.copy(program, copies[name])
        rows = measured(copies, seed) + counted(copies)
    print(table(rows))
    return any(verdict.is_worse for *_, verdict in rows)


def programs(directory):
    """The programs for use of a checkout, which is built, or those that lie in a directory."""
    if not (directory / "Package.swift").exists():
        missing = [name for name in PROGRAMS if not (directory / name).exists()]
        if missing:
            raise Unmeasured(f"{directory}: no {' and no '.join(missing)}; name a checkout, or where its programs lie")
        return [directory / name for name in (*PROGRAMS, PURE_PATH) if (directory / name).exists()]
    found = [pathlib.Path(line) for line in build(directory, "scripts/build").splitlines()]
    if (directory / "Tests/Benchmarks" / PURE_PATH).is_dir():
        environment = os.environ | {"WSQUEUE_BENCH": "1"}
        build(directory, "swift", "build", "-c", "release", "--product", PURE_PATH, environment=environment)
        found.append(directory / ".build/release" / PURE_PATH)
    return found


def build(directory, *command, environment=None):
    """What a command that builds prints: scripts/build says where the programs are."""
    result = subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, text=True, env=environment)
    if result.returncode != 0:
        raise Unmeasured(f"{directory}: {' '.join(command)} has failed:\n{result.stdout}")
    return result.stdout


def describe(directory):
    command = ["git", "-C", directory, "log", "-1", "--format=%h %s"]
    commit = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    return f"{directory} ({commit or 'no commit known'})"


def measured(copies, seed):
    """Runs all pairs, and judges them: measure, median of new and of old, verdict."""
    found = {group: [] for group in GROUPS}
    order = comparison.schedule(list(GROUPS), random.Random(seed))
    for number, (group, pair) in enumerate(order, 1):
        progress(f"pair {number} of {len(order)}: {group}, {' then '.join(pair)}")
        found[group].append({name: GROUPS[group](copies[name]) for name in pair})
    progress("")
    rows = []
    for measure in MEASURES:
        pairs = found[measure.group]
        new, old = (
            statistics.median(measure.value(pair[name]) for pair in pairs if name in pair) for name in (NEW, OLD))
        costs = [{name: measure.cost(results) for name, results in pair.items()} for pair in pairs]
        rows.append((measure.text, new, old, comparison.judge(costs)))
    return rows


def run_load(copy, clients, events, scenarios, rounds=1):
    """The best that the load client measured of one server, by scenario and key: other work disturbed it least."""
    server = Server("wsqueue", "spool", wsqueue("--threads", "1", program=copy / "wsqueue-server"))
    values = {}
    for result in load.run(server, clients, events, scenarios, rounds):
        for key, value in result.items():
            values.setdefault((result["scenario"], key), []).append(value)
    missing = [name for name in ("open", *scenarios) if (name, "scenario") not in values]
    if missing:
        raise Unmeasured(f"{' '.join(missing)} could not be measured")
    return {place: max(found) if place[1].endswith("_per_s") else min(found) for place, found in values.items()}


def run_starts(copy):
    """The best of many starts of wsqueue-publish, each of which puts an event into a queue that nobody reads."""
    with tempfile.TemporaryDirectory(prefix="wsqueue-bench-", dir="/dev/shm") as queue:
        command = [str(copy / "wsqueue-publish"), "-d", queue, "order.created", "id:=7", "customer=Bob"]
        times = []
        for _ in range(STARTS):
            start = time.perf_counter_ns()
            child = os.posix_spawn(command[0], command, {})
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            times.append(time.perf_counter_ns() - start)
            if status != 0:
                raise Unmeasured(f"{' '.join(command)}: exit status {status}")
    return {("start", "us"): min(times) / 1_000}


# Each takes one to two seconds. In a burst the first rounds make the buffers grow.
GROUPS = {
    "burst": lambda copy: run_load(copy, 1_000, 1_000, ["files", "batch"], rounds=5),
    "lockstep": lambda copy: run_load(copy, 1_000, 25, ["lockstep"] * 5),
    "lines": lambda copy: run_load(copy, 1, 100_000, ["batch"], rounds=4),
    "clients": lambda copy: run_load(copy, 4_000, 1, []),
    "start": run_starts,
}


def counted(copies):
    """The instructions of an event's pure path, which are the same in every run."""
    if not shutil.which("valgrind"):
        print("instructions are left out: valgrind is not installed (apt-get install valgrind)", file=sys.stderr)
        return []
    without = [name for name in (NEW, OLD) if not (copies[name] / PURE_PATH).exists()]
    if without:
        print(f"instructions are left out: {' and '.join(without)} without {PURE_PATH}", file=sys.stderr)
        return []
    rows = []
    for form in ("plain", "others"):
        costs = []
        for name in (NEW, OLD):
            once, twice = (instructions(copies[name] / PURE_PATH, form, COUNTED_EVENTS * times) for times in (1, 2))
            costs.append(comparison.per_event(once, twice, COUNTED_EVENTS))
        rows.append((f"instructions an event, {form}", *costs, comparison.judge_counted(*costs)))
    return rows


def instructions(program, form, count):
    """How many instructions a run executes in user space."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, form, str(count)]
    # Hashes are seeded anew in each process otherwise, and tables are filled in another way.
    environment = {"PATH": os.environ["PATH"], "SWIFT_DETERMINISTIC_HASHING": "1"}
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    collected = re.search(r"Collected : (\d+)", result.stderr)
    if result.returncode != 0 or not collected:
        raise Unmeasured(f"{program}: {result.stderr.strip()}")
    return int(collected[1])


def table(rows):
    lines = [
        "| measure | new | old | new/old: median | min..max | old/old | |",
        "| --- | ---: | ---: | ---: | --- | --- | --- |",
    ]
    for text, *values, verdict in rows:
        new, old = (f"{value:,.0f}" if value >= 1_000 else f"{value:.3g}" for value in values)
        spread, own = f"{verdict.least:.3f}..{verdict.most:.3f}", f"{1 / verdict.own:.3f}..{verdict.own:.3f}"
        lines.append(f"| {text} | {new} | {old} | {verdict.median:.3f} | {spread} | {own} | {verdict.word} |")
    return "\n".join([*lines, "", "Ratios are of costs: above 1 the new build is slower or larger."])
