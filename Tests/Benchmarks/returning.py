"""Clients that come back at once for all that they have missed, and how long live events of others take meanwhile."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from servers import BUILD, JETSTREAM, NCHAN, OURS, PORT

# Where who comes back, and who listens to the channel `live` meanwhile, connects.
PATHS = {OURS: ("/?since=all", "/?channels=live"), JETSTREAM: ("/", "/"), NCHAN: ("/past", "/live")}
# Whose clients are not a thousand.
FEWER = {NCHAN: 20}
LIVE_CLIENTS = 100
QUIET_SECONDS = 2


def come_back(server, clients, events, path=None, fill=(), every=1, has_others=True, seconds=250):
    """What it costs that `clients` come for `events` each: results as the load client's, of the live events too.

    - path: what they ask for, where that is not all.
    - fill: further options for the events that they have missed.
    - every: each Nth of these is for them.
    - has_others: whether others listen meanwhile.
    """
    past, live = PATHS[server.name]
    with contextlib.ExitStack() as stack:
        directory = pathlib.Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="wsqueue-bench-", dir="/dev/shm")))
        queue = directory / "queue"
        queue.mkdir()
        log = stack.enter_context((directory / "log").open("w"))
        process = subprocess.Popen([str(word) for word in server.command(directory, queue)], stderr=log)
        stack.callback(end, process)

        def bench(*words, dialect=server.dialect, **options):
            command = [
                BUILD / "release/wsqueue-bench", "--dialect", dialect, "-p", PORT, "--publish-port", server.publish,
                "-d", queue, "--pid", process.pid, "-n", events, *words]
            return stack.enter_context(subprocess.Popen(
                [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options))

        try:
            results = finish(bench(*fill, "fill"), seconds)
            back = ("-c", clients, "--path", path or past, "--every", every, "past")
            if not has_others:
                return results + finish(bench(*back), seconds)
            # With a stream or without, a NATS server sends what is live in the same way.
            dialect = "nats" if server.dialect == "jetstream" else server.dialect
            others = bench("--channel", "live", "--path", live, "-c", LIVE_CLIENTS, "live", dialect=dialect,
                           stdin=subprocess.PIPE)
            others.stdout.readline()
            time.sleep(QUIET_SECONDS)
            others.stdin.write("\n")
            others.stdin.flush()
            results += [{**json.loads(others.stdout.readline()), "scenario": "quiet"}]
            # The others' clients have the processor first: what is measured is the server.
            results += finish(bench(*back, preexec_fn=lambda: os.nice(15)), seconds)
            results += finish(others, 30)
            return results
        except (Unmeasured, json.JSONDecodeError, BrokenPipeError) as fault:
            print(f"{server.name}: {fault or 'nothing was measured'}", file=sys.stderr)
            return []


class Unmeasured(Exception):
    """Why a run gave nothing."""


def finish(bench, seconds):
    """The results of a load client that ends by itself once it can read no more."""
    try:
        output, errors = bench.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as fault:
        bench.kill()
        raise Unmeasured(f"longer than {seconds} s") from fault
    if bench.returncode != 0:
        raise Unmeasured(errors.strip())
    return [json.loads(line) for line in output.splitlines()]


def end(process):
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
