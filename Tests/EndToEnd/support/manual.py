"""Where the manual is."""

import pathlib

MANUAL = pathlib.Path(__file__).resolve().parents[3] / "Sources/WSQueueServer/WSQueueServer.docc"
