import Foundation
import WSQueueNet
import WSQueueOperation
import WSQueueServer
import WSQueueSystem

/// A server on a thread of its own, which gets the signals that a test sends to that thread alone.
final class RunningServer: @unchecked Sendable {
    let path: String
    private let logPath: String
    private let condition = NSCondition()
    private var thread: pthread_t?
    private var failure: ServerStartError?
    private var hasEnded = false

    init(
        _ path: String, manager socket: String? = nil,
        _ change: @escaping @Sendable (inout Configuration) -> Void = { _ in }
    ) {
        self.path = "\(path)/queue"
        logPath = "\(path)/log"
        let running = Thread { [self] in
            do throws(ServerStartError) {
                try run(socket, change)
            } catch {
                condition.withLock { failure = error }
            }
            condition.withLock {
                hasEnded = true
                condition.broadcast()
            }
        }
        running.start()
    }

    private func run(
        _ socket: String?, _ change: (inout Configuration) -> Void
    ) throws(ServerStartError) {
        var configuration = Configuration()
        configuration.queuePath = path
        configuration.addresses = [.internet(host: "127.0.0.1", port: 0)]
        configuration.threads = 2
        configuration.drainMilliseconds = 1_000
        change(&configuration)
        // Made on this thread, so that those it starts leave signals to it.
        let signals = try Self.system { () throws(SystemCallError) in try Signals() }
        let log = try Self.system { () throws(SystemCallError) in
            try Log(level: .debug, format: .text, destination: .file(logPath))
        }
        defer { log.close() }
        let manager = ServiceManager(sockets: [], watchdogNanoseconds: socket.map { _ in 50_000_000 }, path: socket)
        var server = try Server(configuration, log: log, signals: signals, manager: manager)
        condition.withLock { thread = pthread_self() }
        try server.run()
    }

    private static func system<Made: ~Copyable>(
        _ make: () throws(SystemCallError) -> Made
    ) throws(ServerStartError) -> Made {
        do throws(SystemCallError) {
            return try make()
        } catch {
            throw .system(error)
        }
    }

    /// Sends a signal to the server's thread alone.
    func send(_ signal: Int32) { condition.withLock { if let thread { pthread_kill(thread, signal) } } }

    /// Waits for the end.
    ///
    /// - Returns: Why it could not start.
    func waitForEnd() -> ServerStartError? {
        condition.withLock {
            while !hasEnded { condition.wait() }
            return failure
        }
    }

    /// Waits until the log has a line.
    func waitFor(_ event: String) {
        while !logged(event) { Clock.pause() }
    }

    /// Whether the log has a line of this name.
    func logged(_ event: String) -> Bool {
        let text = (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? ""
        return text.contains("ev=\(event) ") || text.contains("ev=\(event)\n")
    }
}
