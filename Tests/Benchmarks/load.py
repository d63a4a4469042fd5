"""One run of the load client against one server."""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

from servers import BUILD


def run(server, clients, events, scenarios, rounds=1, options=(), seconds=3):
    """The results of one run of one server: a list of dictionaries. A run that fails is said, and has none."""
    with tempfile.TemporaryDirectory(prefix="wsqueue-bench-", dir="/dev/shm") as directory:
        queue = pathlib.Path(directory) / "queue"
        queue.mkdir()
        command = [
            BUILD / "release/wsqueue-bench", *server.bench_options(), "-d", queue, "-c", clients, "-n", events,
            "--rounds", rounds, "--seconds", seconds, "--log", pathlib.Path(directory) / "log", *scenarios,
            "--", *server.command(pathlib.Path(directory), queue), *options,
        ]
        try:
            result = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300)
        except subprocess.TimeoutExpired:
            print(f"{server.name}: {' '.join(scenarios)} took longer than 300 s", file=sys.stderr)
            return []
        if result.returncode != 0:
            print(f"{server.name}: {' '.join(scenarios)}: {result.stderr.strip()}", file=sys.stderr)
        return [json.loads(line) for line in result.stdout.splitlines()]


def middle(results):
    """One result for each scenario of several: the median of each value."""
    found = {}
    for result in results:
        found.setdefault(result["scenario"], []).append(result)
    return [
        {key: name if key == "scenario" else statistics.median(one[key] for one in group) for key in group[0]}
        for name, group in found.items()]
