"""The publisher is built twice. Whatever the one says and writes, the other does too."""

import filecmp
import os
import re
import subprocess

import pytest

from support.places import ROOT

OTHER = ROOT / ".build/release/wsqueue-publish"

NOW = [
    (r"\d{19}-\d+-\d+-[0-9a-f]{8}", "NAME"), (r'"(timestamp|expires_at)":[\d.]+', r'"\1":SECONDS'),
    (r'"queued_at":[\d.]+', '"queued_at":SECONDS'), (r'"seconds":[\d.]+', '"seconds":SECONDS'),
    (r"at-\d{19}", "at-TIME"), (r"\.[a-z0-9]{16}\b", ".SECRET"),
]

PRINTING = [
    ["--help"], ["-h", "a"], ["--version"], ["-V"], ["--man"], ["--completion", "bash"], ["--completion=zsh"],
    ["--completion", "fish"], ["--completion", "tcsh"], ["--completion"],
]
WRONG = [
    [], ["a", "b"], ["a", "=b"], ["a", ":=b"], ["--tll", "5s", "a"], ["--hlod", "a"], ["-Z"], ["-dqueue", "-Z"],
    ["a", "--ttl", "5"], ["a", "--ttl", "0s"], ["a", "--ttl=1h30"], ["a", "-x", "me"], ["a", "-x", "9" * 20],
    ["a", "-j", "1", "-t", "1"], ["a", "b=1", "-t", "x"], ["a", "-", "b=1"], ["a", "b=1", "b:=2"],
    ["a", "--mode", "0888"], ["a", "--mode", "x"], ["a", "-s", "most"], ["a", "-o", "xml"], ["a", "--quiet=no"],
    ["a", "-d"], ["--lines", "a", "b"], ["--lines", "-i", "x", "a"], ["--lines", "-c", "x"], ["--lines", "--hold"],
    ["--follow", "a", "-w"], ["--run", "a"], ["--run", "--", "true"], ["--release", "x", "y"],
    ["--release", "x", "-t", "y"], ["a", "--at", "soon"], ["a", "--at", "25:00"],
    ["a", "--in", "5m", "--at", "18:00"], ["a", "--in", "-5m"], ["a", "--in", "999999999h"],
    ["a", "--chunks"], ["--run", "a", "--stream", "--only-failures", "--", "true"], ["--follow", "--chunks"],
    ["a", "--text-file", "x"], ["a", "--json-file", "x:=y"], ["a", "--every", "1s"], ["a", "-w5"],
]
REFUSED = [
    ["a", "-j", ""], ["a", "-j", "{"], ["a", "-j", '{"a":1,}'], ["a", "-j", "01"], ["a", "-j", '"\\ud800"'],
    ["a", "b:=nul"], ["a", "b:=@f"], ["a", "é:="], ["", "-j", "1"], ["a\tb"], ["x" * 256], ["a", "-c", "b c"],
    ["a", "-c", "\u202e"], ["a", "-i", "x" * 256], ["a", "-i", ""], ["a", "-f", "/nonexistent"], ["a", "-f", "."],
    ["a", "--text-file", "b=/nonexistent"], ["-d", "/nonexistent", "a"], ["-d", "/dev/null", "a"],
    ["-d", "a\nb", "a"], ["-q", "-d", "/nonexistent", "a"], ["--release", "x"], ["--abort", "é\n"], ["--cancel", "x"],
    ["a", "-w0s"],
]
DONE = [
    ["a"], ["a", "-v"], ["a", "-o", "id"], ["a", "-o", "path"], ["a", "-o", "json"], ["a", "-n"],
    ["a", "-t", "x\ty\u2028é"], ["a", "-j", '{"b": 1.0, "a": 1e400}'],
    ["a", "b=1", "é=\u0301", "e\u0301=2", "c:=[1, 2]"], ["a", "-"], ["a", "-f", "-"], ["a", "-i", "x y/\u00e9", "-v"],
    ["a", "-u", "7", "-u", "07", "-u", "x"], ["a", "-c", "b", "-c", "c", "-x", "9"], ["a", "--hold", "-i", "x"],
    ["a", "--hold", "-v", "-o", "json"], ["a", "--in", "1h", "-i", "x", "-o", "path"],
    ["a", "--at", "@9000000000", "-v"], ["a", "--in", "366d", "-i", "x"], ["a", "--ttl", "1h30m"],
    ["a", "-s", "full"], ["a", "--mode", "600"], ["--lines", "a", "-v"], ["--lines", "a", "--text-lines"],
    ["--lines", "a", "-n"], ["--follow", "a", "--chunks", "-v"], ["--follow", "a", "--text-lines"], ["--follow", "a"],
    ["--follow", "a", "-q"],
    ["--run", "a", "--", "true"], ["--run", "a", "--", "sh", "-c", "echo é; echo x >&2; exit 3"],
    ["--run", "a", "--stream", "b=1", "--", "echo", "é"], ["--run", "a", "--only-failures", "--", "false"],
    ["--run", "a", "--", "/nonexistent"], ["--run", "a", "-v", "--", "sh", "-c", "kill -9 $$"], ["--", "-a", "-t=x"],
]
VARIABLES = [
    {"WSQUEUE_DIR": "/nonexistent"}, {"WSQUEUE_SYNC": "most"}, {"WSQUEUE_TTL": "5"}, {"WSQUEUE_TEXT": "x"},
    {"WSQUEUE_CHANNEL": "b", "WSQUEUE_USER": "7"}, {"WSQUEUE_DRY_RUN": "maybe"},
    {"WSQUEUE_AT": "12:00", "TZ": "Asia/Tokyo"},
]


@pytest.fixture(scope="module")
def both(binaries):
    """The publisher that is tested, and the one that is built as usual."""
    if not OTHER.exists() or filecmp.cmp(OTHER, binaries / "wsqueue-publish", shallow=False):
        pytest.skip("there is one build of the publisher only: --binaries .build/programs tests the other")
    return binaries / "wsqueue-publish", OTHER


def outcome(program, words, where, variables):
    """The status, what was said, and what is in the queue then, without what is of the moment."""
    (where / "queue").mkdir(parents=True)
    environment = {"TZ": "Europe/Berlin", "WSQUEUE_DIR": "queue", **variables}
    result = subprocess.run(
        [program, *words], cwd=where, env=environment, capture_output=True, text=True,
        timeout=20, input='1\n{"b": 2}\n', umask=0o022)
    queued = {
        name: ((where / "queue" / name).read_text(), (where / "queue" / name).stat().st_mode)
        for name in sorted(os.listdir(where / "queue"))}
    text = repr((result.returncode, result.stdout, result.stderr, queued))
    for pattern, word in [(re.escape(str(where)), "WHERE"), *NOW]:
        text = re.sub(pattern, word, text)
    return text


@pytest.mark.parametrize("words", [*PRINTING, *WRONG, *REFUSED, *DONE], ids=repr)
def test_both_builds_say_and_write_the_same(both, tmp_path, words):
    embedded, ordinary = (outcome(program, words, tmp_path / str(place), {}) for place, program in enumerate(both))
    assert embedded == ordinary


@pytest.mark.parametrize("variables", VARIABLES, ids=repr)
def test_both_builds_read_variables_alike(both, tmp_path, variables):
    embedded, ordinary = (
        outcome(program, ["a"], tmp_path / str(place), variables) for place, program in enumerate(both))
    assert embedded == ordinary
