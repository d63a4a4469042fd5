"""The kit for other people's publishers: all of ours pass, and each way to do it wrong is found."""

import re
import shutil
import subprocess
import sys

import pytest

from support.golang import build_go
from support.places import EXAMPLES, ROOT

KIT = ROOT / "scripts/check-publisher"
pytestmark = pytest.mark.skipif(not shutil.which("mount"), reason="no mount")

OURS = {
    "python": [sys.executable, EXAMPLES / "python/wsqueue.py"], "php": ["php", EXAMPLES / "php/wsqueue.php"],
    "node": ["node", EXAMPLES / "node/wsqueue.mjs"], "ruby": ["ruby", EXAMPLES / "ruby/wsqueue.rb"],
    "perl": ["perl", EXAMPLES / "perl/WSQueue.pm"], "shell": ["sh", EXAMPLES / "shell/publish.sh"],
    "busybox": ["busybox", "sh", EXAMPLES / "shell/publish.sh"],
}

GOOD = """
import json, os, sys, time
where, event, payload = sys.argv[1:4]
text = json.dumps({"event": event, "payload": json.loads(payload)})
name = f"{time.time_ns():019d}-{os.getpid()}-1-00000000.json"
hidden = os.path.join(where, f".{name}.tmp")
try:
    with open(hidden, "x") as file:
        file.write(text)
        os.fchmod(file.fileno(), 0o644)
    os.rename(hidden, os.path.join(where, name))
except OSError:
    if os.path.exists(hidden):
        os.unlink(hidden)
    raise
"""
GO = """package main

import (
\t"encoding/json"
\t"log"
\t"os"
\t"wsqueue"
)

func main() {
\tevent := wsqueue.Event{Event: os.Args[2], Payload: json.RawMessage(os.Args[3])}
\tif _, err := wsqueue.New(os.Args[1]).Publish(event); err != nil {
\t\tlog.Fatal(err)
\t}
}
"""
# What is wrong, and by what it is known.
WRONG = {
    "whole": ("hidden = os.path.join(where, f\".{name}.tmp\")", "hidden = os.path.join(where, name)"),
    "readable": ("        os.fchmod(file.fileno(), 0o644)\n", ""),
    "unique": ("name = f\"{time.time_ns():019d}-{os.getpid()}-1-00000000.json\"", "name = 'status.json'"),
    "ordered": ("{time.time_ns():019d}", "{os.urandom(8).__hash__() % 10**18:019d}"),
    "clean": ("        os.unlink(hidden)", "        pass"),
    "truth": (
        "os.rename(hidden, os.path.join(where, name))", "os.rename(hidden, os.path.join(where, name)); sys.exit(1)"),
    "working": ("json.loads(payload)", "json.loads(payload[:-1])"),
}


def check(*command, count=60):
    result = subprocess.run(
        [KIT, "--count", str(count), "--seed", "5", *command], capture_output=True, text=True, timeout=300)
    return result.returncode, result.stdout


@pytest.mark.parametrize("way", OURS)
def test_our_examples_pass(way):
    if not shutil.which(OURS[way][0]):
        pytest.skip(f"no {way}")
    assert check(*OURS[way])[0] == 0


@pytest.mark.skipif(not shutil.which("go"), reason="no go")
def test_our_go_example_passes(tmp_path):
    (tmp_path / "main.go").write_text(GO)
    assert check(build_go(tmp_path / "main.go"))[0] == 0


def test_the_command_passes(binaries):
    status, said = check(binaries / "wsqueue-publish", "-d", "{queue}", "{event}", "-j", "{json}", count=200)
    assert status == 0, said


def test_a_good_one_passes(tmp_path):
    (tmp_path / "good.py").write_text(GOOD)
    status, said = check(sys.executable, tmp_path / "good.py")
    # Without faketime, and where nothing can be mounted, fewer.
    held = r"holds: whole, unique, ordered, readable and clean after [56]\d runs\n"
    assert status == 0 and re.fullmatch(held, said), said


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_one_is_found(tmp_path, kind):
    before, after = WRONG[kind]
    assert GOOD.count(before) == 1
    (tmp_path / "wrong.py").write_text(GOOD.replace(before, after))
    status, said = check(sys.executable, tmp_path / "wrong.py")
    assert status == 1 and f"not {kind}, " in said


def test_no_command_is_usage_and_one_that_is_not_there_is_said(tmp_path):
    assert subprocess.run([KIT], capture_output=True).returncode == 64
    assert subprocess.run([KIT, tmp_path / "none"], capture_output=True).returncode == 69
