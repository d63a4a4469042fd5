"""Runs a command with the system calls that a unit allows, as systemd would: sandbox.py FILE COMMAND...

FILE holds the names of the calls, one a line; every other one fails with EPERM. Memory that was writable never becomes
executable, and no new privileges come.
"""

import ctypes
import os
import re
import struct
import sys

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, PR_SET_MDWE = 22, 38, 65
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, FAIL_EPERM, KILL = 0x7FFF0000, 0x00050001, 0x80000000
ARCHITECTURES = {"x86_64": (0xC000003E, "x86_64-linux-gnu/asm/unistd_64.h"), "aarch64": (
    0xC00000B7, "asm-generic/unistd.h")}


def numbers():
    """The calls of this machine by name, as the kernel's headers have them."""
    header = "/usr/include/" + ARCHITECTURES[os.uname().machine][1]
    with open(header, encoding="utf-8") as file:
        return {name: int(number) for name, number in re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)", file.read())}


def program(allowed):
    """The filter (seccomp(2)): the architecture, then one comparison a call."""
    def statement(code, value, on_true=0, on_false=0):
        return struct.pack("HBBI", code, on_true, on_false, value)

    architecture = ARCHITECTURES[os.uname().machine][0]
    lines = [statement(LOAD, 4), statement(JUMP_EQUAL, architecture, 1, 0), statement(RETURN, KILL), statement(LOAD, 0)]
    for number in allowed:
        lines += [statement(JUMP_EQUAL, number, 0, 1), statement(RETURN, ALLOW)]
    return [*lines, statement(RETURN, FAIL_EPERM)]


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        names = set(file.read().split())
    known = numbers()
    lines = program(sorted(known[name] for name in names & known.keys()))
    libc = ctypes.CDLL(None, use_errno=True)
    # An old kernel has no such prctl; the filter is the point.
    libc.prctl(PR_SET_MDWE, 1, 0, 0, 0)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        sys.exit("no new privileges: not possible here")
    if libc.prctl(PR_SET_SECCOMP, 2, ctypes.byref(Program(len(lines), b"".join(lines))), 0, 0) != 0:
        sys.exit(f"seccomp: {os.strerror(ctypes.get_errno())}")
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
