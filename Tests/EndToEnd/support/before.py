"""Programs of the version before, where BEFORE_BINARIES names their directory."""

import os
import pathlib

import pytest


def older(name):
    """The path of such a program; without it the test is left out."""
    directory = os.environ.get("BEFORE_BINARIES")
    if not directory or not (pathlib.Path(directory) / name).exists():
        pytest.skip("no programs of 0.1: BEFORE_BINARIES names their directory")
    return pathlib.Path(directory) / name
