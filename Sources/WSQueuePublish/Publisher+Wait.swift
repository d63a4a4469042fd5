public import WSQueueCore
internal import WSQueueSpool
package import WSQueueSystem

/// What became of an event that was waited for.
public enum Delivery: Equatable, Sendable {
    /// The server has sent it to its clients, or keeps it for them, and has deleted its file.
    case done
    /// The server could not accept it and has set it aside; why, where this user may read that, or else nothing.
    case refused(reason: String)
    /// It still waits, and a server is at work.
    case stillQueued
    /// It waits, and no server holds the queue.
    case noServer
}

extension Publisher {
    /// Publishes an event and waits until the server has taken it.
    ///
    /// - Parameter duration: For how long. A queue that no server holds for a second is not waited for any longer.
    /// - Throws: ``PublishError``; ``PublishError/Kind/publishedUnsafely`` when the event is in the queue and cannot be
    ///   waited for.
    public func publish(
        _ event: Event, waitingAtMost duration: Duration
    ) throws(PublishError) -> (receipt: Receipt, delivery: Delivery) {
        let publication = try prepare(event)
        let watched = publication.watch()
        let receipt = try publication.finish()
        do {
            return (receipt, try wait(for: receipt, atMost: duration, watching: watched))
        } catch {
            throw PublishError(unwatchable: receipt, error)
        }
    }

    /// Waits until the server has taken an event.
    ///
    /// Where this user may not look at refused events, and the server was faster than this call, one that it refused is
    /// taken for sent; ``publish(_:waitingAtMost:)`` knows.
    ///
    /// - Parameters:
    ///   - receipt: What publishing it gave.
    ///   - duration: For how long. A queue that no server holds for a second is not waited for any longer.
    public func wait(for receipt: Receipt, atMost duration: Duration) throws(PublishError) -> Delivery {
        try wait(for: receipt, atMost: duration, watching: nil)
    }

    /// Waits until the server has taken an event.
    ///
    /// - Parameter file: The event's file, opened before the server could take it: what is set aside is where other
    ///   publishers may not look.
    package func wait(
        for receipt: Receipt, atMost duration: Duration, watching file: consuming FileDescriptor?
    ) throws(PublishError) -> Delivery {
        var watch = try DeliveryWatch(self, receipt, atMost: duration, watching: file)
        while true {
            if let delivery = try watch.look() { return delivery }
            Clock.sleep(nanoseconds: watch.pauseNanoseconds)
        }
    }
}

/// What waits for an event's end: it looks, and says how long it is to rest until the next look.
package struct DeliveryWatch: ~Copyable {
    private let directory: Directory
    private let name: FileName
    private let watched: FileDescriptor?
    private let start: Int64
    private let startUnix: Int64
    private let deadline: Int64
    private var servedAt: Int64
    private var nextLook: Int64
    private var isServed = true
    private var pause: Int64 = 250_000
    private var now: Int64

    /// A server that is started anew is back sooner.
    private static let patience: Int64 = 1_000_000_000

    /// Begins.
    ///
    /// - Parameter file: The event's file, where it was opened before the server could take it.
    package init(
        _ publisher: Publisher, _ receipt: Receipt, atMost duration: Duration, watching file: consuming FileDescriptor?
    ) throws(PublishError) {
        let directory = try publisher.writer().directory
        let name = FileName(String(receipt.path.split(separator: "/").last ?? ""))
        // A closure must not see a value that owns a descriptor and is half made: the compiler would close what is no
        // descriptor yet.
        let watched = file ?? (try? directory.openForReading(name))
        self.init(directory, name, duration, watching: watched)
    }

    private init(
        _ directory: Directory, _ name: FileName, _ duration: Duration, watching file: consuming FileDescriptor?
    ) {
        self.directory = directory
        self.name = name
        watched = consume file
        start = Clock.monotonicNanoseconds()
        startUnix = Clock.unixNanoseconds()
        let end = start.addingReportingOverflow(duration.nanoseconds)
        deadline = end.overflow ? .max : end.partialValue
        servedAt = start
        nextLook = start
        now = start
    }

    /// For how long to rest.
    package var pauseNanoseconds: Int64 { min(pause, deadline - now) }

    /// Looks once.
    ///
    /// - Returns: `nil` while it is still waited for.
    package mutating func look() throws(PublishError) -> Delivery? {
        now = Clock.monotonicNanoseconds()
        switch Self.fate(of: watched) {
        case .gone: return .done
        case .failed(let moved): return Self.refusal(of: moved, in: directory)
        case .untraceable where now - start > Self.patience && !Self.isThere(name, in: directory):
            return Self.refusal(of: name, in: directory)
        case .there, .untraceable: break
        case .unknown:
            do {
                _ = try directory.status(of: name)
            } catch {
                if error.isNotFound { return Self.outcome(of: name, in: directory, since: startUnix) }
                throw PublishError(SpoolWriteError(step: .look, cause: error), directory: directory)
            }
        }
        // Each look is noticed by the server.
        if now >= nextLook || now >= deadline {
            isServed = ServerPresence.of(directory) != .none
            nextLook = now + 100_000_000
        }
        if isServed { servedAt = now }
        if now >= deadline { return isServed ? .stillQueued : .noServer }
        if now - servedAt > Self.patience { return .noServer }
        pause = min(2 * pause, 20_000_000)
        return nil
    }

    /// What has become of a file.
    private enum Fate {
        case gone
        /// It was set aside, under this name.
        case failed(FileName)
        case there
        /// It is somewhere; where, the kernel does not tell here.
        case untraceable
        case unknown
    }

    private static func fate(of file: borrowing FileDescriptor?) -> Fate {
        switch file {
        case .none: return .unknown
        case .some(let file):
            guard let status = try? file.status(object: "") else { return .unknown }
            guard status.links > 0 else { return .gone }
            guard let path = file.path else { return .untraceable }
            let parts = path.utf8.split(separator: UInt8(ascii: "/"))
            guard parts.count > 1, parts[parts.count - 2].elementsEqual(".failed".utf8), let name = parts.last else {
                return .there
            }
            return .failed(FileName(Array(name).span))
        }
    }

    private static func isThere(_ name: FileName, in directory: Directory) -> Bool {
        (try? directory.status(of: name)) != nil
    }

    private static func outcome(of name: FileName, in directory: Directory, since unix: Int64) -> Delivery {
        // An older one of the same name is another event's.
        guard let failed = try? directory.openDirectory(FileName(".failed")),
            let status = try? failed.status(of: name), status.changedNanoseconds > unix - 2_000_000_000
        else { return .done }
        return refusal(of: name, in: directory)
    }

    /// The server has set it aside; why is for its own user to read.
    private static func refusal(of name: FileName, in directory: Directory) -> Delivery {
        var reason: [UInt8] = []
        if let failed = try? directory.openDirectory(FileName(".failed")),
            let file = try? failed.openForReading(name.appending(".why"))
        {
            try? file.readAll(into: &reason, limitBytes: 4_096, object: "")
        }
        return .refused(reason: String(decoding: reason.prefix { $0 >= 0x20 }, as: UTF8.self))
    }
}

extension PublishError {
    /// An event that is published, and cannot be waited for.
    package init(unwatchable receipt: Receipt, _ error: PublishError) {
        self.init(
            .publishedUnsafely, reason: "queued \(receipt.path), but it cannot be waited for: \(error.reason)",
            circumstances: error.circumstances, advice: "do not publish it again")
    }
}

extension Duration {
    /// As nanoseconds; what is too long for that is the longest there is.
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, isTooMuch) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        return isTooLong || isTooMuch ? .max : sum
    }
}
