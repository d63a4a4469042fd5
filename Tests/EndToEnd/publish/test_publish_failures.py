"""Every exit status, provoked for real; and what the person reads who finds it in a mail from cron."""

import contextlib
import os
import re
import subprocess

import pytest

from support.marks import needs_root
from support.server import NOBODY
from support.trace import require_strace


@contextlib.contextmanager
def mounted(where, options):
    """A tmpfs; a container may not be allowed to mount."""
    where.mkdir(exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", where], capture_output=True).returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        yield where
    finally:
        subprocess.run(["umount", where], check=True)


@pytest.fixture
def attempt(binaries, tmp_path):
    """Runs the program; what it says is one line with its name in front, and nothing on standard output."""
    def run(*arguments, status, says, prefix=(), **how):
        command = [*prefix, str(binaries / "wsqueue-publish"), *map(str, arguments)]
        result = subprocess.run(
            command, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, cwd=tmp_path, **how)
        assert result.returncode == status, result.stderr
        lines = result.stderr.splitlines()
        assert len(lines) == 1 and lines[0].startswith("wsqueue-publish: ") and not lines[0].endswith("."), lines
        for words in says:
            assert words in lines[0], lines[0]
        assert result.stdout == ""
        return lines[0]
    return run


def left(queue):
    """All that is in a queue, hidden or not."""
    return sorted(os.listdir(queue))


@needs_root
def test_a_full_disk_is_74_and_leaves_nothing(attempt, tmp_path):
    with mounted(tmp_path / "full", "size=64k,mode=1777") as queue:
        (queue / "fill").write_bytes(b"x" * 65_536)
        attempt("-d", queue, "a", "-t", "x" * 5_000, status=74, says=[
            "cannot write the event in the queue directory", str(queue), "no space left on device", "you are uid 0",
            "the directory belongs to uid 0 (root), gid 0 (root), mode 1777", "make room", "df -i", "publish again"])
        assert left(queue) == ["fill"]


def test_a_limit_for_files_is_74_and_leaves_nothing(attempt, queue):
    attempt("-d", queue, "a", status=74, prefix=["prlimit", "--fsize=10", "--"], says=[
        "cannot write the event in the queue directory", "file too large", "ulimit -f", "publish again"])
    assert left(queue) == []


@needs_root
def test_no_inode_left_is_74(attempt, tmp_path):
    with mounted(tmp_path / "inodes", "nr_inodes=2") as queue:
        (queue / "only").touch()
        attempt("-d", queue, "a", status=74, says=["cannot create a file", "no space left on device", "df -i"])
        assert left(queue) == ["only"]


@pytest.mark.parametrize("call, place, says", [
    ("write", "1", "cannot write the event in the queue directory"),
    # The first one opens the directory.
    ("openat", "2", "cannot create a file in the queue directory"),
])
def test_a_quota_that_is_used_up_is_74_and_leaves_nothing(attempt, queue, call, place, says, is_measured):
    require_strace()
    if not is_measured:
        pytest.skip("a sanitizer makes these calls too")
    # Few kernels have quotas built in; what they answer is the same wherever it comes from.
    fault = ["-e", f"trace={call}", "-e", f"inject={call}:error=EDQUOT:when={place}"]
    only = ["-P", queue] if call == "openat" else []
    attempt("-d", queue, "a", status=74, prefix=["strace", "-o", os.devnull, *map(str, only), *fault], says=[
        says, str(queue), "disk quota exceeded", "make room on that file system (df, df -i, quota)"])
    assert left(queue) == []


@needs_root
def test_a_full_disk_under_a_batch_leaves_nothing(attempt, tmp_path):
    with mounted(tmp_path / "full", "size=512k") as queue:
        (tmp_path / "lines").write_text('"' + "x" * 1_000 + '"\n')
        with (tmp_path / "lines").open("a") as file:
            file.writelines('"' + "x" * 1_000 + '"\n' for _ in range(2_000))
        attempt("-d", queue, "--lines", "a", "-f", tmp_path / "lines", status=74, says=["no space left on device"])
        assert left(queue) == []


def test_nothing_is_closed_but_what_was_opened(binaries, queue, tmp_path):
    require_strace()
    (tmp_path / "rows").write_text("1\n")
    for words in (["-w0", "a"], ["--lines", "a", "-w0", "-f", "rows"], ["--follow", "a"], ["a", "-t", "-", "-v"],
                  ["--run", "a", "--stream", "--", "true"]):
        command = ["strace", "-e", "trace=close", "-o", "trace", binaries / "wsqueue-publish", "-d", queue, *words]
        subprocess.run(command, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
        calls = (tmp_path / "trace").read_text()
        # Sanitizers and profiles close their own; none closes a standard stream.
        assert not re.search(r"^close\([012]\)", calls, re.MULTILINE) and "EBADF" not in calls, (words, calls)


@needs_root
def test_another_users_directory_is_77(attempt, queue):
    queue.chmod(0o750)
    attempt("-d", queue, "a", status=77, prefix=["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"],
            says=[str(queue), "permission denied", f"you are uid {NOBODY}", f", gid {NOBODY}", "mode 0750"])
    assert left(queue) == []


@needs_root
def test_a_directory_below_a_closed_one_is_77(attempt, queue):
    queue.parent.chmod(0o700)
    attempt("-d", queue, "a", status=77, prefix=["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"],
            says=[str(queue), "permission denied", f"you are uid {NOBODY}", "a directory above it", str(queue.parent)])


@needs_root
def test_a_drop_box_takes_what_its_group_may_not_list(binaries, queue):
    os.chown(queue, 0, NOBODY)
    queue.chmod(0o3730)

    def run(*arguments):
        return subprocess.run(
            ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", binaries / "wsqueue-publish",
             "-d", queue, *arguments], check=True, capture_output=True, text=True, timeout=20).stdout.strip()

    for arguments in (["a"], ["a", "-i", "x"], ["a", "-i", "x"], ["a", "-s", "full"], ["a", "--in", "1h", "-i", "y"],
                      ["--cancel", "y"]):
        run(*arguments)
    run("--release", run("a", "--hold", "-i", "z"))
    assert len([name for name in left(queue) if not name.startswith(".")]) == 4


@needs_root
def test_a_read_only_mount_is_73(attempt, tmp_path):
    with mounted(tmp_path / "ro", "ro") as queue:
        attempt("-d", queue, "a", status=73, says=["read-only file system", str(queue), "mount it read-write"])


def test_a_missing_directory_is_73_and_a_relative_path_says_where(attempt, tmp_path):
    attempt("-d", "nowhere", "a", status=73, says=[
        "cannot open the queue directory nowhere: no such file or directory", f"relative to {tmp_path}", "create it"])


def test_a_file_in_its_place_is_73(attempt, tmp_path):
    (tmp_path / "file").touch()
    attempt("-d", "file", "a", status=73, says=["not a directory"])


def test_a_limit_on_file_sizes_is_74_and_leaves_nothing(attempt, queue):
    attempt("-d", queue, "a", "-t", "x" * 5_000, status=74, prefix=["prlimit", "--fsize=1024"],
            says=["cannot write the event", "file too large", "nothing was published"])
    assert left(queue) == []


def test_an_event_over_the_limit_is_65(attempt, queue, tmp_path):
    (tmp_path / "large").write_text('"' + "x" * 1_048_576 + '"')
    attempt("-d", queue, "a", "-f", "large", status=65, says=["1048576 bytes", "publish a reference"])
    assert left(queue) == []


@pytest.mark.parametrize("payload, byte", [
    ("{", 1), ('{"a":1,}', 7), ("[1 2]", 3), ("nul", 3), ("01", 1), ('"\t"', 1), ('{"a":tru}', 8), ("1 1", 2), ("", 0)])
def test_bad_json_is_65_with_its_byte(attempt, queue, payload, byte):
    attempt("-d", queue, "a", "-j", payload, status=65, says=[f"at byte {byte}"])
    assert left(queue) == []


def test_a_bad_line_is_65_with_its_number_and_byte(attempt, queue, tmp_path):
    (tmp_path / "lines").write_text('{"event":"a"}\n\n{"event":"b","event":"c"}\n')
    attempt("-d", queue, "--lines", "-f", "lines", status=65, says=["line 3", "at byte 14"])
    assert left(queue) == []


def test_a_missing_input_file_is_66(attempt, queue):
    attempt("-d", queue, "a", "-f", "no/such.json", status=66, says=["no/such.json", "no such file or directory"])


def test_wait_without_a_server_is_69(attempt, queue):
    line = attempt("-d", queue, "a", "-w10s", status=69, says=["no wsqueue-server holds this queue", str(queue)])
    assert "do not publish it again" in line and len(left(queue)) == 1


def test_nothing_under_an_id_is_66(attempt, queue):
    for command in ("--release", "--abort", "--cancel"):
        attempt("-d", queue, command, "x", status=66, says=['"x"', str(queue)])


def test_no_descriptor_left_is_75(attempt, queue):
    attempt("-d", queue, "a", status=75, prefix=["prlimit", "--nofile=4"], says=["too many open files", "again later"])
    assert left(queue) == []


@pytest.mark.parametrize("name", ["WSQUEUE_SYNC", "WSQUEUE_TTL", "WSQUEUE_AT", "WSQUEUE_OUTPUT", "WSQUEUE_WAIT"])
def test_a_wrong_variable_is_78(attempt, queue, name):
    attempt("-d", queue, "a", status=78, says=[name, "'wrong' is not"], env={name: "wrong"})
    assert left(queue) == []


@pytest.mark.parametrize("arguments, says", [
    ([], "the event's name is missing"), (["a", "--hold", "-w"], "-w cannot be used with --hold"),
    (["--hold", "--lines"], "--lines and --hold"), (["--run", "a"], "--run wants"),
    (["--release", "x", "y"], "one word"),
    (["a", "--in", "5m", "--at", "18:00"], "--at and --in"), (["a", "--at", "soon"], "'soon' is not a time"),
    (["a", "--in", "5"], "'5' is not a duration"), (["--completion", "tcsh"], "'tcsh' is not bash, zsh or fish"),
    (["a", "--mode", "0"], "'0' is not a mode with which the server can read"), (["a", "--mode", "0200"], "'0200' is"),
    (["a", "--stream"], "--stream cannot be used with one event: it is for --run"),
    (["a", "--chunks"], "--chunks cannot be used with one event: it is for --follow"),
    (["--run", "a", "--every", "1s", "--", "true"], "--every cannot be used with --run without --stream"),
    (["--run", "a", "--stream", "--only-failures", "--", "true"], "--only-failures cannot be used with --stream"),
    (["--follow", "a", "--only-failures"], "--only-failures cannot be used with --follow: it is for --run"),
    (["--follow", "a", "--chunks", "--text-lines"], "--text-lines cannot be used with --chunks"),
    (["--follow", "--chunks"], "--chunks cannot be used with --follow without EVENT"),
    (["--lines", "a", "--chunks"], "--chunks cannot be used with --lines"),
    (["--follow", "a", "-n"], "-n cannot be used with --follow"), (["a", "--every", "1s"], "--every cannot be used"),
])
def test_a_wrong_command_line_is_64(attempt, queue, arguments, says):
    attempt("-d", queue, *arguments, status=64, says=[says, "--help"])
    assert left(queue) == []


def test_standard_output_that_is_full_is_74(binaries):
    with open("/dev/full", "w") as full:
        command = [binaries / "wsqueue-publish", "-n", "a"]
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 74 and "no space left on device" in result.stderr


@pytest.mark.parametrize("option, values", [
    ("WSQUEUE_CHANNEL", '"channels":["x"]'), ("WSQUEUE_USER", '"recipients":["x"]'), ("WSQUEUE_ID", '"id":"x"'),
    ("WSQUEUE_TEXT", '"payload":"x"'),
])
def test_a_variable_stands_in_for_an_option(binaries, option, values):
    run = [str(binaries / "wsqueue-publish"), "-n", "a"]
    assert values in subprocess.run(run, env={option: "x"}, capture_output=True, text=True, check=True).stdout
    assert subprocess.run([*run, "-j", "1"], env={"WSQUEUE_TEXT": "x"}, capture_output=True, check=True).stdout


def test_quiet_says_nothing(binaries, tmp_path):
    result = subprocess.run([binaries / "wsqueue-publish", "-q", "-d", tmp_path / "no", "a"], capture_output=True)
    assert (result.returncode, result.stdout, result.stderr) == (73, b"", b"")


@needs_root
def test_follow_keeps_what_a_full_disk_does_not_take(binaries, tmp_path):
    with mounted(tmp_path / "full", "size=64k") as queue:
        fill = queue / "fill"
        fill.write_bytes(b"x" * 65_536)
        command = [binaries / "wsqueue-publish", "-d", queue, "--follow", "a", "--every", "10ms"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            process.stdin.write("1\n")
            process.stdin.flush()
            told = process.stderr.readline()
            assert "no space left on device" in told and told.endswith("trying again\n")
            process.stdin.write("2\n")
            process.stdin.flush()
            fill.unlink()
            assert "can be written to again" in process.stderr.readline()
            process.stdin.close()
            assert process.wait(10) == 0
        lines = [line for name in left(queue) for line in (queue / name).read_text().splitlines()]
        assert [line[:23] for line in lines] == ['{"event":"a","payload":', '{"event":"a","payload":']
