"""What is measured, by name: each scenario can be run alone, and each of its rounds gives one number a value."""

import subprocess
import tempfile
from typing import Callable, NamedTuple

import returning
import starts
from load import middle, run
from servers import BUILD, CORKED, JETSTREAM, NATS, NCHAN, OURS, RING, UWS, WRITE


class Scenario(NamedTuple):
    """One of them: how a round of one server is measured, and whose servers those are (nothing is all of them)."""

    text: str
    measure: Callable
    servers: tuple = ()
    # How many rounds one run of it has.
    rounds: int = 1


def without_opening(results):
    """Results of a further run of the same clients, whose coming was measured already."""
    return [result for result in results if result["scenario"] != "open"]


def bursts(server):
    return ["files", "batch"] if server.is_ours else ["files"]


def crowd(server):
    """A thousand clients. The first of several bursts makes buffers grow; one write a message needs seconds each."""
    events, repeats = (1_000, 3) if server.is_coalescing else (100, 1)
    results = middle(run(server, 1_000, events, bursts(server), rounds=repeats))
    return results + without_opening(run(server, 1_000, 25, ["lockstep", "paced"]))


def small(server):
    """A hundred clients."""
    results = []
    if server.is_coalescing:
        results = middle(run(server, 100, 1_000, bursts(server), rounds=9))
    return results + without_opening(run(server, 100, 500, ["lockstep"]))


def large(server):
    """Ten thousand clients: what they need of memory, and their handshakes."""
    return run(server, 10_000, 1, [])


def latency(server):
    return run(server, 1_000, 60, ["paced"])


def idle(server):
    """Five times longer than the 25 seconds between two pings, of one start: who has come is heard of anew by then."""
    return without_opening(run(server, 10_000, 1, ["idle"] * 6, seconds=26))[1:]


def lines(server):
    """One client, so that what is measured is the way into the hub; a million are more than a batch may have."""
    results = middle(run(server, 1, 100_000, ["batch"], rounds=5))
    if server.name == OURS:
        million = run(server, 1, 1_000_000, ["batch"], options=["--batch-size", "400M"])
        results += [{**one, "scenario": "million"} for one in without_opening(million)]
    return results


def slow(server):
    """A tenth of a hundred clients read no more; before that, the other ninety alone."""
    others = run(server, 90, 72_000, ["parts"]) if server.is_ours else []
    return without_opening(others + run(server, 100, 72_000, ["slow"]))


def drain(server):
    """All files wait before the server starts; beside it, what listing, reading and deleting them costs."""
    results = run(server, 1, 100_000, ["drain"], options=["--hold-without-clients"])
    with tempfile.TemporaryDirectory(prefix="wsqueue-bench-", dir="/dev/shm") as directory:
        # The floor drains what it has made before.
        for what in ("create", "drain"):
            command = [BUILD / "floors/files", what, directory, "100000", "300"]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            results.append({"scenario": "floor", f"{what}_us": float(output)})
    return results


def replay(server):
    """Nchan takes three minutes for a thousand, so it has fewer."""
    return returning.come_back(server, returning.FEWER.get(server.name, 1_000), 10_000)


# What is asked for of 10,000 events, over ten names, and over ten channels where channels are asked for.
FILTERS = {
    "all": ("/?since=all", (), 1),
    "events=ben.*": ("/?since=all&events=ben.*", (), 1),
    "events=ben.0, a tenth": ("/?since=all&events=ben.0", (), 10),
    "channels=orders.*": ("/?since=all&channels=orders.*", ("--channel", "orders"), 1),
    "channels=orders.0, a tenth": ("/?since=all&channels=orders.0", ("--channel", "orders"), 10),
    "one of 20 patterns": (
        "/?since=all&channels=orders.*," + ",".join(f"other{number}.*" for number in range(19)),
        ("--channel", "orders"), 1),
}


def filters(server):
    """What a client that comes back costs by what it asks for, the processor's microseconds for each record."""
    results = []
    for name, (path, fill, every) in FILTERS.items():
        spread = ("--spread", "10", *fill)
        found = returning.come_back(server, 200, 10_000, path, spread, every, has_others=False)
        results += [{**one, "scenario": name} for one in found if one["scenario"] == "past"]
    return results


SCENARIOS = {
    "sizes": Scenario("the programs' sizes, and what one start of the publisher costs", starts.measure, (OURS,)),
    "lines": Scenario("one .jsonl of 100,000 and of 1,000,000 events", lines, (OURS, RING)),
    "small": Scenario(
        "a hundred clients: bursts, and one event at a time", small, (OURS, RING, WRITE, NATS, UWS, CORKED)),
    "crowd": Scenario(
        "a thousand clients of every server: bursts, one event at a time, 20 events a second", crowd),
    "latency": Scenario("20 events a second to a thousand clients", latency, (OURS, WRITE, UWS)),
    "large": Scenario("ten thousand clients: memory and handshakes", large, (OURS, RING, UWS, NATS, NCHAN)),
    "idle": Scenario("ten thousand clients to whom nothing is sent", idle, (OURS,), rounds=5),
    "slow": Scenario("ten of a hundred clients never read", slow, (OURS, NATS)),
    "drain": Scenario("100,000 files that waited", drain, (OURS,)),
    "replay": Scenario(
        "a thousand clients that come back for 10,000 events each", replay, (OURS, JETSTREAM, NCHAN)),
    "filters": Scenario("what patterns and filters cost in a replay", filters, (OURS,)),
}
# What only a replay is measured with.
NOT_IN_CROWD = (JETSTREAM,)


def chosen(scenario, servers):
    """The servers of a scenario, in their order."""
    return [server for server in servers
            if server.name in scenario.servers or (not scenario.servers and server.name not in NOT_IN_CROWD)]
