"""How scripts/test runs all this."""

import pytest


@pytest.mark.xdist_group("one")
def test_the_tests_of_a_group_run_in_one_process(request):
    """pytest-xdist 3.8 knows groups by names of tests, which pytest 9.2 does not let it change, and says nothing."""
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("no groups without --dist loadgroup")
    assert request.node.nodeid.endswith("@one"), "the package would be made, and each browser started, in each process"
