internal import CWSQueueLinux
internal import WSQueueLibc

/// Reading and writing at a position that the caller keeps, so that many may do it at once.
extension FileDescriptor {
    /// Makes a file that has no name and lives in memory until it is closed (memfd_create(2)).
    package static func inMemory(_ name: String) throws(SystemCallError) -> FileDescriptor {
        // 1 is MFD_CLOEXEC (linux/memfd.h), which no header shows without _GNU_SOURCE.
        let number = try systemCall("memfd_create", name) {
            unsafe Int(name.withCString { unsafe memfd_create($0, 1) })
        }
        return FileDescriptor(owning: Int32(number))
    }

    /// Reads up to `count` bytes from `offset` on (pread(2)).
    ///
    /// - Returns: What is there; fewer bytes only where the file ends.
    package func read(
        at offset: Int, count: Int, object: @autoclosure () -> String
    ) throws(SystemCallError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let start = done
            let got = try systemCall("pread", object()) {
                unsafe bytes.withUnsafeMutableBytes { buffer in
                    let free = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[start...])
                    return unsafe pread(number, free.baseAddress, free.count, off_t(offset + start))
                }
            }
            if got == 0 { break }
            done += got
        }
        bytes.removeLast(count - done)
        return bytes
    }

    /// Writes all of `bytes` from `offset` on, in as many pwrite(2) calls as that takes.
    package func writeAll(
        _ bytes: Span<UInt8>, at offset: Int, object: @autoclosure () -> String
    ) throws(SystemCallError) {
        var done = 0
        while done < bytes.count {
            let rest = bytes.extracting(done...)
            let position = off_t(offset + done)
            done += try systemCall("pwrite", object()) {
                unsafe rest.withUnsafeBytes { unsafe pwrite(number, $0.baseAddress, $0.count, position) }
            }
        }
    }

    /// Cuts the file off, or fills it up with zeros (ftruncate(2)).
    package func setSize(_ bytes: Int, object: @autoclosure () -> String) throws(SystemCallError) {
        _ = try systemCall("ftruncate", object()) { Int(ftruncate(number, off_t(bytes))) }
    }
}
