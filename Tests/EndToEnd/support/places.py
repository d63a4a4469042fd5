"""Where in the repository things are that tests read."""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[3]
TESTS = ROOT / "Tests"
END_TO_END = TESTS / "EndToEnd"
EXAMPLES = ROOT / "examples"
MANUAL = ROOT / "Sources/WSQueueServer/WSQueueServer.docc"
PUBLISHERS_MANUAL = ROOT / "Sources/WSQueuePublish/WSQueuePublish.docc"
