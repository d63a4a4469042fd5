internal import WSQueueCore
internal import WSQueueWire

/// What the shared stream is called in Redis, and the keys beside it that this node uses.
package struct StreamKeys: Equatable, Sendable {
    package let stream: String
    /// The present numbering's name.
    package let epoch: String
    /// Raised by each new connection of this node before it reads ``sent``.
    package let fence: String
    /// What this node's last transaction carried.
    package let sent: String
    /// The state of each key (``StreamKept``).
    package let state: String
    /// For whom entries were that are not in the stream any more.
    package let trimmed: String

    /// Names them.
    package init(stream: String, epoch: String, fence: String, sent: String, state: String, trimmed: String) {
        self.stream = stream
        self.epoch = epoch
        self.fence = fence
        self.sent = sent
        self.state = state
        self.trimmed = trimmed
    }
}

/// Commands for Redis that are sent together.
package struct RedisCommands: Equatable, Sendable {
    private var buffer: [UInt8] = []
    private var count = 0
    /// How many levels of their answers are taken element by element, so that those of a long one can be used while the
    /// others are still on their way.
    package let unpackedDepth: Int

    init(unpackedDepth: Int = 0, _ commands: [[String]] = []) {
        self.unpackedDepth = unpackedDepth
        for words in commands { add(words) }
    }

    /// The commands, as they are sent.
    package var bytes: [UInt8] { buffer }

    /// How many answers they have.
    package var answers: Int { count }

    mutating func reserve(_ byteCount: Int) { buffer.reserveCapacity(byteCount) }

    /// Adds a command.
    ///
    /// - Parameter answers: 0 for one whose answer is a push.
    mutating func add(_ words: [String], answers: Int = 1) {
        RESPCommand.append(words, to: &buffer)
        count += answers
    }

    /// Adds a command that ends with words that are any bytes.
    mutating func add(_ words: [String], _ rest: [[UInt8]]) {
        RESPCommand.begin(words.count + rest.count, in: &buffer)
        for word in words { RESPCommand.append(word: word.utf8.span, to: &buffer) }
        for word in rest { RESPCommand.append(word: word.span, to: &buffer) }
        count += 1
    }

    /// Adds a command whose last word is any bytes.
    mutating func add(_ words: [String], _ last: [UInt8]) {
        RESPCommand.begin(words.count + 1, in: &buffer)
        for word in words { RESPCommand.append(word: word.utf8.span, to: &buffer) }
        RESPCommand.append(word: last.span, to: &buffer)
        count += 1
    }

    /// Adds a command that ends with fields whose values are any bytes.
    mutating func add(_ words: [String], fields: [(name: String, value: [UInt8])]) {
        RESPCommand.begin(words.count + 2 * fields.count, in: &buffer)
        for word in words { RESPCommand.append(word: word.utf8.span, to: &buffer) }
        for (name, value) in fields {
            RESPCommand.append(word: name.utf8.span, to: &buffer)
            RESPCommand.append(word: value.span, to: &buffer)
        }
        count += 1
    }

    /// Adds commands that are bytes already.
    mutating func add(_ commands: [UInt8], count: Int) {
        buffer += commands
        self.count += count
    }
}

/// What an answer of Redis leads to.
package struct StreamStep: Equatable, Sendable {
    /// To be sent on the connection that the answer came from.
    package let commands: RedisCommands?
    /// For the hub, in this order.
    package let news: [StreamNews]
    /// The first number that the stream gave a batch.
    let firstNumber: UInt64?

    init(commands: RedisCommands? = nil, news: [StreamNews] = [], firstNumber: UInt64? = nil) {
        self.commands = commands
        self.news = news
        self.firstNumber = firstNumber
    }

    static let nothing = StreamStep()
}
