"""Files with rules."""

import json


def write_rules(queue, rules):
    """Writes a list of rules, or a text, beside the queue; gives the file's path."""
    path = queue.parent / "rules.json"
    path.write_text(rules if isinstance(rules, str) else json.dumps(rules))
    return path
