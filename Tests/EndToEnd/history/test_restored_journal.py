"""A journal that comes back from a backup: no number is given twice, and no one is told that all is there."""

import shutil

from support.client import Client
from support.files import name_of, place
from support.speaking import Resuming


def publish(queue, numbers):
    for number in numbers:
        place(queue, name_of(number), '{"event":"n","payload":%d}' % number)


def take(server, queue, numbers):
    """The sequence numbers that events get."""
    with Client(server) as client:
        publish(queue, numbers)
        return [event["seq"] for event in client.receive_events(len(numbers))]


def test_a_journal_from_a_backup_gives_no_number_again(start, queue, tmp_path):
    server = start()
    assert take(server, queue, range(5)) == [1, 2, 3, 4, 5]
    assert server.terminate() == 0
    shutil.copytree(queue / ".journal", tmp_path / "backup")
    server = start()
    assert take(server, queue, range(5, 8)) == [6, 7, 8]
    with Resuming(server) as client:
        epoch = client.epoch
    assert server.terminate() == 0
    shutil.rmtree(queue / ".journal")
    shutil.copytree(tmp_path / "backup", queue / ".journal")
    server = start()
    server.wait_for("journal.moved")
    assert min(take(server, queue, range(8, 10))) > 8
    for seq in (5, 7, 8):
        with Resuming(server, f"/?since={epoch}:{seq}") as client:
            _, answer = client.until_resumed()
            assert answer["complete"] is False and answer["gap"]["from"] == f"{epoch}:{seq}", seq


def test_a_client_is_told_of_the_gap_before_anything_is_published_again(start, queue, tmp_path):
    server = start()
    assert take(server, queue, range(3)) == [1, 2, 3]
    with Resuming(server) as client:
        epoch = client.epoch
    assert server.terminate() == 0
    # Elsewhere is what matters here, not what was sent since.
    shutil.copytree(queue / ".journal", tmp_path / "backup")
    shutil.rmtree(queue / ".journal")
    shutil.copytree(tmp_path / "backup", queue / ".journal")
    server = start()
    server.wait_for("journal.moved")
    for seq, missed in ((1, [1, 2]), (3, []), (5, [])):
        with Resuming(server, f"/?since={epoch}:{seq}") as client:
            got, answer = client.until_resumed()
            assert (got, answer["complete"], answer["gap"]["reason"]) == (missed, False, "trimmed"), seq


def test_a_journal_that_stays_where_it_is_tells_no_gap(start, queue):
    epoch = None
    for turn in range(3):
        server = start()
        assert take(server, queue, [turn]) == [turn + 1]
        with Resuming(server, f"/?since={epoch}:0" if epoch else "/") as client:
            epoch = client.epoch
            if turn:
                missed, answer = client.until_resumed()
                assert missed == list(range(turn + 1)) and answer["complete"] is True
        assert server.terminate() == 0
        assert not server.logged("journal.moved") and not server.logged("journal.skip")
