/// Events that go into the shared stream together, with nothing in between.
package struct StreamBatch: Equatable, Sendable {
    package let number: UInt64
    /// One XADD an event.
    package let commands: [UInt8]
    package let count: Int
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

    /// Makes a place of its parts.
    package init(attempt: Int, epoch: String, first: UInt64, last: UInt64, probe: StreamEntry?) {
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
    /// The stream has lost what it had: give its numbering another name, unless another server has done it.
    case renew(from: String, to: String, attempt: Int)
}

/// What the hub is told of the stream.
package enum StreamNews: Equatable, Sendable {
    /// What a process before this one may have sent is decided: what the last transaction of this node's said.
    case fenced(sent: [UInt8]?)
    /// A batch is in the stream; the number of its last event.
    case written(number: UInt64, seq: UInt64)
    case attached(StreamPlace)
    case entries([StreamEntry])
    /// All entries that are there now have been told; once after each ``StreamOrder/follow(after:attempt:)``.
    case readToEnd
    case down
}
