/// What may stand at the end of a command line that is being typed, by the table of the program: what shells show.
package struct Completions: Equatable, Sendable {
    /// A word, and what it is for.
    package struct Word: Equatable, Sendable {
        /// The whole word.
        package let text: String
        /// One sentence without a full stop, or nothing.
        package let purpose: String
    }

    /// What no table knows: the shell lists it, or the program.
    package enum Source: Equatable, Sendable {
        case files, directories, users
        /// A command of its own, and what that takes; the value is how many words stand before it, the program's too.
        case command(after: Int)
        /// What is held back in the queue, and what waits for its time there: by the words that release and cancel it.
        case held, scheduled
        /// Files of the queue in these states.
        case events([String])
    }

    /// The words that begin as the last one does.
    package private(set) var words: [Word] = []
    /// What else may stand there.
    package private(set) var source: Source?
    /// What of the last word stands before the part that `source` is about, such as `--file=`.
    package private(set) var prefix = ""
    private let current: String

    fileprivate init(of current: String) { self.current = current }

    /// Adds a word where it begins as the last one does.
    package mutating func offer(_ text: String, _ purpose: String = "") {
        if text.utf8.starts(with: current.utf8) { words.append(Word(text: text, purpose: purpose)) }
    }

    fileprivate mutating func offer(_ choices: [String]) {
        for choice in choices { offer(choice) }
    }

    fileprivate mutating func ask(_ source: Source?, after prefix: String = "") {
        self.source = source
        self.prefix = prefix
    }

    /// For the scripts that `Shell` has: a line that says what the shell is to list itself, then a line a word.
    package var lines: String {
        let kind =
            switch source {
            case .files: ":files\t\(prefix)"
            case .directories: ":directories\t\(prefix)"
            case .users: ":users\t\(prefix)"
            case .command(let count): ":command\t\(count)"
            case .held, .scheduled, .events, nil: ":none\t"
            }
        return "\(kind)\n" + words.map { "\($0.text)\t\($0.purpose)\n" }.joined()
    }
}

extension OptionTable {
    /// What may stand where the last of the words does.
    ///
    /// - Parameter words: The command line up to the cursor, without the program; the last word may be empty.
    package func completions(of words: [String]) -> Completions { completions(of: words[...], program: self, count: 1) }

    private func completions(of words: ArraySlice<String>, program: OptionTable, count: Int) -> Completions {
        if let first = words.first, words.count > 1, let command = commands.first(where: { $0.name == first }) {
            return command.completions(of: words.dropFirst(), program: program, count: count + 1)
        }
        var line = TypedLine(self)
        for (index, word) in words.dropLast().enumerated() {
            if line.take(word), line.leadsToCommand {
                var found = Completions(of: "")
                found.ask(.command(after: count + index + 1))
                return found
            }
        }
        return line.completions(words.last ?? "")
    }
}

/// A command line up to the word that is being typed.
private struct TypedLine {
    private let table: OptionTable
    private var operands: [String] = []
    /// The option whose value comes next.
    private var awaited: Option?
    private var isPastOptions = false
    private(set) var leadsToCommand = false

    init(_ table: OptionTable) { self.table = table }

    /// Takes a word that is whole.
    ///
    /// - Returns: Whether it was the `--` that ends the options.
    mutating func take(_ word: String) -> Bool {
        if case .required? = awaited?.value {
            awaited = nil
            return false
        }
        awaited = nil
        if isPastOptions || !word.utf8.starts(with: "-".utf8) || word == "-" {
            operands.append(word)
        } else if word == "--" {
            isPastOptions = true
            return true
        } else if word.utf8.starts(with: "--".utf8) {
            let name = word.utf8.dropFirst(2)
            if let option = table.options.first(where: { name.elementsEqual($0.name.utf8) }) { use(option) }
        } else {
            takeLetters(word)
        }
        return false
    }

    private mutating func takeLetters(_ word: String) {
        var letters = word.dropFirst()
        while let letter = letters.popFirst() {
            guard let option = table.options.first(where: { $0.short == letter }) else { return }
            // The rest of the word is its value, if there is one.
            if option.value != .none, !letters.isEmpty { return }
            use(option)
        }
    }

    private mutating func use(_ option: Option) {
        if option.value == .none {
            if case .command? = option.completed { leadsToCommand = true }
        } else {
            awaited = option
        }
    }

    /// What the last word may become.
    func completions(_ current: String) -> Completions {
        var found = Completions(of: current)
        if let awaited {
            offerValue(of: awaited, current, prefix: "", to: &found)
            if case .required = awaited.value { return found }
        }
        if !isPastOptions, current.utf8.first == UInt8(ascii: "-") {
            offerOption(current, to: &found)
        } else if operands.isEmpty, !table.commands.isEmpty || !table.words.isEmpty {
            for command in table.commands { found.offer(command.name, command.purpose) }
            found.offer(table.words)
        } else if let operand = table.operands.first(where: { $0.word == nil || $0.word == operands.first }) {
            found.offer(operand.choices)
            found.ask(operand.source)
        }
        return found
    }

    private func offerOption(_ current: String, to found: inout Completions) {
        if let sign = current.utf8.firstIndex(of: UInt8(ascii: "=")), current.utf8.starts(with: "--".utf8) {
            let name = current.utf8[..<sign].dropFirst(2)
            guard let option = table.options.first(where: { name.elementsEqual($0.name.utf8) }) else { return }
            let end = current.utf8.index(after: sign)
            offerValue(of: option, String(current[end...]), prefix: String(current[..<end]), to: &found)
            return
        }
        for option in table.options where !option.isHidden {
            // A letter alone is complete; the long names say more.
            found.offer("--\(option.name)", option.purpose)
        }
    }

    /// - Parameters:
    ///   - typed: What of the value is there.
    ///   - prefix: What stands before it in the same word.
    private func offerValue(
        of option: Option, _ typed: String, prefix: String, to found: inout Completions
    ) {
        if let source = option.completed { found.ask(source, after: prefix) }
        let what =
            switch option.value {
            case .none: ""
            case .required(let what), .optional(let what): what
            }
        for choice in what.split(separator: "|").map(String.init) {
            switch choice {
            case "DIR": found.ask(.directories, after: prefix)
            case "FILE": found.ask(.files, after: prefix)
            case "USER": found.ask(.users, after: prefix)
            case "NAME=FILE", "KEY=VALUE": offerPair(choice, typed, prefix, to: &found)
            // In capitals, or with digits or dots, it is a kind of values and not one.
            case _ where choice.utf8.contains { $0 &- UInt8(ascii: "a") < 26 } || choice.utf8.starts(with: "HS".utf8):
                found.offer(prefix + choice)
            default: break
            }
        }
    }

    /// A value that is itself a name and a value.
    private func offerPair(_ kind: String, _ typed: String, _ prefix: String, to found: inout Completions) {
        guard let sign = typed.utf8.firstIndex(of: UInt8(ascii: "=")) else {
            guard kind == "KEY=VALUE" else { return }
            for option in table.options where option.isKey { found.offer("\(prefix)\(option.name)=", option.purpose) }
            return
        }
        let end = typed.utf8.index(after: sign)
        let prefix = prefix + typed[..<end]
        if kind == "NAME=FILE" {
            found.ask(.files, after: prefix)
        } else if let option = table.options.first(where: { $0.isKey && typed[..<sign] == $0.name }) {
            offerValue(of: option, String(typed[end...]), prefix: prefix, to: &found)
        }
    }
}

extension Option {
    /// Whether `--set` takes it: what has a variable and is no file of such keys itself.
    fileprivate var isKey: Bool { environment != nil && !isHidden && name != "config" }
}
