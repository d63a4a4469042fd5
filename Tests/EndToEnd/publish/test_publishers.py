"""Many publishers at once."""

import os
import shutil
import subprocess
import sys

import pytest

from support.client import Client
from support.files import failed, waiting
from support.places import EXAMPLES
from support.waiting import eventually

COUNT = 625

ONE_BY_ONE = 'n=0; while [ $n -lt "$4" ]; do "$1" -d "$2" step publisher:="$3" n:=$n || exit; n=$((n + 1)); done'
BATCHES = """
n=0
while [ $n -lt "$4" ]; do
    for m in $(seq $n $((n + 24))); do echo "{\\"publisher\\":$3,\\"n\\":$m}"; done | "$1" -d "$2" --lines step || exit
    n=$((n + 25))
done
"""
PYTHON = """
import sys
sys.path.append(sys.argv[1])
import wsqueue
for n in range(int(sys.argv[4])):
    wsqueue.publish(sys.argv[2], "step", {"publisher": int(sys.argv[3]), "n": n})
"""
PHP = """
require $argv[1];
for ($n = 0; $n < (int) $argv[4]; $n++) wsqueue_publish($argv[2], 'step', ['publisher' => (int) $argv[3], 'n' => $n]);
"""


def test_eight_processes_publish_5000_events_each_in_order_and_once(start, queue, binaries):
    tool = str(binaries / "wsqueue-publish")
    ways = [
        ["sh", "-c", ONE_BY_ONE, "sh", tool], ["sh", "-c", BATCHES, "sh", tool],
        [sys.executable, "-c", PYTHON, str(EXAMPLES / "python")],
        ["php", "-r", PHP, str(EXAMPLES / "php/wsqueue.php")],
    ]
    if not shutil.which("php"):
        ways.pop()
    commands = [[*ways[number % len(ways)], str(queue), str(number), str(COUNT)] for number in range(8)]
    with Client(start()) as client:
        processes = [subprocess.Popen(command) for command in commands]
        events = client.receive_events(8 * COUNT, timeout=90)
        assert [process.wait(10) for process in processes] == [0] * 8
        for number in range(8):
            mine = [event["payload"]["n"] for event in events if event["payload"]["publisher"] == number]
            assert mine == list(range(COUNT)), f"publisher {number}: {commands[number]}"
        assert [event["seq"] for event in events] == list(range(1, 8 * COUNT + 1))
        assert len({event["id"] for event in events}) == 8 * COUNT
        eventually(lambda: waiting(queue) == [], "the queue is empty")
        client.expect_silence(0.3)
    assert failed(queue) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may chroot")
def test_the_publisher_alone_is_enough_in_a_chroot(binaries, queue, is_measured):
    if not is_measured:
        pytest.skip("a sanitizer's programs need libraries and /proc")
    # That of a web server, say: no /proc, no /etc, no libraries.
    shutil.copy(binaries / "wsqueue-publish", queue.parent)
    subprocess.run(
        ["chroot", queue.parent, "/wsqueue-publish", "-d", f"/{queue.name}", "from.chroot"], check=True, timeout=20)
    assert len(waiting(queue)) == 1
