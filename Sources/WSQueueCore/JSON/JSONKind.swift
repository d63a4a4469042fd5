/// What a JSON value is.
package enum JSONKind: Equatable, Sendable {
    /// `{…}`
    case object
    /// `[…]`
    case array
    /// `"…"`
    case string
    /// Digits, with a sign, a fraction or an exponent or without.
    case number
    /// `true` or `false`; the first byte tells which.
    case boolean
    /// `null`
    case null

    /// What the value is in a sentence: `an object`, `null`.
    package var description: String {
        switch self {
        case .object: "an object"
        case .array: "an array"
        case .string: "a string"
        case .number: "a number"
        case .boolean: "a boolean"
        case .null: "null"
        }
    }
}
