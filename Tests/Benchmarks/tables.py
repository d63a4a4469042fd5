"""Tables, and lines, of what was measured: pure functions of the figures."""

from typing import Callable, NamedTuple, Optional

from returning import FEWER
from scenarios import SCENARIOS
from servers import CORKED, JETSTREAM, NATS, NCHAN, OURS, RING, UWS, WRITE

MISSING = "–"


# Forms of one number.

def plain(digits=1):
    return lambda value: f"{value:,.{digits}f}"


def adapted(value):
    """Three digits that count."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 0.995 else 3
    return f"{value:,.{digits}f}"


def rate(value):
    return f"{adapted(value / 1e6)} M" if value >= 1e6 else f"{adapted(value / 1e3)} k"


def percent(value):
    return f"{value:.2f} %"


def seconds(value):
    return f"{adapted(value)} s"


def cell(spread, form):
    """The middle one of all rounds, with the least and the greatest."""
    if spread is None:
        return MISSING
    if spread.least == spread.most:
        return form(spread.median)
    return f"{form(spread.median)} ({form(spread.least)}–{form(spread.most)})"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join(["---"] * len(head)) + " |"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


# What stands above all tables.

def heading(figures):
    """The machine and its state, and whose versions were measured how often."""
    machine, pieces = figures.machine, figures.pieces
    loads = [piece["load_before"] for piece in pieces] or [0.0]
    least, most = figures.rounds
    rounds = f"{least}" if least == most else f"{least} to {most}"
    versions = ", ".join(f"{name} {number}" for name, number in sorted(shortened(machine["versions"]).items()))
    began = min((piece["began"] for piece in pieces), default="-")
    return "\n".join([
        f"- {machine['processor']}, {machine['cores']} cores, virtual: {machine['virtual']}; governor: "
        f"{machine['governor']}; {machine['memory_gib']} GiB",
        f"- load before: {min(loads):.1f} to {max(loads):.1f}; queue: {machine['queue']}; journal on; {began}",
        *(f"- {one}" for one in commits(machine, pieces)),
        *([f"- {versions}"] if versions else []),
        f"- {rounds} interleaved rounds: the middle one (least–greatest); 200-byte payloads; all on loopback",
    ])


def commits(machine, pieces):
    """Which wsqueue ran on which kernel, and what was measured of it where there were several."""
    found = {}
    for piece in pieces:
        one = (piece.get("wsqueue", machine["wsqueue"]), piece.get("kernel", machine["kernel"]))
        found.setdefault(one, {})[f"`{piece['scenario']}`"] = None
    if len(found) < 2:
        found = {one: {} for one in found or [(machine["wsqueue"], machine["kernel"])]}
    return [
        f"wsqueue {commit} on Linux {kernel}" + (f" ({', '.join(names)})" if names else "")
        for (commit, kernel), names in found.items()]


def shortened(versions):
    """One version for each program: a server may stand in the tables more than once."""
    found = {}
    for name, number in versions.items():
        found.setdefault(name.split(",")[0].replace(" publish", "").removesuffix(" (TCP)"), number)
    return found


def unmeasured(figures):
    """What this machine cannot show, and what was left out of this run."""
    cores, parts = figures.machine["cores"], []
    if cores <= 2:
        parts.append(
            f"Not measured, for want of more than {cores} cores: how several loops share clients, more load clients "
            f"than one, and a network between. “A loop a processor” has {cores} here, beside the clients that read "
            "from them.")
    missing = [f"`{name}`" for name in SCENARIOS if not figures.servers(name)]
    if missing:
        parts.append(f"Left out of this run, for want of time: {', '.join(missing)} (`scripts/bench --help`).")
    return "\n\n".join(parts)


# Everyone beside everyone.

def everyone(figures):
    """A thousand clients of each server."""
    rows = []
    for server in figures.servers("crowd"):
        def of(key, form, name=server, scenario="crowd"):
            return cell(figures.spread(scenario, name, key), form)

        memory = "large" if server in figures.servers("large") else "crowd"
        rows.append([
            server, of("files.messages_per_s", rate), of("files.cpu_us", adapted), of("lockstep.cpu_us", adapted),
            of("paced.p50_ms", adapted) + " / " + of("paced.p99_ms", adapted),
            of("open.cpu_us", plain(0)), of("open.bytes_per_client", plain(0), scenario=memory)])
    return table(
        ["1,000 clients", "burst, messages/s", "burst, CPU µs each", "one at a time, CPU µs each",
         "20 events/s, p50 / p99 ms", "handshake, CPU µs", "bytes a client"], rows)


def memory(figures):
    """Kernel and user bytes of a client."""
    rows = []
    for server in figures.servers("large"):
        user, kernel = (figures.spread("large", server, f"open.{key}") for key in
                        ("bytes_per_client", "kernel_bytes_per_client"))
        rows.append([server, cell(user, plain(0)), cell(kernel, plain(0)),
                     cell(figures.spread("large", server, "open.cpu_us"), adapted)])
    return table(["10,000 idle clients, bytes each", "user: the server's own", "kernel: both ends of the connection",
                  "handshake, CPU µs"], rows)


def replays(figures):
    """Clients that come back, and others meanwhile."""
    rows = []
    for server in figures.servers("replay"):
        def of(key, form, name=server):
            return cell(figures.spread("replay", name, key), form)

        name = f"{server}: {FEWER[server]} clients" if server in FEWER else server
        rows.append([
            name, of("past.seconds", seconds), of("past.messages_per_s", rate), of("past.cpu_us", adapted),
            of("past.grown_mib", plain(0)), of("quiet.p50_ms", adapted) + " / " + of("quiet.p99_ms", adapted),
            of("live.p50_ms", adapted) + " / " + of("live.p99_ms", adapted)])
    return table(
        ["1,000 clients come back for 10,000 events each", "all have all after", "messages/s", "CPU µs each",
         "memory, MiB more", "others before, p50 / p99 ms", "others meanwhile"], rows)


def filters(figures):
    rows = []
    for server in figures.servers("filters"):
        keys = [key for key in figures.values["filters"][server] if key.endswith(".record_cpu_us")]
        for key in keys:
            name = key.removesuffix(".record_cpu_us")
            asked, comma, rest = name.partition(", ")
            rows.append([f"`{asked}`{comma}{rest}" if "=" in name else name,
                         cell(figures.spread("filters", server, key), adapted),
                         cell(figures.spread("filters", server, f"{name}.seconds"), seconds)])
    return table(["200 clients come back, 10,000 events of ten names", "CPU µs a record of the past and client",
                  "all have all after"], rows)


# What is wanted.

class Row(NamedTuple):
    """What is wanted: of a value, or of its ratio to another server's value in the same round."""

    text: str
    scenario: str
    key: str
    form: Callable
    sign: str = "≤"
    wanted: Optional[float] = None
    # Whose value it is divided by, and which one of theirs; their own values are printed beside it.
    other: Optional[str] = None
    other_key: Optional[str] = None
    # Whose values are printed besides.
    beside: tuple = ()


ROWS = [
    Row("publisher, bytes", "sizes", "sizes.publisher_bytes", plain(0), "≤", 1_600_000),
    Row("server, stripped, bytes", "sizes", "sizes.server_bytes", plain(0)),
    Row("server, stripped and bare, MiB resident", "sizes", "sizes.resident_mib", adapted, "≤", 8),
    Row("one start of the publisher, µs; beside a static C program that writes and renames", "sizes",
        "sizes.publish_us", adapted, "≤", 1.15, OURS, "sizes.c_us"),
    Row("`.jsonl` of 100,000 events, events/s", "lines", "batch.messages_per_s", rate, "≥", 950_000),
    Row("`.jsonl` of 1,000,000 events, events/s", "lines", "million.messages_per_s", rate),
    Row("files that waited, drained, files/s", "drain", "drain.messages_per_s", rate),
    Row("burst of files to 100 clients, messages/s; beside the floor", "small", "files.messages_per_s", rate, "≥", 1,
        RING),
    Row("the same; beside nats-server", "small", "files.messages_per_s", rate, "≥", 1, NATS),
    Row("one batch to 100 clients, CPU µs; beside the floor", "small", "batch.cpu_us", adapted, "≤", 1.5, RING),
    Row("one at a time, 100 clients, CPU µs; beside the floor", "small", "lockstep.cpu_us", adapted, "≤", None, WRITE,
        beside=(UWS,)),
    Row("burst of files to 1,000 clients, messages/s; beside nats-server", "crowd", "files.messages_per_s", rate,
        "≥", 2, NATS, beside=(CORKED,)),
    Row("the same, CPU µs; beside the floor", "crowd", "files.cpu_us", adapted, "≤", 1.5, RING),
    Row("one at a time, 1,000 clients, CPU µs; beside the floor", "crowd", "lockstep.cpu_us", adapted, "≤", 1.1, WRITE,
        beside=(UWS,)),
    Row("20 events/s to 1,000 clients, p50 ms; beside the floor", "latency", "paced.p50_ms", adapted, "≤", 1.05, WRITE,
        beside=(UWS,)),
    Row("the same, p99 ms", "latency", "paced.p99_ms", adapted, "≤", 1.05, WRITE, beside=(UWS,)),
    Row("10,000 idle clients, % of a core", "idle", "idle.cpu_percent", percent, "≤", 0.4),
    Row("bytes of an idle client, user", "large", "open.bytes_per_client", plain(0), "≤", 300, beside=(UWS, NATS)),
    Row("ten of a hundred never read: rate beside that of ninety alone", "slow", "slow.messages_per_s", rate,
        "≥", 0.9, OURS, "parts.messages_per_s"),
    Row("the same, MiB more", "slow", "slow.grown_mib", adapted, "≤", 18, beside=(NATS,)),
    Row("1,000 come back for 10,000 events each, messages/s; beside JetStream", "replay", "past.messages_per_s", rate,
        "≥", 1, JETSTREAM, beside=(NCHAN,)),
    Row("live events of others meanwhile, p99 ms; beside JetStream", "replay", "live.p99_ms", adapted, "≤", 1,
        JETSTREAM, beside=(NCHAN,)),
]


class Verdict(NamedTuple):
    """A row with its figures."""

    row: Row
    value: object
    ratio: object

    @property
    def is_met(self):
        """Nothing where nothing is wanted."""
        judged = self.ratio if self.row.other else self.value
        if self.row.wanted is None or judged is None:
            return None
        return judged.median <= self.row.wanted if self.row.sign == "≤" else judged.median >= self.row.wanted


def judge(figures, row):
    """What became of a row; nothing where it was not measured."""
    value = figures.spread(row.scenario, OURS, row.key)
    ratio = figures.ratio(row.scenario, OURS, row.other, row.key, row.other_key) if row.other else None
    return Verdict(row, value, ratio) if value else None


def wanted(figures):
    """All rows that were measured."""
    rows = []
    for verdict in filter(None, (judge(figures, row) for row in ROWS)):
        row = verdict.row
        names = ([row.other] if row.other and row.other != OURS else []) + list(row.beside)
        others = [f"{name} {cell(figures.spread(row.scenario, name, row.other_key or row.key), row.form)}"
                  for name in names if figures.spread(row.scenario, name, row.other_key or row.key)]
        if row.other == OURS:
            others = [cell(figures.spread(row.scenario, OURS, row.other_key), row.form)]
        limit = "" if row.wanted is None else f"{row.sign} {row.wanted:,}" + (" ×" if row.other else "")
        word = {None: "", True: "met", False: "missed"}[verdict.is_met]
        ratio = cell(verdict.ratio, plain(2)) + " ×" if verdict.ratio else ""
        rows.append([row.text, cell(verdict.value, row.form), "; ".join(others), ratio, limit, word])
    return table(["", "wsqueue", "beside", "ratio", "wanted", ""], rows)


# One line, and three.

def summary(figures):
    """What can be pasted: the machine, and what stands out of what was measured."""
    parts = [
        ("burst to 1,000 clients", "crowd", "files.messages_per_s", rate, " messages/s", (NATS, UWS, RING)),
        ("one at a time", "crowd", "lockstep.cpu_us", adapted, " µs", (UWS, WRITE)),
        (".jsonl", "lines", "batch.messages_per_s", rate, " events/s", ()),
        ("an idle client", "large", "open.bytes_per_client", plain(0), " bytes", (UWS, NATS)),
        ("10,000 idle", "idle", "idle.cpu_percent", percent, " of a core", ()),
        ("missed events", "replay", "past.messages_per_s", rate, "/s", (JETSTREAM, NCHAN)),
    ]
    told = []
    for text, scenario, key, form, unit, servers in parts:
        value = figures.median(scenario, OURS, key)
        if value is None:
            continue
        found = [(name, figures.median(scenario, name, key)) for name in servers]
        others = ", ".join(f"{name} {form(other)}" for name, other in found if other is not None)
        told.append(f"{text} {form(value)}{unit}" + (f" ({others})" if others else ""))
    machine = figures.machine
    return f"wsqueue {machine['wsqueue']} ({machine['cores']} cores, {machine['processor']}): " + " · ".join(told)


def three_lines(figures):
    """What README says."""
    def of(scenario, server, key, form):
        value = figures.median(scenario, server, key)
        return MISSING if value is None else form(value)

    def burst(name):
        return of("crowd", name, "files.messages_per_s", rate)

    def once(name):
        return of("crowd", name, "lockstep.cpu_us", adapted)

    def size(name):
        return of("large", name, "open.bytes_per_client", plain(0))

    return "\n".join([
        f"- A burst of files reaches 1,000 clients at {burst(OURS)} messages/s; nats-server {burst(NATS)}, uWebSockets "
        f"{burst(UWS)}, the cheapest C program {burst(RING)}.",
        f"- One event at a time costs {once(OURS)} µs of a processor for each client; uWebSockets {once(UWS)}, the C "
        f"program {once(WRITE)}. It is the kernel's price.",
        f"- An idle client costs {size(OURS)} bytes; uWebSockets {size(UWS)}, nats-server {size(NATS)}. 1,000 that "
        f"come back for 10,000 events each have all after {of('replay', OURS, 'past.seconds', adapted)} s.",
    ])


def page(figures):
    """Everything, in the order of the manual's page."""
    parts = [heading(figures), wanted(figures), everyone(figures)]
    for scenario, make in (("large", memory), ("replay", replays), ("filters", filters)):
        if figures.servers(scenario):
            parts.append(make(figures))
    parts.append(unmeasured(figures))
    return "\n\n".join(part for part in parts if part)
