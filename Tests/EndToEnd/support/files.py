"""Event files made by hand."""

import json
import os

from .waiting import eventually

BASE = 1_795_231_800_000_000_000


def name_of(number):
    """The name of the event file that comes `number` milliseconds after a fixed time."""
    return f"{BASE + number * 1_000_000}-1-1-{number:08x}.json"


def place(directory, name, content):
    """Puts a file there whole: dot-name, then rename."""
    if isinstance(content, str):
        content = content.encode()
    hidden = os.path.join(os.fsencode(directory), b".placing.tmp")
    with open(hidden, "wb") as file:
        file.write(content)
        os.fchmod(file.fileno(), 0o644)
    os.rename(hidden, os.path.join(os.fsencode(directory), os.fsencode(name)))


def place_each(directory, numbers, **members):
    """Publishes each number as the payload of an event `n`, in a file whose name has the number."""
    for number in numbers:
        place(directory, name_of(number), json.dumps({"event": "n", "payload": number, **members}))


def place_large(directory, count, size, event="big"):
    """Publishes events whose payloads have so many bytes each: together more than a socket takes."""
    for number in range(count):
        place(directory, name_of(number), '{"event":"%s","payload":"%s"}' % (event, "x" * size))


def published(directory):
    """The events in all files of a queue, in the order of their names; a batch has one a line."""
    return [json.loads(line) for name in waiting(directory)
            for line in (directory / name).read_text().split("\n") if line]


def fill(directory, numbers, content):
    """Makes many event files fast, before anybody looks; `content(number)` gives bytes."""
    where = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for number in numbers:
            file = os.open(name_of(number), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=where)
            os.write(file, content(number))
            os.close(file)
    finally:
        os.close(where)


def waiting(directory):
    """The visible names in a queue."""
    try:
        return sorted(name for name in os.listdir(directory) if not name.startswith("."))
    except FileNotFoundError:
        return []


def gone(directory):
    """Waits until what was published is sent, and its files are deleted."""
    eventually(lambda: waiting(directory) == [], "the files are deleted")


def failed(directory):
    """The names in `.failed/`, reasons included."""
    try:
        return sorted(os.listdir(os.path.join(directory, ".failed")))
    except FileNotFoundError:
        return []
