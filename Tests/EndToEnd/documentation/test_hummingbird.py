"""The example for Hummingbird, where that package is at hand without a network: a machine's git may lead to a copy."""

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request

import pytest

from support.files import published
from support.places import EXAMPLES, ROOT
from support.ports import free_port
from support.waiting import eventually

ADDRESS = "https://github.com/hummingbird-project/hummingbird.git"


def is_at_hand():
    """Whether git is told of a copy on this machine."""
    if not shutil.which("swift") or not shutil.which("git"):
        return False
    told = subprocess.run(["git", "ls-remote", "--get-url", ADDRESS], capture_output=True, text=True)
    return os.path.isdir(told.stdout.strip())


@pytest.mark.takes(120)
@pytest.mark.skipif(not is_at_hand(), reason="no copy of Hummingbird on this machine, or no toolchain")
@pytest.mark.timeout(600)
def test_a_hummingbird_application_publishes_with_the_server_down(queue, is_measured):
    """Built in one folder each time: the first time takes two minutes, and a later one seconds."""
    if not is_measured:
        pytest.skip("it builds the same whatever the programs watch")
    # A copy, because SwiftPM writes beside the manifest.
    place, scratch = ROOT / ".build/hummingbird-shop", ROOT / ".build/hummingbird"
    shutil.copytree(EXAMPLES / "swift/hummingbird-shop", place, dirs_exist_ok=True)
    manifest = (place / "Package.swift").read_text()
    (place / "Package.swift").write_text(manifest.replace("../../..", str(ROOT)))
    subprocess.run(
        ["swift", "build", "--package-path", place, "--scratch-path", scratch, "-debug-info-format", "none"],
        check=True, capture_output=True, env={**os.environ, "LLVM_PROFILE_FILE": "/dev/null"}, timeout=500)
    port = free_port()
    with subprocess.Popen([scratch / "debug/Shop", queue, str(port)], stderr=subprocess.DEVNULL) as shop:
        try:
            def order():
                try:
                    body = json.dumps({"id": 7, "customer": "Zoë"}).encode()
                    address = f"http://127.0.0.1:{port}/orders"
                    fields = {"Content-Type": "application/json"}
                    return urllib.request.urlopen(urllib.request.Request(address, body, fields), timeout=10).status
                except urllib.error.URLError:
                    return None
            assert eventually(order, "it answers", 20) == 201
        finally:
            shop.terminate()
    [event] = published(queue)
    assert (event["event"], event["payload"]) == ("order.created", {"id": 7, "customer": "Zoë"})
