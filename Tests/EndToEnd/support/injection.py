"""Has each thread of a running process make a system call of ours (ptrace(2)), on x86-64."""

import ctypes
import os
import platform

import pytest

from support.waiting import eventually

SEIZE, INTERRUPT, GETREGS, SETREGS, SINGLESTEP, DETACH, POKEDATA, PEEKDATA = (
    0x4206, 0x4207, 12, 13, 9, 17, 5, 2)
OPENAT, CLOSE, AT_FDCWD = 257, 3, -100
WALL = 0x40000000
SYSCALL = b"\x0f\x05"

needs_injection = pytest.mark.skipif(
    platform.machine() != "x86_64" or os.geteuid() != 0, reason="for root on x86-64")


class Registers(ctypes.Structure):
    """user_regs_struct (sys/user.h)."""

    _fields_ = [(name, ctypes.c_ulonglong) for name in (
        "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es"
        " fs gs").split()]


library = ctypes.CDLL(None, use_errno=True)
library.ptrace.restype = ctypes.c_long
library.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def trace(request, thread, address=0, data=0):
    ctypes.set_errno(0)
    result = library.ptrace(request, thread, address, data)
    assert not ctypes.get_errno(), (request, thread, os.strerror(ctypes.get_errno()))
    return result


def wait(thread):
    _, status = os.waitpid(thread, WALL)
    assert os.WIFSTOPPED(status), status


def threads(process):
    return sorted(int(name) for name in os.listdir(f"/proc/{process}/task"))


def open_in(thread, path, flags):
    """What openat(2) of a path gives in a thread: a descriptor, which is closed again, or a negative errno."""
    return eventually(lambda: try_open(thread, path, flags), lambda: f"{thread} waits in a system call")[0]


def try_open(thread, path, flags):
    """The result in a list; `None` if the thread was at work when it was stopped, and has gone on."""
    trace(SEIZE, thread)
    try:
        trace(INTERRUPT, thread)
        wait(thread)
        kept = Registers()
        trace(GETREGS, thread, data=ctypes.addressof(kept))
        # A thread that waits in the kernel came there by this instruction.
        if (trace(PEEKDATA, thread, kept.rip - 2) & 0xFFFF).to_bytes(2, "little") != SYSCALL:
            return None
        # Below the red zone nothing is in use.
        text = path.encode() + b"\0"
        start = (kept.rsp - 4_096) & ~7
        for offset in range(0, len(text), 8):
            word = int.from_bytes(text[offset:offset + 8].ljust(8, b"\0"), "little")
            trace(POKEDATA, thread, start + offset, word)
        result = call(thread, kept, OPENAT, AT_FDCWD, start, flags)
        if result >= 0:
            call(thread, kept, CLOSE, result, 0, 0)
        trace(SETREGS, thread, data=ctypes.addressof(kept))
        return [result]
    finally:
        trace(DETACH, thread)


def call(thread, kept, number, *words):
    registers = Registers.from_buffer_copy(kept)
    registers.rip = kept.rip - 2
    registers.rax, registers.orig_rax = number, 2**64 - 1
    registers.rdi, registers.rsi, registers.rdx = (word % 2**64 for word in words)
    trace(SETREGS, thread, data=ctypes.addressof(registers))
    trace(SINGLESTEP, thread)
    wait(thread)
    trace(GETREGS, thread, data=ctypes.addressof(registers))
    return ctypes.c_longlong(registers.rax).value
