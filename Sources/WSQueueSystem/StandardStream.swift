internal import WSQueueLibc

/// One of the two streams a command writes to.
package enum StandardStream: Int32, Sendable {
    case output = 1
    case error = 2

    /// Which file it is; `nil` when it is closed (fstat(2)).
    package var identity: FileIdentity? {
        var raw = stat()
        return unsafe fstat(rawValue, &raw) == 0 ? FileStatus(raw).identity : nil
    }

    /// Whether somebody sees what is written (isatty(3)).
    package var isTerminal: Bool { isatty(rawValue) == 1 }

    /// Takes the numbers of those standard streams, input among them, that this process was started without. Otherwise
    /// the next files it opens would get them, and lines for people would be written into the journal or an event.
    ///
    /// What takes a number can be neither read nor written (open(2), `O_PATH`), so that using the stream fails as if it
    /// were closed. To be called before anything is opened.
    package static func takeNumbersOfClosed() {
        var requests = (0...error.rawValue).map { pollfd(fd: $0, events: 0, revents: 0) }
        guard unsafe poll(&requests, nfds_t(requests.count), 0) > 0 else { return }
        // From the lowest on: each open(2) gives the lowest free number.
        for request in requests where request.revents & Int16(POLLNVAL) != 0 {
            // 0o10000000 is O_PATH (asm-generic/fcntl.h), which no header shows without _GNU_SOURCE.
            _ = unsafe open("/", 0o10000000)
        }
    }

    /// Writes all of `bytes` (write(2)).
    package func write(_ bytes: Span<UInt8>) throws(SystemCallError) {
        var done = 0
        while done < bytes.count {
            let rest = bytes.extracting(done...)
            done += try systemCall("write", self == .output ? "standard output" : "standard error") {
                unsafe rest.withUnsafeBytes { unsafe WSQueueLibc.write(rawValue, $0.baseAddress, $0.count) }
            }
        }
    }
}
