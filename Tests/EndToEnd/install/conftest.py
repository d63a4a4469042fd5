"""The package of the programs that are tested, and machines to install it on."""

import pathlib
import subprocess
import tempfile

import pytest

from support.debian import DEBIAN, Machine, are_linked_anew
from support.places import ROOT


@pytest.fixture(scope="session")
def package(binaries, tmp_path_factory, request):
    """The package of the programs that are tested; those for use are linked once more, without libraries."""
    if request.config.getoption("--sanitized"):
        pytest.skip("a sanitizer's programs are for no package")
    output = tmp_path_factory.mktemp("package")
    options = [] if are_linked_anew(request.config) else ["--binaries", str(binaries)]
    result = subprocess.run(
        [ROOT / "scripts/package", "--output", output, *options], check=True, timeout=400, capture_output=True,
        text=True)
    path = pathlib.Path(result.stdout.splitlines()[-1])
    assert path.parent == output
    return path


@pytest.fixture(scope="session")
def debian():
    if not DEBIAN.exists():
        pytest.skip(f"no Debian in {DEBIAN}")
    return DEBIAN


@pytest.fixture
def machine(debian, binaries):
    with tempfile.TemporaryDirectory(prefix="wsqueue-debian-") as directory:
        one = Machine(debian, directory)
        one.add_libraries(binaries / "wsqueue-server")
        try:
            yield one
        finally:
            one.end()
