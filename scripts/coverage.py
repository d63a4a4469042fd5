"""Prints how many lines of each module's sources were executed, by what llvm-cov exports as JSON."""

import collections
import json
import pathlib
import sys

SOURCES = pathlib.Path(__file__).resolve().parents[1] / "Sources"

lines = collections.defaultdict(lambda: [0, 0])
with open(sys.argv[1], encoding="utf-8") as file:
    for source in json.load(file)["data"][0]["files"]:
        path = pathlib.Path(source["filename"])
        if path.is_relative_to(SOURCES):
            summary = source["summary"]["lines"]
            module = lines[path.relative_to(SOURCES).parts[0]]
            module[0] += summary["covered"]
            module[1] += summary["count"]
for name, (covered, count) in sorted(lines.items()):
    print(f"{name:24} {covered:6} of {count:6} lines, {100 * covered / max(count, 1):5.1f} %")
