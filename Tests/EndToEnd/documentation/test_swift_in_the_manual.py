"""The Swift that README and the manual show, in an application that has the package by the tag of its version."""

import os
import re
import shutil
import subprocess

import pytest

from support.client import Client
from support.places import MANUAL, PUBLISHERS_MANUAL, ROOT

TUTORIAL = PUBLISHERS_MANUAL / "PublishingFromARequestHandler.md"
OTHERS = {*PUBLISHERS_MANUAL.glob("*.md"), ROOT / "README.md", *MANUAL.glob("*.md")} - {TUTORIAL}
PAGES = [TUTORIAL, *sorted(OTHERS)]
# What the application has that the pages only name, and its program: it takes an order and waits for the server.
SHOP = """
struct Order: Encodable { var id = 7 }
enum Response { case created }
struct Database { func commit() throws {} }
func store(_ order: Order) throws {}
func retry(_ event: Event) {}
func log(_ line: String) { print(line) }

@main
enum Shop {
    static func main() async throws {
        let queue = try Publisher(directory: CommandLine.arguments[1])
        guard try OrderHandler(events: queue).create(Order()) == .created else { return }
        print(try await queue.publish(Event("order.paid"), waitingAtMost: .seconds(20)).delivery)
    }
}
"""
# What stands in no type may use what pages say that the application has.
STATEMENTS = """func part{}(events: Publisher, event: Event, database: Database) async throws {{
    do {{
{}    }}
}}
"""


def blocks(path):
    return re.findall(r"^```swift\n(.*?)^```", path.read_text(), re.M | re.S)


def source(parts):
    """One file of all blocks: imports first, types as they are, statements in functions."""
    imports, rest = set(), [SHOP]
    for number, part in enumerate(parts):
        imports |= set(re.findall(r"^import .*$", part, re.M))
        body = re.sub(r"^import .*\n", "", part, flags=re.M).strip() + "\n"
        is_type = re.match(r"(final class|struct|enum|extension|func) ", body)
        rest.append(body if is_type else STATEMENTS.format(number, re.sub(r"^(?=.)", " " * 8, body, flags=re.M)))
    return "\n".join([*sorted(imports), *rest])


def make_tagged_clone(directory, version):
    """The sources as they stand here, as a repository with a tag."""
    shutil.copytree(
        ROOT, directory, ignore=lambda place, names: [name for name in names if name.startswith(".") or (
            place == str(ROOT) and name not in ("Package.swift", "Sources", "Tests", "examples"))])
    author = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "-A"], [*author, "commit", "-q", "-m", version], ["tag", version]):
        subprocess.run(["git", "-C", directory, *words], check=True, timeout=60)


@pytest.mark.takes(30)
@pytest.mark.skipif(not shutil.which("swift"), reason="no toolchain")
@pytest.mark.skipif(not shutil.which("git"), reason="no git")
@pytest.mark.timeout(600)
def test_an_application_has_the_package_by_its_version_and_compiles_what_is_shown(start, queue, tmp_path, is_measured):
    if not is_measured:
        pytest.skip("it builds the same whatever the programs watch")
    manifest, *parts = [block for page in PAGES for block in blocks(page)]
    assert manifest.startswith("// swift-tools-version") and len(parts) >= 8
    [version] = re.findall(r'from: "(.*?)"', manifest)
    assert f'"{version}"' in (ROOT / "Sources/WSQueueArguments/Version.swift").read_text()
    make_tagged_clone(tmp_path / "wsqueue", version)
    shop = tmp_path / "shop"
    (shop / "Sources/Shop").mkdir(parents=True)
    (shop / "Package.swift").write_text(
        manifest.replace("https://git.example.org/wsqueue.git", f"file://{tmp_path}/wsqueue"))
    (shop / "Sources/Shop/Shop.swift").write_text(source(parts))
    built = subprocess.run(
        ["swift", "build", "--disable-dependency-cache", "--package-path", shop, "-debug-info-format", "none",
         "--disable-index-store"],
        capture_output=True, text=True, env={**os.environ, "LLVM_PROFILE_FILE": "/dev/null"}, timeout=500)
    assert built.returncode == 0, built.stdout[-4_000:]
    with Client(start(), "/?channels=orders") as client:
        ran = subprocess.run([shop / ".build/debug/Shop", queue], capture_output=True, text=True, timeout=60)
        assert (ran.returncode, ran.stdout) == (0, "done\n"), ran
        assert client.receive_events()[0]["payload"] == {"id": 7}
