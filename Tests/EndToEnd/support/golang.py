"""Go programs that import the package of examples/go."""

import os
import subprocess

from .places import EXAMPLES, ROOT

# Compiled once for all tests, the standard library above all; and never from the network.
GO = {"GOCACHE": str(ROOT / ".build/go"), "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GO111MODULE": "on"}


def build_go(program, package=EXAMPLES / "go"):
    """Builds a program, as a module beside its file that has the package by `replace`; gives its path."""
    (program.parent / "go.mod").write_text(
        f"module program\n\ngo 1.18\n\nrequire wsqueue v0.0.0\n\nreplace wsqueue => {package}\n")
    made = program.parent / "program"
    subprocess.run(
        ["go", "build", "-o", made, program.name], cwd=program.parent, env={**os.environ, **GO}, check=True,
        timeout=240)
    return str(made)
