"""How large the programs are, and what one start of the publisher costs beside a C program that does no more."""

import importlib.machinery
import importlib.util
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import time

from servers import BUILD, PORT, ROOT

STARTS = 200
PROGRAMS = BUILD / "programs"


def startup():
    """scripts/startup, which knows the C program and how a start is timed."""
    loader = importlib.machinery.SourceFileLoader("startup", str(ROOT / "scripts/startup"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("startup", loader))
    loader.exec_module(module)
    return module


def measure(server):
    """One round: the starts of both programs in turn, so that both see the same machine."""
    timing = startup()
    with tempfile.TemporaryDirectory(prefix="wsqueue-bench-", dir="/dev/shm") as directory:
        queue = f"{directory}/queue"
        os.mkdir(queue)
        rename = timing.compile_rename(directory)["rename in C, static"]
        publish = [str(PROGRAMS / "wsqueue-publish"), "-d", queue, "order.created", "id:=7", "customer=Bob"]
        times = {"publish_us": [], "c_us": []}
        for number in range(STARTS):
            times["publish_us"].append(timing.run(publish))
            times["c_us"].append(timing.run([rename, f"{queue}/.{number}", f"{queue}/{number}"]))
        result = {name: statistics.median(found) for name, found in times.items()}
        result["publisher_bytes"] = (PROGRAMS / "wsqueue-publish").stat().st_size
        result |= stripped(pathlib.Path(directory))
    return [{"scenario": "sizes", **result}]


def stripped(directory):
    """The server without its symbols: how large it is, and how much of it is in memory when nobody has come."""
    program = directory / "wsqueue-server"
    subprocess.run(["strip", "-o", program, PROGRAMS / "wsqueue-server"], check=True)
    (directory / "bare").mkdir()
    command = [program, "-d", directory / "bare", "-l", f"127.0.0.1:{PORT}", "--threads", "1"]
    process = subprocess.Popen([str(word) for word in command], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while not (directory / "bare/.address").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        # What a start needs and gives back is no part of it.
        time.sleep(1)
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    finally:
        process.terminate()
        process.wait()
    kilobytes = {name: int(re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE)[1]) for name in ("VmRSS", "RssAnon")}
    return {"server_bytes": program.stat().st_size, "resident_mib": kilobytes["VmRSS"] / 1_024,
            "own_mib": kilobytes["RssAnon"] / 1_024}
