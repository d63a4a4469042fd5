internal import WSQueueArguments
internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueWire

/// The body of `POST /disconnect`: `{"user":42,"for":"10m"}` or `{"connection":18}`.
enum DisconnectBody {
    /// For how long tokens are refused unless something else is said.
    private static let usualMilliseconds: Int64 = 86_400_000
    private static let mostDays: Int64 = 366

    static func read(_ body: Span<UInt8>) throws(CommandFault) -> ApplicationRequest {
        let members = try CommandBody(body, named: ["user", "connection", "for"])
        if let connection = try members.integer("connection") {
            guard !members.has("user"), !members.has("for") else {
                throw CommandFault("'connection' stands alone: only a user can be kept away.")
            }
            return .close(connection)
        }
        guard let user = try members.user("user") else {
            throw CommandFault(#"Say whom: {"user":42,"for":"10m"} or {"connection":18}."#)
        }
        return .disconnect(user, milliseconds: try members.milliseconds("for", upTo: mostDays) ?? usualMilliseconds)
    }
}

/// The body of `POST /presence/<channel>`: `{"user":42,"status":"away","for":"2m"}` for one user, or
/// `{"users":[42,{"user":43,"info":{}}],"for":"2m"}` for all whom the application says to be there.
enum PresenceBody {
    private static let mostDays: Int64 = 1
    private static let detailLimitBytes = PresenceRule().detailLimitBytes
    private static let ofUser = ["user", "status", "activity", "info"]

    static func read(_ body: Span<UInt8>, _ channel: String) throws(CommandFault) -> ApplicationRequest {
        let members = try CommandBody(body, named: ofUser + ["users", "for"])
        let milliseconds = try members.milliseconds("for", upTo: mostDays)
        guard let items = try members.items("users") else {
            return .say([try word(members)], in: channel, milliseconds: milliseconds, isWhole: false)
        }
        guard !ofUser.contains(where: members.has) else {
            throw CommandFault("'users' is the whole list; what is said of one user stands in its object there.")
        }
        guard let milliseconds else {
            throw CommandFault("Say with 'for' how long they are there unless that is said again, such as \"2m\".")
        }
        var words: [PresenceWord] = []
        for (kind, value) in items {
            let bytes = body.extracting(value)
            guard kind != .object else {
                words.append(try word(try CommandBody(bytes, named: ofUser)))
                continue
            }
            let wrapped = Array(#"{"user":"#.utf8) + [UInt8](bytes, in: 0..<bytes.count) + [UInt8(ascii: "}")]
            words.append(try word(try CommandBody(wrapped.span, named: ofUser)))
        }
        return .say(words, in: channel, milliseconds: milliseconds, isWhole: true)
    }

    private static func word(_ members: CommandBody) throws(CommandFault) -> PresenceWord {
        guard let user = try members.user("user") else {
            throw CommandFault(#"Say of whom: {"user":42,"status":"away","for":"2m"}."#)
        }
        let status = try members.text("status")
        if let status, PresenceStatus(rawValue: status) == nil {
            throw CommandFault("'status' is \(PresenceStatus.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        return PresenceWord(
            user: user, status: status, activity: try members.said("activity", limitBytes: detailLimitBytes),
            info: try members.said("info", limitBytes: detailLimitBytes))
    }
}

/// The members of a command's body: all are known, and none is there twice.
struct CommandBody {
    private var members: [String: JSONMember] = [:]
    private let bytes: [UInt8]

    init(_ body: Span<UInt8>, named known: [String]) throws(CommandFault) {
        bytes = [UInt8](body, in: 0..<body.count)
        var reader = JSONObjectReader()
        do throws(JSONFault) {
            while let member = try reader.next(in: body) {
                let name = JSONString.text(member.name, in: body) ?? ""
                guard known.contains(name) else {
                    throw JSONFault(
                        reason: "a member that means nothing here; known are \(known.joined(separator: ", "))",
                        offset: member.name.lowerBound)
                }
                guard members.updateValue(member, forKey: name) == nil else {
                    throw JSONFault(reason: "member twice", offset: member.name.lowerBound)
                }
            }
        } catch {
            throw CommandFault("\(error.reason), at byte \(error.offset)")
        }
    }

    /// Whether a member is there, and not `null`.
    func has(_ name: String) -> Bool { present(name) != nil }

    /// The items of a list, as they are written.
    func items(_ name: String) throws(CommandFault) -> [(kind: JSONKind, value: Range<Int>)]? {
        guard let member = present(name) else { return nil }
        guard member.kind == .array else { throw CommandFault("'\(name)' is a list.") }
        var reader = JSONArrayReader(member.value)
        var items: [(JSONKind, Range<Int>)] = []
        // The whole was looked through before.
        while let element = try? reader.next(in: bytes.span) { items.append((element.kind, element.value)) }
        return items
    }

    /// What is said of a property: nothing, that there is none, or JSON of at most a number of bytes.
    func said(_ name: String, limitBytes: Int) throws(CommandFault) -> PresenceWord.Said {
        guard let member = members[name] else { return .nothing }
        guard member.kind != .null else { return .none }
        guard member.value.count <= limitBytes else {
            throw CommandFault("'\(name)' has more than \(limitBytes) bytes.")
        }
        return .json(Array(bytes[member.value]))
    }

    func integer(_ name: String) throws(CommandFault) -> Int64? {
        guard let member = present(name) else { return nil }
        guard member.kind == .number, let number = JSONNumber.integer(member.value, in: bytes.span) else {
            throw CommandFault("'\(name)' is a whole number.")
        }
        return number
    }

    /// A user's id: a number or a string.
    func user(_ name: String) throws(CommandFault) -> Label? {
        if let member = present(name), member.kind == .number { return try integer(name).flatMap { Label("\($0)") } }
        guard let text = try text(name) else { return nil }
        guard let user = Label(text) else {
            throw CommandFault("'\(name)' is a user's id: 1 to \(Label.limitBytes) bytes without control characters.")
        }
        return user
    }

    func text(_ name: String) throws(CommandFault) -> String? {
        guard let member = present(name) else { return nil }
        guard member.kind == .string,
            let text = JSONString.text(JSONString.contents(of: member.value), in: bytes.span)
        else { throw CommandFault("'\(name)' is a string.") }
        return text
    }

    /// A duration, such as `10m`, in milliseconds.
    ///
    /// - Parameter days: How long it may be.
    func milliseconds(_ name: String, upTo days: Int64) throws(CommandFault) -> Int64? {
        guard let member = present(name) else { return nil }
        let fault = CommandFault("'\(name)' is a duration of at most \(days) days, such as \"90s\" or \"10m\".")
        guard member.kind == .string, let text = try text(name) else { throw fault }
        do throws(ValueFault) {
            let milliseconds = try Quantity.parseDuration(text) / .milliseconds(1)
            guard milliseconds <= Double(days * 86_400_000) else { throw ValueFault(text, wanted: "") }
            return Int64(milliseconds)
        } catch {
            throw fault
        }
    }

    private func present(_ name: String) -> JSONMember? {
        guard let member = members[name], member.kind != .null else { return nil }
        return member
    }
}
