"""scripts/house.py: what it finds in small sources, and what it leaves alone."""

import sys

import pytest

from support.places import ROOT

sys.path.append(str(ROOT / "scripts"))

import house  # noqa: E402


@pytest.fixture
def faults(tmp_path):
    """What is found in sources that are given by their paths; WSQueueHub is spared nothing."""
    def find(**sources):
        for name, text in sources.items():
            path = tmp_path / "Sources" / name.replace("__", "/")
            path = path.with_name(path.name + ".swift")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return list(house.faults(house.read_all(tmp_path / "Sources"), spared=()))
    return find


@pytest.fixture
def stored(tmp_path):
    """How many properties each type of a source stores."""
    def count(text):
        path = tmp_path / "Sources/Module/File.swift"
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
        modules = house.read_all(tmp_path / "Sources")
        counter = house.Counter(modules)
        return {
            kind.name: counter.of(kind) for file in modules["Module"] for kind in file.types
            if kind.kind != "extension"}
    return count


STORED = [
    "let a = 1", "var a: Int", "var a = [Int](repeating: 0, count: 3)", "private(set) var a: [String: Int] = [:]",
    "let a: @Sendable (Int) -> Void", "lazy var a = { 1 }()", "weak var a: AnyObject?",
    "var a: Int = 0 { didSet { print(a) } }", "var a: Int { willSet { print(1) } }", "@Wrapper(1) var a: Int",
    "nonisolated(unsafe) var a = 1", "let a = if true { 1 } else { 2 }", 'let a = "} var b = \\(c { 1 }) {"',
    "var a = 1 // var b = 2", "var a = 1 /* var b /* = */ 2 */", 'let a = #"\\(x) " var b"#',
    'let a = """\n  var b = "1"\n  """', "var a: Array<\n  Int\n>", "let a: Map<Int, (Int) -> Int>",
    "let a = list\n    .map { $0 }\n    .count", "var `class`: Int",
]
COMPUTED = [
    "var a: Int { 1 }", "var a: Int {\n  get { 1 }\n  set {}\n}", "static let a = 1", "static var a: Int { 1 }",
    "class var a: Int { 1 }", "func a() { let b = 1 }", "init() { var a = 1 }",
    "subscript(a: Int) -> Int { let b = a; return b }", "deinit { let a = 1 }", "typealias A = Int",
    "var a: Map<Int, Int> { [:] }", "var a: (Int, Int) { (1, 2) }",
]


@pytest.mark.parametrize("member", STORED)
def test_what_stores_is_counted_once(stored, member):
    assert stored(f"struct S {{\n    let first = 0\n    {member}\n    let last: Int\n}}\n") == {"S": 3}


@pytest.mark.parametrize("member", COMPUTED)
def test_what_stores_nothing_is_not_counted(stored, member):
    assert stored(f"final class S {{\n    let first = 0\n    {member}\n    let last: Int\n}}\n") == {"S": 2}


def test_several_names_in_one_line_are_several(stored):
    assert stored("struct S { let a: Int, b = 2, c: [Int: Int]; var (d, e) = (1, 2) }") == {"S": 5}


def test_a_tuple_counts_as_its_elements(stored):
    assert stored("struct S { var a: (since: Int64, next: [Int: Int])?; let f: (Int, Int) -> (Int, Int) }") == {"S": 3}


def test_a_plain_struct_counts_as_what_it_stores(stored):
    counts = stored("""
        struct Part {
            struct Bag { var a = 1, b = 2; var deeper = Deeper() }
            struct Deeper { var c = 3; var d: Int? }
            struct Own { private var a = 1; var b = 2; mutating func go() {} }
            struct Read { let a: Int; let b: Int }
            private var bag = Bag()
            private var perhaps: Bag?
            private var bags: [Bag] = []
            private var own = Own()
            private var read: Read
        }
        """)
    # Two bags of four, and three that are not bags.
    assert counts["Part"] == 2 * 4 + 3


def test_the_type_that_lies_nearest_is_meant(stored):
    counts = stored("""
        struct State { var a, b, c: Int }
        struct Part { struct State { var a = 1; var b = 2 }; var state: State }
        struct Other { var state: State }
        """)
    assert (counts["Part"], counts["Other"]) == (2, 3)


def test_too_many_properties_are_said_with_file_and_line(faults):
    members = "\n".join(f"    private var v{number} = 0" for number in range(16))
    assert faults(Module__A=f"\nstruct S {{\n{members}\n}}\n") == [
        "Sources/Module/A.swift:2: S stores 16 properties, more than 15"]


def test_a_long_file_and_a_large_module_are_said(faults):
    found = faults(Module__A="//\n" * 351, **{f"Module__F{number}": "//\n" * 350 for number in range(12)})
    assert found == [
        "Sources/Module: 4551 lines, more than 4500", "Sources/Module/A.swift: 351 lines, more than 350"]


@pytest.mark.parametrize("text", [
    "struct S { var a = 1 }", "struct S { private(set) var a = 1 }", "package struct S { package var a = 1 }",
    "struct S { fileprivate var a = 1 }", "enum E { struct S { var a = 1 } }", "actor S { var a = 1 }",
    "extension E { struct S { var a = 1 } }",
])
def test_an_open_variable_of_a_part_is_said(faults, text):
    [found] = faults(WSQueueHub__A=text)
    assert "S.a is open to other files: private" in found
    assert faults(Module__A=text) == [found]


@pytest.mark.parametrize("text", [
    "struct S { private var a = 1; let b = 2; var c: Int { 1 }; static var d: Int { 1 } }",
    "struct S { private struct T { var a = 1 } }", "private struct S { var a = 1 }",
    "protocol P { var a: Int { get } }",
    "struct S { func f() { var a = 1 } }", "struct HubCounters { var a = 1 }",
])
def test_what_no_other_file_sees_is_well(faults, text):
    assert faults(WSQueueHub__A=text) == []


def test_folders_that_use_each_other_are_said(faults):
    found = faults(
        Module__One__A="struct A { let b: B }", Module__Two__B="public enum B { case c(A?) }",
        Module__Two__C='let text = "\\(D.e) A"  // A', Module__Three__D="struct D {}")
    assert found == ["Sources/Module: One and Two use each other: it names B; and that A"]


def test_folders_that_use_each_other_one_way_are_well(faults):
    assert faults(
        Module__One__A="struct A { let b: B; let c = X.C() }", Module__Two__B="struct B {}\nprivate struct A {}",
        Module__Two__X="extension B { struct C { let name = Some.A.self } }", Module__Root="struct R { let a: A }",
    ) == []


def test_a_name_that_two_folders_declare_says_nothing(faults):
    assert faults(
        Module__One__A="struct A { let b: B }\nstruct C {}", Module__Two__B="struct B { let c: C }",
        Module__Three__C="struct C { let b: B }") == []


def test_a_folder_has_what_lies_in_it(faults):
    assert faults(Module__One__Deep__A="struct A { let b: B }", Module__Two__B="struct B { let a: A }") == [
        "Sources/Module: One and Two use each other: it names B; and that A"]


def test_modules_that_import_each_other_are_said(faults):
    assert faults(A__A="internal import B", B__B="package import C\nimport Glibc", C__C="public import A") == [
        "Sources: modules import each other: A -> B -> C -> A"]


@pytest.mark.parametrize("text, says", [
    ("internal import Glibc", "Glibc"), ("struct S { let now = Clock.monotonicNanoseconds() }", "Clock"),
    ("import WSQueueNet\nlet d: FileDescriptor? = nil", "FileDescriptor, WSQueueNet"),
])
def test_a_module_that_only_decides_does_not_ask_the_system(faults, text, says):
    assert faults(WSQueueSession__A=text) == [f"Sources/WSQueueSession/A.swift: {says} in a module that only decides"]
    assert faults(WSQueueSession__A='// import Glibc\nlet text = "Clock"', WSQueueSystem__A=text) == []


def test_the_sources_hold_and_have_a_table(capsys):
    modules = house.read_all()
    assert [*house.faults(modules), *house.gone(modules)] == []
    house.print_table(modules, {"WSQueueCore": "98.7"})
    house.print_folders(modules)
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("WSQueueCore ")]
    assert "98.7" in line
