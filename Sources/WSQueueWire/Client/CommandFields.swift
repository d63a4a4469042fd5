internal import WSQueueCore

/// The members of a client's object that its action knows.
struct CommandFields {
    private let members: JSONMembers

    /// Makes the fields of an action that came without data.
    init() { members = JSONMembers() }

    /// Reads an object.
    ///
    /// - Parameters:
    ///   - bytes: All of its text.
    ///   - known: The members wanted; others are passed over.
    /// - Throws: ``ClientError/invalidFormat``, when it is no object or has one of them twice.
    init(_ bytes: Span<UInt8>, named known: [String]) throws(ClientError) {
        do throws(JSONFault) {
            members = try JSONMembers(bytes, named: known)
        } catch {
            throw .invalidFormat
        }
    }

    /// A string that must be there and have something in it.
    func text(_ name: String, in bytes: Span<UInt8>) throws(ClientError) -> String {
        guard let text = try optionalText(name, in: bytes), !text.isEmpty else { throw .missingField(name) }
        return text
    }

    /// A string; `null` is as good as absent.
    func optionalText(_ name: String, in bytes: Span<UInt8>) throws(ClientError) -> String? {
        guard let member = members.present(name) else { return nil }
        guard member.kind == .string, let text = JSONString.text(JSONString.contents(of: member.value), in: bytes)
        else { throw .invalidField(name, expected: "a string") }
        return text
    }

    /// Where to begin; `null` is as good as absent.
    func optionalSince(_ name: String, in bytes: Span<UInt8>) throws(ClientError) -> Since? {
        guard let text = try optionalText(name, in: bytes) else { return nil }
        guard let since = Since.parse(text) else { throw .invalidSince }
        return since
    }

    /// Any JSON, `null` too, but it must be there.
    func json(_ name: String, in bytes: Span<UInt8>) throws(ClientError) -> [UInt8] {
        guard let member = members[name] else { throw .missingField(name) }
        return [UInt8](bytes, in: member.value)
    }

    /// Any JSON; `null` is as good as absent.
    func optionalJSON(_ name: String, in bytes: Span<UInt8>) -> [UInt8]? {
        members.present(name).map { [UInt8](bytes, in: $0.value) }
    }

    /// `true` or `false`; `null` is as good as absent.
    func optionalTruth(_ name: String, in bytes: Span<UInt8>) throws(ClientError) -> Bool? {
        guard let member = members.present(name) else { return nil }
        guard member.kind == .boolean else { throw .invalidField(name, expected: "true or false") }
        return bytes[member.value.lowerBound] == UInt8(ascii: "t")
    }

    /// Where an object lies; `null` is as good as absent.
    func object(_ name: String, in bytes: Span<UInt8>) throws(ClientError) -> Range<Int>? {
        guard let member = members.present(name) else { return nil }
        guard member.kind == .object else { throw .invalidFormat }
        return member.value
    }

    /// A whole number, 0 or more; `null` is as good as absent.
    func optionalNumber(_ name: String, in bytes: Span<UInt8>) throws(ClientError) -> UInt64? {
        guard let member = members.present(name) else { return nil }
        guard member.kind == .number, let number = JSONNumber.integer(member.value, in: bytes), number >= 0 else {
            throw .invalidField(name, expected: "a number that an answer has given")
        }
        return UInt64(number)
    }

    /// A list of strings that have something in them, each once; `null` is as good as absent.
    func optionalTexts(_ name: String, in bytes: Span<UInt8>) throws(ClientError) -> [String]? {
        guard let member = members.present(name) else { return nil }
        let wrong = ClientError.invalidField(name, expected: "a list of names")
        guard member.kind == .array else { throw wrong }
        var reader = JSONArrayReader(member.value)
        var (texts, seen) = ([String](), Set<String>())
        do throws(JSONFault) {
            while let element = try reader.next(in: bytes) {
                guard element.kind == .string,
                    let text = JSONString.text(JSONString.contents(of: element.value), in: bytes), !text.isEmpty
                else { throw JSONFault(reason: "expected a name", offset: element.value.lowerBound) }
                if seen.insert(text).inserted { texts.append(text) }
            }
        } catch {
            throw wrong
        }
        return texts
    }

    /// A list of integers; `null` is as good as absent.
    func optionalIntegers(_ name: String, in bytes: Span<UInt8>) throws(ClientError) -> [Int64]? {
        guard let member = members.present(name) else { return nil }
        guard member.kind == .array else { throw .invalidField(name, expected: "a list of connection ids") }
        var reader = JSONArrayReader(member.value)
        var numbers: [Int64] = []
        do throws(JSONFault) {
            while let element = try reader.next(in: bytes) {
                guard element.kind == .number, let number = JSONNumber.integer(element.value, in: bytes) else {
                    throw JSONFault(reason: "expected an integer", offset: element.value.lowerBound)
                }
                numbers.append(number)
            }
        } catch {
            throw .invalidField(name, expected: "a list of connection ids")
        }
        return numbers
    }
}
