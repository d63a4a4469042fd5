internal import Synchronization
internal import WSQueueNet
package import WSQueueSystem

/// The server's log. Lines are written by a thread of its own, so that a reader that has stopped (a paused pager, a full
/// pipe) stops nothing else; what it cannot take is counted and dropped.
package final class Log: Sendable {
    private struct State {
        var pending: [UInt8] = []
        var droppedLines = 0
        var budgets: [String: Budget] = [:]
        var mustReopen = false
        var isClosing = false
    }

    /// How many lines of one name may still be written in this second.
    private struct Budget {
        var second: Int64
        var left: Int
        var folded = 0
        /// The last one that came, written or folded.
        var last: LogLine
        var hasWritten = false
    }

    /// Where lines go.
    package enum Destination: Sendable {
        case standardError
        case file(String)
    }

    private let level: LogLevel
    private let format: LogLine.Format
    private let destination: Destination
    private let state = Guarded(State())
    /// Its orders are in ``state``, where lines can be folded.
    private let worker: Worker<Never, Never>
    private let suppressed = Atomic<Int>(0)
    private let hasEnded = Atomic<Bool>(false)

    private static let pendingLimitBytes = 1_048_576
    private static let linesPerSecond = 50

    /// Opens the log and starts its thread.
    ///
    /// - Throws: ``SystemCallError`` when the file cannot be opened.
    package init(level: LogLevel, format: LogLine.Format, destination: Destination) throws(SystemCallError) {
        self.level = level
        self.format = format
        self.destination = destination
        worker = try Worker(name: "wsq-log")
        let output = try Self.open(destination)
        try start(output)
    }

    /// Writes a line. Lines of one name beyond 50 in a second are folded into one with `repeat`, and so are warnings that
    /// say in one second what the one before has said.
    package func write(_ line: LogLine) {
        guard line.level <= level else { return }
        let now = Clock.unixNanoseconds()
        let isFolded = state.withLock { state in
            guard Self.takeBudget(line, second: now / 1_000_000_000, &state) else { return true }
            append(line, now: now, &state)
            return false
        }
        // The line before it has woken the thread, which writes what was folded when the second is over.
        if isFolded { suppressed.add(1, ordering: .relaxed) } else { worker.wake() }
    }

    /// Writes a line that has its own rate rule.
    package func writeUnlimited(_ line: LogLine) {
        guard line.level <= level else { return }
        state.withLock { append(line, now: Clock.unixNanoseconds(), &$0) }
        worker.wake()
    }

    /// Lines that were folded into others or dropped, since the start.
    package var suppressedLines: Int { suppressed.load(ordering: .relaxed) }

    /// Opens the file again under its name: the old one may have been renamed.
    package func reopen() {
        state.withLock { $0.mustReopen = true }
        worker.wake()
    }

    /// Writes what waits, for at most a second, and ends.
    package func close() {
        state.withLock { $0.isClosing = true }
        worker.wake()
        let deadline = Clock.monotonicNanoseconds() + 1_000_000_000
        while !hasEnded.load(ordering: .acquiring), Clock.monotonicNanoseconds() < deadline { Clock.pause() }
    }

    private func append(_ line: LogLine, now: Int64, _ state: inout State) {
        guard state.pending.count < Self.pendingLimitBytes else {
            state.droppedLines += 1
            suppressed.add(1, ordering: .relaxed)
            return
        }
        state.pending += line.bytes(format, now: now)
    }

    private static func takeBudget(_ line: LogLine, second: Int64, _ state: inout State) -> Bool {
        var budget = state.budgets[line.event] ?? Budget(second: second, left: linesPerSecond, last: line)
        if budget.second != second, budget.folded == 0 {
            budget = Budget(second: second, left: linesPerSecond, last: line)
        }
        defer { state.budgets[line.event] = budget }
        let isRepetition = budget.hasWritten && line.level <= .warning && line.isRepetition(of: budget.last)
        guard budget.left > 0, !isRepetition else {
            budget.folded += 1
            budget.last = line
            return false
        }
        budget.left -= 1
        budget.last = line
        budget.hasWritten = true
        return true
    }

    /// Takes what is to be written now, with the folded lines of seconds that are over.
    private func takePending() -> (bytes: [UInt8], mustReopen: Bool, isClosing: Bool, isFolding: Bool) {
        let now = Clock.unixNanoseconds()
        return state.withLock { state in
            for (event, budget) in state.budgets where budget.second != now / 1_000_000_000 || state.isClosing {
                state.budgets[event] = nil
                guard budget.folded > 0 else { continue }
                append(budget.last.with("repeat", budget.folded), now: now, &state)
            }
            if state.droppedLines > 0, state.pending.isEmpty {
                append(LogLine(.warning, "log.dropped").with("lines", state.droppedLines), now: now, &state)
                state.droppedLines = 0
            }
            defer {
                state.pending = []
                state.mustReopen = false
            }
            return (state.pending, state.mustReopen, state.isClosing, !state.budgets.isEmpty)
        }
    }

    private func start(_ output: consuming Output) throws(SystemCallError) {
        let first = Guarded<Output?>(output)
        try worker.start { [self] place in
            if let output = first.withLock({ $0.take() }) { run(output, place) }
            hasEnded.store(true, ordering: .releasing)
        }
    }

    private func run(_ first: consuming Output, _ place: consuming Worker<Never, Never>.Workplace) {
        var place = place
        var output = first
        var isFolding = false
        var isTorn = false
        while true {
            place.announceSleep()
            _ = place.sleep(milliseconds: hasWork ? 0 : (isFolding ? 1_000 : -1))
            let taken = takePending()
            isFolding = taken.isFolding
            if taken.mustReopen {
                do throws(SystemCallError) {
                    output = try Self.open(destination)
                } catch {
                    reportReopening(error)
                }
            }
            // On the way out a reader that has stopped is not waited for.
            if !taken.bytes.isEmpty, !taken.isClosing || output.isWritable(within: 500) {
                isTorn = !write(taken.bytes, to: output, isTorn: isTorn)
            }
            if taken.isClosing { return }
        }
    }

    /// Writes lines.
    ///
    /// - Parameter isTorn: Whether the last write failed, perhaps in the middle of a line.
    /// - Returns: Whether it succeeded; if not, the lines are counted as dropped.
    private func write(_ bytes: [UInt8], to output: borrowing Output, isTorn: Bool) -> Bool {
        do throws(SystemCallError) {
            let whole = isTorn ? [UInt8(ascii: "\n")] + bytes : bytes
            try output.write(whole.span)
            return true
        } catch {
            let count = bytes.count { $0 == UInt8(ascii: "\n") }
            suppressed.add(count, ordering: .relaxed)
            state.withLock { $0.droppedLines += count }
            return false
        }
    }

    private func reportReopening(_ error: SystemCallError) {
        writeUnlimited(
            LogLine(.error, "log.failing").with("error", error.description)
                .with("hint", "lines go on to the file that was open before; send HUP again once it can be opened"))
    }

    private var hasWork: Bool { state.withLock { !$0.pending.isEmpty || $0.isClosing || $0.mustReopen } }

    private static func open(_ destination: Destination) throws(SystemCallError) -> Output {
        switch destination {
        case .standardError: try Output.standardError()
        case .file(let path): try Output.file(path)
        }
    }
}
