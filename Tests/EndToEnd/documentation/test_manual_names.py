"""Names and numbers of the code that pages of the manual list: all of them are there, and no others."""

import re

from support.places import MANUAL, ROOT

SOURCES = ROOT / "Sources"


def source(path):
    return (SOURCES / path).read_text()


def page(name):
    return (MANUAL / f"{name}.md").read_text()


def listed(name, mark):
    """The first column of the table below a mark."""
    text = page(name).split(f"<!-- {mark} -->")[1].split("<!-- end -->")[0]
    return [cell for row in re.findall(r"^\| (.*)$", text, re.M)[2:] for cell in [row.split(" | ")[0]]]


def test_every_close_code_is_in_the_protocol():
    known = re.findall(r"CloseCode\(assigned: (\d+)\)", source("WSQueueWire/WebSocket/CloseCode.swift"))
    assert len(known) > 15
    assert sorted(re.findall(r"\d{4}", " ".join(listed("Protocol", "close codes")))) == sorted(known)


def test_close_codes_that_no_client_is_sent_are_those_that_the_page_says():
    names = dict(re.findall(
        r"static let (\w+) = CloseCode\(assigned: (\d+)\)", source("WSQueueWire/WebSocket/CloseCode.swift")))
    text = "\n".join(path.read_text() for path in SOURCES.rglob("*.swift"))
    # By the places where a code closes something: the names of some are those of other things too.
    closing = r"close\((?:slot, )?\.(\w+), reason|code: \.(\w+), advice|CloseCode = .*\? \.(\w+) : \.(\w+)\n"
    sent = set(re.findall(closing, text))
    sent = {name for names in sent for name in names} & names.keys()
    sent |= {"protocolError", "messageTooBig", "invalidPayload", "slow"}
    [reserved] = [row for row in listed("Protocol", "close codes") if "," in row]
    unsent = {number for name, number in names.items() if name not in sent}
    assert set(reserved.split(", ")) == unsent


def test_every_error_code_is_in_the_protocol():
    known = set()
    for folder in ("WSQueueWire/Client", "WSQueueSession", "WSQueueRoutes", "WSQueueConnections", "WSQueueEdge"):
        for path in (SOURCES / folder).rglob("*.swift"):
            known |= set(re.findall(r'code: "([a-z_]+)"', path.read_text()))
    known |= set(re.findall(r'tooManyChannels = "(\w+)"', source("WSQueueWire/Client/ClientError.swift")))
    known |= set(re.findall(r'case \.\w+: "(\w+)"', source("WSQueueRoutes/DoorRefusal.swift")))
    assert len(known) > 12
    assert set(re.findall(r"`(\w+)`", " ".join(listed("Protocol", "error codes")))) == known


def test_every_action_and_its_data_are_in_the_protocol():
    text = source("WSQueueWire/Client/ClientCommand.swift")
    [actions] = re.findall(r"enum ClientAction.*?case ([a-z, ]+)\n", text, re.S)
    for action in actions.split(", "):
        assert f"| `{action}` |" in page("Protocol"), action
    for fields in re.findall(r"case [.\w, ]+: \[([^]]*)\]", text.split("fileprivate var fields")[1].split("}\n}")[0]):
        for field in re.findall(r'"(\w+)"', fields):
            assert f"`{field}`" in page("Protocol"), field


def test_every_limit_is_in_capacity():
    settings = "WSQueueCommandLine/Configuration/Setting+{}.swift"
    limits = source(settings.format("Limits"))
    journal = source(settings.format("Queue")).split("static let journal")[1]
    keys = re.findall(r'key: "([a-z-]+)"|\.(?:bytes|milliseconds|nanoseconds)\(\s*"([a-z-]+)"', limits + journal)
    keys = {key for pair in keys for key in pair if key} - {"journal"}
    assert len(keys) >= 18
    assert [key for key in keys if not re.search(rf"`--{key}\b[^-]", page("Capacity"))] == []


def test_defaults_in_capacity_are_those_of_the_code():
    """A row that names one option and one number."""
    settings = source("WSQueueCommandLine/Configuration/Setting+Limits.swift")
    text = page("Capacity")
    for key, default in re.findall(r'key: "([a-z-]+)", value: "N", defaultValue: \.value\("(\d+)"\)', settings):
        if default == "0":
            continue
        [row] = [row for row in text.splitlines() if row.startswith("|") and row.rstrip(" |").endswith(f"`--{key}`")
                 or f"`--{key}`, and" in row]
        assert f"{int(default):,}" in row, (key, default)


def test_every_module_is_in_the_walk_through_the_sources():
    modules = {path.name for path in SOURCES.iterdir() if path.name.startswith("WSQueue")}
    table = page("HowAnEventTravels").split("## The modules")[1]
    assert set(re.findall(r"`(WSQueue\w+)`", table)) == modules


def test_figures_of_tests_are_those_that_are_kept():
    text = page("HowItIsTested")
    planted = (ROOT / "Tests/Simulation/Simulator/PlantedFault.swift").read_text()
    faults = re.findall(r'^    case \w+ = "', planted, re.M)
    assert f"puts in {len(faults)} faults" in text and f"all {len(faults)} have" in text
    cases = [line.split()[1] for line in (ROOT / "Tests/Conformance/autobahn.txt").read_text().splitlines()]
    assert f"{cases.count('OK')} cases OK, {cases.count('INFORMATIONAL')} informational, none failed" in text
    assert set(cases) == {"OK", "INFORMATIONAL"}


def test_every_script_that_a_page_names_is_there():
    for path in [ROOT / "README.md", *MANUAL.glob("*.md")]:
        for script in set(re.findall(r"\bscripts/[a-z.-]*[a-z]", path.read_text())):
            assert (ROOT / script).exists(), (path.name, script)
