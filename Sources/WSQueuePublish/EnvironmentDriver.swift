public import WSQueueCore
internal import WSQueueSpool
internal import WSQueueSystem

/// The driver that the operator of an application chooses, by `WSQUEUE_DRIVER`.
public enum EnvironmentDriver: BroadcastDriver {
    /// Into a queue.
    case spool(Publisher)
    /// To standard error.
    case log(LogDriver)
    /// To no one.
    case null(NullDriver)

    public func publish(_ event: Event) throws(PublishError) -> Receipt {
        switch self {
        case .spool(let driver): try driver.publish(event)
        case .log(let driver): try driver.publish(event)
        case .null(let driver): try driver.publish(event)
        }
    }

    public func publish(batch events: [Event]) throws(PublishError) -> Receipt? {
        switch self {
        case .spool(let driver): try driver.publish(batch: events)
        case .log(let driver): try driver.publish(batch: events)
        case .null(let driver): try driver.publish(batch: events)
        }
    }

    /// Makes the driver that variables name.
    ///
    /// - Parameter value: Of a variable by its name; an empty one counts as not set.
    package init(_ value: (String) -> String?) throws(PublishError) {
        let directory = value("WSQUEUE_DIR").flatMap { $0.isEmpty ? nil : $0 }
        switch value("WSQUEUE_DRIVER") ?? "" {
        case "spool", "": self = .spool(try Publisher(directory: directory ?? DefaultQueue.path))
        case "log": self = .log(LogDriver())
        case "null": self = .null(NullDriver())
        case let other:
            throw PublishError(
                .noDirectory, reason: "WSQUEUE_DRIVER: \(TerminalText.quoted(other)) is not spool, log or null",
                advice: "the events have nowhere to go: name one of them, or none for spool")
        }
    }
}

extension BroadcastDriver where Self == EnvironmentDriver {
    /// `WSQUEUE_DRIVER` chooses: `spool`, which is the default, the queue directory of `WSQUEUE_DIR` or, without that, the
    /// one that `wsqueue-publish` takes; `log`, standard error; `null`, no one.
    ///
    /// - Throws: ``PublishError`` for another word, and where there is no such directory.
    public static var fromEnvironment: EnvironmentDriver {
        get throws(PublishError) { try EnvironmentDriver(Process.environment) }
    }
}
