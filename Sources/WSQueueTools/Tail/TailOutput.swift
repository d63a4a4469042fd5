internal import WSQueueCore
internal import WSQueueSystem

/// What `tail` does with what it follows.
package struct TailOutput {
    /// How events are written.
    package var format = TailedEvent.Format.text
    /// What is run for each event instead of writing it.
    package var command: String?
    /// After how many it is done; `nil` is never.
    package var limit: Int?
    private let terminal: Terminal
    /// How many commands have failed.
    package private(set) var failures = 0
    private var count = 0

    /// Makes an output.
    package init(_ terminal: Terminal) { self.terminal = terminal }

    /// Says something to the person who has started it.
    func report(_ text: String) { terminal.complain(text) }

    /// Whether as many have been handed out as were wanted.
    package var isDone: Bool { limit.map { count >= $0 } ?? false }

    /// Hands out an event.
    mutating func hand(_ event: TailedEvent) throws(SystemCallError) {
        try hand(line: event.line(format), input: event.input, variables: event.variables)
    }

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
