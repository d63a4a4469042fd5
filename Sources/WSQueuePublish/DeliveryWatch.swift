internal import WSQueueSpool
package import WSQueueSystem

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
