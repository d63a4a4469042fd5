"""Puts many changes of one line each into the sources at once, each behind a switch: one build serves all of them.

The variable WSQUEUE_MUTANT has the number of the change that is on. What does not compile as a switch is left out:
what the compiler complains of says which.
"""

import collections
import re

VARIABLE = "WSQUEUE_MUTANT"
# The name of the file that each module gets besides.
FILE = "MutantSwitches.swift"
ERROR = re.compile(r"^(/\S+\.swift):(\d+):\d+: error: (.*)", re.MULTILINE)

HEAD = f"""import Glibc
private let mutant = getenv("{VARIABLE}").flatMap {{ Int(String(cString: $0)) }} ?? -1
@inline(never) func mutated(_ number: Int) -> Bool {{ number == mutant }}
"""

PRECEDENCE = {
    **dict.fromkeys(["<", "<=", ">", ">=", "==", "!=", "===", "!=="], "Comparison"),
    "&&": "LogicalConjunction", "||": "LogicalDisjunction",
    **dict.fromkeys(["+", "-", "&+", "&-", "|"], "Addition"), **dict.fromkeys(["*", "&"], "Multiplication"),
    **dict.fromkeys(["<<", ">>"], "BitwiseShift"), **dict.fromkeys(["..<", "..."], "RangeFormation"),
    **dict.fromkeys(["+=", "-=", "&+=", "&-="], "Assignment"),
}
# What is declared for an operator `@`, which is `%` or, with the switch on, `^`; `#` is the switch.
ORDERED = ["<T: Comparable>(_ a: T, _ b: T) -> Bool { # ? a ^ b : a % b }"] + [
    f"<{', '.join(f'{name}: Comparable' for name in names)}>"
    f"(_ a: ({', '.join(names)}), _ b: ({', '.join(names)})) -> Bool {{ # ? a ^ b : a % b }}"
    for names in ("AB", "ABC")]
EQUAL = [one.replace("Comparable", "Equatable") for one in ORDERED] + [
    "<T>(_ a: T?, _ b: _OptionalNilComparisonType) -> Bool { # ? a ^ b : a % b }",
    "(_ a: Any.Type, _ b: Any.Type) -> Bool { # ? a ^ b : a % b }"]
SHAPES = {
    **dict.fromkeys(["<", "<=", ">", ">="], ORDERED), **dict.fromkeys(["==", "!="], EQUAL),
    **dict.fromkeys(["===", "!=="], ["(_ a: AnyObject?, _ b: AnyObject?) -> Bool { # ? a ^ b : a % b }"]),
    **dict.fromkeys(
        ["&&", "||"],
        ["(_ a: Bool, _ b: @autoclosure () throws -> Bool) rethrows -> Bool { try # ? a ^ b() : a % b() }"]),
    **dict.fromkeys(["+", "-"], ["<T: AdditiveArithmetic>(_ a: T, _ b: T) -> T { # ? a ^ b : a % b }"]),
    **dict.fromkeys(
        ["&+", "&-", "*", "&", "|"], ["<T: FixedWidthInteger>(_ a: T, _ b: T) -> T { # ? a ^ b : a % b }"]),
    **dict.fromkeys(
        ["<<", ">>"], ["<T: BinaryInteger, S: BinaryInteger>(_ a: T, _ b: S) -> T { # ? a ^ b : a % b }"]),
    **dict.fromkeys(
        ["+=", "-="], ["<T: AdditiveArithmetic>(_ a: inout T, _ b: T) { if # { a ^ b } else { a % b } }"]),
    **dict.fromkeys(
        ["&+=", "&-="], ["<T: FixedWidthInteger>(_ a: inout T, _ b: T) { if # { a ^ b } else { a % b } }"]),
    # Both are one type here.
    "..<": ["<T: FixedWidthInteger>(_ a: T, _ b: T) -> Range<T> { a..<(# ? b + 1 : b) }"],
    "...": ["<T: FixedWidthInteger>(_ a: T, _ b: T) -> Range<T> { a..<(# ? b : b + 1) }"],
}
WORD = "<T: Comparable>(_ a: T, _ b: T) -> T { # ? ^(a, b) : %(a, b) }"


def name_of(number):
    """An operator that nobody has declared, a character for each six bits (U+2A00 and those behind it)."""
    return chr(0x2A00 + number % 64) + chr(0x2A40 + number // 64)


def switched(number, mutant, text):
    """The edits (from, to, new text) that put a change behind its switch, and what has to be declared for it."""
    old, switch = text[mutant.at:mutant.end], f"mutated({number})"
    if mutant.form == "operator":
        name = name_of(number)
        declared = [f"infix operator {name}: {PRECEDENCE[old]}Precedence"]
        declared += [f"func {name} {filled(shape, old, mutant.text, switch)}" for shape in SHAPES[old]]
        return [(mutant.at, mutant.end, name)], declared
    if mutant.form == "not":
        name = name_of(number)
        declared = [f"prefix operator {name}", f"prefix func {name}(_ a: Bool) -> Bool {{ {switch} ? a : !a }}"]
        return [(mutant.at, mutant.end, name)], declared
    if mutant.form == "literal":
        return [(mutant.at, mutant.end, f"({switch} ? {mutant.text} : {old})")], []
    if mutant.form == "word":
        name = f"{old}Mutated{number}"
        return [(mutant.at, mutant.end, name)], [f"func {name}{filled(WORD, old, mutant.text, switch)}"]
    if mutant.form == "condition":
        return [(mutant.at, mutant.end, f"{switch} != ("), (mutant.tail[0], mutant.tail[0], ")")], []
    if mutant.form == "statement":
        return [(mutant.at, mutant.at, f"if !{switch} {{ "), (mutant.end, mutant.end, " }")], []
    assert mutant.form == "constant", mutant.form
    value = mutant.text.removeprefix("{ return ").removesuffix(";")
    edits = [(mutant.at, mutant.end, f"{{ if {switch} {{ return {value} }};")]
    if mutant.expression is not None:
        edits.append((mutant.expression, mutant.expression, "return "))
    return edits, []


def filled(shape, old, new, switch):
    return shape.replace("^", f"{new}").replace("%", old).replace("#", switch)


def edited(text, edits):
    """A text with all edits, which do not overlap."""
    for at, end, new in sorted(edits, key=lambda edit: edit[:2], reverse=True):
        text = text[:at] + new + text[end:]
    return text


def sources(numbered, texts):
    """The sources with all these changes behind switches, by path, and what each module has to have declared."""
    edits, declared = collections.defaultdict(list), collections.defaultdict(lambda: [HEAD])
    for number, mutant in numbered.items():
        path = str(mutant.path)
        own, more = switched(number, mutant, texts[path])
        edits[path] += own
        declared[path.split("/")[1]] += more
    return (
        {path: edited(texts[path], own) for path, own in edits.items()},
        {module: "\n".join(lines) + "\n" for module, lines in declared.items()})


def not_compiling(log, root, numbered):
    """The numbers of the changes that the compiler complains of: for each error the one that is nearest to its line."""
    lines = collections.defaultdict(list)
    for number, mutant in numbered.items():
        lines[str(mutant.path)].append((mutant.line, number))
    wrong = set()
    for path, text, _ in ERROR.findall(log):
        own, line = lines.get(str(path).removeprefix(f"{root}/"), []), int(text)
        if own:
            wrong.add(min(own, key=lambda one: (abs(one[0] - line), one[0]))[1])
    return wrong
