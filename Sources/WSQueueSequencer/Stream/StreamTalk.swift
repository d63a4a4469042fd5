/// Events that go into the shared stream together, with nothing in between.
package struct StreamBatch: Equatable, Sendable {
    package let number: UInt64
    /// One XADD an event.
    package let commands: [UInt8]
    package let count: Int
    /// The last event's id: where Redis has refused the events, the stream ends with another.
    package let lastID: [UInt8]
    /// Written in the same transaction as the events; after a crash it tells which files are already in the stream.
    package let sent: [UInt8]
}

/// How the stream stands when a connection to it has been made.
package struct StreamPlace: Equatable, Sendable {
    /// Which attempt found it.
    package let attempt: Int
    package let epoch: String
    /// The numbers of the oldest entry that is there, or of the next one, and of the newest that there ever was.
    package let first: UInt64
    package let last: UInt64
    /// The entry at the number up to which the hub has been given entries.
    package let probe: StreamEntry?
    /// This server has been told of entries up to here before: there are at least so many, unless they were lost.
    package let known: UInt64

    /// Makes a place of its parts.
    package init(
        attempt: Int, epoch: String, first: UInt64, last: UInt64, probe: StreamEntry?, known: UInt64 = 0
    ) {
        self.known = known
        self.attempt = attempt
        self.epoch = epoch
        self.first = first
        self.last = last
        self.probe = probe
    }
}

/// What the hub asks of the stream.
package enum StreamOrder: Equatable, Sendable {
    /// Put a batch into the stream, once, however often it must be tried.
    case write(StreamBatch)
    /// Read on after this number.
    case follow(after: UInt64, attempt: Int)
    /// Put back what was known before the numbering, if anything; then say what is beside the stream of what is not in it
    /// any more.
    case readPast(after: StateCorrections?)
    /// The stream has lost what it had: give its numbering another name, unless another server has done it, and put what
    /// this one knows of the state in the place of what is there.
    case renew(from: String, to: String, attempt: Int, StateCorrections)
    /// Let go of what is too much.
    case trim(StreamTrim)
    /// Change the state beside the stream.
    case correct(StateCorrections, epoch: String)
}

/// What a node that knows better makes of the state in Redis (``StreamScripts/correct``).
package struct StateCorrections: Equatable, Sendable {
    private var all: [[UInt8]] = []

    /// Whether this is what was known before the numbering, and not a change of some fields.
    package let isPast: Bool

    /// Of nothing.
    package init(isPast: Bool) { self.isPast = isPast }

    /// Fields, each with its condition and the value that is right; an empty one ends the state.
    package var words: [[UInt8]] { all }

    /// Adds a field, for the case that the value is still there that was seen; `nil` is none.
    package mutating func add(_ field: [UInt8], seen: UInt64?, _ value: [UInt8]) {
        all += [field, Array("=\(seen.map(String.init) ?? "")".utf8), value]
    }

    /// Adds a field, for the case that nothing is there and no entry after this one has ended its state.
    package mutating func add(_ field: [UInt8], notEndedAfter seq: UInt64, _ value: [UInt8]) {
        all += [field, Array("!\(seq)".utf8), value]
    }

    /// Adds a field, for the case that what is there is older than an entry.
    package mutating func add(_ field: [UInt8], olderThan seq: UInt64, _ value: [UInt8]) {
        all += [field, Array("<\(seq)".utf8), value]
    }

    /// The command that carries it out.
    func command(_ keys: StreamKeys, epoch: String) -> RedisCommands {
        var commands = RedisCommands()
        let words = [
            "EVAL", StreamScripts.correct, "2", keys.state, keys.epoch, epoch, isPast ? "1" : "0",
            "\(StreamScripts.stateLimitBytes)",
        ]
        commands.add(words, all)
        return commands
    }
}

/// What of the stream is too much.
package struct StreamTrim: Equatable, Sendable {
    package let epoch: String
    /// Up to this number it goes.
    package let end: UInt64
    /// For whom the entries were.
    package let marks: [UInt8]

    package init(epoch: String, end: UInt64, marks: [UInt8]) {
        self.epoch = epoch
        self.end = end
        self.marks = marks
    }
}

/// What the hub is told of the stream.
package enum StreamNews: Equatable, Sendable {
    /// What a process before this one may have sent is decided: what the last transaction of this node's said.
    case fenced(sent: [UInt8]?)
    /// A batch is in the stream; the number of its last event.
    case written(number: UInt64, seq: UInt64)
    case attached(StreamPlace)
    /// What ``StreamOrder/readPast`` has found; it may not come where the stream is found anew meanwhile.
    case past(StreamPast)
    case entries([StreamEntry])
    /// All entries that are there now have been told; once after each ``StreamOrder/follow(after:attempt:)``.
    case readToEnd
    case down
}
