#!/usr/bin/env python3
"""What holds for all modules in Sources, and which of it does not hold; scripts/lint asks.

- No file has more than 350 lines, and no module more than 4,500.
- No type has more than 15 stored properties. A property whose type is a plain struct (stored properties and nothing
  that changes them) counts as that struct's own, and a tuple as its elements: so nothing is put away in a bag.
- In the modules that are made of parts, each stored `var` is private, or its type is: no other file sees it.
- No two folders of a module use each other. Swift has no imports of folders: a folder uses another one when it names
  a type that the other one declares. Files beside the folders of a module are in none.
- Modules import each other in one direction. Those that only decide import nothing of the system, and name no clock,
  descriptor or thread.

`scripts/house.py --table` prints the modules with their sizes instead; `--folders` which folder of each uses which.
"""

import argparse
import collections
import dataclasses
import json
import pathlib
import re
import sys

SOURCES = pathlib.Path(__file__).resolve().parents[1] / "Sources"

FILE_LINES = 350
MODULE_LINES = 4_500
STORED_PROPERTIES = 15

# Modules of parts: types with private state, inputs in and actions out.
PARTS = {"WSQueueHub", "WSQueueEdge", "WSQueueConnections", "WSQueueAccess", "WSQueueSequencer", "WSQueueSession",
         "WSQueueRedis", "WSQueueRoutes"}

# Modules that are still what they were before these rules; this set only shrinks.
NOT_YET = set()

# Modules that only decide: the same input leads to the same output, whatever the machine does.
PURE = {
    "WSQueueCore", "WSQueueWire", "WSQueueBroker", "WSQueueSequencer", "WSQueueSession", "WSQueueArguments",
    "WSQueueManual",
}
IMPURE_IMPORTS = {"Glibc", "WSQueueLibc", "Foundation", "Dispatch", "Synchronization", "WSQueueNet", "CWSQueueLinux"}
IMPURE_NAMES = {"Clock", "FileDescriptor", "FileSystem", "AtomicFile", "Guarded", "SystemRandomNumberGenerator"}

# Nobody installs these: what they store is not counted.
NOT_INSTALLED = {"wsqueue-bench", "wsqueue-echo"}

# Plain values that only carry options or counters: their members are open, and count as one where they are stored.
PLAIN = {
    "Configuration": "all options, read once and never changed",
    "HubCounters": "one member for each count in the metrics",
    "HubStatus": "what the status page shows of the queue",
    "LoopCounters": "one member for each count in the metrics",
    "LoopStatus": "what the status page shows of one loop",
    "SessionOptions": "what the operator has decided about conversations",
}

KEYWORDS_OF_TYPES = {"struct", "class", "enum", "actor", "protocol", "extension"}
MODIFIERS = {
    "private", "fileprivate", "internal", "package", "public", "open", "static", "class", "lazy", "weak", "unowned",
    "nonisolated", "isolated", "final", "override", "mutating", "nonmutating", "consuming", "borrowing", "required",
    "convenience", "indirect", "dynamic", "optional", "async", "distributed", "prefix", "postfix", "infix",
}
MEMBERS = KEYWORDS_OF_TYPES | {
    "var", "let", "func", "init", "subscript", "case", "typealias", "deinit", "associatedtype", "import", "macro",
    "precedencegroup", "operator",
}
STORAGE = {"willSet", "didSet"}
OPENING = {"(": ")", "[": "]", "{": "}"}

TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<comment>//[^\n]*)|(?P<block>/\*)|(?P<string>#*\"\"\"|#*\")|(?P<number>\d\w*(\.\d\w*)?)"
    r"|(?P<word>`?[A-Za-z_]\w*`?|[$]\w+)|(?P<arrow>->)|(?P<dots>\.\.[.<])|(?P<other>.)", re.S)


@dataclasses.dataclass(frozen=True)
class Token:
    text: str
    line: int
    is_word: bool
    # Where it begins and ends in the text.
    at: int
    end: int


def tokens(text):
    """The tokens of Swift without comments and texts; what is put into a text is code."""
    found, at, line = [], 0, 1
    # For each text that code is put into: its ending, and how many parentheses of that code are open.
    texts = []
    while at < len(text):
        match = TOKEN.match(text, at)
        kind, word = match.lastgroup, match[0]
        if kind == "block":
            end = end_of_comment(text, at)
        elif kind == "string":
            end = pass_text(text, match.end(), word, texts)
            found.append(Token('""', line, False, at, end))
        elif texts and word in "()" and kind == "other":
            texts[-1][1] += 1 if word == "(" else -1
            end = match.end()
            if texts[-1][1] == 0:
                end = pass_text(text, end, texts.pop()[0], texts)
        else:
            end = match.end()
            if kind in ("word", "number", "arrow", "dots", "other"):
                found.append(Token(word.strip("`"), line, kind == "word", at, end))
        line += text.count("\n", at, end)
        at = end
    return found


def end_of_comment(text, at):
    """Comments lie in each other."""
    depth = 0
    for match in re.compile(r"/\*|\*/").finditer(text, at):
        depth += 1 if match[0] == "/*" else -1
        if depth == 0:
            return match.end()
    return len(text)


def pass_text(text, at, opening, texts):
    """The place behind a text, or behind the `(` of code that is put into it, which is noted in `texts`."""
    hashes = opening.count("#")
    escape = "\\" + "#" * hashes
    closing = opening[hashes:] + "#" * hashes
    for match in re.compile(re.escape(closing) + "|" + re.escape(escape) + r"(\(|.)", re.S).finditer(text, at):
        if match[0] == closing:
            return match.end()
        if match[1] == "(":
            texts.append([opening, 1])
            return match.end()
    return len(text)


@dataclasses.dataclass
class Property:
    name: str
    line: int
    is_variable: bool
    access: list
    # Its type or, where none is written, the beginning of its first value.
    type: list


@dataclasses.dataclass
class Type:
    module: str
    # With the names of those that it lies in.
    name: str
    kind: str
    path: pathlib.Path
    line: int
    # Whether only its file sees it.
    is_hidden: bool
    properties: list = dataclasses.field(default_factory=list)
    changes: bool = False


@dataclasses.dataclass
class File:
    module: str
    # Relative to the module's folder.
    folder: tuple
    path: pathlib.Path
    lines: int
    types: list
    imports: set
    # Names that begin with a capital letter and do not belong to another one.
    mentions: set
    # Names of types that another file can mention.
    declares: set


class Parser:
    """Finds the types of a file and what they store; of all other code it only follows the brackets."""

    def __init__(self, module, path, text):
        self.module, self.path = module, path
        self.tokens = tokens(text)
        self.at = 0
        self.types = []
        self.imports = set()
        # Other names for types, which other files can mention.
        self.aliases = set()
        # The types around, innermost last; None is a block of other code.
        self.scopes = []
        self.modifiers = []

    def run(self):
        while self.at < len(self.tokens):
            self._member()
        return self

    def _peek(self, ahead=0):
        at = self.at + ahead
        return self.tokens[at].text if at < len(self.tokens) else ""

    def _member(self):
        token = self.tokens[self.at]
        text = token.text
        scope = self.scopes[-1] if self.scopes else None
        if text == "{":
            self.scopes.append(None)
        elif text == "}":
            if self.scopes:
                self.scopes.pop()
            self.modifiers = []
        elif text == "@":
            self._attribute()
            return
        elif self._is_type(text):
            self._type(token)
            return
        elif scope and text in ("var", "let"):
            self._property(scope, token)
            return
        elif text in MODIFIERS:
            self._modifier(text)
            return
        elif text == "import" and not self.scopes:
            self.imports.add(self._peek(1))
            self.modifiers = []
        elif text in MEMBERS:
            if text == "typealias" and not self.scopes and not {"private", "fileprivate"} & set(self.modifiers):
                self.aliases.add(self._peek(1))
            if scope and text in ("func", "subscript"):
                scope.changes = True
            self.modifiers = []
        self.at += 1

    def _attribute(self):
        """`@name` and what follows in parentheses."""
        self.at += 2
        if self._peek() == "(" and self.tokens[self.at].line == self.tokens[self.at - 1].line:
            self._pass_brackets()

    def _pass_brackets(self):
        depth = 0
        while self.at < len(self.tokens):
            text = self._peek()
            depth += (text in OPENING) - (text in OPENING.values())
            self.at += 1
            if depth == 0:
                return

    def _is_type(self, text):
        """`class` is a modifier too, and all of these can be labels, cases or members of something."""
        if text not in KEYWORDS_OF_TYPES or self._peek(1) in MODIFIERS | {"func", "var", "let", "subscript", "init"}:
            return False
        before = self._peek(-1) if self.at else ""
        following = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else None
        return before not in (".", "case") and following is not None and following.is_word

    def _modifier(self, text):
        self.at += 1
        if self._peek() == "(" and self._peek(2) == ")":
            text += f"({self._peek(1)})"
            self.at += 3
        self.modifiers.append(text)

    def _type(self, token):
        self.at += 1
        name = self._peek()
        self.at += 1
        while self._peek() == "." and token.text == "extension":
            name += "." + self._peek(1)
            self.at += 2
        # What it conforms to, and where; a value may be given to a generic parameter, but no block.
        while self.at < len(self.tokens) and self._peek() != "{":
            self.at += 1
        self.at += 1
        around = next((scope for scope in reversed(self.scopes) if scope), None)
        hidden = bool({"private", "fileprivate"} & set(self.modifiers))
        full = f"{around.name}.{name}" if around else name
        self.modifiers = []
        self.scopes.append(Type(
            self.module, full, token.text, self.path, token.line, hidden or bool(around and around.is_hidden)))
        self.types.append(self.scopes[-1])

    def _property(self, scope, token):
        access, self.modifiers = self.modifiers, []
        is_static = "static" in access or "class" in access
        self.at += 1
        while True:
            names, type_tokens, is_stored = self._binding()
            if is_stored and not is_static and scope.kind != "protocol":
                scope.properties += [
                    Property(name, token.line, token.text == "var", access, type_tokens) for name in names]
            if self._peek() != ",":
                return
            self.at += 1

    def _binding(self):
        """One name, or several in parentheses, with type and first value; stops before a comma, or at the next
        member."""
        names = [self._peek()]
        if names == ["("]:
            begin = self.at
            self._pass_brackets()
            names = [token.text for token in self.tokens[begin:self.at] if token.is_word]
        else:
            self.at += 1
        written, value, is_stored = [], [], True
        if self._peek() == ":":
            self.at += 1
            written = self._tokens_until({",", "=", "{"})
        if self._peek() == "=":
            self.at += 1
            value = self._tokens_until({","})
        if self._peek() == "{":
            is_stored = bool(value) or self._peek(1) in STORAGE
            self._pass_brackets()
        return names, (written or value) if len(names) == 1 else [], is_stored

    def _tokens_until(self, ends):
        """What stands before one of these, or the next member, outside of brackets."""
        begin, depth = self.at, 0
        while self.at < len(self.tokens):
            text = self._peek()
            if depth == 0 and self.at > begin and (text in ends or text == "}" or self._is_next_member()):
                # What observes a value that is given.
                if text != "{" or "{" in ends or self._peek(1) in STORAGE:
                    break
            if text in OPENING or (text == "<" and "{" in ends):
                depth += 1
            elif text in OPENING.values() or (text == ">" and "{" in ends):
                depth -= 1
            self.at += 1
        return [token.text for token in self.tokens[begin:self.at]]

    def _is_next_member(self):
        token, before = self.tokens[self.at], self.tokens[self.at - 1]
        if token.text == "{" and self._peek(1) in STORAGE:
            return True
        return token.text == ";" or token.line > before.line and token.text in MEMBERS | MODIFIERS | {"@", "#"}


def read(path, module, sources=SOURCES):
    text = path.read_text(encoding="utf-8")
    parser = Parser(module, path.relative_to(sources.parent), text).run()
    declared = {
        kind.name for kind in parser.types if kind.kind != "extension" and "." not in kind.name and not kind.is_hidden}
    declared |= parser.aliases
    # A file means its own by a name that others have too.
    own = {kind.name for kind in parser.types if kind.is_hidden}
    mentioned = {
        token.text for at, token in enumerate(parser.tokens)
        if token.is_word and token.text[0].isupper() and (at == 0 or parser.tokens[at - 1].text != ".")} - own
    return File(
        module, path.relative_to(sources / module).parent.parts, path.relative_to(sources.parent),
        len(text.splitlines()), parser.types, parser.imports, mentioned, declared)


def read_all(sources=SOURCES):
    """The files by their modules."""
    modules = collections.defaultdict(list)
    for path in sorted(sources.rglob("*.swift")):
        module = path.relative_to(sources).parts[0]
        modules[module].append(read(path, module, sources))
    return modules


class Counter:
    """How many properties a type stores."""

    def __init__(self, modules):
        self._types = {}
        for files in modules.values():
            for file in files:
                for kind in file.types:
                    if kind.kind != "extension":
                        self._types.setdefault((kind.module, kind.name), kind)
        self._extended = {
            (kind.module, kind.name) for files in modules.values() for file in files for kind in file.types
            if kind.kind == "extension" and kind.changes}

    def of(self, kind, above=()):
        return sum(self._of_property(kind, one, (*above, kind.name)) for one in kind.properties)

    def _of_property(self, kind, one, above):
        elements = self._elements(one.type)
        if elements:
            return elements
        inner = self._plain(kind, one.type)
        if inner is None or inner.name in above:
            return 1
        return max(1, self.of(inner, above))

    @staticmethod
    def _elements(written):
        """How many elements a tuple has; none for what is no tuple."""
        if not written or written[0] != "(" or "->" in written or written[-1] not in (")", "?"):
            return 0
        depth = count = 0
        for text in written:
            depth += (text in "([<") - (text in ")]>")
            count += text == "," and depth == 1
            if depth == 0 and text not in ")?":
                return 0
        return count + 1 if count else 0

    def _plain(self, kind, written):
        """The plain struct that a property is one of, or perhaps one."""
        name = []
        for at, text in enumerate(written):
            if text == "." if at % 2 else re.match(r"[A-Z]\w*$", text):
                name.append(text)
            else:
                break
        if not name or written[len(name):len(name) + 1] not in ([], ["?"], ["("]):
            return None
        words = "".join(name)
        # From the inside out, as Swift looks for it.
        around = kind.name.split(".")
        for count in range(len(around), -1, -1):
            found = self._types.get((kind.module, ".".join([*around[:count], words])))
            if found:
                return found if self._is_plain(found) else None
        return None

    def _is_plain(self, kind):
        key = (kind.module, kind.name)
        if kind.kind != "struct" or kind.changes or key in self._extended or kind.name in PLAIN:
            return False
        return any(one.is_variable for one in kind.properties)


def folders_used(files):
    """Which folder of a module uses which, and by which names. A folder has all that lies in it."""
    homes = collections.defaultdict(set)
    for file in files:
        for name in file.declares:
            homes[name].add(file.folder)
    used = collections.defaultdict(lambda: collections.defaultdict(set))
    for file in files:
        for name in file.mentions & homes.keys():
            # A name that several folders declare says nothing.
            if len(homes[name]) > 1:
                continue
            there = next(iter(homes[name]))
            common = 0
            while common < min(len(file.folder), len(there)) and file.folder[common] == there[common]:
                common += 1
            if common < len(file.folder) and common < len(there):
                here, other = file.folder[:common + 1], there[:common + 1]
                used["/".join(here)]["/".join(other)].add(name)
    return used


def faults_of_folders(module, files):
    used = folders_used(files)
    for here in sorted(used):
        for there in sorted(used[here]):
            if here < there and here in used.get(there, {}):
                forth, back = (", ".join(sorted(names)) for names in (used[here][there], used[there][here]))
                yield f"Sources/{module}: {here} and {there} use each other: it names {forth}; and that {back}"


def faults_of_files(module, files):
    lines = sum(file.lines for file in files)
    if lines > MODULE_LINES:
        yield f"Sources/{module}: {lines} lines, more than {MODULE_LINES}"
    for file in files:
        if file.lines > FILE_LINES:
            yield f"{file.path}: {file.lines} lines, more than {FILE_LINES}"


def faults_of_types(module, files, counter):
    for file in files:
        for kind in file.types:
            if kind.name in PLAIN:
                continue
            count = counter.of(kind)
            if count > STORED_PROPERTIES and module not in NOT_INSTALLED:
                yield f"{kind.path}:{kind.line}: {kind.name} stores {count} properties, more than {STORED_PROPERTIES}"
            if module in PARTS and not kind.is_hidden:
                for one in kind.properties:
                    if one.is_variable and "private" not in one.access:
                        yield f"{kind.path}:{one.line}: {kind.name}.{one.name} is open to other files: private"


def faults_of_purity(module, files):
    for file in files:
        found = sorted(file.imports & IMPURE_IMPORTS | file.mentions & IMPURE_NAMES) if module in PURE else []
        if found:
            yield f"{file.path}: {', '.join(found)} in a module that only decides"


def faults_of_imports(modules):
    """Circles, which Package.swift could not have either: said here without a build."""
    arrows = {
        name: sorted({other for file in files for other in file.imports if other in modules} - {name})
        for name, files in modules.items()}
    done, path = set(), []

    def walk(name):
        if name in path:
            yield "Sources: modules import each other: " + " -> ".join([*path[path.index(name):], name])
        elif name not in done:
            path.append(name)
            for other in arrows[name]:
                yield from walk(other)
            done.add(path.pop())

    for name in sorted(arrows):
        yield from walk(name)


def faults(modules, spared=NOT_YET):
    counter = Counter(modules)
    for module, files in sorted(modules.items()):
        if module not in spared:
            yield from faults_of_files(module, files)
            yield from faults_of_types(module, files, counter)
            yield from faults_of_folders(module, files)
            yield from faults_of_purity(module, files)
    yield from faults_of_imports(modules)


def gone(modules):
    """Exceptions of which nothing is left."""
    known = {kind.name for files in modules.values() for file in files for kind in file.types}
    return [f"scripts/house.py: PLAIN names {name}, which is gone" for name in sorted(PLAIN.keys() - known)]


def print_table(modules, executed):
    """`executed` has the percentage of lines that tests execute, as far as it is known."""
    counter = Counter(modules)
    print(f"{'module':24} {'lines':>6} {'files':>5} {'longest':>7} {'tested':>6}  types by stored properties; folders")
    for module, files in sorted(modules.items()):
        types = [(counter.of(kind), kind.name) for file in files for kind in file.types]
        largest = ", ".join(f"{name} {count}" for count, name in sorted(types, key=lambda one: (-one[0], one[1]))[:5])
        folders = " ".join(sorted({file.folder[0] for file in files if file.folder}))
        print(
            f"{module:24} {sum(file.lines for file in files):6} {len(files):5} {max(file.lines for file in files):7}"
            f" {executed.get(module, ''):>6}  {largest}{'; ' if folders else ''}{folders}")


def executed(exported):
    """The percentage of each module's lines that tests have executed; nothing where none have run."""
    # It asks here which modules only decide.
    from coverage import lines_of_modules, percent

    if not exported.exists():
        return {}
    lines = lines_of_modules(json.loads(exported.read_text(encoding="utf-8")))
    return {name: f"{percent(*counts):.1f}" for name, counts in lines.items() if counts[1]}


def print_folders(modules):
    for module, files in sorted(modules.items()):
        for here, others in sorted(folders_used(files).items()):
            for there, names in sorted(others.items()):
                print(f"{module}: {here} -> {there}: {', '.join(sorted(names))}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", action="store_true", help="the modules: lines, files, largest types, folders")
    parser.add_argument("--folders", action="store_true", help="which folder uses which, by which names")
    parser.add_argument("--all", action="store_true", help="spare no module")
    parser.add_argument(
        "--coverage", type=pathlib.Path, default=SOURCES.parent / ".build/tests/debug/codecov/wsqueue.json",
        help="for --table: what llvm-cov has exported (the last scripts/test quick)")
    options = parser.parse_args()
    modules = read_all()
    if options.table:
        print_table(modules, executed(options.coverage))
    if options.folders:
        print_folders(modules)
    if options.table or options.folders:
        return
    found = [*faults(modules, set() if options.all else NOT_YET), *gone(modules)]
    print("\n".join(found), end="\n" if found else "")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
