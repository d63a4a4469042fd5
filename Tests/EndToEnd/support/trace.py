"""The system calls of a program, as strace(1) saw them."""

import dataclasses
import os
import re
import shutil
import subprocess

import pytest

BEGIN = re.compile(r"(?P<thread>\d+) +(?P<call>\w+)\((?P<rest>.*)")
RESUMED = re.compile(r"(?P<thread>\d+) +<\.\.\. (?P<call>\w+) resumed>(?P<rest>.*)")
UNFINISHED = "<unfinished ...>"


def require_strace():
    """Skips a test where no program may be traced."""
    if not shutil.which("strace"):
        pytest.skip("no strace")
    if subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True).returncode:
        pytest.skip("no program may be traced here")


def traced(path, calls, detached=False):
    """What to put before a command to have its calls written to `path`; detached, its process is the command's own."""
    command = ["strace", "-f", "-y", "-s", "65536", "-e", f"trace={','.join(calls)}", "-o", str(path)]
    return [*command, *(["-D"] if detached else []), "--"]


@dataclasses.dataclass
class Call:
    """One call; `begin` and `end` are moments, by the lines of the trace."""

    name: str
    arguments: str
    begin: int
    end: int

    def names(self, path):
        """Whether a path is among its arguments, as a name or as that of a descriptor."""
        return str(path) in self.arguments


def read_trace(path):
    """All calls that succeeded, in the order in which they began."""
    calls, open_calls = [], {}
    with open(path, encoding="utf-8", errors="backslashreplace") as file:
        for moment, line in enumerate(file):
            line = line.rstrip("\n")
            if resumed := RESUMED.match(line):
                call = open_calls.pop(resumed["thread"])
                call.arguments += resumed["rest"]
            elif begun := BEGIN.match(line):
                call = Call(begun["call"], begun["rest"], moment, moment)
                calls.append(call)
                if line.endswith(UNFINISHED):
                    open_calls[begun["thread"]] = call
            else:
                continue
            call.end = moment
    return [call for call in calls if call.arguments.rpartition(" = ")[2][:1].isdigit()]
