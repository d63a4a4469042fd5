extension OptionTable {
    /// Reads the words of a command line. Options may stand before, between and after the operands; `--` ends them.
    /// A single `-` is an operand.
    ///
    /// - Parameters:
    ///   - words: The command line without the program's name.
    ///   - spoiled: The places of words that were not UTF-8; only values of options that take any text may be there.
    ///   - environment: Answers with the value of an environment variable.
    package func parse(
        _ words: [String], spoiled: [Int] = [], environment: (String) -> String? = { _ in nil }
    ) throws(ArgumentFault) -> ParsedArguments {
        var parser = ArgumentParser(self, words, spoiled: spoiled)
        while try parser.takeWord() {}
        return try parser.finish(environment: environment)
    }
}

/// Walks over the words of a command line.
private struct ArgumentParser {
    private let table: OptionTable
    private let words: [String]
    private var spoiled: [Int]
    private var replacements = 0
    private var position = 0
    private var occurrences: [ParsedArguments.Occurrence] = []
    private var operands: [String] = []
    private var terminator: Int?

    init(_ table: OptionTable, _ words: [String], spoiled: [Int]) {
        self.table = table
        self.words = words
        self.spoiled = spoiled
    }

    /// Takes the next word and what belongs to it.
    ///
    /// - Returns: Whether there was one.
    mutating func takeWord() throws(ArgumentFault) -> Bool {
        guard position < words.count else { return false }
        let word = words[position]
        position += 1
        if word == "--" {
            terminator = operands.count
            takeRest()
        } else if word.utf8.starts(with: "--".utf8) {
            try takeLong(word)
        } else if isOption(word) {
            try takeShort(word)
        } else {
            operands.append(word)
        }
        return true
    }

    /// Takes all that is left as operands.
    mutating func takeRest() {
        operands += words[position...]
        position = words.count
    }

    func finish(environment: (String) -> String?) throws(ArgumentFault) -> ParsedArguments {
        if let place = spoiled.first { throw .notUnicode(position: place + 1) }
        var found = occurrences
        for option in table.options {
            guard let variable = option.environment, let value = environment(variable), !value.isEmpty else { continue }
            found.append(try .init(option, value: value, origin: .variable(variable)))
        }
        return ParsedArguments(
            occurrences: found, operands: operands, terminator: terminator, replacements: replacements)
    }

    private func isOption(_ word: String) -> Bool { word.utf8.first == UInt8(ascii: "-") && word.utf8.count > 1 }

    private mutating func takeLong(_ word: String) throws(ArgumentFault) {
        let parts = word.utf8.dropFirst(2).split(
            separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(Substring(parts[0]))
        guard let option = table.options.first(where: { $0.name == name }) else {
            throw .unknownOption("--\(name)", nearest: table.synonyms[name] ?? table.nearestOption(to: name))
        }
        let attached = parts.count > 1 ? String(Substring(parts[1])) : nil
        if case .none = option.value, let attached {
            throw .unexpectedValue(option: "--\(name)", value: attached)
        }
        try add(option, shown: "--\(name)", attached: attached)
    }

    private mutating func takeShort(_ word: String) throws(ArgumentFault) {
        var letters = word.dropFirst()
        while let letter = letters.popFirst() {
            guard let option = table.options.first(where: { $0.short == letter }) else {
                let meant = table.synonyms[String(letter)] ?? table.nearestOption(to: String(word.dropFirst()))
                throw .unknownOption("-\(letter)", nearest: meant)
            }
            if case .none = option.value {
                try add(option, shown: "-\(letter)", attached: nil)
            } else {
                // -w=2s, where no value begins so.
                if case .optional = option.value, letters.first == "=" { letters.removeFirst() }
                try add(option, shown: "-\(letter)", attached: letters.isEmpty ? nil : String(letters))
                return
            }
        }
    }

    private mutating func add(_ option: Option, shown: String, attached: String?) throws(ArgumentFault) {
        var value = attached
        if case .required(let what) = option.value, attached == nil {
            guard position < words.count else { throw .missingValue(option: shown, what: what) }
            value = words[position]
            position += 1
        }
        if case .optional(let what) = option.value, attached == nil, isNext(what) {
            value = words[position]
            position += 1
        }
        if option.takesAnyText, let value { tolerateSpoiled(value) }
        occurrences.append(.init(name: option.alias ?? option.name, value: value, origin: .flag(shown)))
    }
}

extension ArgumentParser {
    /// Whether the next word is a value that may be left out: that very word, or a duration with a unit, which is hardly
    /// anything else.
    private func isNext(_ value: String) -> Bool {
        guard position < words.count else { return false }
        guard value == Quantity.duration else { return words[position] == value }
        return words[position] != "0" && (try? Quantity.parseDuration(words[position])) != nil
    }

    /// The word taken last is a text that may be anything.
    private mutating func tolerateSpoiled(_ value: String) {
        guard let index = spoiled.firstIndex(of: position - 1) else { return }
        spoiled.remove(at: index)
        replacements += value.unicodeScalars.count { $0 == "\u{FFFD}" }
    }
}

extension ParsedArguments.Occurrence {
    /// An option as something else than the command line gives it.
    ///
    /// - Parameter value: For an option without a value it says `yes` or `no`, in any of the usual ways.
    init(_ option: Option, value: String, origin: Origin) throws(ArgumentFault) {
        var value = value
        if case .none = option.value {
            switch value {
            case "1", "yes", "true", "on": value = "yes"
            case "0", "no", "false", "off": value = "no"
            default: throw .badValue(ValueFault(value, wanted: "yes or no (nor 1, 0, true, false, on, off)"), origin)
            }
        }
        self.init(name: option.alias ?? option.name, value: value, origin: origin)
    }
}
