"""The soak in short; `scripts/soak` is the run of two hours."""

from support.soak import BOUNDS, Soak, verdicts
from support.soaking import Place


def test_clients_that_come_and_go_get_all_in_order(binaries, tmp_path):
    samples, counts, findings = Soak(binaries, tmp_path, 4, 300, clients=12, seed=1).run(every=1)
    assert findings == []
    assert samples[0]["connections"] >= 300, "no figure is taken during the warm-up"
    assert counts["connections"] < 400, "the usual pace comes after it"
    assert len(samples) > 1 and counts["deliveries"] > counts["events"] > 30 and counts["consumed"] > 5, counts


def test_what_is_left_out_doubled_or_out_of_order_is_found():
    place = Place("e:0", {"a": 3, "expiring": 3}, unsure=())
    assert place.take({"s": "a", "n": 3}) is None
    assert place.take({"s": "a", "n": 5}) == "a 5 instead of 4"
    assert place.take({"s": "a", "n": 5}) == "a 5 instead of 6"
    assert place.take({"s": "expiring", "n": 9}) is None
    assert place.take({"s": "expiring", "n": 8}) == "expiring 8 instead of 10"


def test_after_a_gap_a_stream_may_go_on_later_but_not_earlier():
    for number, wrong in ((9, None), (2, "a 2 instead of 3")):
        place = Place("e:0", {"a": 3}, unsure={"a"})
        assert place.take({"s": "a", "n": number}) == wrong
        assert place.take({"s": "a", "n": number + 2}) == f"a {number + 2} instead of {number + 1}"


def test_what_grows_is_called_so():
    still = {name: 100_000 for name in BOUNDS}
    samples = [still] * 10 + [{**still, "anon_kb": 107_000, "threads": 100_001}] * 3
    assert [name for name, *_, is_flat in verdicts(samples) if not is_flat] == ["anon_kb", "threads"]
