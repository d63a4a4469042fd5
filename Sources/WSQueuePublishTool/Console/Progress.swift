internal import WSQueueCore
internal import WSQueueSystem

/// Says on a terminal how far work is that takes longer than a second, in one line that is written over, and goes in the end.
package struct Progress {
    private let isShown: Bool
    private var next: Int64
    private var hasLine = false

    private static let everyNanoseconds: Int64 = 1_000_000_000

    /// Begins now.
    ///
    /// - Parameter isQuiet: Whether nothing is to be said even on a terminal.
    package init(isQuiet: Bool) {
        isShown = !isQuiet && StandardStream.error.isTerminal
        next = Clock.monotonicNanoseconds() + Self.everyNanoseconds
    }

    /// Of work that says nothing.
    package static var none: Progress { Progress(isQuiet: true) }

    /// Says how far it is, at most once a second.
    package mutating func show(_ text: @autoclosure () -> String) {
        guard isShown, Clock.monotonicNanoseconds() >= next else { return }
        next = Clock.monotonicNanoseconds() + Self.everyNanoseconds
        hasLine = true
        write("\rwsqueue-publish: \(TerminalText.plain(text()))\u{1B}[K")
    }

    /// Takes the line away.
    package mutating func end() {
        if hasLine { write("\r\u{1B}[K") }
        hasLine = false
    }

    /// How much has been read, and of how much, where that is known.
    package static func words(for extent: (read: Int, all: Int?)) -> String {
        guard let all = extent.all, all > 0 else { return "\(extent.read) bytes" }
        return "\(extent.read) of \(all) bytes, \(100 * min(extent.read, all) / all) %"
    }

    private func write(_ text: String) { try? StandardStream.error.write(Array(text.utf8).span) }
}
