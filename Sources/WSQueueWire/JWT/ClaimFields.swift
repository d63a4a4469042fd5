internal import WSQueueCore

/// The members of a token's header or claims that are looked at.
struct ClaimFields {
    private let members: JSONMembers

    /// Reads an object.
    ///
    /// - Parameter known: The members wanted; others are passed over.
    /// - Throws: ``TokenError/malformed``, when it is no JSON object in UTF-8, or has one of them twice: two readers might
    ///   take two values (RFC 7519, section 4).
    init(_ bytes: Span<UInt8>, named known: [String]) throws(TokenError) {
        do throws(JSONFault) {
            members = try JSONMembers(bytes, named: known)
        } catch {
            throw .malformed
        }
    }

    /// Whether it is there, and be it `null`.
    func has(_ name: String) -> Bool { members[name] != nil }

    /// A string; `nil` where it is not there.
    func text(_ name: String, in bytes: Span<UInt8>) throws(TokenError) -> String? {
        guard let member = members.present(name) else { return nil }
        guard let text = Self.text(member.kind, member.value, in: bytes) else { throw .claim(name) }
        return text
    }

    /// Whether it is a list.
    func isList(_ name: String) -> Bool { members.present(name)?.kind == .array }

    /// A string, or a list of strings.
    func texts(_ name: String, in bytes: Span<UInt8>) throws(TokenError) -> [String]? {
        guard let member = members.present(name) else { return nil }
        if let text = Self.text(member.kind, member.value, in: bytes) { return [text] }
        guard member.kind == .array else { throw .claim(name) }
        var reader = JSONArrayReader(member.value)
        var texts: [String] = []
        do throws(JSONFault) {
            while let element = try reader.next(in: bytes) {
                guard let text = Self.text(element.kind, element.value, in: bytes) else {
                    throw JSONFault(reason: "expected a string", offset: element.value.lowerBound)
                }
                texts.append(text)
            }
        } catch {
            throw .claim(name)
        }
        return texts
    }

    /// A user's id: a string, or an integer as older systems have it.
    func label(_ name: String, in bytes: Span<UInt8>) throws(TokenError) -> Label? {
        guard let member = members.present(name) else { return nil }
        if member.kind == .number, let number = JSONNumber.integer(member.value, in: bytes) {
            return Label("\(number)")
        }
        guard let text = Self.text(member.kind, member.value, in: bytes), let label = Label(text) else {
            throw .claim(name)
        }
        return label
    }

    /// A moment: Unix seconds, with a fraction or without (RFC 7519, section 2), in microseconds. One beyond the year 5138
    /// is milliseconds that were taken for seconds.
    func moment(_ name: String, in bytes: Span<UInt8>) throws(TokenError) -> Int64? {
        guard let member = members[name] else { return nil }
        // An unreadable time is an error, not a time in the future.
        guard member.kind == .number, let value = JSONNumber.millionths(member.value, in: bytes),
            value <= Self.latestMicroseconds
        else { throw .claim(name) }
        return value
    }

    private static let latestMicroseconds: Int64 = 100_000_000_000_000_000

    /// Any JSON, as it was written.
    func json(_ name: String, in bytes: Span<UInt8>) -> [UInt8]? {
        members.present(name).map { [UInt8](bytes, in: $0.value) }
    }

    private static func text(_ kind: JSONKind, _ value: Range<Int>, in bytes: Span<UInt8>) -> String? {
        kind == .string ? JSONString.text(JSONString.contents(of: value), in: bytes) : nil
    }
}
