"""The command line is read however the program is started."""

import os
import shutil
import subprocess

import pytest

from support.files import waiting

SETTING = """
#include <stdlib.h>
__attribute__((constructor)) static void set(void) { setenv("SET_BEFORE_MAIN", "1", 1); }
"""
# Hands main and all constructors of the program an empty vector; the environment stays behind its end.
WITHOUT_WORDS = """
#define _GNU_SOURCE
#include <dlfcn.h>
typedef int (*starter)(void *, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);
int __libc_start_main(
    void *main, int count, char **words, void (*a)(void), void (*b)(void), void (*c)(void), void *stack) {
    starter next = (starter)dlsym(RTLD_NEXT, "__libc_start_main");
    return next(main, 0, words + count, a, b, c, stack);
}
"""
needs_compiler = pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")


@pytest.fixture
def preloaded(tmp_path):
    """The environment for a program that gets a library of this source preloaded."""
    def make(source, **variables):
        (tmp_path / "library.c").write_text(source)
        library = tmp_path / "library.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, tmp_path / "library.c"], check=True)
        return os.environ | variables | {"LD_PRELOAD": str(library)}
    return make


@needs_compiler
@pytest.mark.parametrize("count", [0, 60])
def test_a_library_that_sets_a_variable_costs_no_word(binaries, preloaded, queue, tmp_path, count):
    many = {f"FILLING_{number}": "x" * number for number in range(count)}
    how = {"env": preloaded(SETTING, **many), "cwd": tmp_path, "capture_output": True, "text": True, "timeout": 20}
    server, publish = binaries / "wsqueue-server", binaries / "wsqueue-publish"
    assert subprocess.run([server, "--version"], **how, check=True).stdout.startswith("wsqueue-server ")
    # With its words lost this would be a server in the directory that is the default.
    checked = subprocess.run([server, "check", "--dir", queue], **how, check=False)
    assert checked.returncode == 0 and str(queue) in checked.stdout, checked
    assert not (tmp_path / "queue").exists()
    subprocess.run([publish, "-d", queue, "order.created"], **how, check=True)
    assert len(waiting(queue)) == 1


@needs_compiler
def test_a_server_that_has_no_words_does_not_start(binaries, preloaded, tmp_path):
    result = subprocess.run(
        [binaries / "wsqueue-server", "--version"], env=preloaded(WITHOUT_WORDS), cwd=tmp_path, capture_output=True,
        text=True, timeout=20)
    assert result.returncode == 70, result
    assert result.stderr.startswith("wsqueue-server: cannot read the command line: ") and result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "queue").exists()
