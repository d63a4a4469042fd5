/// Why a file in the spool cannot be delivered as it is.
package enum SpoolFault: Equatable, Sendable {
    /// Not a regular file: what it is instead.
    case notRegular(String)
    /// Its contents are larger than allowed.
    case tooLarge(limitBytes: Int)
    /// The server may not read it.
    case unreadable(reason: String)
    /// It has further names, which an instant of publishing explains and nothing else does.
    case hardLinks(Int)
    /// Its contents are no event; where says the offset, for a batch also the line (counted from 1).
    case content(reason: String, offset: Int, line: Int?)
    /// Its name is no UTF-8, so that no event id can be made of it.
    case name

    /// One line for people: what is wrong and what was wanted.
    package var reason: String {
        switch self {
        case .notRegular(let kind): "a \(kind), not a regular file; it was not opened"
        case .tooLarge(let limit): "larger than the limit of \(limit) bytes"
        case .unreadable(let reason): "cannot be read: \(reason); publish with a mode the server can read"
        case .hardLinks(let count): "has \(count) names (hard links); an event file has one"
        case .content(let reason, let offset, nil): "\(reason), at byte \(offset)"
        case .content(let reason, let offset, let line?): "\(reason), at byte \(offset) of line \(line)"
        case .name: "its name is not UTF-8"
        }
    }
}
