"""The kill -9 test in short; `scripts/crash-test 200` is the long one."""

import pytest

from support.client import Client
from support.crash import CrashTest
from support.files import name_of, place, waiting
from support.waiting import eventually


@pytest.mark.takes(30)
@pytest.mark.timeout(180)
def test_kills_at_random_moments_cost_clients_that_return_nothing(binaries, tmp_path, is_measured):
    cycles = 50 if is_measured else 10
    test = CrashTest(binaries, tmp_path, cycles=cycles, events=500 * cycles)
    result, findings = test.run()
    assert findings == []
    assert result["events"] == 500 * cycles and result["kills"] == cycles + 1 and result["publisher_kills"] > 0, result
    assert result["events_under_fire"] > 500 * (cycles - 2), result
    assert result["deliveries"] > 500 * cycles and result["gaps"] == 0, result


@pytest.mark.parametrize("identity", ["", ',"id":"own-%d"'], ids=["lines", "ids"])
def test_a_batch_in_the_midst_of_which_the_server_is_killed_is_sent_once(start, memory_queue, identity):
    # The journal has let go of the first lines by then, but not of those that the client still has to get, however many
    # more than it has read are in its socket.
    history = ["--journal-events", "41000", "--behind-size", "64K"]
    count, taken = 100_000, 60_000
    line = '{"event":"n","payload":%d' + identity + "}\n"
    text = "".join(line % ((number,) * line.count("%d")) for number in range(count))
    first = start(*history, directory=memory_queue)
    with Client(first, protocol="wsqueue.v1", receive_buffer=4_096) as client:
        epoch = client.receive_events()[0]["cursor"].partition(":")[0]
        place(memory_queue, name_of(1) + "l", text)
        events = client.receive_events(taken)
        first.process.kill()
        first.exit_status()
    assert waiting(memory_queue) == [name_of(1) + "l"]
    second = start(*history, directory=memory_queue)
    second.wait_for("journal.open", epoch=epoch)
    second.wait_for("event.duplicate", file=name_of(1) + "l")
    with Client(second, f"/?since={epoch}:{events[-1]['seq']}", protocol="wsqueue.v1") as client:
        while len(events) < count:
            events += [event for event in client.receive_events() if "seq" in event]
        assert [event["payload"] for event in events] == list(range(count))
        assert [event["seq"] for event in events] == list(range(1, count + 1))
        eventually(lambda: waiting(memory_queue) == [], "the batch is deleted")
