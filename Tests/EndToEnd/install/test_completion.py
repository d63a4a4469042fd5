"""What completes, typed into the shells themselves."""

import pathlib
import shutil
import subprocess

import pytest

from support.installing import install
from support.shells import Shell

SCRIPTS = {
    "bash": "share/bash-completion/completions/{}", "zsh": "share/zsh/site-functions/_{}",
    "fish": "share/fish/vendor_completions.d/{}.fish",
}
# What is typed before the tab, and what it becomes; or what is offered, and what is not.
BECOMES = {
    "wsqueue-publish --dry": "wsqueue-publish --dry-run ",
    "wsqueue-publish -o js": "wsqueue-publish -o json ",
    "wsqueue-publish --output=js": "wsqueue-publish --output=json ",
    "wsqueue-publish -d que": "wsqueue-publish -d queue/",
    "wsqueue-publish -f mess": "wsqueue-publish -f message.txt ",
    "wsqueue-publish ev --text-file body=mess": "wsqueue-publish ev --text-file body=message.txt ",
    "wsqueue-publish ev --json-file body=mess": "wsqueue-publish ev --json-file body=message.txt ",
    "wsqueue-publish ev --text-file=body=mess": "wsqueue-publish ev --text-file=body=message.txt ",
    "wsqueue-publish ev body=mess": "wsqueue-publish ev body=mess",
    "wsqueue-publish --run job -- only-he": "wsqueue-publish --run job -- only-here ",
    "wsqueue-publish --run job -- only-here mess": "wsqueue-publish --run job -- only-here message.txt ",
    "wsqueue-publish -d queue --cancel te": "wsqueue-publish -d queue --cancel tea ",
    "wsqueue-publish -d queue --release kept": "wsqueue-publish -d queue --release {held} ",
    "wsqueue-publish -d queue --release=kept": "wsqueue-publish -d queue --release={held} ",
    "wsqueue-publish -d queue --abort kept": "wsqueue-publish -d queue --abort {held} ",
    "wsqueue-server compl": "wsqueue-server completion ",
    "wsqueue-server --thr": "wsqueue-server --threads ",
    "wsqueue-server run --thr": "wsqueue-server run --threads ",
    "wsqueue-server --log-level=warn": "wsqueue-server --log-level=warning ",
    "wsqueue-server --config mess": "wsqueue-server --config message.txt ",
    "wsqueue-server --set log-lev": "wsqueue-server --set log-level=",
    "wsqueue-server --set log-level=not": "wsqueue-server --set log-level=notice ",
    "wsqueue-server --trusted-proxy ": "wsqueue-server --trusted-proxy unix ",
    "wsqueue-server doctor --as roo": "wsqueue-server doctor --as root ",
    "wsqueue-server queue requeue -d queue ": "wsqueue-server queue requeue -d queue broken ",
    "wsqueue-server queue -d queue cat id-ord": "wsqueue-server queue -d queue cat id-order-7 ",
    "wsqueue-server queue -d queue release id-ke": "wsqueue-server queue -d queue release id-kept ",
}
OFFERS = {
    "wsqueue-publish -s ": (["none", "data", "full"], ["message.txt"]),
    "wsqueue-server --journal ": (["off", "queue/"], ["DIR", "message.txt"]),
    "wsqueue-server queue ls ": (["waiting", "later", "held", "failed"], ["cat", "message.txt"]),
    "wsqueue-server completion ": (["bash", "zsh", "fish"], ["message.txt"]),
    "wsqueue-server queue -d queue rm ": (["id-order-7", "id-kept", "broken", "at-id-tea"], ["message.txt"]),
}
PURPOSES = {"wsqueue-publish --ru": "To tell of a command: EVENT.started", "wsqueue-server ta": "as they are sent"}


@pytest.fixture(scope="module")
def place(binaries, tmp_path_factory):
    """The programs as they are installed, a queue with something in each state, and what a line may name."""
    root = tmp_path_factory.mktemp("completing")
    install(binaries, root)
    home = root / "home"
    (home / "queue").mkdir(parents=True)
    (home / "message.txt").write_text("hello")
    command = root / "usr/bin/only-here"
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)

    def publish(*words):
        words = [root / "usr/bin/wsqueue-publish", "-d", home / "queue", *words]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    publish("-i", "order-7", "order.created")
    publish("-i", "tea", "--in", "1h", "tea.ready")
    held = publish("-i", "kept", "--hold", "order.created")
    (home / "queue/.failed").mkdir()
    (home / "queue/.failed/broken.json").write_text("{")
    return root / "usr", home, held


# With what Debian loads into an interactive bash, which completes the command behind -- too.
LIBRARY = pathlib.Path("/usr/share/bash-completion/bash_completion")


@pytest.fixture(scope="module", params=[*SCRIPTS, "bash with its library"])
def shell(request, place):
    name = request.param.split()[0]
    if not shutil.which(name):
        pytest.skip(f"no {name}")
    before = [] if name == request.param else [LIBRARY]
    if before and not LIBRARY.exists():
        pytest.skip("no bash-completion")
    prefix, home, _ = place
    scripts = [prefix / SCRIPTS[name].format(f"wsqueue-{one}") for one in ("publish", "server")]
    shell = Shell(name, home, prefix / "bin", before + scripts)
    yield shell
    shell.close()


def test_what_can_only_be_one_thing_is_put_there(shell, place):
    found = {line: shell.complete(line)[0] for line in BECOMES}
    assert found == {line: text.format(held=place[2]) for line, text in BECOMES.items()}


def test_what_may_be_several_things_is_shown_and_nothing_else(shell):
    for line, (offered, others) in OFFERS.items():
        became, shown = shell.complete(line)
        words = set(shown.split())
        assert became.strip() == line.strip() and set(offered) <= words, (line, became, shown)
        assert not set(others) & words, (line, shown)


def test_the_whole_sentence_explains_it(shell):
    if shell.name == "bash":
        pytest.skip("bash shows no explanations")
    # One that is the only one is put there at once.
    offered = {"wsqueue-publish --": PURPOSES["wsqueue-publish --ru"], "wsqueue-server ": PURPOSES["wsqueue-server ta"]}
    for line, purpose in offered.items():
        _, shown = shell.complete(line)
        assert purpose in shown, (line, shown)
