"""--run: a command that says when it starts and how it ended."""

import signal
import subprocess
import sys
import time

import pytest

from support.files import published
from support.preloading import needs_compiler
from support.waiting import eventually


@pytest.fixture
def run(publish):
    def run_command(*command, **how):
        return publish("--run", "job", "--", *command, check=False, **how)
    return run_command


def finished(queue):
    started, end = published(queue)
    assert (started["event"], started["payload"], end["event"]) == ("job.started", None, "job.finished")
    assert list(end["payload"]) == ["exit", "signal", "seconds", "tail"]
    return end["payload"]


def obeys(process, number, queue):
    """The command that it runs gets a signal, and its end is published."""
    with process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.read() == f"got {number.name.removeprefix('SIG')}\n"
        assert process.wait(10) == 9
    assert finished(queue)["exit"] == 9


@pytest.mark.parametrize("status", [0, 1, 3, 255])
def test_the_exit_status_is_the_commands(run, queue, status):
    assert run("sh", "-c", f"exit {status}").returncode == status
    assert (finished(queue)["exit"], published(queue)[1]["payload"]["signal"]) == (status, None)


@pytest.mark.parametrize("name", ["KILL", "TERM", "SEGV"])
def test_a_command_that_a_signal_ended_ends_it_the_same_way(run, queue, name):
    assert run("sh", "-c", f"kill -{name} $$").returncode == -signal.Signals[f"SIG{name}"]
    assert (finished(queue)["exit"], published(queue)[1]["payload"]["signal"]) == (None, name)


def test_output_goes_where_it_went_and_its_end_is_told(run, queue):
    result = run("sh", "-c", "seq 1 5000; echo oops >&2; sleep 0.05")
    assert result.stdout == "".join(f"{number}\n" for number in range(1, 5001)) and result.stderr == "oops\n"
    told = finished(queue)
    assert "\n5000\n" in told["tail"] and "oops\n" in told["tail"] and len(told["tail"]) <= 2048
    assert told["tail"].splitlines()[0].isdigit() and 0.05 <= told["seconds"] < 10


def test_output_that_is_no_text_makes_no_event_wrong(run, queue):
    run("sh", "-c", r"printf 'caf\351\001\n' >&2", errors="replace")
    assert finished(queue)["tail"] == "caf\ufffd\x01\n"


def test_standard_input_is_the_commands(run):
    assert run("cat", input="for cat\n").stdout == "for cat\n"


def test_a_command_that_is_missing_is_127_and_one_that_is_none_126(run, queue, tmp_path):
    result = run("no-such-command")
    assert result.returncode == 127 and "cannot run no-such-command: no such file" in result.stderr
    assert finished(queue)["exit"] == 127
    (tmp_path / "plain").write_text("")
    assert run(str(tmp_path / "plain")).returncode == 126


def test_the_command_runs_whether_or_not_it_can_be_told(binaries, tmp_path):
    result = subprocess.run(
        [binaries / "wsqueue-publish", "-d", tmp_path / "nowhere", "--run", "job", "--", "sh", "-c", "echo ran;exit 5"],
        capture_output=True, text=True, timeout=20)
    assert (result.returncode, result.stdout) == (5, "ran\n")
    assert result.stderr.count("is not published") == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_signals_go_on_to_the_command(binaries, queue, number):
    name = number.name.removeprefix("SIG")
    script = f"trap 'echo got {name}; exit 9' {name}; echo ready; while :; do sleep 0.01; done"
    process = subprocess.Popen(
        [binaries / "wsqueue-publish", "-d", queue, "--run", "job", "--", "sh", "-c", script],
        stdout=subprocess.PIPE, text=True)
    obeys(process, number, queue)


def test_what_a_daemon_of_the_command_may_write_later_is_not_waited_for(run, queue):
    begin = time.monotonic()
    assert run("sh", "-c", "sleep 5 & exit 0").returncode == 0
    assert time.monotonic() - begin < 4


def test_a_reader_that_has_gone_is_the_commands_matter(binaries, queue):
    script = f"'{binaries}/wsqueue-publish' -d '{queue}' --run job -- yes | head -n 1"
    result = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=20)
    assert result.stdout == "y\n"
    eventually(lambda: len(published(queue)) == 2, "it has ended")
    assert finished(queue)["signal"] == "PIPE"


def test_id_and_channel_are_those_of_both(publish, queue):
    publish("--run", "job", "-i", "nightly", "-c", "jobs", "--", "true")
    both = {event["id"]: event["channels"] for event in published(queue)}
    assert both == {"nightly.started": ["jobs"], "nightly.finished": ["jobs"]}


def ignoring(*numbers):
    """As a shell starts a command for which it has trapped signals with ''."""
    return lambda: [signal.signal(number, signal.SIG_IGN) for number in numbers]


def test_the_end_is_noticed_where_ends_of_children_are_ignored_and_the_command_notices_its_own(run, queue):
    script = "import os, signal; print(signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL); os._exit(3)"
    result = run(sys.executable, "-c", script, preexec_fn=ignoring(signal.SIGCHLD))
    assert (result.returncode, result.stdout) == (3, "True\n")
    assert finished(queue)["exit"] == 3


def test_what_is_ignored_for_it_is_ignored_for_the_command(run):
    script = "import signal; print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)"
    assert run(sys.executable, "-c", script, preexec_fn=ignoring(signal.SIGHUP)).stdout == "True\n"


@needs_compiler
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_a_thread_of_a_preloaded_library_takes_no_signal_away(binaries, queue, idle_thread, number):
    name = number.name.removeprefix("SIG")
    script = f"trap 'echo got {name}; exit 9' {name}; echo ready; while :; do sleep 0.01; done"
    process = subprocess.Popen(
        [*idle_thread, binaries / "wsqueue-publish", "-d", queue, "--run", "job", "--", "env", "-u", "LD_PRELOAD", "sh",
         "-c", script], stdout=subprocess.PIPE, text=True)
    obeys(process, number, queue)
