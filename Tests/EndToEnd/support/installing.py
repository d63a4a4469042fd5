"""scripts/install, as packagers use it."""

import subprocess

from .places import ROOT


def install(binaries, where, *options):
    """Installs into a directory that stands for the root of a system."""
    subprocess.run(
        [ROOT / "scripts/install", "--destdir", where, "--prefix", "/usr", "--binaries", binaries, *options],
        check=True, timeout=60)
