/// What a command line said.
package struct ParsedArguments: Equatable, Sendable {
    /// An option as it was given, on the command line or by the environment.
    package struct Occurrence: Equatable, Sendable {
        /// The option's long name.
        let name: String
        /// Its value, if one was given.
        package let value: String?
        /// How it was given, for messages: `-d`, `--dir` or `WSQUEUE_DIR`.
        package let source: String

        /// Whether it came from the environment, and not from whoever typed the command.
        package var isFromEnvironment: Bool { source.utf8.first != UInt8(ascii: "-") }
    }

    private let occurrences: [Occurrence]
    private let variables: [Occurrence]
    /// What is no option, in order.
    package let operands: [String]
    /// How many operands stood before `--`, where that was given.
    package let terminator: Int?

    init(occurrences: [Occurrence], variables: [Occurrence], operands: [String], terminator: Int?) {
        self.occurrences = occurrences
        self.variables = variables
        self.operands = operands
        self.terminator = terminator
    }

    /// Whether an option was given, on the command line or by the environment.
    package func has(_ option: Option) -> Bool { last(option) != nil }

    /// The option as it was given last; the command line counts more than the environment.
    package func last(_ option: Option) -> Occurrence? {
        occurrences.last { $0.name == option.name } ?? variables.last { $0.name == option.name }
    }

    /// The value that counts.
    package func value(_ option: Option) -> String? { last(option)?.value }

    /// All values, in the order in which they were given; those of the environment only where there are no others.
    package func values(_ option: Option) -> [String] {
        let given = occurrences.filter { $0.name == option.name }
        return (given.isEmpty ? variables.filter { $0.name == option.name } : given).compactMap(\.value)
    }

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
            throw .badValue(error, option: given.source, isFromEnvironment: given.isFromEnvironment)
        }
    }
}
