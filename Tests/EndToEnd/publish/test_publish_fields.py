"""Fields of a payload: data never makes the publisher read a file; options do, when they name one."""

import itertools
import subprocess

import pytest

from support.files import published, waiting

SECRET = "secret-that-must-not-leave"


@pytest.fixture
def secret(tmp_path):
    """A file that holds JSON, so that nothing but the form of the words keeps it from being published."""
    path = tmp_path / "secret"
    path.write_text(f'"{SECRET}"')
    return path


@pytest.fixture
def attempt(binaries, queue):
    """Publishes, and gives the status, what was said, and the payloads in the queue."""
    def run(*words, **how):
        command = [str(binaries / "wsqueue-publish"), "-d", str(queue), *map(str, words)]
        result = subprocess.run(
            command, capture_output=True, text=True, timeout=20, **{"stdin": subprocess.DEVNULL, **how})
        assert SECRET not in result.stderr and SECRET not in result.stdout
        return result.returncode, result.stderr, [event["payload"] for event in published(queue)]
    return run


NAMES = ["x", "x@", "@x", "@", "x@:y", "@{secret}", "x:@", "x @"]
VALUES = ["@{secret}", "@", "@-", "@@{secret}", ":@{secret}", "=@{secret}", "@ {secret}", "", "{secret}"]


@pytest.mark.parametrize("name, value", list(itertools.product(NAMES, VALUES)))
def test_a_field_is_its_value_whatever_name_and_value_look_like(attempt, secret, name, value):
    name, value = name.format(secret=secret), value.format(secret=secret)
    assert attempt("a", f"{name}={value}") == (0, "", [{name: value}])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", ["@{secret}", "@-", "@", "@/no/such/file"])
def test_json_that_begins_with_an_at_sign_is_refused_with_the_new_form(attempt, secret, name, value):
    name = name.format(secret=secret)
    status, said, payloads = attempt("a", f"{name}:={value.format(secret=secret)}")
    assert (status, payloads) == (65, [])
    assert f"field '{name}': the payload is not JSON" in said and f"--json-file {name}=FILE" in said


@pytest.mark.parametrize("words, payload", [
    (["a", "-t", "@{secret}"], "@{secret}"), (["@{secret}", "-t", "x"], "x"), (["a", "x=y", "-c", "@{secret}"], None),
    (["a", "x=y", "-i", "@x"], {"x": "y"}), (["a", "x=y", "-u", "@{secret}"], {"x": "y"}),
])
def test_no_other_value_names_a_file_by_an_at_sign(attempt, secret, words, payload):
    status, said, payloads = attempt(*[word.format(secret=secret) for word in words])
    if payload is None:
        assert status == 65 and payloads == [] and "the channel" in said
    else:
        wanted = payload.format(secret=secret) if isinstance(payload, str) else payload
        assert (status, said, payloads) == (0, "", [wanted])


@pytest.mark.parametrize("option", ["-j", "--json"])
def test_json_of_an_option_that_begins_with_an_at_sign_is_no_json(attempt, secret, option):
    status, said, payloads = attempt("a", option, f"@{secret}")
    assert (status, payloads) == (65, []) and "the payload is not JSON" in said


@pytest.mark.parametrize("word", ["--file={secret}", "-f{secret}=", "--text-file=x={secret}", "--json-file=x={secret}"])
def test_behind_the_two_dashes_no_name_is_an_option(attempt, secret, word):
    word = word.format(secret=secret)
    name, value = word.split("=", 1)
    assert attempt("--", "a", word) == (0, "", [{name: value}])


def test_options_read_files_behind_the_fields_in_their_order(attempt, tmp_path):
    (tmp_path / "t").write_text('line\n"2"\n')
    (tmp_path / "=a=").write_text("=")
    (tmp_path / "j").write_text(' {"k": 1.50}\n')
    status, said, payloads = attempt(
        "--text-file", "t=t", "a", "f=1", "--text-file=e==a=", "--json-file", "j=j", "g:=2", cwd=tmp_path)
    assert (status, said) == (0, "")
    assert payloads == [{"f": "1", "g": 2, "t": 'line\n"2"\n', "e": "=", "j": {"k": 1.5}}]
    assert list(payloads[0]) == ["f", "g", "t", "e", "j"]


def test_json_of_a_file_is_sent_byte_for_byte(attempt, queue, tmp_path):
    (tmp_path / "j").write_text('{"b": 1.0,  "a": 1e2}\n')
    assert attempt("a", "--json-file", f"x={tmp_path}/j")[0] == 0
    assert '"payload":{"x":{"b": 1.0,  "a": 1e2}},' in (queue / waiting(queue)[0]).read_text()


def test_a_dash_is_standard_input(attempt):
    with subprocess.Popen(["printf", "a\\nb"], stdout=subprocess.PIPE) as other:
        assert attempt("a", "--text-file", "x=-", stdin=other.stdout) == (0, "", [{"x": "a\nb"}])


def test_a_held_event_and_a_later_one_read_files_too(attempt, secret, queue):
    for words in (["--hold", "-q", "-o", "none"], ["--in", "1h"]):
        assert attempt("a", "--json-file", f"x={secret}", *words)[0] == 0
    assert sum(SECRET in path.read_text() for path in queue.iterdir()) == 2


@pytest.mark.parametrize("words, status, says", [
    (["--text-file", "x"], 64, "--text-file: 'x' is not NAME=FILE"),
    (["--json-file", "=x"], 64, "--json-file: '=x' is not NAME=FILE"),
    (["--json-file", "x="], 64, "--json-file: 'x=' is not NAME=FILE"),
    (["--json-file", "x:=y"], 64, "--json-file: 'x:=y' is not NAME=FILE"),
    (["--text-file"], 64, "--text-file needs a value: NAME=FILE"),
    (["x=1", "--text-file", "x=y"], 64, "field 'x' is given twice"),
    (["--json-file", "x=y", "--text-file", "x=y"], 64, "field 'x' is given twice"),
    (["-t", "1", "--text-file", "x=y"], 64, "more than one payload"),
    (["-", "--json-file", "x=y"], 64, "more than one payload"),
    (["x"], 64, "'x' is no field; for a text, -t x; name=string or name:=json for fields, or --text-file name=FILE"),
    (["--text-file", "x=/no/such/file"], 66, "cannot read /no/such/file: no such file or directory"),
    (["--json-file", "x=@/no/such/file"], 66, "cannot read @/no/such/file: no such file or directory"),
])
def test_what_is_wrong_with_a_file_of_a_field_is_said(attempt, words, status, says):
    given, said, payloads = attempt("a", *words)
    assert (given, payloads) == (status, []) and says in said


@pytest.mark.parametrize("words", [
    ["--lines", "a"], ["--follow", "a"], ["--run", "a", "--", "true"], ["--release", "x"], ["--abort", "x"],
    ["--cancel", "x"]])
@pytest.mark.parametrize("option", ["--text-file", "--json-file"])
def test_where_there_are_no_fields_their_files_are_refused(attempt, secret, words, option):
    status, said, payloads = attempt(option, f"x={secret}", *words)
    assert (status, payloads) == (64, []) and f"{option} cannot be used with" in said


@pytest.mark.parametrize("option, content, says", [
    ("--json-file", b'{"a":}', "field 'x', file {path}: the payload is not JSON"),
    ("--json-file", b"1" * 1_048_577, "1048576 bytes"),
    # The limit is in the middle of a character: that is no fault of the text's.
    ("--text-file", b"x" + "é".encode() * 524_288, "1048576 bytes"),
])
def test_a_file_that_no_field_can_be_made_of_is_65(attempt, tmp_path, option, content, says):
    (tmp_path / "f").write_bytes(content)
    status, said, payloads = attempt("a", option, f"x={tmp_path}/f")
    assert (status, payloads) == (65, []) and says.format(path=tmp_path / "f") in said
