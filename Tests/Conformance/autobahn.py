#!/usr/bin/env python3
"""Runs the Autobahn|Testsuite against wsqueue-echo and keeps what it said of each case.

Sections 1 to 7, 9 and 10 in full; 12 and 13 are about compression, which is not offered. All cases must be OK, but for
three that can be nothing else than INFORMATIONAL."""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
RESULTS = HERE / "autobahn.txt"
INFORMATIONAL = {"7.1.6", "7.13.1", "7.13.2"}
COUNT = 301


def start(binary, log):
    """An echo server on a free port, and its WebSocket address."""
    process = subprocess.Popen([binary, "--listen", "127.0.0.1:0"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    line = process.stderr.readline().decode()
    found = re.search(r"ev=server.ready listen=(\S+)", line)
    if not found:
        process.kill()
        raise SystemExit(f"{binary} does not listen: {line}")
    # What it logs from now on is for a reader with time; a full pipe must not be.
    subprocess.Popen(["cat"], stdin=process.stderr, stdout=log)
    return process, f"ws://{found[1]}/"


def run(url, directory, cases):
    """The report of the suite: for each case its verdict on the answers and on the closing handshake."""
    specification = {
        "outdir": f"{directory}/report", "servers": [{"agent": "wsqueue", "url": url}], "cases": cases,
        "exclude-cases": ["12.*", "13.*"], "exclude-agent-cases": {},
    }
    path = pathlib.Path(directory, "client.json")
    path.write_text(json.dumps(specification))
    suite = [sys.executable, HERE / "autobahn" / "wstest_py3.py", "-m", "fuzzingclient", "-s", path]
    ended = subprocess.run(suite, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    try:
        return json.loads(pathlib.Path(directory, "report/index.json").read_text())["wsqueue"]
    except (OSError, KeyError):
        raise SystemExit(f"no report from the suite:\n{ended.stdout.decode()[-2000:]}") from None


def behaviour(verdict):
    """What the suite says of a case, in a word; a closing handshake that was not clean is named."""
    word = verdict["behavior"]
    close = verdict["behaviorClose"]
    return word if close in ("OK", "INFORMATIONAL") else f"{word}, close {close}"


def is_passed(case, word):
    return word == ("INFORMATIONAL" if case in INFORMATIONAL else "OK")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--echo", required=True, metavar="PATH", help="the wsqueue-echo to test")
    parser.add_argument("--log", default="/dev/null", help="where its log goes")
    parser.add_argument("cases", nargs="*", default=["*"], help="such as 6.* (all)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wsqueue-autobahn-") as directory, open(options.log, "wb") as log:
        process, url = start(options.echo, log)
        try:
            report = run(url, directory, options.cases)
        finally:
            process.terminate()
            process.wait(10)
    order = sorted(report, key=lambda case: [int(part) for part in case.split(".")])
    words = {case: behaviour(report[case]) for case in order}
    failed = [case for case in order if not is_passed(case, words[case])]
    for case in failed:
        print(f"FAILED: case {case}: {words[case]}", file=sys.stderr)
    missing = 0
    if options.cases == ["*"]:
        RESULTS.write_text("".join(f"{case} {words[case]}\n" for case in order))
        missing = max(0, COUNT - len(order))
    print(f"{len(order) - len(failed)} passed, {len(failed) + missing} failed")
    return 1 if failed or missing else 0


sys.exit(main())
