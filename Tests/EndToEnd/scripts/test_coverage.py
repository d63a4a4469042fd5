"""scripts/coverage.py: of which module more should be executed."""

import json
import subprocess
import sys

from support.places import ROOT


def run(tmp_path, *options, **modules):
    """The exit status and the lines that are printed, for modules of which so many of 100 lines are executed."""
    counts = {ROOT / "Sources" / name / "File.swift": covered for name, covered in modules.items()}
    counts[tmp_path / "File.swift"] = 0
    files = [
        {"filename": str(path), "summary": {"lines": {"covered": covered, "count": 100}}}
        for path, covered in counts.items()]
    exported = tmp_path / "exported.json"
    exported.write_text(json.dumps({"data": [{"files": files}]}))
    result = subprocess.run(
        [sys.executable, ROOT / "scripts/coverage.py", exported, *options], capture_output=True, text=True, check=False)
    return result.returncode, result.stdout.splitlines(), result.stderr.splitlines()


def test_each_module_is_printed_with_its_percentage(tmp_path):
    status, lines, faults = run(tmp_path, WSQueueCore=90, WSQueueLog=9)
    assert (status, faults) == (0, [])
    assert [line.split() for line in lines] == [
        ["WSQueueCore", "90", "of", "100", "lines,", "90.0", "%"],
        ["WSQueueLog", "9", "of", "100", "lines,", "9.0", "%"]]


def test_what_decides_needs_90_percent_and_all_else_60(tmp_path):
    status, _, faults = run(
        tmp_path, "--required", WSQueueCore=90, WSQueueWire=89, WSQueueLog=60, WSQueueSpool=59, WSQueueNet=0)
    assert status == 1
    assert "WSQueueWire: 89.0 % of its lines are executed, less than 90 %" in faults
    assert "WSQueueSpool: 59.0 % of its lines are executed, less than 60 %" in faults
    assert not any("WSQueueCore" in line or "WSQueueLog" in line or "WSQueueNet" in line for line in faults)


def test_a_module_that_no_test_is_built_with_is_not_forgotten(tmp_path):
    _, _, faults = run(tmp_path, "--required", WSQueueCore=90)
    assert "WSQueueBroker: 0.0 % of its lines are executed, less than 90 %" in faults
