"""When an event file is deleted, and what must not be deleted with it."""

from support.client import Client
from support.files import name_of, place, waiting
from support.waiting import eventually

FILLERS = 30
BODY = "x" * 300_000


def test_a_file_that_replaces_one_which_is_sent_but_not_yet_deleted_is_an_event_too(start, queue):
    server = start("--threads", "1", "--behind-size", "64M", "--behind-age", "10m", "--journal", "off")
    with Client(server, receive_buffer=4_096) as slow, Client(server) as busy:
        # More than the slow one's socket takes: what is sent behind it cannot be deleted before he reads.
        for number in range(FILLERS):
            place(queue, name_of(number), '{"event":"filler","payload":"%s"}' % BODY)
        place(queue, "status.json", '{"event":"status","payload":1}')
        assert busy.receive_events(FILLERS + 1)[-1]["payload"] == 1
        assert "status.json" in waiting(queue)
        place(queue, "status.json", '{"event":"status","payload":2}')
        assert [event["payload"] for event in slow.receive_events(FILLERS + 2)[-2:]] == [1, 2]
        assert busy.receive_events()[0]["payload"] == 2
        eventually(lambda: waiting(queue) == [], "the files are deleted")
