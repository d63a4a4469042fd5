package import WSQueuePublish

/// Why a command has not done, or not to its end, what it was asked for.
package enum CommandFault: Error, Equatable, CustomStringConvertible {
    /// An event was not published.
    case publishing(PublishError)
    /// An input could not be read.
    case input(InputError)
    /// Standard output could not be written to; why.
    case output(String)
    /// What is published has not been sent within the time.
    case unsent(UnsentEvent)
    /// A signal came that ends the program.
    case interrupted

    /// One line.
    package var description: String {
        switch self {
        case .publishing(let error): error.description + (error.isUnnamed ? " (-d DIR, or WSQUEUE_DIR)" : "")
        case .input(let error): error.description
        case .output(let reason): "cannot write to standard output: \(reason)"
        case .unsent(let event): event.description
        case .interrupted: "interrupted"
        }
    }

    /// Evaluates what publishes; its error becomes that of a command.
    package static func catching<Result: ~Copyable>(
        _ publishing: @autoclosure () throws(PublishError) -> Result
    ) throws(CommandFault) -> Result {
        do {
            return try publishing()
        } catch {
            throw .publishing(error)
        }
    }
}

extension PublishError {
    /// Whether its advice is to name another directory.
    fileprivate var isUnnamed: Bool { kind == .noDirectory && advice.hasSuffix("reads") }
}

/// An event that is published, and was not sent within the time.
package struct UnsentEvent: Equatable, CustomStringConvertible, Sendable {
    /// What became of it.
    package enum State: Equatable, Sendable {
        /// The server could not accept it.
        case refused
        /// It still waits, and a server is at work.
        case stillQueued
        /// It waits, and no server holds the queue.
        case noServer
    }

    /// What became of it.
    package let state: State
    /// One line, with what to do.
    package let description: String

    /// Puts it into words.
    package init(_ state: State, _ description: String) {
        self.state = state
        self.description = description
    }
}
