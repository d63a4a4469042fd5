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
    /// When to use it, in a first sentence that can stand alone, as `--help` and completions have it; then the rest.
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
    /// Whether it is among the few that `--help` shows.
    package let isCommon: Bool
    /// What completes its value, where the name of the value does not say it; of an option without a value, what stands
    /// behind `--`.
    package let completed: Completions.Source?

    /// Describes an option.
    package init(
        _ name: String, short: Character? = nil, value: Value = .none, isRepeatable: Bool = false,
        environment: String? = nil, defaultValue: Default? = nil, alias: String? = nil, isHidden: Bool = false,
        takesAnyText: Bool = false, isCommon: Bool = false, completed: Completions.Source? = nil, text: String
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
        self.isCommon = isCommon
        self.completed = completed
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

    /// What completes an operand.
    package struct Operand: Sendable {
        /// The one of `words` that it stands after; `nil` where there are none.
        let word: String?
        /// What it may be, where that is known.
        let choices: [String]
        /// What lists the others.
        let source: Completions.Source?

        /// Describes the operands after a word.
        package init(after word: String? = nil, _ choices: [String] = [], source: Completions.Source? = nil) {
            self.word = word
            self.choices = choices
            self.source = source
        }
    }

    /// What the user types to run it: `wsqueue-publish`, or `wsqueue-server queue`.
    package let program: String
    /// What may follow, one form a line, without the program.
    package let forms: [String]
    /// The lines that are typed most, each with a comment behind a #; with them help fits on a screen.
    package let lines: [String]
    /// What it does, in a sentence or two.
    package let summary: String
    /// The options, in the order of help.
    package let options: [Option]
    /// The words of which the first operand is one, such as what `queue` can do; empty where it may be anything.
    package let words: [String]
    /// What the operands may be, or those after one of `words`.
    package let operands: [Operand]
    /// The commands of the program, each with a table of its own; the first operand is one of their names.
    package let commands: [OptionTable]
    private let makeSections: @Sendable () -> [Section]
    /// What other programs call options: without its dashes, and the option with them.
    let synonyms: [String: String]

    /// Describes a program or a command.
    package init(
        _ program: String, forms: [String], lines: [String] = [], summary: String, options: [Option],
        words: [String] = [], operands: [Operand] = [], commands: [OptionTable] = [],
        sections: @autoclosure @escaping @Sendable () -> [Section] = [], synonyms: [String: String] = [:]
    ) {
        self.program = program
        self.forms = forms
        self.lines = lines
        self.summary = summary
        self.options = options
        self.words = words
        self.operands = operands
        self.commands = commands
        makeSections = sections
        self.synonyms = synonyms
    }

    /// What help says besides; made when it is wanted, because a publisher starts once an event.
    package var sections: [Section] { makeSections() }

    /// What the command is called: the last word of `program`.
    package var name: String { program.split(separator: " ").last.map(String.init) ?? "" }

    /// The commands that take other options than the program does: a default command, such as `run`, takes the same.
    var distinctCommands: [OptionTable] { commands.filter { $0.options != options } }

    /// What it does, in one sentence.
    var purpose: String { summary.firstSentence.withoutFullStop }
}

extension Option {
    /// What it is for, in one sentence.
    var purpose: String { text.firstSentence.withoutFullStop }
}

extension String {
    /// What stands up to the first full stop that ends a sentence, with it: not the one in `order.created`.
    var firstSentence: String {
        var start = utf8.startIndex
        while let stop = utf8[start...].firstIndex(of: UInt8(ascii: ".")) {
            let end = utf8.index(after: stop)
            if end == utf8.endIndex || utf8[end] == UInt8(ascii: " ") { return String(self[..<end]) }
            start = end
        }
        return self
    }

    fileprivate var withoutFullStop: String { utf8.last == UInt8(ascii: ".") ? String(dropLast()) : self }
}
