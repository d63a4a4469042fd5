"""A small Debian without systemd, a compiler or Swift, in which what is installed is tried."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from .places import ROOT

# scripts/test makes it: that takes most of a minute.
DEBIAN = ROOT / ".build/bookworm"


def are_linked_anew(config):
    """Whether the programs are those that scripts/package makes if it is told of none: that takes a minute."""
    return pathlib.Path(config.getoption("--binaries")).resolve() == ROOT / ".build/programs" and shutil.which("swift")


class Machine:
    """A Debian of its own, thrown away with the test: a layer over the one that is kept."""

    def __init__(self, debian, directory):
        self.root = pathlib.Path(directory) / "root"
        layers = [pathlib.Path(directory) / name for name in ("upper", "work")]
        for one in [self.root, *layers]:
            one.mkdir()
        os.chmod(directory, 0o755)
        try:
            subprocess.run(
                ["mount", "-t", "overlay", "overlay", "-o",
                 f"lowerdir={debian},upperdir={layers[0]},workdir={layers[1]}", self.root],
                check=True, capture_output=True)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"nothing can be mounted here: {error.stderr!r}")

    def end(self):
        subprocess.run(["umount", self.root], check=True)

    def command(self, *words, user=None):
        who = ["setpriv", "--reuid", user, "--regid", user, "--init-groups"] if user else []
        return ["chroot", str(self.root), *who, *words]

    def run(self, *words, user=None, check=True):
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive",
            "LLVM_PROFILE_FILE": "/dev/null"}
        return subprocess.run(
            self.command(*words, user=user), check=check, capture_output=True, text=True, timeout=60,
            env=environment)

    def add_libraries(self, program):
        """Swift's own, where a program is not one for use and asks for them."""
        listed = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
        for name in re.findall(r"=> (/\S+)", listed):
            there = self.root / name.lstrip("/")
            if not there.exists():
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(name, there)

    def unit_command(self):
        """What systemd would run for the installed unit, as far as that goes without systemd."""
        says = {}
        text = (self.root / "usr/lib/systemd/system/wsqueue-server.service").read_text(encoding="utf-8")
        for line in text.splitlines():
            name, separator, value = line.partition("=")
            if separator and not line.startswith("#"):
                says[name] = value
        assert says["NoNewPrivileges"] == "yes" and says["CapabilityBoundingSet"] == says["AmbientCapabilities"]
        user, lease = says["User"], says["AmbientCapabilities"].removeprefix("CAP_").lower()
        # systemd's own.
        self.run("install", "-d", "-m", "755", "-o", user, "-g", user, f"/run/{says['RuntimeDirectory']}")
        return [
            "sh", "-c", f'umask {says["UMask"]} && exec "$@"', "sh",
            "chroot", str(self.root), "setpriv", "--reuid", user, "--regid", user, "--init-groups",
            f"--inh-caps=-all,+{lease}", f"--ambient-caps=-all,+{lease}", f"--bounding-set=-all,+{lease}",
            "--no-new-privs", *says["ExecStart"].split()]

    def install(self, package):
        shutil.copy(package, self.root / "tmp")
        return self.run("dpkg", "-i", f"/tmp/{package.name}")

    def files(self):
        """What there is, but for what dpkg notes and the lists of users keep of before."""
        found = set()
        for directory, _, names in os.walk(self.root):
            where = pathlib.Path(directory).relative_to(self.root)
            found |= {str(where), *(str(where / name) for name in names)}
        own = ("var/lib/dpkg/", "var/log/", "var/cache/", "tmp/", "var/lib/systemd/")
        return {name for name in found if not name.startswith(own) and not name.endswith("-")}
