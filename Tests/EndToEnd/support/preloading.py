"""Libraries that are loaded into a program before it begins."""

import shutil
import subprocess

import pytest

needs_compiler = pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")

# A thread that is there before main, as a profiler or a tracer starts one, and so blocks no signal.
IDLE_THREAD = """
#include <pthread.h>
#include <unistd.h>
static void *idle(void *nothing) { for (;;) pause(); return nothing; }
__attribute__((constructor)) static void begin(void) { pthread_t thread; pthread_create(&thread, 0, idle, 0); }
"""


def build(directory, source):
    """Makes a library of C source; gives its path."""
    (directory / "library.c").write_text(source)
    library = directory / "library.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-pthread", "-o", library, directory / "library.c"], check=True)
    return library
