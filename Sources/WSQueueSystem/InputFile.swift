internal import WSQueueLibc

/// A file that somebody named, or standard input, to be read from front to end.
package struct InputFile: ~Copyable {
    /// What errors call it.
    package let name: String
    private let descriptor: FileDescriptor

    /// Opens the file at `path`, following symbolic links and waiting for the writer of a FIFO: the path is the user's
    /// word (open(2)).
    package static func open(_ path: String) throws(SystemCallError) -> InputFile {
        let number = try systemCall("open", path) {
            unsafe Int(path.withCString { unsafe WSQueueLibc.open($0, O_RDONLY | O_CLOEXEC | O_NOCTTY) })
        }
        return InputFile(name: path, descriptor: FileDescriptor(owning: Int32(number)))
    }

    /// Standard input, under a number of its own so that closing it leaves the original open (fcntl(2)).
    package static func standardInput() throws(SystemCallError) -> InputFile {
        let number = try systemCall("fcntl", "standard input") { Int(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)) }
        return InputFile(name: "standard input", descriptor: FileDescriptor(owning: Int32(number)))
    }

    /// Reads once into `bytes[start...]` (read(2)); waits for the first byte.
    ///
    /// - Returns: How many bytes came; 0 at the end.
    package func read(into bytes: inout [UInt8], from start: Int) throws(SystemCallError) -> Int {
        try descriptor.read(into: &bytes, from: start, object: name)
    }

    /// Reads to the end, but no more than `limitBytes`.
    ///
    /// - Parameter progress: Gets how much has come so far, each time when more has.
    package func readAll(
        limitBytes: Int, progress: (Int) -> Void = { _ in }
    ) throws(SystemCallError) -> [UInt8] {
        var bytes: [UInt8] = []
        // A pipe gives what is in it: less than was asked for is no end.
        while bytes.count < limitBytes {
            let start = bytes.count
            let wanted = min(start == 0 ? 4_096 : 65_536, limitBytes - start)
            bytes.append(contentsOf: repeatElement(0, count: wanted))
            var count = 0
            defer { bytes.removeLast(wanted - count) }
            count = try read(into: &bytes, from: start)
            if count == 0 { break }
            progress(start + count)
        }
        return bytes
    }

    /// Reads up to `count` bytes from `offset` on (pread(2)).
    ///
    /// - Returns: What is there; fewer bytes only where the file ends.
    package func read(at offset: Int, count: Int) throws(SystemCallError) -> [UInt8] {
        try descriptor.read(at: offset, count: count, object: name)
    }

    /// Goes on reading from `offset` (lseek(2)).
    package func move(to offset: Int) throws(SystemCallError) {
        _ = try systemCall("lseek", name) { lseek(descriptor.number, off_t(offset), SEEK_SET) }
    }

    /// Its status (fstat(2)).
    package func status() throws(SystemCallError) -> FileStatus { try descriptor.status(object: name) }

    /// For waiting until there is something to read.
    package var number: Int32 { descriptor.number }

    private init(name: String, descriptor: consuming FileDescriptor) {
        self.name = name
        self.descriptor = descriptor
    }
}
