"""Prints how many tests passed and how many failed, by JUnit reports; a report that is not there counts as none."""

import sys
import xml.etree.ElementTree

passed = failed = 0
for path in sys.argv[1:]:
    try:
        root = xml.etree.ElementTree.parse(path).getroot()
    except OSError:
        continue
    for case in root.iter("testcase"):
        kinds = {child.tag for child in case}
        failed += bool(kinds & {"failure", "error"})
        passed += not kinds & {"failure", "error", "skipped"}
print(passed, failed)
