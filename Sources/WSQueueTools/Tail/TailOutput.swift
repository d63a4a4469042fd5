package import WSQueueCommandLine
internal import WSQueueCore
internal import WSQueueSystem

/// What `tail` does with what it follows.
package struct TailOutput {
    /// How events are written.
    package var format = TailedEvent.Format.text
    /// What is run for each event instead of writing it.
    package var command: String?
    /// What such a command finds on its standard input.
    package var input = TailedEvent.Format.json
    /// What takes the events instead, and notes how far it has come.
    package var consumer: Consumer?
    /// After how many it is done; `nil` is never.
    package var limit: Int?
    private let terminal: Terminal
    /// How many commands have failed.
    package private(set) var failures = 0
    private var count = 0
    private var columns = TailColumns()

    /// Makes an output.
    package init(_ terminal: Terminal) { self.terminal = terminal }

    /// Says something to the person who has started it.
    func report(_ text: String) { terminal.complain(text) }

    /// Whether as many have been handed out as were wanted.
    package var isDone: Bool { limit.map { count >= $0 } ?? false }

    /// Hands out an event.
    ///
    /// - Parameter onSlow: Is called when a consumer takes its time with it.
    mutating func hand(_ event: TailedEvent, onSlow: () -> Void = {}) throws(SystemCallError) {
        if consumer == nil, command == nil, format == .text, terminal.isWatched {
            count += 1
            return try terminal.write(event.text(&columns))
        }
        guard let consumer else {
            return try hand(line: event.line(format), input: event.line(input), variables: event.variables)
        }
        count += 1
        try consumer.hand(event.consumed(input), onSlow: onSlow)
    }

    /// Notes that everything up to a cursor has been handed out.
    func stand(at cursor: String) throws(SystemCallError) { try consumer?.stand(at: cursor) }

    /// Hands out a line, or runs the command with the input.
    mutating func hand(
        line: [UInt8], input: [UInt8], variables: [(name: String, value: String)]
    ) throws(SystemCallError) {
        count += 1
        guard let command else { return try terminal.write(json: line) }
        let name = variables.first?.value ?? ""
        switch try ChildCommand.run(
            ["sh", "-c", command], input: input, environment: variables, without: ["WSQUEUE_TOKEN"])
        {
        case .exited(0): return
        case .exited(let status): report("the command for \(name) exited with \(status)")
        case .signaled(let number): report("the command for \(name) was ended by signal \(number)")
        }
        failures += 1
    }
}
