/// What a command line said, with the environment and a configuration file behind it.
package struct ParsedArguments: Equatable, Sendable {
    /// An option as it was given.
    package struct Occurrence: Equatable, Sendable {
        /// The option's long name; of an alias, the name of the option it stands for.
        let name: String
        /// Its value, if one was given. Of an option without a value: `nil` on the command line, else `yes` or `no`.
        package let value: String?
        /// Where it was given.
        package let origin: Origin

        /// How it was given, for messages: `-d`, `--dir` or `WSQUEUE_DIR`.
        package var source: String { origin.description }

        /// Whether it came from the environment, and not from the command line.
        package var isFromEnvironment: Bool { if case .variable = origin { true } else { false } }
    }

    private var occurrences: [Occurrence]
    /// What is no option, in order.
    package let operands: [String]
    /// How many operands stood before `--`, where that was given.
    package let terminator: Int?
    /// How many U+FFFD stand in texts for what was not UTF-8.
    package let replacements: Int

    init(occurrences: [Occurrence], operands: [String], terminator: Int?, replacements: Int = 0) {
        self.occurrences = occurrences
        self.operands = operands
        self.terminator = terminator
        self.replacements = replacements
    }

    /// Takes up what was given elsewhere; what is there already counts more where its rank is higher.
    mutating func add(_ further: [Occurrence]) { occurrences += further }

    /// Whether an option was given; one without a value may have been given as `no`.
    package func has(_ option: Option) -> Bool {
        guard let last = last(option) else { return false }
        if case .none = option.value { return last.value != "no" }
        return true
    }

    /// The option as it was given where it counts most; there, the last time.
    package func last(_ option: Option) -> Occurrence? { given(option).last }

    /// The option as often as it was given where it counts most, in that order.
    package func given(_ option: Option) -> [Occurrence] {
        let name = option.alias ?? option.name
        let found = occurrences.filter { $0.name == name }
        guard let rank = found.map({ $0.origin.rank }).max() else { return [] }
        return found.filter { $0.origin.rank == rank }
    }

    /// What was given of an option in the place that counts most, and does not count: of one that may be given once, all but
    /// the last.
    package func leftOut(_ option: Option) -> [Occurrence] {
        guard !option.isRepeatable else { return [] }
        let given = given(option)
        return given.dropLast().filter { $0.value != given.last?.value }
    }

    /// The configuration file that something of this stands in.
    package var file: String? {
        for occurrence in occurrences {
            if case .file(let path, _, _) = occurrence.origin { return path }
        }
        return nil
    }

    /// The value that counts.
    package func value(_ option: Option) -> String? { last(option)?.value }

    /// All values, in the order in which they were given; only those that count most.
    package func values(_ option: Option) -> [String] { given(option).compactMap { $0.value } }

    /// The value that counts, made into something else.
    ///
    /// - Parameter convert: Throws ``ValueFault``, which says what is wanted.
    /// - Throws: ``ArgumentFault``, which says besides where the value was given.
    package func value<Result>(
        _ option: Option, as convert: (String) throws(ValueFault) -> Result
    ) throws(ArgumentFault) -> Result? {
        guard let given = last(option), let text = given.value else { return nil }
        do {
            return try convert(text)
        } catch {
            throw .badValue(error, given.origin)
        }
    }
}
