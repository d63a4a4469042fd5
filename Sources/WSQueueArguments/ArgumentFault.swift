/// Why a command line, or a variable that stands in for a part of it, cannot be followed.
package enum ArgumentFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// An option that does not exist; the nearest one that does.
    case unknownOption(String, nearest: String?)
    /// An option without the value it must have.
    case missingValue(option: String, what: String)
    /// A value for an option that takes none.
    case unexpectedValue(option: String, value: String)
    /// A value of the wrong form.
    case badValue(ValueFault, Origin)
    /// A key of `--set` or of a configuration file, or a variable, that does not exist; the nearest one that does.
    case unknownKey(Origin, nearest: String?)
    /// A line of a configuration file, or what follows `--set`, that is no key with a value; why.
    case badEntry(place: String, String)
    /// A word that is not UTF-8, by its place on the command line.
    case notUnicode(position: Int)
    /// There is no command line, not even the program's name.
    case noWords
    /// Anything else, in one line.
    case other(String)

    /// What a program that cannot go on exits with: what was not typed is configuration, the rest is usage. That there
    /// are no words is no fault of the person who typed them.
    package var exitStatus: ExitStatus {
        switch self {
        case .badValue(_, let origin): origin.exitStatus
        case .unknownKey, .badEntry: .configuration
        case .noWords: .bug
        default: .usage
        }
    }

    /// One line without a full stop.
    package var description: String {
        switch self {
        case .unknownOption(let option, let nearest):
            "unknown option \(option)" + (nearest.map { "; did you mean \($0)?" } ?? "")
        case .missingValue(let option, let what): "\(option) needs a value: \(what)"
        case .unexpectedValue(let option, let value): "\(option) takes no value, but was given '\(value)'"
        case .badValue(let fault, let origin): "\(origin): \(fault)"
        case .unknownKey(let origin, let nearest):
            Self.unknown(origin) + (nearest.map { "; did you mean \($0)?" } ?? "")
        case .badEntry(let place, let reason): "\(place): \(reason)"
        case .notUnicode(let position): "word \(position) of the command line is not UTF-8"
        case .noWords: "cannot read the command line: no word was handed to the program, not even its name"
        case .other(let text): text
        }
    }

    private static func unknown(_ origin: Origin) -> String {
        switch origin {
        case .flag(let name): "unknown option \(name)"
        case .variable(let name): "\(name): no such variable is known"
        case .setting(let key), .file(_, _, let key): "\(origin.place): unknown key '\(key)'"
        }
    }
}

/// A text that is not a value of the wanted form.
package struct ValueFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was given.
    package let given: String
    /// What is wanted, such as `a duration such as 5s, 100ms or 1h30m`.
    package let wanted: String

    /// Makes a fault of its two parts.
    package init(_ given: String, wanted: String) {
        self.given = given
        self.wanted = wanted
    }

    /// One line without a full stop.
    package var description: String { "'\(given)' is not \(wanted)" }
}
