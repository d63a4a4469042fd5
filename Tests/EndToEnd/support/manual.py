"""What the programs say of themselves: help, and manual pages as man(1) shows them."""

import os
import re
import subprocess

# The pages, each with what prints it.
PAGES = {
    "wsqueue-publish(1)": ["wsqueue-publish", "--man"],
    "wsqueue-server(8)": ["wsqueue-server", "--man", "wsqueue-server"],
    "wsqueue.conf(5)": ["wsqueue-server", "--man", "wsqueue.conf"],
    "wsqueue-rules(5)": ["wsqueue-server", "--man", "wsqueue-rules"],
    "wsqueue-protocol(7)": ["wsqueue-server", "--man", "wsqueue-protocol"],
    "wsqueue(7)": ["wsqueue-server", "--man", "wsqueue"],
}


def said(binaries, program, *words):
    """What a program prints."""
    return subprocess.run(
        [binaries / program, *words], capture_output=True, text=True, check=True, timeout=20).stdout


def commands(binaries):
    """The names of the server's commands."""
    listed = said(binaries, "wsqueue-server", "--help", "all").split("\nCommands:\n")[1].split("\n\n")[0]
    return re.findall(r"^  ([a-z]+) ", listed, re.M)


def options(text):
    """The options that a help explains."""
    return re.findall(r"^  (?:-\w, |    )--([a-z-]+)", text, re.M)


def formatted(binaries, name):
    """A page as it is read, and the warnings that were printed."""
    page = said(binaries, *PAGES[name])
    result = subprocess.run(
        ["man", "--warnings=w", "-E", "UTF-8", "-P", "cat", "-l", "-"], input=page, capture_output=True, text=True,
        env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8", "MAN_KEEP_FORMATTING": ""}, timeout=20)
    # A letter over itself is bold, one over a line is in italics; words are parted at line ends.
    return re.sub("\x1b\\[[0-9;]*m|.\b", "", result.stdout).replace("\u2010\n", ""), result.stderr
