"""A program as a container's first process, as far as that goes without an engine, and the steps of a Dockerfile."""

import json
import pathlib
import re
import subprocess

from .server import Server

# The first process of a namespace of processes: in a root that cannot be written to but for its volumes, and with no
# rights but those of its user.
FIRST = """
set -e
root=$1 user=$2 groups=$3
shift 3
mount --make-rprivate /
mount --bind "$root" "$root"
while [ "$1" != -- ]; do
    mount --bind "$1" "$root$2"
    shift 2
done
shift
if [ -d "$root/proc" ]; then mount -t proc proc "$root/proc"; fi
mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs chroot --userspec="$user" --groups="$groups" "$root" "$@"
"""


def contained(root, command, volumes, user, groups=""):
    """The command line of a container.

    - `volumes`: directories of this machine by where they are in the container.
    - `user`: `UID:GID`; `groups` are further ones, by their numbers.
    """
    mounts = [str(word) for there, here in volumes.items() for word in (here, there)]
    return [
        "unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", FIRST, "sh", str(root), user, groups,
        *mounts, "--", *command]


class Container(Server):
    """A server that is the first process of a container."""

    def __init__(self, root, command, volumes, user, environment=()):
        names = [f"{name}={value}" for name, value in dict(environment).items()]
        path = "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin"
        self.run(["env", "-i", path, "LLVM_PROFILE_FILE=/dev/null", *names, *contained(root, command, volumes, user)])

    @property
    def pid(self):
        parent = self.process.pid
        return int(pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split()[0])


class Image:
    """What a Dockerfile makes of a machine that has what its FROM names."""

    def __init__(self, dockerfile, machine, beside):
        self.machine, self.user, self.volumes = machine, "0:0", []
        text = re.sub(r"^#.*\n", "", dockerfile.read_text(), flags=re.M).replace("\\\n", " ")
        for line in text.splitlines():
            name, _, rest = line.partition(" ")
            getattr(self, f"_{name.lower()}")(rest.strip(), beside)

    def _from(self, rest, _):
        assert rest == "debian:bookworm-slim"

    def _add(self, rest, beside):
        pattern, where = rest.split()
        [archive] = beside.glob(pattern)
        subprocess.run(["tar", "-C", f"{self.machine.root}{where}", "-xf", archive], check=True)

    def _run(self, rest, _):
        self.machine.run("sh", "-c", rest)

    def _user(self, rest, _):
        self.user = rest

    def _volume(self, rest, _):
        self.volumes = json.loads(rest)

    def _expose(self, rest, _):
        assert rest == "8081"

    def _healthcheck(self, rest, _):
        self.check = json.loads(rest[rest.index("["):])

    def _entrypoint(self, rest, _):
        self.entrypoint = json.loads(rest)

    def volume(self, place, directory):
        """A new volume: it begins as what the image has at its place."""
        where = directory / place.strip("/").replace("/", "-")
        subprocess.run(["cp", "-a", f"{self.machine.root}{place}", where], check=True)
        return where

    def _cmd(self, rest, _):
        self.arguments = json.loads(rest)

