"""What tests need of the machine."""

import os

import pytest

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount, and be another user")
