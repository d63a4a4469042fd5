internal import WSQueueCore
package import WSQueueSystem

/// A file of the spool as its operator sees it: what it is, and what it waits for.
package struct SpoolItem: Equatable, Sendable {
    /// What a file waits for.
    package enum State: String, CaseIterable, Sendable {
        /// The server.
        case waiting
        /// Its time.
        case later
        /// Somebody's word.
        case held
        /// A person who mends it: it could not be accepted.
        case failed
    }

    /// What it waits for.
    package let state: State
    /// Its name, without the directory and without what only says its state: the one under which it is delivered.
    package let name: FileName
    /// Whether it is a batch.
    package let isBatch: Bool
    /// By what it is ordered, Unix nanoseconds: when it was queued, when it is due, or when it was set aside.
    package var nanoseconds: Int64 { order.nanoseconds }
    private let order: SpoolOrder
    /// The name of its entry in the directory where it is.
    let entry: FileName

    /// Makes the item of an entry.
    ///
    /// - Parameters:
    ///   - entry: The name of an entry of the spool, or of `.failed/`.
    ///   - directory: Where it is.
    ///   - unix: Now, Unix nanoseconds.
    /// - Returns: `nil` when it is no event file, is not in that state, or has gone.
    init?(_ entry: Span<UInt8>, in directory: Directory, as state: State, unix: Int64) {
        let held = HeldName.released(entry)
        guard entry.count > 0, state != .held || held != nil else { return nil }
        let released = state == .held ? held ?? [] : []
        let bytes = state == .held ? released.span : entry
        let parsed = SpoolName(bytes)
        if state == .failed {
            guard bytes[0] != UInt8(ascii: "."), !FailedFiles.isReason(bytes),
                let status = try? directory.status(of: FileName(bytes))
            else { return nil }
            // Its name may say any time; what counts is when it was set aside.
            order = SpoolOrder(nanoseconds: status.changedNanoseconds)
        } else {
            guard parsed.kind == .event || parsed.kind == .batch,
                let place = try? parsed.order(of: bytes, entry: FileName(entry), in: directory)
            else { return nil }
            order = place
            let isLater = parsed.isScheduled && order.nanoseconds > unix
            guard state == .held || isLater == (state == .later) else { return nil }
        }
        self.state = state
        self.entry = FileName(entry)
        name = FileName(bytes)
        isBatch = parsed.kind == .batch
    }

    /// Its path below the spool.
    package var path: String {
        switch state {
        case .waiting, .later, .held: "\(entry)"
        case .failed: "\(FailedFiles.directoryName)/\(name)"
        }
    }

    /// The same as bytes, which need not be UTF-8.
    package var pathBytes: [UInt8] {
        switch state {
        case .waiting, .later, .held: Array(entry.bytes)
        case .failed: Array("\(FailedFiles.directoryName)/".utf8) + name.bytes
        }
    }

    /// Whether it comes first.
    func precedes(_ other: SpoolItem) -> Bool {
        order.precedes(
            other.order, name: name.terminated.span.extracting(..<name.count),
            otherName: other.name.terminated.span.extracting(..<other.name.count))
    }
}

/// What is known of a file of the spool without reading all of it.
package struct SpoolGlance: Equatable, Sendable {
    /// Its size; of what is no regular file 0.
    package let sizeBytes: Int64
    /// The name of its event, of a batch of the first one; `nil` where it has none that can be read.
    package let eventName: String?
    /// What an event is the state of; `nil` where it is none, and of a batch.
    package let key: String?
    /// Whether it ends that state.
    package let isClearing: Bool
    /// Why it could not be accepted; empty where no one knows, `nil` where it was not set aside.
    package let reason: String?

    init(_ item: SpoolItem, status: FileStatus, in directory: Directory) {
        sizeBytes = status.kind == .regular ? status.sizeBytes : 0
        let members = status.kind == .regular ? Self.members(of: item.entry, item.isBatch, in: directory) : Members()
        eventName = members.event
        key = members.key
        isClearing = members.isClearing
        reason = item.state == .failed ? FailedFiles.reason(for: item.name, in: directory) : nil
    }

    /// What of an event is of interest.
    private struct Members {
        var event: String?
        var key: String?
        var isClearing = false
        /// Whether the text ended with the object.
        var isWhole = false
    }

    /// Most events are smaller.
    private static let glanceBytes = 8_192

    private static func members(of name: FileName, _ isBatch: Bool, in directory: Directory) -> Members {
        var found = Members()
        for limit in [glanceBytes, Event.defaultLimitBytes] {
            var bytes: [UInt8] = []
            guard let file = try? directory.openForReading(name),
                (try? file.readAll(into: &bytes, limitBytes: limit, object: "")) != nil
            else { return found }
            found = members(in: bytes.span, isBatch)
            // Of a larger event the name stands at the front as good as always; a key may stand behind the payload.
            if found.isWhole || bytes.count != limit || (isBatch && found.event != nil) { return found }
        }
        return found
    }

    /// The first event's members in text that may be cut off, and need be no event.
    private static func members(in bytes: borrowing Span<UInt8>, _ isBatch: Bool) -> Members {
        var found = Members()
        var lines = BatchLines()
        guard let line = lines.next(in: bytes) else { return found }
        // An event of several lines is one object all the same, and begins where its first line does.
        let text = bytes.extracting(line.range.lowerBound...)
        var reader = JSONObjectReader()
        do throws(JSONFault) {
            while let member = try reader.next(in: text) {
                guard let name = JSONString.decode(member.name, in: text) else { continue }
                if name.elementsEqual("event".utf8) {
                    found.event = label(member, in: text)
                    if isBatch || found.event == nil { return found }
                } else if name.elementsEqual("key".utf8), !isBatch {
                    found.key = label(member, in: text)
                } else if name.elementsEqual("clear".utf8), !isBatch {
                    found.isClearing = member.kind == .boolean && text[member.value.lowerBound] == UInt8(ascii: "t")
                }
            }
            found.isWhole = true
        } catch {
            // It is cut off, or no JSON from there on.
        }
        return found
    }

    private static func label(_ member: JSONMember, in text: borrowing Span<UInt8>) -> String? {
        guard member.kind == .string else { return nil }
        return JSONString.text(JSONString.contents(of: member.value), in: text).flatMap { Label($0)?.text }
    }
}
