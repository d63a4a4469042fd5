"""What tests of the history have in common."""

import json

import pytest

from support.files import gone, name_of, place


@pytest.fixture
def put(memory_queue):
    """Publishes events in their order, and waits until they are sent."""
    numbers = iter(range(1, 100_000))

    def publish(*events):
        for event in events:
            place(memory_queue, name_of(next(numbers)), json.dumps({"event": "e", **event}))
        gone(memory_queue)
    return publish
