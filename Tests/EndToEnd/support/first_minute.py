"""The first minute with a package on an empty machine, typed: how long it takes, and how many keys."""

import contextlib
import re
import shutil
import subprocess
import time

from .places import ROOT
from .screen import Screen
from .server import Server
from .waiting import eventually

PROMPT = "machine# "


def readme_lines():
    """What the README says is to be typed where the package is at hand: installing, listening, publishing."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = next(part for part in re.findall("```sh\n(.*?)```", text, re.DOTALL) if part.startswith("dpkg -i"))
    install, listen, publish = [re.sub(" +#.*", "", line) for line in block.splitlines()]
    return install, listen, publish


@contextlib.contextmanager
def network(machine):
    """A network of the machine's own, where every port is free; gives what a command is to be begun with."""
    keeper = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && exec sleep 600"], stdout=subprocess.PIPE)
    try:
        assert keeper.stdout.readline() == b"up\n"
        yield ["nsenter", "-t", str(keeper.pid), "-n", "--"]
    finally:
        keeper.kill()
        keeper.wait()
        keeper.stdout.close()


class Minute:
    """Two terminals of one machine, and a clock."""

    def __init__(self, machine, prefix):
        shell = [
            "env", f"PS1={PROMPT}", "LLVM_PROFILE_FILE=/dev/null", "DEBIAN_FRONTEND=noninteractive", "bash", "--norc",
            "-i"]
        # debootstrap leaves that to who makes a machine of it.
        (machine.root / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n", encoding="utf-8")
        self.command = ["setsid", "-c", *prefix, *machine.command(*shell)]
        self.began = time.monotonic()
        self.keys = {}

    def type(self, screen, line):
        """Types a line, which is shown as the terminal shows it."""
        screen.wait_for(lambda text: text.endswith(PROMPT))
        self.count(screen, line)

    def count(self, screen, line):
        """Types a line wherever the terminal is."""
        self.keys[line] = self.keys.get(line, 0) + screen.type(line)

    @property
    def seconds(self):
        return time.monotonic() - self.began


def add_curl(machine):
    """curl, which a small Debian has not, and the package does not ask for."""
    there = machine.root / "usr/bin/curl"
    if not there.exists():
        shutil.copy(shutil.which("curl"), there)
        machine.add_libraries(there)


def first_event(machine, package):
    """From the package to the first event at a curl; gives the minute and what both terminals have shown."""
    add_curl(machine)
    shutil.copy(package, machine.root)
    install, listen, publish = readme_lines()
    with network(machine) as prefix:
        minute = Minute(machine, prefix)
        with Screen(*minute.command) as one, Screen(*minute.command) as other:
            minute.type(one, install)
            one.wait_for(lambda text: text.count(PROMPT) == 2, 60)
            minute.installed = minute.seconds
            # systemd's part: postinst starts the service where it runs.
            server = Server.__new__(Server)
            server.run([*prefix, *machine.unit_command()])
            with server:
                server.ready()
                minute.began = time.monotonic()
                minute.type(other, listen)
                eventually(lambda: server.logged("client.open"), "curl is there")
                minute.type(one, publish)
                other.wait_for(lambda text: '"event":' in text.split("\n", 1)[-1])
                minute.took = minute.seconds
                one.wait_for(lambda text: text.count(PROMPT) == 3)
                return minute, one.text, other.text


def print_transcript(minute, *shown):
    """Prints it for a reader."""
    for number, text in enumerate(shown, 1):
        print(f"--- terminal {number}")
        print(re.sub("\x1b\\[[?0-9;]*[a-zA-Z]", "", text).replace("\r", ""))
    print("--- keys, Enter counted:")
    for line, keys in minute.keys.items():
        print(f"{keys:4}  {line}")
    print(f"{sum(minute.keys.values()):4}  in all; {minute.took:.1f} s after {minute.installed:.1f} s to install")
