"""What scripts/bench makes of its figures: tables, a line to be pasted, README's lines and the picture."""

import json
import re
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from support.places import TESTS

sys.path.append(str(TESTS / "Benchmarks"))

import machine  # noqa: E402
import pages  # noqa: E402
import picture  # noqa: E402
import tables  # noqa: E402
from figures import Figures, spread  # noqa: E402
from load import middle  # noqa: E402
from scenarios import SCENARIOS, chosen  # noqa: E402
from servers import JETSTREAM, OURS, RING, WRITE, all_servers  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def kept():
    if not pages.KEPT.exists():
        pytest.skip("no figures are kept")
    return Figures.parse(pages.KEPT.read_text())


def some(**values):
    """Figures of one server and scenario."""
    figures = Figures()
    for value in zip(*values.values()):
        figures.add("small", OURS, [{"scenario": "files", **dict(zip(values, value))}])
    return figures


def test_a_value_is_the_middle_one_of_all_rounds_with_the_least_and_the_greatest():
    figures = some(cpu_us=[3.0, 1.0, 2.0, 10.0, 2.5])
    assert figures.spread("small", OURS, "files.cpu_us") == (2.5, 1.0, 10.0, 5)
    assert tables.cell(figures.spread("small", OURS, "files.cpu_us"), tables.adapted) == "2.50 (1.00–10.0)"
    assert tables.cell(None, tables.adapted) == tables.MISSING
    assert figures.rounds == (5, 5)


def test_a_ratio_is_of_the_same_round():
    figures = some(cpu_us=[1.0, 20.0, 3.0])
    for value in (2.0, 10.0, 6.0):
        figures.add("small", RING, [{"scenario": "files", "cpu_us": value}])
    assert figures.ratio("small", OURS, RING, "files.cpu_us") == (0.5, 0.5, 2.0, 3)


def test_pieces_add_up_and_figures_come_back_from_their_text():
    figures = Figures()
    figures.learn({"cores": 2, "versions": {"a": "1"}})
    for value in (1.23456789, 2):
        figures.add("small", OURS, [{"scenario": "files", "clients": 100, "cpu_us": value}])
    again = Figures.parse(figures.text())
    again.learn({"cores": 4, "versions": {"b": "2"}})
    again.add("small", OURS, [{"scenario": "files", "cpu_us": 4}])
    assert again.all("small", OURS, "files.cpu_us") == [1.2346, 2, 4]
    assert again.machine == {"cores": 2, "versions": {"a": "1", "b": "2"}}
    assert json.loads(figures.text())["values"]["small"][OURS]["files.cpu_us"] == [1.2346, 2]
    assert '"files.cpu_us": [1.2346, 2]' in figures.text(), "a line for each value"


def test_pieces_of_several_commits_are_told_apart():
    figures = Figures({"processor": "P", "cores": 2, "virtual": "no", "governor": "g", "memory_gib": 4, "kernel": "6.1",
                       "queue": "q", "wsqueue": "aaa", "versions": {}})
    assert "- wsqueue aaa on Linux 6.1\n" in tables.heading(figures)
    figures.pieces = [{"scenario": "crowd", "began": "1", "load_before": 0}]
    assert "- wsqueue aaa on Linux 6.1\n" in tables.heading(figures)
    figures.pieces.append({"scenario": "idle", "began": "2", "load_before": 0, "kernel": "6.2", "wsqueue": "bbb"})
    assert "- wsqueue aaa on Linux 6.1 (`crowd`)\n- wsqueue bbb on Linux 6.2 (`idle`)\n" in tables.heading(figures)
    assert {"kernel", "wsqueue"} <= set(machine.piece("idle"))


def test_of_several_bursts_of_one_round_the_middle_one_counts():
    results = [{"scenario": "files", "cpu_us": value} for value in (1, 5, 2)] + [{"scenario": "open", "cpu_us": 9}]
    assert middle(results) == [{"scenario": "files", "cpu_us": 2}, {"scenario": "open", "cpu_us": 9}]


@pytest.mark.parametrize("values, other, is_met", [
    ([1.0, 1.0], [1.0, 1.0], True), ([1.2, 1.4], [1.0, 1.0], True), ([1.6, 1.7], [1.0, 1.0], False)])
def test_what_is_wanted_is_judged_by_the_middle_ratio(values, other, is_met):
    figures = Figures()
    for name, found in ((OURS, values), (RING, other)):
        for value in found:
            figures.add("small", name, [{"scenario": "batch", "cpu_us": value}])
    row = next(row for row in tables.ROWS if (row.scenario, row.key, row.other) == ("small", "batch.cpu_us", RING))
    assert tables.judge(figures, row).is_met is is_met
    assert ("| met |" in tables.wanted(figures)) is is_met


def test_every_row_and_panel_is_of_something_that_is_measured():
    names = {server.name for server in all_servers()}
    for row in tables.ROWS:
        measured = SCENARIOS[row.scenario].servers or names
        assert {OURS, *filter(None, [row.other]), *row.beside} <= set(measured), row
    for panel in picture.PANELS:
        assert set(panel.servers) <= set(SCENARIOS[panel.scenario].servers or names - {JETSTREAM}), panel
    for name, scenario in SCENARIOS.items():
        assert OURS in {server.name for server in chosen(scenario, all_servers())}, name
    assert JETSTREAM not in {server.name for server in chosen(SCENARIOS["crowd"], all_servers())}


def test_the_machine_is_described_as_far_as_it_can_be_read():
    described = machine.describe([])
    assert all(described[key] for key in ("processor", "cores", "memory_gib", "kernel", "governor", "virtual"))
    assert described["queue"].endswith(machine.file_system("/dev/shm"))
    assert machine.file_system("/proc/self") == "proc"
    assert machine.piece("small")["load_before"] >= 0


def test_what_two_cores_cannot_show_is_said():
    figures = Figures({"cores": 2})
    assert "Not measured" in tables.unmeasured(figures)
    assert "cores" not in tables.unmeasured(Figures({"cores": 8}))


def test_what_was_left_out_of_a_run_is_said(kept):
    missing = set(SCENARIOS) - set(kept.values)
    assert all(f"`{name}`" in tables.unmeasured(kept) for name in missing)
    assert not any(f"`{name}`" in tables.unmeasured(kept) for name in kept.values)


def test_the_repository_tells_what_its_figures_say(kept):
    for path, text in pages.made(kept).items():
        assert path.read_text() == text, f"{path}: scripts/bench --rounds 0 --figures {pages.KEPT} --write"


def test_the_kept_figures_are_of_five_rounds_or_more(kept):
    assert set(kept.values) <= set(SCENARIOS)
    assert kept.rounds[0] >= 5


def test_the_line_to_be_pasted_is_one_and_has_no_hole(kept):
    line = tables.summary(kept)
    assert "\n" not in line and tables.MISSING not in line
    assert len(tables.three_lines(kept).splitlines()) == 3 and tables.MISSING not in tables.three_lines(kept)


# The picture.

def luminance(color):
    def linear(value):
        return value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(color[start:start + 2], 16) / 255) for start in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """As WCAG 2 defines it: 4.5 is enough for text of any size."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def width(text):
    """More than the text needs, in the sizes of its font."""
    return 0.62 * len(text.text) * float(text.get("font-size"))


@pytest.mark.parametrize("scheme", picture.SCHEMES)
def test_every_label_of_the_picture_can_be_read(scheme, kept):
    root = ElementTree.fromstring(picture.draw(kept, scheme))
    texts = root.findall(f"{SVG}text")
    measured = [sum(name in kept.servers(panel.scenario) for name in panel.servers) for panel in picture.PANELS]
    assert min(measured) > 1 and len(texts) == sum(1 + 2 * count for count in measured) + 1
    for text in texts:
        assert contrast(text.get("fill"), picture.SCHEMES[scheme].ground) >= 4.5, text.text
        assert 0 <= float(text.get("x")) and float(text.get("x")) + width(text) <= float(root.get("width")), text.text
        assert float(text.get("y")) <= float(root.get("height"))
    for text in texts:
        beside = [other for other in texts if other is not text and other.get("y") == text.get("y")]
        assert all(float(other.get("x")) >= float(text.get("x")) + width(text) or
                   float(text.get("x")) >= float(other.get("x")) + width(other) for other in beside), text.text
    for bar in root.findall(f"{SVG}rect"):
        assert float(bar.get("width")) > 0
        assert float(bar.get("x")) + float(bar.get("width")) <= float(root.get("width"))


def test_bars_are_as_long_as_their_values(kept):
    root = ElementTree.fromstring(picture.draw(kept, "light"))
    lengths = [float(bar.get("width")) for bar in root.findall(f"{SVG}rect")]
    panel = picture.PANELS[0]
    values = [kept.median(panel.scenario, name, panel.key) for name in panel.servers]
    for length, value in zip(lengths, values):
        assert length == pytest.approx(lengths[0] * value / values[0], abs=1.5)


def test_a_server_that_was_not_measured_has_no_bar_and_its_text_is_escaped():
    figures = Figures({"cores": 2, "processor": "A & B <C>"})
    figures.add("crowd", OURS, [{"scenario": "files", "messages_per_s": 5.0}])
    root = ElementTree.fromstring(picture.draw(figures, "dark"))
    assert len(root.findall(f"{SVG}rect")) == 1
    assert any("A & B <C>" in text.text for text in root.iter(f"{SVG}text"))


def test_both_pages_have_their_picture(kept):
    text = pages.README.read_text()
    for path in pages.PICTURES.values():
        assert str(path.relative_to(pages.ROOT)) in text
    assert re.search(r"!\[[^\]]+\]\(how-fast(\.svg)?\)", pages.PAGE.read_text())
    assert WRITE in tables.page(kept)
