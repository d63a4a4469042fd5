"""From a package on an empty Debian to the first event: as the README says it, typed."""

import os
import shutil

import pytest

from support.first_minute import first_event, print_transcript

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root has a machine of its own"),
    pytest.mark.skipif(not shutil.which("dpkg-deb") or not shutil.which("curl"), reason="no dpkg-deb, or no curl"),
    pytest.mark.skipif(not shutil.which("ip"), reason="no ip, to make a network"),
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("package"),
]


def test_the_first_event_takes_less_than_ten_seconds_and_sixty_keys(package, machine, is_measured):
    minute, *shown = first_event(machine, package)
    print_transcript(minute, *shown)
    listen, publish = list(minute.keys.values())[1:]
    assert listen + publish < 60 and sum(minute.keys.values()) < 80, minute.keys
    assert not is_measured or minute.installed + minute.took < 10
