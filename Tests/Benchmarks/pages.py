"""Where the repository tells of what was measured: README's lines, the page of the manual, the picture."""

import re

import picture
import tables
from figures import Figures
from servers import ROOT

KEPT = ROOT / "Tests/Benchmarks/figures.json"
CATALOGUE = ROOT / "Sources/WSQueueServer/WSQueueServer.docc"
README, PAGE = ROOT / "README.md", CATALOGUE / "HowFast.md"
PICTURES = {"light": CATALOGUE / "how-fast.svg", "dark": CATALOGUE / "how-fast~dark.svg"}


def between(text, content):
    """A page with other content between its two marks."""
    pattern = re.compile(r"(<!-- scripts/bench: begin -->\n).*?(<!-- scripts/bench: end -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError("no marks of scripts/bench")
    return pattern.sub(lambda found: f"{found[1]}{content}\n{found[2]}", text)


def made(figures):
    """Each file that tells of figures, with what it says then."""
    return {
        README: between(README.read_text(), tables.three_lines(figures)),
        PAGE: between(PAGE.read_text(), tables.page(figures)),
        **{path: picture.draw(figures, scheme) for scheme, path in PICTURES.items()},
    }


def keep(figures):
    """Writes the figures, and every page that tells of them."""
    KEPT.write_text(figures.text())
    for path, text in made(Figures.parse(figures.text())).items():
        path.write_text(text)
