"""scripts/mutate: what it would change in a small source, and what never."""

import importlib.machinery
import importlib.util
import subprocess
import sys

import pytest

from support.places import ROOT

sys.path.append(str(ROOT / "scripts"))

loader = importlib.machinery.SourceFileLoader("mutate", str(ROOT / "scripts/mutate"))
mutate = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutate", loader))
sys.modules["mutate"] = mutate
loader.exec_module(mutate)
switches = sys.modules["switches"]


def changed(body, before="func f() {"):
    """What each change makes of one line in a function."""
    text = f"struct S {{\n{before}\n{body}\n}}\n}}\n"
    changes = []
    for mutant in mutate.Source("S.swift", text).mutants():
        lines, new = text.splitlines(), mutant.applied_to(text).splitlines()
        assert len(lines) == len(new) and sum(old != now for old, now in zip(lines, new)) == 1
        assert new[mutant.line - 1] != lines[mutant.line - 1], "the line is the one that is named"
        if mutant.line == 3:
            changes.append(new[2])
    return changes


@pytest.mark.parametrize("body, changes", [
    ("if a < b {}", ["if a <= b {}", "if !(a < b) {}"]),
    ("let x = a && b == c", ["let x = a || b == c", "let x = a && b != c"]),
    ("guard !isOpen else { return }", ["guard isOpen else { return }", "guard !(!isOpen) else { return }"]),
    ("while place >= end {}", ["while place > end {}", "while !(place >= end) {}"]),
    ("for x in 0..<count {}", ["for x in 0...count {}", "for x in 1..<count {}"]),
    ("let x = min(a, 7)", ["let x = max(a, 7)", "let x = min(a, 8)"]),
    ("count += 1", ["count -= 1", "count += 2", ""]),
    ("let isOpen = true", ["let isOpen = false"]),
    ("list.append(x)", [""]),
    ("if a\n  .isEmpty {}", []),
    ("return", [""]),
    ("let x = a > b ? a : b", ["let x = a >= b ? a : b"]),
    ('log("\\(a + b) && c")', ['log("\\(a - b) && c")', ""]),
])
def test_a_line_offers_its_changes(body, changes):
    assert sorted(changed(body)) == sorted(changes)


@pytest.mark.parametrize("body, switched, declared", [
    ("if a < b {}", "if a ⨀⩀ b {}", "a <= b : a < b"),
    ("if isOpen {}", "if mutated(0) != (isOpen) {}", ""),
    ("let x = !isOpen", "let x = ⨀⩀isOpen", "mutated(0) ? a : !a"),
    ("let isOpen = true", "let isOpen = (mutated(0) ? false : true)", ""),
    ("let x = min(a, b)", "let x = minMutated0(a, b)", "mutated(0) ? max(a, b) : min(a, b)"),
    ("list.append(x)", "if !mutated(0) { list.append(x) }", ""),
    ("for x in a..<b {}", "for x in a⨀⩀b {}", "a..<(mutated(0) ? b + 1 : b)"),
])
def test_a_change_is_put_behind_a_switch(body, switched, declared):
    text = f"struct S {{\nfunc f() {{\n{body}\n}}\n}}\n"
    [mutant, *_] = [one for one in mutate.Source("Sources/M/S.swift", text).mutants() if one.line == 3]
    changed, more = switches.sources({0: mutant}, {"Sources/M/S.swift": text})
    assert changed["Sources/M/S.swift"].splitlines()[2] == switched
    assert declared in more["M"] and more["M"].startswith(switches.HEAD)


def test_a_body_that_is_its_value_returns_it_unless_the_switch_is_on():
    text = "struct S {\nvar a: Int {\nb\n}\n}\n"
    [mutant, *_] = [one for one in mutate.Source("Sources/M/S.swift", text).mutants() if one.line == 2]
    changed, _ = switches.sources({7: mutant}, {"Sources/M/S.swift": text})
    assert changed["Sources/M/S.swift"].splitlines()[1:3] == ["var a: Int { if mutated(7) { return 0 };", "return b"]


def test_what_the_compiler_complains_of_is_left_out():
    text = "struct S {\nfunc f() {\na()\nb()\n}\n}\n"
    numbered = dict(enumerate(mutate.Source("Sources/M/S.swift", text).mutants()))
    log = "/copy/Sources/M/S.swift:4:1: error: no\n/elsewhere.swift:1:1: error: x"
    assert switches.not_compiling(log, "/copy", numbered) == {1}


@pytest.mark.parametrize("body", [
    "// a < b", "/* a && b */", 'let x = "1 < 2 && true"', "let x: Map<Int, Bool>", "let f = g<Int>", "if let a, b {}",
    "var x: Int", "func inner() -> Int? {}", "label: first,", ".map { $0 }", "case .a: break",
])
def test_what_decides_nothing_is_left_alone(body):
    assert [line for line in changed(body) if line] == []


def test_declarations_are_left_alone():
    text = """
        struct S<A: P, B> where A == B {
            let limit = 5
            static let isOn = true
            init(count: Int = 3) {}
            enum Kind: Int { case one = 1, two = 2 }
            indirect enum Tree {}
            protocol Listing {
                associatedtype Element
            }
        }
        """
    assert list(mutate.Source("S.swift", text).mutants()) == []


@pytest.mark.parametrize("declaration, value", [
    ("func f() -> Bool {", "true"), ("func f(a: Int) throws -> [UInt8] {", "[]"), ("var a: Int {", "0"),
    ("func f() -> String? {", "nil"), ("func f() -> [String: Int] {", "[:]"),
])
def test_a_function_can_answer_at_once(declaration, value):
    text = f"struct S {{\n{declaration}\nbody()\n}}\n}}\n"
    found = [mutant.applied_to(text).splitlines()[1] for mutant in mutate.Source("S.swift", text).mutants()]
    assert f"{declaration} return {value};" in found


def test_a_seed_draws_the_same_each_time_and_no_line_twice():
    lines = mutate.candidates(["WSQueueBroker"])
    first, again, other = (
        [(mutant.path, mutant.line, mutant.kind) for mutant in mutate.drawn(lines, seed)] for seed in (1, 1, 2))
    assert first == again != other
    assert len({place[:2] for place in first}) == len(first) == len(lines)


def test_the_copy_is_what_git_knows_now_and_what_is_unchanged_keeps_its_time(tmp_path):
    root, copy = tmp_path / "root", tmp_path / ".build/copy"
    for name in ("Sources/M/same.swift", "Sources/M/changed.swift", "Sources/M/Old/gone.swift", "Tests/T/new.swift"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / "Sources/M/ignored.o").write_text("")
    (root / ".gitignore").write_text("*.o\n")
    subprocess.run(["git", "init", "-q", root], check=True)
    subprocess.run(["git", "-C", root, "add", "Sources"], check=True)
    mutate.copy_sources(root, copy)
    before = (copy / "Sources/M/same.swift").stat().st_mtime_ns
    (root / "Sources/M/changed.swift").write_text("new")
    (root / "Sources/M/Old/gone.swift").unlink()
    mutate.copy_sources(root, copy)
    files = {str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file()}
    assert files == {"Sources/M/same.swift", "Sources/M/changed.swift", "Tests/T/new.swift"}
    assert (copy / "Sources/M/changed.swift").read_text() == "new"
    assert (copy / "Sources/M/same.swift").stat().st_mtime_ns == before
