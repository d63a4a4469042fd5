internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueOperation
internal import WSQueueSystem
internal import WSQueueWire

/// Whom the application has disconnected, in a file beside the journal, so that a server that starts knows it: an object a
/// line.
///
/// It is written as the log is, without a sync: the end of any process loses nothing, a power cut perhaps the last moments.
final class DisconnectionFile: Sendable {
    private static let name = FileName(".disconnected")
    private static let limitBytes = 64 * 1_048_576
    /// With more than this it is written anew once most of it is over.
    private static let leastRewritten = 1_048_576

    private let directory: Directory
    private let log: Log
    private let length = Guarded<Int>(0)

    /// - Parameter directory: Of the journal.
    init(in directory: Directory, _ log: Log) {
        self.directory = directory
        self.log = log
    }

    /// Reads it, and writes it anew with what lasts.
    ///
    /// - Parameter now: Unix microseconds.
    func begin(now: Int64) -> [Disconnection] {
        var entries: [Disconnection] = []
        do throws(SystemCallError) {
            try OwnEntries(in: directory) { _ in }.clear(Self.name)
            var bytes: [UInt8] = []
            do throws(SystemCallError) {
                let file = try directory.openForReading(Self.name)
                try file.readAll(into: &bytes, limitBytes: Self.limitBytes, object: path)
            } catch {
                guard error.isNotFound else { throw error }
                return []
            }
            // A server that was killed may have left a part of a line.
            entries = bytes.split(separator: UInt8(ascii: "\n")).compactMap { Self.entry(Array($0)) }
                .filter { $0.until > now }
            try write(entries)
        } catch {
            complain(error)
        }
        return entries
    }

    /// Adds one.
    ///
    /// - Parameter all: All that last.
    func append(_ entry: Disconnection, all: () -> [Disconnection]) {
        do throws(SystemCallError) {
            let bytes = Self.line(entry)
            let place = length.withLock { length in
                defer { length += bytes.count }
                return length
            }
            if place > Self.leastRewritten {
                let entries = all()
                if place > 2 * entries.count * bytes.count { return try write(entries) }
            }
            let file = try directory.openOrCreateFile(Self.name, mode: 0o600)
            try file.writeAll(bytes.span, at: place, object: path)
        } catch {
            complain(error)
        }
    }

    private func write(_ entries: [Disconnection]) throws(SystemCallError) {
        let bytes = entries.flatMap(Self.line)
        let hidden = FileName("\(Self.name)-\(RandomText.make(count: 8)).tmp")
        var file = try AtomicFile.create(hidden, in: directory, durability: .none)
        try file.append(bytes.span)
        try file.seal(mode: 0o600)
        do {
            try file.reveal(as: Self.name, replacing: true)
        } catch {
            throw error.cause
        }
        length.withLock { $0 = bytes.count }
    }

    private var path: String { directory.path(of: Self.name) }

    private func complain(_ error: SystemCallError) {
        log.write(
            LogLine(.error, "app.disconnect").with("error", error.description)
                .with("hint", "a restart would forget whom the application has disconnected"))
    }

    private static func line(_ entry: Disconnection) -> [UInt8] {
        JSONObjectOutput("user", entry.user.text).number("issued_up_to", entry.issuedUpTo).number("until", entry.until)
            .finished() + [UInt8(ascii: "\n")]
    }

    private static func entry(_ line: [UInt8]) -> Disconnection? {
        guard let members = try? JSONMembers(line.span, named: ["user", "issued_up_to", "until"]),
            let name = members["user"], name.kind == .string,
            let user = JSONString.text(JSONString.contents(of: name.value), in: line.span).flatMap({ Label($0) }),
            let issued = number("issued_up_to", members, line), let until = number("until", members, line)
        else { return nil }
        return Disconnection(user: user, issuedUpTo: issued, until: until)
    }

    private static func number(_ name: String, _ members: JSONMembers, _ line: [UInt8]) -> Int64? {
        guard let member = members[name], member.kind == .number else { return nil }
        return JSONNumber.integer(member.value, in: line.span)
    }
}
