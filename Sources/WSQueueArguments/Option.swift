/// One option of a program: the one place where its names, its value and its text stand. Parsing, help, manual pages
/// and completions are made from it.
package struct Option: Equatable, Sendable {
    /// What follows the name.
    package enum Value: Equatable, Sendable {
        /// Nothing: the option is there or not.
        case none
        /// A value, in `--name=VALUE`, `--name VALUE`, `-n VALUE` and `-nVALUE`; the text is what help calls it.
        case required(String)
        /// A value or none, in `--name=VALUE`, `--name`, `-nVALUE` and `-n`: what comes after a blank is not its value.
        case optional(String)
    }

    /// What counts where an option is not given.
    package enum Default: Equatable, Sendable {
        /// A value that could be given as well.
        case value(String)
        /// What no value says, such as `one a processor`.
        case described(String)
    }

    /// The long name, without dashes.
    package let name: String
    /// The short name, an ASCII letter or digit.
    package let short: Character?
    /// What follows the name.
    package let value: Value
    /// What it is for, with default and unit: one or more sentences.
    package let text: String
    /// Whether each time it is given counts. Of any other option the last one counts, so that an alias can be
    /// overridden.
    package let isRepeatable: Bool
    /// The environment variable that is asked when the option is not given. An empty one counts as not set; for an
    /// option without a value it says `1` or `0`, `yes` or `no`, `true` or `false`, `on` or `off`.
    package let environment: String?
    /// What counts where the option is given nowhere.
    package let defaultValue: Default?
    /// The name of the option that this one is another name of.
    package let alias: String?
    /// Whether help, manual pages and completions say nothing of it: it is for scripts that belong to the program.
    package let isHidden: Bool
    /// Whether its value may be any bytes; what is no UTF-8 becomes U+FFFD.
    package let takesAnyText: Bool

    /// Describes an option.
    package init(
        _ name: String, short: Character? = nil, value: Value = .none, isRepeatable: Bool = false,
        environment: String? = nil, defaultValue: Default? = nil, alias: String? = nil, isHidden: Bool = false,
        takesAnyText: Bool = false, text: String
    ) {
        self.name = name
        self.short = short
        self.value = value
        self.text = text
        self.isRepeatable = isRepeatable
        self.environment = environment
        self.defaultValue = defaultValue
        self.alias = alias
        self.isHidden = isHidden
        self.takesAnyText = takesAnyText
    }

    /// What help and manual pages say of it: its text, its default, and whether it may be given several times.
    var explanation: String {
        let byDefault =
            switch defaultValue {
            case .value(let value): " Default: \(value)."
            case .described(let what): " Default: \(what)."
            case nil: ""
            }
        return text + byDefault + (isRepeatable ? " May be given several times." : "")
    }
}

/// A program, or one of its commands: what it takes and how it is explained.
package struct OptionTable: Sendable {
    /// A piece of help under a heading of its own.
    package struct Section: Equatable, Sendable {
        /// Such as `Examples`.
        package let heading: String
        /// Lines, shown as they are.
        package let lines: [String]
        /// Whether the lines are paragraphs, which a manual page may break.
        package let isProse: Bool

        /// Makes a section.
        package init(_ heading: String, _ lines: [String], isProse: Bool = false) {
            self.heading = heading
            self.lines = lines
            self.isProse = isProse
        }
    }

    /// What the user types to run it: `wsqueue-publish`, or `wsqueue-server queue`.
    package let program: String
    /// What may follow, one form a line, without the program.
    package let forms: [String]
    /// What it does, in a sentence or two.
    package let summary: String
    /// The options, in the order of help.
    package let options: [Option]
    /// The words of which the first operand is one, such as what `queue` can do; empty where it may be anything.
    package let words: [String]
    /// The commands of the program, each with a table of its own; the first operand is one of their names.
    package let commands: [OptionTable]
    /// What help says besides.
    package let sections: [Section]

    /// Describes a program or a command.
    package init(
        _ program: String, forms: [String], summary: String, options: [Option], words: [String] = [],
        commands: [OptionTable] = [], sections: [Section] = []
    ) {
        self.program = program
        self.forms = forms
        self.summary = summary
        self.options = options
        self.words = words
        self.commands = commands
        self.sections = sections
    }

    /// What the command is called: the last word of `program`.
    package var name: String { program.split(separator: " ").last.map(String.init) ?? "" }

    /// The commands that take other options than the program does: a default command, such as `run`, takes the same.
    var distinctCommands: [OptionTable] { commands.filter { $0.options != options } }

    /// What it does, in few words: the summary up to its first full stop, colon or semicolon.
    var purpose: String { summary.firstClause }
}

extension String {
    /// What stands before the first full stop, colon or semicolon.
    var firstClause: String { utf8.firstIndex { ".:;".utf8.contains($0) }.map { String(self[..<$0]) } ?? self }
}
