"""A small picture of what was measured, as SVG text for a light and for a dark page: pure functions of the figures."""

from typing import NamedTuple
from xml.sax.saxutils import escape

from servers import CORKED, NATS, NCHAN, OURS, RING, UWS, WRITE
from tables import adapted, plain, rate


class Scheme(NamedTuple):
    """Colors of one kind of page; the picture has no ground of its own."""

    ground: str
    text: str
    quiet: str
    ours: str
    others: str
    floor: str


# The grounds are GitHub's.
SCHEMES = {
    "light": Scheme("#ffffff", "#1f2328", "#59636e", "#0969da", "#8c959f", "#c4cad1"),
    "dark": Scheme("#0d1117", "#f0f6fc", "#9198a1", "#4493f8", "#6e7681", "#3d444d"),
}


class Panel(NamedTuple):
    """Bars of one value, ours first."""

    title: str
    scenario: str
    key: str
    form: object
    servers: tuple


PANELS = (
    Panel("Burst to 1,000 clients, messages a second", "crowd", "files.messages_per_s", rate,
          (OURS, RING, NATS, CORKED, UWS)),
    Panel("One event at a time, 1,000 clients: µs of a processor for each", "crowd", "lockstep.cpu_us", adapted,
          (OURS, WRITE, UWS, NATS, NCHAN)),
    Panel("An idle client of 10,000, bytes", "large", "open.bytes_per_client", plain(0),
          (OURS, RING, UWS, NATS, NCHAN)),
)
NAMES = {OURS: "wsqueue", RING: "C floor", WRITE: "C floor", CORKED: "uWebSockets, corked", UWS: "uWebSockets"}

WIDTH, MARGIN, LABELS, VALUES = 720, 12, 150, 130
BAR, GAP, TITLE, SIZE, SMALL = 14, 6, 30, 13, 12
BARS = WIDTH - 2 * MARGIN - LABELS - VALUES


def draw(figures, scheme):
    """The picture on one kind of page."""
    colors = SCHEMES[scheme]
    parts, top = [], MARGIN
    for panel in PANELS:
        lines, top = draw_panel(figures, panel, colors, top)
        parts += lines
    machine = figures.machine
    note = (f"{machine['cores']} cores, {machine['processor']}; middle of {figures.rounds[0]} rounds or more, "
            "least to greatest")
    parts.append(words(MARGIN, top + SMALL, note, colors.quiet, SMALL))
    height = top + SMALL + MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        f'role="img" font-family="system-ui, sans-serif">')
    return "\n".join([head, "<title>How fast wsqueue is beside others</title>", *parts, "</svg>", ""])


def draw_panel(figures, panel, colors, top):
    """The lines of one panel, and where the next one begins; a server that was not measured has no bar."""
    found = [(name, figures.spread(panel.scenario, name, panel.key)) for name in panel.servers]
    found = [(name, spread) for name, spread in found if spread]
    if not found:
        return [], top
    lines = [words(MARGIN, top + SIZE, panel.title, colors.text, SIZE, weight=600)]
    top += TITLE - GAP
    most = max(spread.most for _, spread in found)
    left = MARGIN + LABELS
    for name, spread in found:
        color = colors.ours if name == OURS else colors.floor if name in (RING, WRITE) else colors.others
        base = top + BAR - 2
        ends = [left + BARS * value / most for value in (spread.median, spread.least, spread.most)]
        lines += [
            words(MARGIN, base, NAMES.get(name, name), colors.text if name == OURS else colors.quiet, SMALL),
            f'<rect x="{left}" y="{top}" width="{max(1.0, ends[0] - left):.1f}" height="{BAR}" rx="2" fill="{color}"/>',
            f'<path d="M{ends[1]:.1f} {top + BAR / 2}H{ends[2]:.1f}" stroke="{colors.text}" stroke-width="1"/>',
            words(max(ends[0], ends[2]) + 6, base, panel.form(spread.median), colors.text, SMALL),
        ]
        top += BAR + GAP
    return lines, top + MARGIN


def words(x, y, text, color, size, weight=400):
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}"'
    return f'<text {place} fill="{color}">{escape(text)}</text>'
