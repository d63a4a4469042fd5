internal import WSQueueCore
package import WSQueueSystem

extension SpoolName {
    /// The place of a file among others, with what must be asked of the file for it.
    ///
    /// - Parameters:
    ///   - name: The name that was read.
    ///   - entry: The name of its entry, where that is another one.
    /// - Throws: Why it could not be asked; also that it has gone.
    package func order(
        of name: Span<UInt8>, entry: FileName? = nil, in directory: Directory
    ) throws(SystemCallError) -> SpoolOrder {
        if form != .other, !isScheduled { return order(of: name, modifiedNanoseconds: 0) }
        let entry = entry ?? FileName(name)
        return try order(of: name, entry: entry, directory.status(of: entry), in: directory)
    }

    /// The place of a file whose status is known.
    ///
    /// What is not to be sent before its time, and whose name says none, waits for the time that the event itself says,
    /// where that is later than the mtime: a copy that drops the mtime changes nothing.
    func order(
        of name: Span<UInt8>, entry: FileName, _ status: FileStatus, in directory: Directory
    ) throws(SystemCallError) -> SpoolOrder {
        let order = order(of: name, modifiedNanoseconds: status.modifiedNanoseconds)
        guard isScheduled, !order.isNamed, kind == .event, status.kind == .regular,
            let time = try Self.timestamp(in: entry, directory), time > status.modifiedNanoseconds
        else { return order }
        let latest = status.modifiedNanoseconds + Self.spanNanoseconds
        return SpoolOrder(min(time, latest), name, restStart: 0)
    }

    /// The `timestamp` of the event in a file, Unix nanoseconds; `nil` where it has none, is no event (yet), or may not be
    /// read.
    ///
    /// - Throws: Why it could not be read: without it, it would be sent before its time.
    private static func timestamp(in entry: FileName, _ directory: Directory) throws(SystemCallError) -> Int64? {
        var bytes: [UInt8] = []
        do {
            try directory.openForReading(entry).readAll(into: &bytes, limitBytes: Event.defaultLimitBytes, object: "")
        } catch {
            guard error.isPermission else { throw error }
            return nil
        }
        guard let text = try? EventText.decode(bytes.span), let microseconds = text.happenedMicroseconds(in: bytes.span)
        else { return nil }
        let (nanoseconds, isTooLarge) = microseconds.multipliedReportingOverflow(by: 1_000)
        return isTooLarge ? nil : nanoseconds
    }
}

/// When files are due whose names do not say it, so that each is read once and not at each listing.
struct DueTimes {
    private var known: [FileName: (modified: Int64, order: SpoolOrder)] = [:]
    private let limit: Int

    init(limitFiles: Int) { limit = limitFiles }

    /// The place of a file.
    ///
    /// - Throws: Why it could not be asked; also that it has gone.
    mutating func order(
        of parsed: SpoolName, _ name: Span<UInt8>, in directory: Directory
    ) throws(SystemCallError) -> SpoolOrder {
        guard parsed.isScheduled, parsed.form == .other else { return try parsed.order(of: name, in: directory) }
        let entry = FileName(name)
        let status = try directory.status(of: entry)
        if let known = known[entry], known.modified == status.modifiedNanoseconds { return known.order }
        let order = try parsed.order(of: name, entry: entry, status, in: directory)
        if known.count >= limit { known = [:] }
        known[entry] = (status.modifiedNanoseconds, order)
        return order
    }

    /// Forgets a file.
    mutating func forget(_ name: FileName) {
        if !known.isEmpty { known[name] = nil }
    }
}
