internal import WSQueueCore
internal import WSQueueSystem

/// Runs a command, hands on what it writes and the signals for it, and keeps the end of its output.
package enum Supervisor {
    /// How a command ended.
    package struct Outcome: Equatable, Sendable {
        /// Its exit status; `nil` when a signal ended it.
        package let status: Int32?
        /// The signal that ended it.
        package let signal: Int32?
        /// How long it took, in milliseconds.
        package let milliseconds: Int64
        /// The last of what it wrote, to standard output and standard error as it came.
        package let tail: [UInt8]

        /// The outcome of a command that could not be started.
        package init(_ error: CommandError) {
            self.init(status: error.status, signal: nil, milliseconds: 0, tail: Array(error.description.utf8))
        }

        init(status: Int32?, signal: Int32?, milliseconds: Int64, tail: [UInt8]) {
            self.status = status
            self.signal = signal
            self.milliseconds = milliseconds
            self.tail = tail
        }

        /// How many U+FFFD stand in the payload for what was not UTF-8.
        package var replacements: Int { UTF8Repair.repair(tail.span)?.replacements ?? 0 }

        /// As members of a payload: `"exit":0,"signal":null,"seconds":1.5,"tail":"…"`.
        package var members: [UInt8] {
            var bytes = Array("\"exit\":\(status.map(String.init) ?? "null"),\"signal\":".utf8)
            if let signal {
                JSONWriter.write(SignalQueue.name(of: signal), into: &bytes)
            } else {
                bytes += "null".utf8
            }
            bytes += ",\"seconds\":".utf8
            JSONWriter.write(secondsOf: milliseconds * 1_000, into: &bytes)
            bytes += ",\"tail\":".utf8
            JSONWriter.write(UTF8Repair.repair(tail.span)?.text ?? tail, into: &bytes)
            return bytes
        }
    }

    /// Runs `words` to its end.
    ///
    /// - Parameter teller: Gets what it writes as it comes.
    /// - Throws: ``CommandError`` when it cannot be started.
    package static func run(_ words: [String], telling teller: inout OutputTeller?) throws(CommandError) -> Outcome {
        do {
            let signals = try SignalQueue()
            let start = Clock.monotonicNanoseconds()
            var child = try ChildProcess.start(words)
            var tail = Tail()
            let end = try attend(&child, signals, &tail, &teller)
            let milliseconds = (Clock.monotonicNanoseconds() - start) / 1_000_000
            switch end {
            case .exited(let status):
                return Outcome(status: status, signal: nil, milliseconds: milliseconds, tail: tail.text)
            case .signaled(let number):
                return Outcome(status: nil, signal: number, milliseconds: milliseconds, tail: tail.text)
            }
        } catch {
            throw CommandError(error, command: words[0])
        }
    }

    /// Ends this process as the command ended.
    package static func end(bySignal number: Int32) -> Never { SignalQueue.end(by: number) }

    /// More than a pipe holds.
    private static let lastReads = 32

    private static func attend(
        _ child: inout ChildProcess, _ signals: borrowing SignalQueue, _ tail: inout Tail,
        _ teller: inout OutputTeller?
    ) throws(SystemCallError) -> ChildProcess.End {
        let streams = [StandardStream.output, .error]
        while true {
            let patience = teller?.publishDue() ?? -1
            let readable = try signals.wait(
                with: [child.number(.output), child.number(.error)], milliseconds: patience)
            for index in readable { _ = pass(streams[index], of: &child, &tail, &teller) }
            while let arrival = signals.next() {
                if arrival.isChild, let end = child.end() {
                    // What it wrote last is in the pipes still; what its own children may write later is not waited for.
                    for stream in streams {
                        for _ in 0..<Self.lastReads where !pass(stream, of: &child, &tail, &teller) { break }
                    }
                    return end
                }
                if !arrival.isChild, !arrival.isFromTerminal { child.signal(arrival.number) }
            }
        }
    }

    /// Hands on what can be read now.
    ///
    /// - Returns: Whether there may be more.
    private static func pass(
        _ stream: StandardStream, of child: inout ChildProcess, _ tail: inout Tail, _ teller: inout OutputTeller?
    ) -> Bool {
        guard child.number(stream) >= 0 else { return false }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        guard let count = child.read(stream, into: &buffer) else { return false }
        guard count > 0 else {
            child.close(stream)
            return false
        }
        tail.append(buffer[..<count])
        teller?.take(buffer[..<count], from: stream)
        do {
            try stream.write(buffer.span.extracting(..<count))
            return true
        } catch {
            // Its reader has gone: the command will notice that.
            child.close(stream)
            return false
        }
    }
}

/// A command that could not be started.
package struct CommandError: Error, Equatable, CustomStringConvertible {
    /// What a shell exits with then: 127 when there is no such command, else 126.
    package let status: Int32
    /// One line.
    package let description: String

    init(_ error: SystemCallError, command: String) {
        status = error.isNotFound ? 127 : 126
        description = "cannot run \(command): \(error.reason)"
    }
}

/// The last of a text.
private struct Tail {
    private var bytes: [UInt8] = []
    private var isCut = false
    private static let limitBytes = 2_048

    mutating func append(_ more: ArraySlice<UInt8>) {
        bytes += more.suffix(Self.limitBytes)
        isCut = isCut || more.count > Self.limitBytes || bytes.count > Self.limitBytes
        if bytes.count > 8 * Self.limitBytes { bytes.removeFirst(bytes.count - Self.limitBytes) }
    }

    /// Whole lines, unless the last one is longer than all there is room for; then whole characters.
    var text: [UInt8] {
        let last = Array(bytes.suffix(Self.limitBytes))
        guard isCut else { return last }
        if let end = last.dropLast().firstIndex(of: UInt8(ascii: "\n")) { return Array(last[(end + 1)...]) }
        return Array(last.dropFirst(UTF8Repair.strayCount(last.span)))
    }
}
