internal import WSQueueBroker
internal import WSQueueEdge
internal import WSQueueHub
internal import WSQueueLog
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSpool
internal import WSQueueSystem

/// What the service manager is told, and what it has passed.
extension Server {
    /// Takes over the sockets that the configuration names.
    ///
    /// - Throws: ``StartError`` when one is missing or cannot be used.
    static func adopt(
        _ sockets: [PassedSocket], _ configuration: Configuration, _ log: Log
    ) throws(StartError) -> [Listener] {
        let wanted = configuration.passedSockets
        for name in wanted
        where !sockets.contains(where: { name.isEmpty ? !wanted.contains($0.name) : $0.name == name }) {
            throw .notPassed(name: name)
        }
        var listeners: [Listener] = []
        for socket in sockets {
            guard wanted.contains(socket.name) || wanted.contains("") else {
                log.write(
                    LogLine(.warning, "config.warn").with("socket", socket.name)
                        .with("hint", "the service manager has passed this socket; --listen systemd: would use it"))
                continue
            }
            do throws(SystemCallError) {
                listeners.append(try Listener(adopting: socket))
            } catch {
                throw .address(error)
            }
        }
        return listeners
    }

    /// Whether everything works, and nobody has been told yet. What other servers have sent is read first, but Redis is
    /// not waited for: clients are asked to come back until it is there.
    var canAnnounce: Bool {
        guard !isAnnounced, edge.loops.allSatisfy(\.isOpen) else { return false }
        return edge.ports.gate.isAdmitting || Clock.monotonicNanoseconds() - startedAt > 1_000_000_000
    }

    /// Says that clients can connect: every loop waits for them, and the directory has been looked at.
    mutating func announce() {
        isAnnounced = true
        var line = LogLine(.notice, "server.ready").with("dir", edge.configuration.queuePath)
        for listener in edge.listeners { line = line.with("listen", listener.address.description) }
        edge.log.write(line.with("waiting", pump.waitingCount))
        manager.tellReady(statusText)
    }

    /// The sign of life, how things stand, and what of that could not be said.
    mutating func reportToManager() {
        tellIfAlive()
        guard isAnnounced else { return }
        if manager.turn(now: Clock.monotonicNanoseconds()) {
            let text = statusText
            manager.tell(status: text)
        }
        guard let fault = manager.takeFault() else { return }
        edge.log.write(
            LogLine(.warning, "config.warn").with("error", fault.description)
                .with("hint", "the service manager cannot be told how the server stands; it may end it"))
    }

    /// A sign of life, if the hub and every loop give one.
    mutating func tellIfAlive() {
        if watchdog?.turn(now: Clock.monotonicNanoseconds(), edge.loops) == true { manager.tellAlive() }
    }

    /// What `systemctl status` shows.
    var statusText: String {
        "\(edge.ports.marks.clients) clients, \(pump.waitingCount) files waiting, event \(pump.seq)"
    }
}
