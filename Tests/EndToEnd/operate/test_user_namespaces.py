"""In a user namespace in which it cannot be told whose a file is the server says so, and takes no rules about that."""

import os
import shutil
import subprocess
import sys

import pytest

from support.files import name_of, place
from support.marks import needs_root

pytestmark = pytest.mark.skipif(
    not shutil.which("unshare") or subprocess.run(
        ["unshare", "-U", "--map-root-user", "true"], capture_output=True, check=False).returncode != 0,
    reason="no user namespaces, or no unshare")
# Goes into a namespace whose map another process writes, and starts what follows there, under the same number.
CONTAINER = """
import ctypes, os, sys
ready, done = os.pipe(), os.pipe()
me = os.getpid()
if os.fork() == 0:
    os.read(ready[0], 1)
    for what in ("uid", "gid"):
        with open(f"/proc/{me}/{what}_map", "w") as file:
            file.write("0 0 65536")
    os.write(done[1], b"x")
    os._exit(0)
assert ctypes.CDLL(None).unshare(0x10000000) == 0
os.write(ready[1], b"x")
os.read(done[0], 1)
os.setgid(0)
os.setuid(0)
os.execvp(sys.argv[1], sys.argv[1:])
"""
NONE, ONE = ["unshare", "-U"], ["unshare", "-U", "--map-root-user"]


def run(binaries, prefix, *words):
    return subprocess.run([*prefix, binaries / "wsqueue-server", *words], capture_output=True, text=True, check=False)


@pytest.fixture
def rules(tmp_path):
    path = tmp_path / "publishers.json"
    path.write_text('[{"from": "*"}]')
    return path


@pytest.mark.parametrize("prefix, known", [(NONE, "no user"), (ONE, "one user")], ids=["without a map", "root mapped"])
def test_the_server_says_so_and_works(start, queue, binaries, prefix, known):
    server = start(prefix=prefix)
    told = [line for line in server.logged("config.warn") if "namespace" in line.get("reason", "")]
    assert len(told) == 1 and f"knows {known} of" in told[0]["reason"] and "PrivateUsers=no" in told[0]["hint"]
    place(queue, name_of(1), '{"event":"e"}')
    # Without a map all files are nobody's.
    pub = server.wait_for("event.sent")["pub"]
    assert prefix == ONE or pub == "?"
    for words in (("check", "-d", queue), ("doctor", "-d", queue)):
        done = run(binaries, prefix if words[0] == "check" else (), *words)
        assert f"knows {known} of" in done.stdout + done.stderr, done
    server.terminate()
    assert "namespace" in run(binaries, prefix, "doctor", "-d", queue).stdout


def test_where_all_are_known_nothing_is_said(start, queue, binaries):
    if open("/proc/self/uid_map", encoding="ascii").read().split() != ["0", "0", "4294967295"]:
        pytest.skip("these tests run in a user namespace themselves")
    assert not [line for line in start().logged("config.warn") if "namespace" in line.get("reason", "")]
    for words in (("check", "-d", queue), ("doctor", "-d", queue)):
        done = run(binaries, (), *words)
        assert "namespace" not in done.stdout + done.stderr, done


@pytest.mark.parametrize("prefix", [NONE, ONE], ids=["without a map", "root mapped"])
def test_rules_about_publishers_let_no_server_start(start, queue, binaries, rules, prefix):
    server = start("--publishers", str(rules), is_ready=False, prefix=prefix)
    assert server.exit_status() == 78
    told = server.wait_for("server.failed")
    assert "cannot be told whose" in told["error"] and "without --publishers" in told["hint"]
    check = run(binaries, prefix, "check", "-d", queue, "--publishers", rules)
    assert check.returncode == 78 and "cannot be told whose" in check.stderr and "PrivateUsers=no" in check.stderr
    doctor = run(binaries, prefix, "doctor", "-d", queue, "--publishers", rules)
    assert doctor.returncode == 78 and "no server starts with --publishers" in doctor.stdout


@needs_root
def test_in_a_container_that_has_the_usual_users_they_are_told_apart(start, queue, rules):
    mapped = [sys.executable, "-c", CONTAINER]
    server = start("--publishers", str(rules), prefix=mapped)
    assert not [line for line in server.logged("config.warn") if "namespace" in line.get("reason", "")]
    place(queue, name_of(1), '{"event":"e"}')
    assert server.wait_for("event.sent")["pub"] == "root"
    server.terminate()
    # But where the queue is that of somebody outside, others who publish may be too.
    os.chown(queue, 70_000, 70_000)
    os.chmod(queue, 0o777)
    told = start(prefix=mapped).logged("config.warn")
    assert [line for line in told if "directory belongs to" in line.get("reason", "")], told
