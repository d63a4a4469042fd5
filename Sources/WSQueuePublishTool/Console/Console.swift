package import WSQueueArguments
internal import WSQueueCore
package import WSQueuePublish
internal import WSQueueSystem

/// What a command has around it.
package enum Console {
    /// The value of an environment variable.
    package static func environment(_ name: String) -> String? { Process.environment(name) }

    /// The words the program was started with, its name first, as bytes; empty when they cannot be read.
    package static func words() -> [[UInt8]] { Process.arguments() }

    /// Keeps an event's file from getting the number of a standard stream that is closed, and what is printed from getting
    /// into it. To be called first of all.
    package static func takeNumbersOfClosedStreams() { StandardStream.takeNumbersOfClosed() }

    /// A variable whose name is a slip: the event would go where its publisher has not sent it.
    package static func mistypedVariable(_ table: OptionTable) -> ArgumentFault? {
        let variables = Process.environment(beginning: "WSQUEUE_").filter { variable in
            !table.options.contains { $0.environment == variable.name }
        }
        // Hardly ever is there any, and the names of two programs would be put together for nothing at each start.
        guard !variables.isEmpty else { return nil }
        let own = table.options.compactMap { $0.environment }
        return UnknownVariables(
            among: variables, own: own,
            siblings: ProgramVariables.ofServer.filter { !own.contains($0) }
        ).slips.first
    }

    /// Now, nanoseconds since 1970.
    package static func unixNanoseconds() -> Int64 { Clock.unixNanoseconds() }

    /// Writes to standard output.
    package static func write(_ bytes: [UInt8]) throws(CommandFault) {
        do {
            try StandardStream.output.write(bytes.span)
        } catch {
            throw .output(error.reason)
        }
    }

    /// Calls `handler` where the program would trap, by a fault of its own or for want of memory. It may call
    /// ``endTrapped(saying:status:)`` and nothing else.
    package static func reportTraps(by handler: @escaping @convention(c) (Int32) -> Void) {
        Traps.handle(by: handler)
    }

    /// Ends the program in such a handler.
    package static func endTrapped(saying line: StaticString, status: Int32) -> Never {
        Traps.end(saying: line, status: status)
    }

    /// Writes lines of JSON as they are; to a terminal with escapes for what that might obey, which say the same.
    package static func write(json bytes: [UInt8]) throws(CommandFault) {
        try write(StandardStream.output.isTerminal ? TerminalText.json(bytes) : bytes)
    }

    /// Writes a name as it is, for programs, and a line end; to a terminal with escapes for what that might obey.
    package static func write(name: String) throws(CommandFault) {
        let shown = StandardStream.output.isTerminal ? TerminalText.plain(name) : name
        try write(Array("\(shown)\n".utf8))
    }

    /// Writes a line to standard error, what a terminal might obey escaped. No one could be told that it fails.
    package static func report(_ line: String) {
        try? StandardStream.error.write(Array("\(TerminalText.plain(line))\n".utf8).span)
    }
}

extension Console {
    /// What is said of texts that were not UTF-8; nothing where all were.
    static func words(replaced count: Int) -> String {
        count == 0 ? "" : "; what was no UTF-8 has become U+FFFD, \(count) time\(count == 1 ? "" : "s")"
    }
}

extension Receipt {
    /// The receipt as one line of JSON: `{"id":"…","path":"…","bytes":123,"events":1,"new":true}`.
    package var jsonLine: [UInt8] {
        var bytes = Array("{\"id\":".utf8)
        JSONWriter.write(id, into: &bytes)
        bytes.append(contentsOf: ",\"path\":".utf8)
        JSONWriter.write(path, into: &bytes)
        bytes.append(contentsOf: ",\"bytes\":\(sizeBytes),\"events\":\(events),\"new\":\(isNew)}\n".utf8)
        return TerminalText.json(bytes)
    }
}
