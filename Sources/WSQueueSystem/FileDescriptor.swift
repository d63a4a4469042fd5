internal import WSQueueLibc

/// An open file description, owned: it is closed when its owner goes (close(2)).
@usableFromInline  // Embedded Swift wants to see what becomes of it from where it is let go of.
package struct FileDescriptor: ~Copyable, Sendable {
    /// The number the kernel knows it by. Valid for as long as this value lives; -1 once it has been given away.
    package private(set) var number: Int32

    /// Takes over a descriptor that nothing else closes.
    package init(owning number: Int32) { self.number = number }

    deinit { if number >= 0 { _ = WSQueueLibc.close(number) } }

    /// A descriptor of no use but to be closed when one is needed urgently.
    package static func spare() throws(SystemCallError) -> FileDescriptor {
        let number = try systemCall("open", "/dev/null") { unsafe Int(open("/dev/null", O_RDONLY | O_CLOEXEC)) }
        return FileDescriptor(owning: Int32(number))
    }

    /// Gives the descriptor away: the caller closes it.
    package consuming func release() -> Int32 {
        defer { number = -1 }
        return number
    }

    /// Closes it now and reports what close(2) says: on some file systems that is where a failed write shows.
    package consuming func close() throws(SystemCallError) {
        defer { number = -1 }
        // Linux frees the number even when close(2) fails or is interrupted, so it must never be repeated: the result
        // goes through the seam when the call has been made.
        let code = WSQueueLibc.close(number) == 0 || errno == EINTR ? 0 : errno
        _ = try systemCall("close", "") {
            errno = code
            return code == 0 ? 0 : -1
        }
    }

    /// Writes all of `bytes`, in as many write(2) calls as that takes.
    ///
    /// - Parameter object: What an error names, usually the path.
    package func writeAll(_ bytes: Span<UInt8>, object: @autoclosure () -> String) throws(SystemCallError) {
        var done = 0
        while done < bytes.count { done += try writeSome(bytes.extracting(done...), object: object()) }
    }

    /// Writes once (write(2)).
    ///
    /// - Returns: How many bytes went.
    func writeSome(_ bytes: Span<UInt8>, object: @autoclosure () -> String) throws(SystemCallError) -> Int {
        try systemCall("write", object()) {
            unsafe bytes.withUnsafeBytes { unsafe write(number, $0.baseAddress, $0.count) }
        }
    }

    /// Reads to the end of the file, but no more than `limitBytes`, appending to `bytes` (read(2)).
    ///
    /// A call may give less than is left without any end: a signal came, or a file system serves it in pieces.
    ///
    /// - Parameter sizeBytes: The size that fstat(2) gave, where it has been asked: what has that size needs no call more
    ///   that says so.
    package func readAll(
        into bytes: inout [UInt8], sizeBytes: Int? = nil, limitBytes: Int, object: @autoclosure () -> String
    ) throws(SystemCallError) {
        let end = sizeBytes.map { bytes.count + min($0, limitBytes) }
        var wanted = min(min(sizeBytes ?? 4_095, limitBytes) + 1, limitBytes - bytes.count)
        if wanted >= Self.largeBytes, bytes.isEmpty {
            bytes = try readLarge(upTo: wanted, object: object())
            if bytes.count < wanted { return }
            wanted = min(65_536, limitBytes - bytes.count)
        }
        while wanted > 0 {
            let start = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: wanted))
            var count = 0
            defer { bytes.removeLast(bytes.count - start - count) }
            count = try read(into: &bytes, from: start, object: object())
            if count == 0 || count < wanted && start + count == end { return }
            wanted = min(65_536, limitBytes - start - count)
        }
    }

    /// From here on memory is asked for in large pages, and not cleared before something is read into it.
    private static let largeBytes = 4 * 1_048_576

    /// Reads up to `count` bytes into memory that is asked for anew (read(2)).
    private func readLarge(upTo count: Int, object: @autoclosure () -> String) throws(SystemCallError) -> [UInt8] {
        var failure: SystemCallError?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            unsafe LargePages.advise(UnsafeMutableRawBufferPointer(buffer))
            do throws(SystemCallError) {
                while filled < count {
                    let free = unsafe UnsafeMutableBufferPointer(rebasing: buffer[filled...])
                    let got = try systemCall("read", object()) {
                        unsafe WSQueueLibc.read(number, free.baseAddress, count - filled)
                    }
                    guard got > 0 else { break }
                    filled += got
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Reads once into `bytes[start...]` (read(2)).
    ///
    /// - Returns: How many bytes came; 0 at the end of the file.
    package func read(
        into bytes: inout [UInt8], from start: Int, object: @autoclosure () -> String
    ) throws(SystemCallError) -> Int {
        try systemCall("read", object()) {
            unsafe bytes.withUnsafeMutableBytes { buffer in
                let free = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[start...])
                return unsafe WSQueueLibc.read(number, free.baseAddress, free.count)
            }
        }
    }

    /// What kind of file this is, its size and its times (fstat(2)).
    package func status(object: @autoclosure () -> String) throws(SystemCallError) -> FileStatus {
        var raw = stat()
        _ = try systemCall("fstat", object()) { Int(unsafe fstat(number, &raw)) }
        return FileStatus(raw)
    }

    /// Where the file is by now, as the kernel knows it whatever this user may see (proc_pid_fd(5)); `nil` without /proc.
    package var path: String? {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let count = unsafe readlink("/proc/self/fd/\(number)", &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether anyone has the file open for writing, of which a read lease tells (fcntl(2), `F_SETLEASE`); `nil` where
    /// leases are not for this user or file system. The process must ignore `SIGIO`.
    package var isBeingWritten: Bool? {
        // 1024 is F_SETLEASE (linux/fcntl.h), which no header shows without _GNU_SOURCE.
        if fcntl(number, 1_024, F_RDLCK) == 0 {
            _ = fcntl(number, 1_024, F_UNLCK)
            return false
        }
        return errno == EAGAIN ? true : nil
    }

    /// Sets the permission bits whatever the umask is (fchmod(2)).
    package func setMode(_ mode: UInt32, object: @autoclosure () -> String) throws(SystemCallError) {
        _ = try systemCall("fchmod", object()) { Int(fchmod(number, mode)) }
    }

    /// Sets the mtime (futimens(2)).
    package func setModified(_ unixNanoseconds: Int64, object: @autoclosure () -> String) throws(SystemCallError) {
        let times = FileTimes.modified(unixNanoseconds)
        _ = try systemCall("futimens", object()) { unsafe Int(futimens(number, times)) }
    }

    /// Makes contents and times durable (fsync(2)), or with `dataOnly` the contents and what finds them (fdatasync(2)).
    package func sync(dataOnly: Bool, object: @autoclosure () -> String) throws(SystemCallError) {
        _ = try systemCall(dataOnly ? "fdatasync" : "fsync", object()) {
            Int(dataOnly ? fdatasync(number) : fsync(number))
        }
    }
}
