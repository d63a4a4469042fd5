"""What tests need of the machine."""

import os
import shutil

import pytest

needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("mount"), reason="only root may mount, and be another user; or no mount")
