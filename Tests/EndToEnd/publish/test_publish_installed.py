"""Where the package is installed: which queue is meant if none is named, and what a user is told who may not publish.

The machine is one of its own, a mount namespace with other accounts and another /var/spool.
"""

import os
import re
import subprocess

import pytest

from support.files import published, waiting
from support.marks import needs_root

SERVER, GROUP, WEB, STRANGER = 64_300, 64_301, 64_302, 64_303
SCRIPT = """
set -e
mount -t tmpfs tmpfs /var/spool
if [ -d "$1/spool" ]; then mkdir /var/spool/wsqueue; mount --bind "$1/spool" /var/spool/wsqueue; fi
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/group" /etc/group
shift
exec "$@"
"""

pytestmark = needs_root


@pytest.fixture
def place(queue):
    """The directory that has `queue`, and for the machine `passwd`, `group` and perhaps `spool`."""
    place = queue.parent
    (place / "passwd").write_text(f"root:x:0:0:root:/root:/bin/sh\nwww-data:x:{WEB}:{WEB}::/var/www:/bin/false\n")
    (place / "group").write_text(f"root:x:0:\nwww-data:x:{WEB}:\nwsqueue-publish:x:{GROUP}:\n")
    return place


@pytest.fixture
def install(place):
    """Makes the package's queue."""
    def make():
        spool = place / "spool"
        spool.mkdir()
        os.chown(spool, SERVER, GROUP)
        spool.chmod(0o3730)
        return spool
    return make


@pytest.fixture
def attempt(binaries, place):
    """Runs the program in the directory beside the queue; gives its status and what it said."""
    def run(*words, user=0, groups="", env=None):
        be = ["setpriv", f"--reuid={user}", f"--regid={user}", f"--groups={groups}" if groups else "--clear-groups"]
        command = ["unshare", "-m", "sh", "-c", SCRIPT, "sh", place, *be, binaries / "wsqueue-publish", *words]
        result = subprocess.run(
            command, capture_output=True, text=True, cwd=place, timeout=30, env={**os.environ, **(env or {})})
        if "unshare" in result.stderr or "mount" in result.stderr.split(":")[0]:
            pytest.skip(f"no namespaces or mounts here: {result.stderr}")
        return result.returncode, result.stderr
    return run


def names(directory):
    return [event["event"] for event in published(directory)]


def test_without_the_package_it_is_the_queue_beside_the_caller(attempt, queue):
    assert attempt("hello") == (0, "") and names(queue) == ["hello"]
    (queue / waiting(queue)[0]).unlink()
    queue.rmdir()
    status, said = attempt("hello")
    assert status == 73 and said.startswith("wsqueue-publish: cannot open the queue directory queue: no such file")
    assert said.endswith("name the directory that wsqueue-server reads (-d DIR, or WSQUEUE_DIR)\n")


def test_the_packages_queue_is_meant_and_v_names_it(attempt, queue, install):
    spool = install()
    status, said = attempt("-v", "hello")
    assert status == 0 and re.match(r"wsqueue-publish: queued /var/spool/wsqueue/\S+\.json, \d+ bytes\n", said), said
    assert (names(spool), names(queue)) == (["hello"], [])
    status, said = attempt("-w0", "again")
    assert status == 69 and "/var/spool/wsqueue/" in said and "start wsqueue-server" in said


def test_one_that_is_named_counts(attempt, queue, install):
    spool = install()
    assert attempt("a", env={"WSQUEUE_DIR": "queue"}) == (0, "") and attempt("-d", "queue", "b") == (0, "")
    assert (names(spool), names(queue)) == ([], ["a", "b"])


def test_a_queue_beside_the_caller_counts_while_its_own_server_is_at_work(attempt, start, queue, install):
    spool = install()
    server = start()
    assert attempt("-w10s", "a") == (0, "") and names(spool) == []
    # In a directory of somebody else's, such as /tmp, it is what somebody else has put there.
    os.chown(queue, STRANGER, STRANGER)
    assert attempt("b") == (0, "") and names(spool) == ["b"]
    os.chown(queue, 0, 0)
    assert server.terminate() == 0
    assert attempt("c") == (0, "") and names(spool) == ["b", "c"]


def test_a_user_who_may_not_is_told_the_command_that_lets_him(attempt, place, install):
    spool = install()
    status, said = attempt("hello", user=WEB)
    assert status == 77
    for words in ("/var/spool/wsqueue", "permission denied", f"you are uid {WEB} (www-data), gid {WEB} (www-data);",
                  f"belongs to uid {SERVER}, gid {GROUP} (wsqueue-publish), mode 3730"):
        assert words in said, said
    assert said.endswith("run usermod -aG wsqueue-publish www-data as root, then log in again, or restart the service "
                         "that runs as www-data\n")
    # What that command does, and its second half.
    group = (place / "group").read_text().replace(f"{GROUP}:", f"{GROUP}:www-data")
    (place / "group").write_text(group)
    status, said = attempt("hello", user=WEB)
    assert status == 77
    assert said.endswith("www-data is in the group wsqueue-publish, and was not when this session began: log in again, "
                         "or restart the service that runs as www-data\n")
    assert attempt("hello", user=WEB, groups=str(GROUP)) == (0, "") and names(spool) == ["hello"]


@pytest.mark.parametrize("mode, group, user", [
    (0o3710, GROUP, WEB),       # the group may not write either
    (0o3730, 0, WEB),           # root's group is for no one else
    (0o3730, GROUP, STRANGER),  # a user without a name
])
def test_where_that_is_no_way_none_is_told(attempt, install, mode, group, user):
    spool = install()
    os.chown(spool, SERVER, group)
    spool.chmod(mode)
    status, said = attempt("hello", user=user)
    assert status == 77 and "usermod" not in said and "mode 3730 with their group" in said, said


def test_further_groups_have_names_too(attempt, install):
    install().chmod(0o3710)
    said = attempt("hello", user=WEB, groups=f"{GROUP},{STRANGER}")[1]
    assert f"(www-data), groups {GROUP} (wsqueue-publish) {STRANGER};" in said, said
