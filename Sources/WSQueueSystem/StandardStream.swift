internal import Glibc

/// One of the two streams a command writes to.
package enum StandardStream: Int32, Sendable {
    case output = 1
    case error = 2

    /// Which file it is; `nil` when it is closed (fstat(2)).
    package var identity: FileIdentity? {
        var raw = stat()
        return unsafe fstat(rawValue, &raw) == 0 ? FileStatus(raw).identity : nil
    }

    /// Writes all of `bytes` (write(2)).
    package func write(_ bytes: Span<UInt8>) throws(SystemCallError) {
        var done = 0
        while done < bytes.count {
            let rest = bytes.extracting(done...)
            done += try systemCall("write", self == .output ? "standard output" : "standard error") {
                unsafe rest.withUnsafeBytes { unsafe Glibc.write(rawValue, $0.baseAddress, $0.count) }
            }
        }
    }
}
