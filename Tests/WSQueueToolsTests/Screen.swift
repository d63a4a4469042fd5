import WSQueueArguments
import WSQueueSystem

@testable import WSQueueCommandLine
@testable import WSQueueTools

/// What a command has written.
final class Screen: Sendable {
    private let state = Guarded<(output: [UInt8], complaints: [String])>(([], []))
    private let isWatched: Bool
    private let hasColors: Bool

    init(isWatched: Bool = false, hasColors: Bool = false) {
        self.isWatched = isWatched
        self.hasColors = hasColors
    }

    var terminal: Terminal {
        Terminal(
            isWatched: isWatched, hasColors: hasColors,
            output: { [self] (bytes) throws(SystemCallError) in state.withLock { $0.output += bytes } },
            complaint: { [self] line in state.withLock { $0.complaints.append(line) } })
    }

    var output: String { String(decoding: state.withLock { $0.output }, as: UTF8.self) }
    var lines: [String] { output.split(separator: "\n").map { String($0) } }
    var complaints: [String] { state.withLock { $0.complaints } }
}

/// All commands but the one that serves.
let program = CommandTable(
    [
        CheckCommand.self, DoctorCommand.self, StatusCommand.self, TailCommand.self, QueueCommand.self,
        TokenCommand.self, CompletionCommand.self,
    ], standard: CheckCommand.self)

/// Runs a command line to its end.
func run(
    _ words: [String], on screen: Screen, environment: [String: String] = [:]
) -> WSQueueArguments.ExitStatus {
    program.run((["wsqueue-server"] + words).map { Array($0.utf8) }, on: screen.terminal) { environment[$0] }
}
