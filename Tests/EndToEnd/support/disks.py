"""File systems of their own, for tests that ruin them."""

import os
import shutil
import subprocess

import pytest

from .waiting import eventually


def _run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True)


class Disk:
    """An ext4 file system in a file, mounted at `path`."""

    def __init__(self, image, path):
        self.image, self.path = image, path
        with open(image, "wb") as file:
            file.truncate(64 << 20)
        path.mkdir()
        if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
            pytest.skip("needs root and mkfs.ext4")
        if _run("mkfs.ext4", "-q", "-F", image).returncode or self._mount().returncode:
            pytest.skip("no file system may be mounted here")

    def _mount(self):
        return _run("mount", "-o", "loop", self.image, self.path)

    def cut(self):
        """Lets nothing more get to the disk, as a power cut or a failing drive does; it can still be read."""
        assert _run("mount", "-o", "remount,abort", self.path).returncode == 0

    def recover(self):
        """Mounts it again with what had got there."""
        assert _run("umount", self.path).returncode == 0
        # The kernel lets go of the loop device later: one that is used again has the old contents in its cache.
        eventually(lambda: not _run("losetup", "-j", self.image).stdout, "the loop device is free")
        # 1 is "errors corrected".
        assert _run("e2fsck", "-p", self.image).returncode <= 1
        assert self._mount().returncode == 0

    def unmount(self):
        """Takes it away if it is there, though a server that the test has left may still use it."""
        if os.path.ismount(self.path):
            unmount(self.path)


def mount_memory(path, size):
    """Mounts a file system of so many bytes (`4m`) that lives in memory."""
    if os.geteuid() != 0 or _run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path).returncode:
        pytest.skip("no file system may be mounted here")


def unmount(path):
    """Takes the file system away from its path, whoever uses it."""
    assert _run("umount", "-l", path).returncode == 0
