/// Messages of a loop's clients that other loops have not all handed out. Once they have, each sender is told how many
/// clients have got its message.
package struct MessagesUnderWay {
    private struct Message {
        let sender: UInt64
        var count: Int
        var loopsLeft: Int
    }

    private var messages: [UInt64: Message] = [:]
    private var lastTicket: UInt64 = 0

    /// None is under way.
    package init() {}

    /// Notes a message.
    ///
    /// - Parameters:
    ///   - sender: The token of its connection.
    ///   - count: How many clients of its own loop have got it.
    ///   - loops: How many other loops there are, 1 or more.
    /// - Returns: By what the other loops name it.
    package mutating func add(from sender: UInt64, count: Int, loops: Int) -> UInt64 {
        lastTicket += 1
        messages[lastTicket] = Message(sender: sender, count: count, loopsLeft: loops)
        return lastTicket
    }

    /// Notes that another loop has handed it to this many clients.
    ///
    /// - Returns: Sender and sum, once all have.
    package mutating func passed(_ ticket: UInt64, count: Int) -> (sender: UInt64, count: Int)? {
        guard var message = messages[ticket] else { return nil }
        message.count += count
        message.loopsLeft -= 1
        messages[ticket] = message.loopsLeft == 0 ? nil : message
        return message.loopsLeft == 0 ? (message.sender, message.count) : nil
    }
}
