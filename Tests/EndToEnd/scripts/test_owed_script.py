"""scripts/owed, which measures what the tests of limits only bound."""

import subprocess

import pytest

from support.places import ROOT


@pytest.mark.takes(10)
def test_it_prints_a_row_for_each_kind(binaries):
    result = subprocess.run(
        [ROOT / "scripts/owed", "--binaries", binaries, "--rounds", "2", "--clients", "5", "pings", "wrong_names"],
        capture_output=True, text=True, timeout=100)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in result.stdout.splitlines()]
    assert [row[0] for row in rows] == ["kind", "---", "wrong names", "pings"], result.stderr
    assert all(row[-1] in ("yes", "NO") and "(" in row[2] for row in rows[2:])
    assert (result.returncode == 0) == all(row[-1] == "yes" for row in rows[2:])
