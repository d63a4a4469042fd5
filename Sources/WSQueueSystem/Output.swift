internal import WSQueueLibc

/// Where lines for people go: standard error or a file that is appended to.
package struct Output: ~Copyable {
    private let descriptor: FileDescriptor
    private let path: String

    /// Standard error, under a number of its own so that closing it leaves the original open.
    package static func standardError() throws(SystemCallError) -> Output {
        let number = try systemCall("fcntl", "standard error") { Int(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)) }
        return Output(descriptor: FileDescriptor(owning: Int32(number)), path: "standard error")
    }

    /// The file at `path`, created with mode 0640 when it is missing (open(2) with `O_APPEND`).
    package static func file(_ path: String) throws(SystemCallError) -> Output {
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY
        let number = try systemCall("open", path) {
            unsafe Int(path.withCString { unsafe open($0, flags, mode_t(0o640)) })
        }
        return Output(descriptor: FileDescriptor(owning: Int32(number)), path: path)
    }

    /// Writes all of `bytes`; the caller waits as long as the reader makes it wait, also where somebody has made the
    /// stream, which others share, one that does not wait.
    package func write(_ bytes: Span<UInt8>) throws(SystemCallError) {
        var done = 0
        while done < bytes.count {
            do throws(SystemCallError) {
                done += try descriptor.writeSome(bytes.extracting(done...), object: path)
            } catch {
                guard error.isWouldBlock else { throw error }
                _ = isWritable(within: 1_000)
            }
        }
    }

    /// Whether something can be written within the time (poll(2)).
    package func isWritable(within milliseconds: Int32) -> Bool {
        var request = pollfd(fd: descriptor.number, events: Int16(POLLOUT), revents: 0)
        return unsafe poll(&request, 1, milliseconds) > 0
    }

    private init(descriptor: consuming FileDescriptor, path: String) {
        self.descriptor = descriptor
        self.path = path
    }
}
