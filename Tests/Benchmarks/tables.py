"""Markdown tables of what was measured."""

RING, WRITE = "C floor, coalescing", "C floor, one write each"
UWS, CORKED, NATS = "uWebSockets publish", "uWebSockets, corked by hand", "nats-server"
RIVALS = (UWS, CORKED, NATS)
OURS = "wsqueue, one loop"


def rate(value):
    if value is None:
        return "-"
    return f"{value / 1e6:.1f} M" if value >= 1e6 else f"{value / 1e3:.0f} k"


def number(value, digits=1):
    if value is None:
        return "-"
    return f"{value:.3f}" if value < 0.2 and digits else f"{value:,.{digits}f}"


def peers(results, servers, clients):
    """Everyone side by side."""
    lines = [
        f"{clients:,} clients, 200-byte payload; delivered messages/s · the server's CPU µs for each.",
        "",
        "| | burst of 1,000 events | one event at a time | 20 events/s p50/p99 | bytes/client "
        "| handshakes/s · CPU µs |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for server in servers:
        def median(scenario, key, name=server.name):
            return results.median(name, clients, scenario, key)

        cells = [server.name]
        for scenario in ("files", "lockstep"):
            speed, cost = rate(median(scenario, "messages_per_s")), number(median(scenario, "cpu_us"))
            cells.append(f"{speed} · {cost}")
        cells.append(f"{number(median('paced', 'p50_ms'))} / {number(median('paced', 'p99_ms'))} ms")
        cells.append(number(median("open", "bytes_per_client"), 0))
        cells.append(f"{rate(median('open', 'handshakes_per_s'))} · {number(median('open', 'cpu_us'))}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def ratios(results):
    """What is wanted, what was measured, and whether that is enough."""
    lines = ["", "| ratio | wanted | measured | |", "| --- | --- | --- | --- |"]

    def row(name, wanted, value, is_limit=True):
        if value is None:
            return
        good = value <= wanted if is_limit else value >= wanted
        sign = "≤" if is_limit else "≥"
        lines.append(f"| {name} | {sign} {wanted:,} | {value:,.2f} | {'met' if good else 'missed'} |")

    def quotient(ours, theirs):
        left, right = results.median(*ours), results.median(*theirs)
        return left / right if left is not None and right else None

    for clients in (100, 1000, 10000):
        def against(other, scenario, key, theirs=None, count=clients):
            return quotient((OURS, count, scenario, key), (other, count, theirs or scenario, key))

        for scenario in ("files", "batch"):
            place = f"burst, {scenario}, {clients:,} clients"
            for other in (NATS, CORKED):
                row(f"{place}: rate / {other}", 2, against(other, scenario, "messages_per_s", "files"), False)
            row(f"{place}: CPU / coalescing floor", 1.5, against(RING, scenario, "cpu_us"))
        for other, wanted in ((WRITE, 1.1), (UWS, 1.0)):
            place = f"one at a time, {clients:,} clients: CPU / {other}"
            row(place, wanted, against(other, "lockstep", "cpu_us"))
    floor = results.median("files", 1, "drain", "us")
    drained = results.median(OURS, 1, "drain", "messages_per_s")
    row("drain of 100,000 files: rate / floor", 0.8, drained * floor / 1e6 if floor and drained else None, False)
    row("one .jsonl of 100,000: events/s", 1_000_000, results.median(OURS, 1, "batch", "messages_per_s"), False)
    row("memory of an idle client, 10,000 clients, bytes", 300, results.median(OURS, 10000, "open", "bytes_per_client"))
    row("memory of the bare server, MiB", 8, results.median(OURS, 10000, "open", "bare_mib"))
    row("idle, 10,000 clients: % of a core", 0.5, results.median(OURS, 10000, "idle", "cpu_percent"))
    row("handshake, 10,000 clients: CPU µs", 30, results.median(OURS, 10000, "open", "cpu_us"))
    row("ten of a hundred never read: rate / without", 0.8,
        quotient((OURS, "slow", "slow", "messages_per_s"), (OURS, "slow", "batch", "messages_per_s")), False)
    row("ten of a hundred never read: growth, MiB", 18, results.median(OURS, "slow", "slow", "grown_mib"))
    return "\n".join(lines)
