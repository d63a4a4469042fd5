"""The archive: unpacked where there is nothing but the C library, and in the image of examples/docker."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

import pytest

from support.container import Container, Image, contained
from support.debian import are_linked_anew
from support.http import request as ask
from support.installing import install
from support.places import EXAMPLES, ROOT
from support.waiting import eventually

DOCKER = EXAMPLES / "docker"
QUEUE, JOURNAL = "/var/spool/wsqueue", "/var/lib/wsqueue"
SERVER, SHOP = 10001, 20001

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root makes containers"),
    pytest.mark.skipif(not shutil.which("strip"), reason="no strip, of binutils"),
    pytest.mark.skipif(not shutil.which("unshare"), reason="no unshare, of util-linux"),
    pytest.mark.timeout(400),
    # With the package, whose programs are linked by the same build.
    pytest.mark.xdist_group("package"),
]


@pytest.fixture(scope="session")
def archive(binaries, tmp_path_factory, request):
    """The archive of the programs that are tested; those for use are linked once more, without libraries."""
    if request.config.getoption("--sanitized"):
        pytest.skip("a sanitizer's programs are for no archive")
    output = tmp_path_factory.mktemp("archive")
    options = [] if are_linked_anew(request.config) else ["--binaries", str(binaries)]
    result = subprocess.run(
        [ROOT / "scripts/package", "--tar", "--output", output, *options], check=True, timeout=400,
        capture_output=True, text=True)
    return pathlib.Path(result.stdout.splitlines()[-1])


@pytest.fixture
def place(tmp_path):
    """A directory that users of all numbers may pass through."""
    for one in (tmp_path, *list(tmp_path.parents)[:2]):
        one.chmod(0o755)
    return tmp_path


def add_libraries(root, program):
    """What a program is linked with: of the programs for use, the C library alone."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    found = re.findall(r"(?:=> )?(/\S+) \(", listed)
    for name in found:
        (root / name.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(name, root / name.lstrip("/"))
    return {pathlib.Path(name).name for name in found}


def made(directory, owner, group, mode):
    directory.mkdir()
    os.chown(directory, owner, group)
    directory.chmod(mode)
    return directory


def in_container(root, command, volumes, user, groups="", **environment):
    """What a command in a container of its own has said and ended with."""
    return subprocess.run(
        contained(root, command, volumes, user, groups), capture_output=True, text=True, timeout=60,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin", "LLVM_PROFILE_FILE": "/dev/null", **environment})


def test_it_holds_what_is_installed_elsewhere_and_the_sum_of_each_file(archive, binaries, tmp_path):
    for name in ("archive", "installed"):
        (tmp_path / name).mkdir()
    with tarfile.open(archive) as file:
        members = file.getmembers()
        file.extractall(tmp_path / "archive", filter="tar")
    # Nothing of a directory that is there already is changed.
    assert all(one.isfile() and (one.uid, one.gid) == (0, 0) and one.mode & 0o7022 == 0 for one in members)
    packed = {one.name for one in members}
    install(binaries, tmp_path / "installed", "--prefix", "/usr/local")
    there = {str(path.relative_to(tmp_path / "installed")) for path in (tmp_path / "installed").rglob("*")
             if path.is_file()}
    assert there <= packed and "usr/local/share/doc/wsqueue/README.md" in packed
    sums = "usr/local/share/wsqueue/SHA256SUMS"
    lines = (tmp_path / "archive" / sums).read_text().splitlines()
    assert {line.split("  ")[1] for line in lines} == packed - {sums}
    subprocess.run(["sha256sum", "--quiet", "-c", sums], cwd=tmp_path / "archive", check=True)
    said = pathlib.Path(f"{archive}.sha256").read_text().split()
    assert said == [hashlib.sha256(archive.read_bytes()).hexdigest(), archive.name]


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl")
def test_with_the_c_library_alone_it_serves_what_another_container_publishes(archive, place, request):
    roots = [place / "server", place / "shop"]
    for root in roots:
        (root / QUEUE.lstrip("/")).mkdir(parents=True)
    (roots[0] / JOURNAL.lstrip("/")).mkdir(parents=True)
    subprocess.run(["tar", "-C", roots[0], "-xf", archive], check=True)
    libraries = add_libraries(roots[0], roots[0] / "usr/local/bin/wsqueue-server")
    if are_linked_anew(request.config):
        assert libraries == {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"}
    shutil.copy(roots[0] / "usr/local/bin/wsqueue-publish", roots[1])
    add_libraries(roots[1], roots[1] / "wsqueue-publish")
    queue = made(place / "queue", SERVER, SERVER, 0o3730)
    journal = made(place / "journal", SERVER, SERVER, 0o700)

    def publish(groups):
        return in_container(
            roots[1], ["/wsqueue-publish", "greeting", "-t", "hello", "--wait"], {QUEUE: queue}, f"{SHOP}:{SHOP}",
            groups, WSQUEUE_DIR=QUEUE)
    command = ["/usr/local/bin/wsqueue-server", "-l", "127.0.0.1:0"]
    with Container(roots[0], command, {QUEUE: queue, JOURNAL: journal}, f"{SERVER}:{SERVER}") as server:
        server.ready()
        assert (published := publish(str(SERVER))).returncode == 0, published
        assert (refused := publish("")).returncode == 77 and f"gid {SERVER}" in refused.stderr, refused
        answer = subprocess.run(
            ["curl", "-s", "-m", "20", f"http://127.0.0.1:{server.port}/events?poll=1&since=all"], capture_output=True,
            text=True)
        assert '"payload":"hello"' in answer.stdout, answer
        # It is process 1 of its container, which no signal ends that it does not handle.
        assert server.terminate() == 0


# The containers of examples/docker.

@pytest.fixture
def image(archive, machine):
    return Image(DOCKER / "Dockerfile", machine, archive.parent)


def begun(image, volumes, arguments, **environment):
    """The image's server, on a port that is free."""
    arguments = [word.replace(":8081", ":0") for word in arguments]
    return Container(image.machine.root, [*image.entrypoint, *arguments], volumes, image.user, environment)


def test_the_image_serves_is_healthy_and_keeps_its_volumes(image, place):
    assert image.user == f"{SERVER}:{SERVER}" and image.volumes == [QUEUE, JOURNAL]
    volumes = {where: image.volume(where, place) for where in image.volumes}
    compose = (DOCKER / "compose.yaml").read_text()
    [user], [group] = re.findall(r'user: "(.*)"', compose), re.findall(r'group_add: \["(.*)"\]', compose)
    assert all(f":{where}" in compose for where in image.volumes)

    def publish():
        # A shop's image has the publisher of this one.
        return in_container(
            image.machine.root, ["wsqueue-publish", "greeting", "--wait"], {QUEUE: volumes[QUEUE]}, user, group)
    for seq in (1, 2):
        with begun(image, volumes, image.arguments) as server:
            server.ready()
            inside = ["nsenter", "-t", str(server.pid), "-m", "-p", "-r", "-S", str(SERVER), "-G", str(SERVER)]
            eventually(lambda: subprocess.run([*inside, *image.check], capture_output=True).returncode == 0, "healthy")
            assert (published := publish()).returncode == 0, published
            server.wait_for("event.sent", seq=seq)
            assert server.terminate() == 0


def test_a_pod_serves_whatever_kubernetes_puts_into_its_environment(image, place):
    pod = (DOCKER / "kubernetes.yaml").read_text()
    words = {name: json.loads(re.search(rf" {name}: (\[.*\])", pod)[1]) for name in ("command", "args")}
    variables = {
        "WSQUEUE_SERVICE_HOST": "10.0.0.7", "WSQUEUE_SERVICE_PORT": "8081", "WSQUEUE_PORT": "tcp://10.0.0.7:8081",
        "WSQUEUE_PORT_8081_TCP": "tcp://10.0.0.7:8081", "WSQUEUE_PORT_8081_TCP_PROTO": "tcp",
        "WSQUEUE_PORT_8081_TCP_PORT": "8081", "WSQUEUE_PORT_8081_TCP_ADDR": "10.0.0.7"}
    # An empty volume as a kubelet makes it for fsGroup.
    assert f"fsGroup: {SERVER}" in pod and f"runAsUser: {SERVER}" in pod and f"runAsUser: {SHOP}" in pod
    volume = {"/volume": made(place / "volume", 0, SERVER, 0o2777)}
    root = image.machine.root
    (root / "volume").mkdir()
    made_queue = in_container(root, words["command"], volume, f"{SERVER}:{SERVER}", str(SERVER))
    assert made_queue.returncode == 0, made_queue
    with begun(image, volume, words["args"], **variables) as server:
        server.ready()
        published = in_container(
            root, ["wsqueue-publish", "greeting", "--wait"], volume, f"{SHOP}:0", str(SERVER),
            WSQUEUE_DIR="/volume/queue", **variables)
        assert published.returncode == 0, published
        # A kubelet knows it by its address.
        probes = re.findall(r"path: (\S+),", pod)
        answers = [ask(server, path, host="10.0.0.7:8081", wants_end=False) for path in probes]
        assert [answer.status for answer in answers] == [200, 200]
        assert len(server.logged("config.unknown")) == 1
        assert server.terminate() == 0
