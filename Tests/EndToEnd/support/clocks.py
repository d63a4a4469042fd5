"""A wall clock of a program's own, which a test sets while it runs."""

import mmap
import shutil
import struct
import subprocess

import pytest

# The wall clock of the process is ahead by what a file says.
SHIFTED = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
static long long *ahead;
static int (*next)(clockid_t, struct timespec *);
__attribute__((constructor)) static void begin(void) {
    next = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    ahead = mmap(0, 4096, PROT_READ, MAP_SHARED, open(getenv("AHEAD_FILE"), O_RDONLY | O_CLOEXEC), 0);
}
int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = next(clock, time);
    if (clock == CLOCK_REALTIME && ahead != MAP_FAILED) time->tv_sec += *ahead;
    return result;
}
"""
needs_compiler = pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")


class Clock:
    """The wall clock of one server."""

    def __init__(self, path):
        self.path = path / "ahead"
        self.path.write_bytes(bytes(4_096))
        (path / "clock.c").write_text(SHIFTED)
        self.library = path / "clock.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", self.library, path / "clock.c"], check=True)
        self.prefix = ["env", f"LD_PRELOAD={self.library}", f"AHEAD_FILE={self.path}"]

    def set(self, seconds):
        with open(self.path, "r+b") as file, mmap.mmap(file.fileno(), 4_096) as memory:
            memory[:8] = struct.pack("q", seconds)
