internal import WSQueueCore
package import WSQueueSystem

/// Gives events to a command one after the other, and goes on only when it has dealt with one: it has ended with 0, or has
/// refused the event, which is set aside then. How far it has come stands in a file, so that no event is left out whoever
/// is killed when; one in whose midst that happens is given to the command again.
package struct Consumer {
    private let command: String
    private let file: CursorFile
    private let failed: FailedEvents
    private let report: (String) -> Void

    /// What takes no longer lets the next event come over the same connection.
    private static let momentMilliseconds: Int32 = 50

    /// How far it is with an event.
    private enum Stage {
        case command
        case setAside
        case note
    }

    /// Makes a consumer.
    ///
    /// - Parameters:
    ///   - command: Is run by `sh -c`.
    ///   - report: Takes a line for the person who has started it.
    package init(_ command: String, _ file: CursorFile, report: @escaping (String) -> Void) {
        self.command = command
        self.file = file
        self.report = report
        failed = FailedEvents(beside: file.path)
    }

    /// Gives an event to the command until that has dealt with it.
    ///
    /// - Parameter onSlow: Is called when that takes longer than a moment, perhaps several times.
    package func hand(_ event: ConsumedEvent, onSlow: () -> Void = {}) throws(SystemCallError) {
        var stage = Stage.command
        try repeating({ advance(event, &stage, onSlow) }, onWait: onSlow)
    }

    /// Notes that everything up to a cursor has been dealt with.
    package func stand(at cursor: String) throws(SystemCallError) {
        guard cursor != file.cursor else { return }
        try repeating({ note(cursor) }, onWait: {})
    }

    /// Does something until it succeeds, with longer and longer waits. A signal that would end the program waits until it
    /// is over, so that stopping the consumer does not have a command run twice.
    ///
    /// - Parameters:
    ///   - attempt: Tells what has failed; `nil` is success.
    ///   - onWait: Is called before each wait.
    private func repeating(_ attempt: () -> String?, onWait: () -> Void) throws(SystemCallError) {
        var backoff = Backoff()
        while true {
            let interruption = try Interruption()
            let fault = attempt()
            interruption.end()
            guard let fault else { return }
            let wait = backoff.wait()
            report("\(fault); again in \(Shown.span(nanoseconds: wait))")
            onWait()
            Clock.sleep(nanoseconds: wait)
        }
    }

    /// Goes on with an event from where it is.
    ///
    /// - Returns: What has failed; `nil` when it is dealt with.
    private func advance(_ event: ConsumedEvent, _ stage: inout Stage, _ onSlow: () -> Void) -> String? {
        if case .command = stage {
            switch run(event, onSlow) {
            case .done: stage = .note
            case .refused: stage = .setAside
            case .failed(let reason): return "the command for \(shown(event)) \(reason)"
            }
        }
        if case .setAside = stage {
            let reason = "the command exited with \(CommandVerdict.refusal)"
            do throws(SystemCallError) {
                report("\(reason) for \(shown(event)): set aside as \(try failed.keep(event, reason: reason))")
            } catch {
                return "\(shown(event)) cannot be set aside: \(error)"
            }
            stage = .note
        }
        return event.cursor.flatMap { note($0) }
    }

    private func run(_ event: ConsumedEvent, _ onSlow: () -> Void) -> CommandVerdict {
        do throws(SystemCallError) {
            let end = try ChildCommand.run(
                ["sh", "-c", command], input: event.input, environment: event.variables, without: ["WSQUEUE_TOKEN"],
                slowAfter: Self.momentMilliseconds, onSlow: onSlow)
            return CommandVerdict(end)
        } catch {
            return .failed("could not be run: \(error)")
        }
    }

    private func note(_ cursor: String) -> String? {
        do throws(SystemCallError) {
            try file.write(cursor)
            return nil
        } catch {
            return "the cursor cannot be noted: \(error)"
        }
    }

    private func shown(_ event: ConsumedEvent) -> String { "\(event.name) (\(event.identity))" }
}
