"""Prints how many lines of each module's sources were executed, by what llvm-cov exports as JSON.

With --required it fails where that is too few: 90 % of a module that decides without sockets, files and clocks, and
60 % of any other. What only hands over to the system does not count, nor what nobody installs, nor an executable's
`main`.
"""

import argparse
import collections
import json
import pathlib
import sys

from house import PURE, SOURCES

UNCOUNTED = {"WSQueueSystem", "WSQueueNet", "WSQueueLibc", "EmbeddedGlibc"}


def lines_of_modules(exported):
    """How many lines of each module were executed, and how many there are; a module that no test was built with has
    none of either."""
    lines = collections.defaultdict(lambda: [0, 0])
    for source in exported["data"][0]["files"]:
        path = pathlib.Path(source["filename"])
        if path.is_relative_to(SOURCES):
            summary = source["summary"]["lines"]
            module = lines[path.relative_to(SOURCES).parts[0]]
            module[0] += summary["covered"]
            module[1] += summary["count"]
    for folder in SOURCES.iterdir():
        if next(folder.rglob("*.swift"), None):
            lines[folder.name] = lines[folder.name]
    return dict(lines)


def percent(covered, count):
    return 100 * covered / max(count, 1)


def missing(lines):
    """The modules of which more lines should have been executed, and how many percent."""
    for name, (covered, count) in sorted(lines.items()):
        if name in UNCOUNTED or name.startswith("wsqueue-"):
            continue
        least = 90 if name in PURE else 60
        if percent(covered, count) < least:
            yield f"{name}: {percent(covered, count):.1f} % of its lines are executed, less than {least} %"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exported", type=pathlib.Path, help="what llvm-cov export --summary-only has written")
    parser.add_argument("--required", action="store_true", help="fail where it is too few")
    options = parser.parse_args()
    lines = lines_of_modules(json.loads(options.exported.read_text(encoding="utf-8")))
    for name, (covered, count) in sorted(lines.items()):
        if count:
            print(f"{name:24} {covered:6} of {count:6} lines, {percent(covered, count):5.1f} %")
    if options.required:
        sys.exit("\n".join(missing(lines)) or 0)


if __name__ == "__main__":
    main()
