"""Random histories that a model knows, in short; `scripts/stories 200` is the long run."""

import pytest

from support.stories import Story


@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", range(3))
def test_clients_are_told_what_a_list_and_a_dictionary_say(binaries, tmp_path, seed):
    counts, findings = Story(binaries, tmp_path, seed, steps=60).run()
    assert findings == []
    assert counts["talks"] > 5 and counts["answers"] > 0 and counts["states"] > 0, counts
