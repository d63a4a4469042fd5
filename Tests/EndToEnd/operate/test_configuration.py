"""Flags, --set, variables and the configuration file; `wsqueue-server check`."""

import pathlib
import re
import subprocess

import pytest

from support.client import Client
from support.places import EXAMPLES, MANUAL


@pytest.fixture
def check(binaries):
    """Runs `wsqueue-server check` in an environment of its own."""
    def run(*options, command="check", status=0, **variables):
        result = subprocess.run(
            [binaries / "wsqueue-server", command, *options], env=variables, capture_output=True, text=True,
            timeout=20)
        assert result.returncode == status, result
        return result
    return run


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "wsqueue.conf"
        path.write_text(text)
        return path
    return write


def effective(text):
    """The values of each key and where they come from."""
    found = {}
    for line in text.splitlines():
        entry = re.fullmatch(r'(\S+) = ("[^"]*"|\S+) +# (.+)', line)
        if entry:
            found.setdefault(entry[1], []).append((entry[2].strip('"'), entry[3]))
    return found


def options_of(binaries, program):
    text = subprocess.run([binaries / program, "--help", "all"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^ +(?:-\w, )?--([a-z-]+)", text, re.M), re.findall(r"\[(WSQUEUE_[A-Z_]+)\]", text)


def test_the_defaults_are_told_as_such(check):
    found = effective(check().stdout)
    assert found["journal-events"] == [("off", "default")] and found["dir"] == [("queue", "default")]
    assert found["listen"] == [("127.0.0.1:8081", "default")] and found["hold-without-clients"] == [("no", "default")]


def test_every_option_of_the_server_is_a_key_with_a_variable(binaries, check):
    names, variables = options_of(binaries, "wsqueue-server")
    keys = [name for name in names if name not in ("config", "set", "man", "help", "version")]
    assert len(keys) > 40
    assert {"WSQUEUE_" + key.upper().replace("-", "_") for key in keys} | {"WSQUEUE_CONFIG"} == set(variables)
    for key in keys:
        # Known, whatever becomes of the value.
        assert "unknown key" not in subprocess.run(
            [binaries / "wsqueue-server", "check", "--set", f"{key}=?"], capture_output=True, text=True).stderr


def test_flags_settings_variables_and_the_file_count_in_this_order(check, file):
    path = file("poll = 1s\njournal-events = 1\ndrain = 1s\npong = 1s\n")
    found = effective(check(
        "-c", path, "--set", "journal-events=2", "--set", "drain=2s", "--drain", "4s",
        WSQUEUE_PONG="3s", WSQUEUE_JOURNAL_EVENTS="3", WSQUEUE_DRAIN="3s").stdout)
    assert found["poll"] == [("1s", f"{path}:1")]
    assert found["pong"] == [("3s", "WSQUEUE_PONG")]
    assert found["journal-events"] == [("2", "--set")]
    assert found["drain"] == [("4s", "--drain")]


def test_the_file_may_be_named_by_a_variable(check, file):
    path = file("poll = 1s")
    assert effective(check(WSQUEUE_CONFIG=str(path)).stdout)["poll"] == [("1s", f"{path}:1")]


@pytest.mark.parametrize("options, variables, listens", [
    ([], {}, [("127.0.0.1:1", "FILE:1"), ("127.0.0.1:2", "FILE:2")]),
    (["--port", "9"], {}, [("127.0.0.1:9", "--port")]),
    (["--port", "9", "-l", "[::1]:8"], {}, [("[::1]:8", "-l"), ("127.0.0.1:9", "--port")]),
    (["--port", "9"], {"WSQUEUE_HOST": "::1"}, [("[::1]:9", "--port")]),
    ([], {"WSQUEUE_LISTEN": "127.0.0.1:7"}, [("127.0.0.1:7", "WSQUEUE_LISTEN")]),
    (["--set", "listen=127.0.0.1:6"], {"WSQUEUE_PORT": "7"}, [("127.0.0.1:6", "--set")]),
])
def test_of_the_places_that_say_where_to_listen_one_counts(check, file, options, variables, listens):
    path = file("listen = 127.0.0.1:1\nlisten = 127.0.0.1:2  # two\n")
    found = effective(check("-c", path, *options, **variables).stdout)
    assert found["listen"] == [(address, origin.replace("FILE", str(path))) for address, origin in listens]


def test_what_check_prints_is_a_configuration_file(check, file):
    options = ["--log-file", "/tmp/a # b.log", "--origin", "https://a.example", "--origin", "*", "-l", "unix:/tmp/s"]
    first = effective(check(*options).stdout)
    second = effective(check("-c", file(check(*options).stdout)).stdout)
    assert {key: [value for value, _ in values] for key, values in first.items()} \
        == {key: [value for value, _ in values] for key, values in second.items()}
    assert first["log-file"] == [("/tmp/a # b.log", "--log-file")]


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize("text, options, variables, says", [
    ("\njurnal = off", [], {}, "FILE:2: unknown key 'jurnal'; did you mean journal?"),
    ("poll = 5", [], {}, "FILE:1: poll: '5' is not a duration"),
    ("poll = 1s\npoll = 2s", [], {}, "FILE:2: poll was given in FILE:1"),
    ("listen 8081", [], {}, "FILE:1: 'listen 8081' is not 'key = value'"),
    ("config = other.conf", [], {}, "FILE:1: unknown key 'config'"),
    ("", ["--set", "pol=1s"], {}, "--set: unknown key 'pol'; did you mean poll?"),
    ("", ["--set", "poll=x"], {}, "--set poll: 'x' is not a duration"),
    ("", [], {"WSQUEUE_POLL": "x"}, "WSQUEUE_POLL: 'x' is not a duration"),
    ("", [], {"WSQUEUE_PORT": "10.0.0.1:80"}, "WSQUEUE_PORT: '10.0.0.1:80' is not a whole number"),
    ("", [], {"WSQUEUE_JURNAL": "off"}, "WSQUEUE_JURNAL: no such variable is known; did you mean WSQUEUE_JOURNAL?"),
    ("", [], {"WSQUEUE_CHANNEL": "a"}, "WSQUEUE_CHANNEL: no such variable is known; did you mean WSQUEUE_CHANNELS?"),
    ("", ["-l", "nowhere"], {}, "-l: 'nowhere' is not an address"),
    ("", ["--jurnal", "off"], {}, "unknown option --jurnal; did you mean --journal?"),
    ("", ["--rules", "/nonexistent"], {}, "/nonexistent"),
])
def test_a_fault_is_named_with_its_origin(check, file, tmp_path, command, text, options, variables, says):
    status = 64 if options and options[0] in ("-l", "--jurnal") else 78
    path = file(text)
    # A server that took it nevertheless would not stay.
    result = check("-c", path, "-d", tmp_path, *options, command=command, status=status, **variables)
    assert says.replace("FILE", str(path)) in result.stderr
    assert len(result.stderr.splitlines()) == 1 or command == "run"


def test_check_names_all_wrong_values_at_once(check, file):
    lines = check("-c", file("poll = x\ndrain = y\n"), "--threads", "0", status=78).stderr.splitlines()
    assert len(lines) == 3
    for line, place in zip(lines, [":1: poll: 'x'", "--threads: '0'", ":2: drain: 'y'"]):
        assert place in line


def test_a_file_that_is_not_there_is_configuration(check, tmp_path):
    result = check("-c", tmp_path / "missing", status=78)
    assert "missing: no such file or directory" in result.stderr and "--config" not in result.stdout


def test_variables_of_the_publisher_are_known(binaries, check):
    _, variables = options_of(binaries, "wsqueue-publish")
    assert len(variables) > 15
    # One of them is a letter away from one of the server's.
    found = check(**{name: "x" for name in variables if name not in ("WSQUEUE_DIR", "WSQUEUE_CHANNEL")})
    assert found.stderr == ""


SERVICE = {
    "WSQUEUE_SERVICE_HOST": "10.0.0.1", "WSQUEUE_SERVICE_PORT": "8081", "WSQUEUE_PORT": "tcp://10.0.0.1:8081",
    "WSQUEUE_PORT_8081_TCP": "tcp://10.0.0.1:8081", "WSQUEUE_PORT_8081_TCP_PORT": "8081",
}


def test_variables_that_belong_to_others_are_left_alone_and_named_once(binaries, queue, check):
    variables = SERVICE | {"WSQUEUE_API_URL": "x", "WSQUEUE_ENVIRONMENT": "production"}
    assert "WSQUEUE_API_URL" in check(**variables).stderr
    command = [binaries / "wsqueue-server", "-d", queue, "-l", "unix:socket"]
    with subprocess.Popen(command, env=variables, cwd=queue.parent, stderr=subprocess.PIPE, text=True) as process:
        lines = []
        for line in process.stderr:
            lines.append(line)
            if "ev=server.ready" in line:
                process.terminate()
    assert process.returncode == 0
    named = [line for line in lines if "ev=config.unknown" in line]
    assert len(named) == 1 and "WSQUEUE_API_URL WSQUEUE_ENVIRONMENT WSQUEUE_PORT_8081_TCP" in named[0], lines


@pytest.mark.parametrize("command", ["run", "check", "doctor", "queue", "tail", "status", "token"])
def test_no_command_goes_on_with_a_slip_in_a_variable(check, tmp_path, command):
    options = {"queue": ["ls"], "token": ["new"]}.get(command, [])
    result = check(*options, command=command, status=78, WSQUEUE_DRI=str(tmp_path))
    assert "WSQUEUE_DRI: no such variable is known; did you mean WSQUEUE_DIR?" in result.stderr


@pytest.mark.parametrize("name,meant", [
    ("WSQUEUE_CHANEL", "WSQUEUE_CHANNEL"), ("WSQUEUE_CHANNELS", "WSQUEUE_CHANNEL"), ("WSQUEUE_dir", "WSQUEUE_DIR"),
    ("WSQUEUE_TXT_LNES", "WSQUEUE_TEXT_LINES"),
])
def test_the_publisher_does_not_tell_everybody_for_a_slip_in_a_variable(binaries, queue, name, meant):
    how = {"capture_output": True, "text": True, "timeout": 20}
    program = binaries / "wsqueue-publish"
    result = subprocess.run([program, "-d", queue, "a"], env={name: "ops"}, **how)
    assert result.returncode == 78 and result.stderr.startswith(f"wsqueue-publish: {name}: "), result
    assert f"did you mean {meant}?" in result.stderr and list(queue.iterdir()) == []
    assert subprocess.run([program, "--help"], env={name: "ops"}, **how).returncode == 0
    others = SERVICE | {"WSQUEUE_LISTEN": "x", "WSQUEUE_API_URL": "x"}
    result = subprocess.run([program, "-d", queue, "a"], env=others, **how)
    assert result.returncode == 0 and result.stderr == "" and len(list(queue.iterdir())) == 1


def test_of_what_is_given_twice_the_last_counts_and_the_other_is_named(start, check, queue, tmp_path):
    other = tmp_path / "other"
    server = start("--dir", str(other), "--poll", "1s", "--dir", str(queue), "--set", "drain=1s", "--set", "drain=2s")
    named = [(line["key"], line["left_out"]) for line in server.logged("config.warn")]
    assert named == [("dir", str(other)), ("drain", "1s")], named
    assert not other.exists()
    checked = check("--dir", "a", "--queue", "b")
    assert "dir 'a'" in checked.stderr and effective(checked.stdout)["dir"] == [("b", "--queue")]


@pytest.mark.parametrize("options,key", [
    (["--jwt-audience", "a"], "jwt-audience"), (["--redis-stream", "a"], "redis-stream"),
    (["--trusted-proxy", "unix", "-l", "127.0.0.1:0"], "trusted-proxy"), (["--pong", "30s"], "pong"),
    (["--log-events", "all", "--log-level", "warning"], "log-events"),
    (["--clients-per-address", "9", "--clients", "8"], "clients-per-address"),
])
def test_what_does_nothing_beside_the_rest_is_named(check, options, key):
    result = check(*options)
    assert result.stderr.startswith(f"wsqueue-server: warning: {key}")


def test_check_reads_the_files_that_are_named(check, tmp_path):
    secret, rules, tokens = tmp_path / "secret", tmp_path / "rules.json", tmp_path / "tokens"
    secret.write_text("s" * 32 + "\n" + "t" * 40 + "\n")
    rules.write_text('[{"channel": "a", "subscribe": "none"}]')
    tokens.write_text("u" * 16)
    for path in (secret, tokens):
        path.chmod(0o600)
    options = ["--jwt-secret-file", secret, "--rules", rules, "--publish-token-file", tokens]
    text = check(*options).stdout
    for line in (f"# {secret}: 2 secrets", f"# {rules}: 1 rule", f"# {tokens}: 1 token"):
        assert line in text.splitlines()
    assert "ssss" not in text and "uuuu" not in text
    secret.write_text("short")
    rules.write_text("[{}]")
    result = check(*options, status=78)
    assert len(result.stderr.splitlines()) == 2
    assert str(secret) in result.stderr and str(rules) in result.stderr and "short" not in result.stdout


def test_a_password_in_a_url_is_not_shown(check):
    result = check("--redis", "redis://queue:hunter2@127.0.0.1:6379/1")
    assert "hunter2" not in result.stdout + result.stderr
    assert effective(result.stdout)["redis"] == [("redis://queue:...@127.0.0.1:6379/1", "--redis")]


def test_the_server_does_what_its_file_says(start, publish, file):
    server = start("-c", file("payload-key = data\nlog-events = all\nmessages-per-minute = 1\n"))
    with Client(server) as client:
        publish("a", "-j", "1")
        assert b'"data":1' in client.receive()[0]


def test_the_example_of_the_manual_is_taken(check, file, tmp_path):
    text = re.search(r"```ini\n(.*?)```", (MANUAL / "Operating.md").read_text(), re.S)[1]
    assert "listen" in text
    for name in re.findall(r"/etc/wsqueue/\S+", text):
        stand_in = tmp_path / pathlib.Path(name).name
        stand_in.write_text("[]" if name.endswith("json") else "s" * 48)
        stand_in.chmod(0o640)
        text = text.replace(name, str(stand_in))
    assert check("-c", file(text)).stderr == ""


def test_the_settings_of_the_service_are_known(check, file):
    text = (EXAMPLES / "systemd/server.conf").read_text()
    text = re.sub(r"^#(?=\w+(-\w+)* = )", "", text, flags=re.M)
    assert "rules = " in text
    # The files that it names are not there.
    for line in check("-c", file(text), status=78).stderr.splitlines():
        assert "no such file or directory" in line
