internal import CWSQueueLinux
internal import WSQueueLibc

/// A command that runs as a child of this process, its output in two pipes.
package struct ChildProcess: ~Copyable {
    /// How it ended.
    package enum End: Equatable, Sendable {
        /// With a status, 0 to 255.
        case exited(Int32)
        /// By a signal, with its number.
        case signaled(Int32)
    }

    private var output: FileDescriptor?
    private var error: FileDescriptor?
    private let identifier: pid_t

    /// Starts the command `words[0]`, which is looked for in `PATH`, with the standard input of this process
    /// (posix_spawnp(3)). Signals are for the child as they are for any program, whatever this process does with them.
    package static func start(_ words: [String]) throws(SystemCallError) -> ChildProcess {
        let output = try Pipe()
        let error = try Pipe()
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        unsafe posix_spawn_file_actions_adddup2(&actions, output.writing.number, STDOUT_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&actions, error.writing.number, STDERR_FILENO)
        ChildSignals.expectEnds()
        ChildSignals.setUsual(&attributes)
        var vector = unsafe words.map { unsafe strdup($0) } + [nil]
        defer { for index in words.indices { unsafe free(vector[index]) } }
        var identifier: pid_t = 0
        let code = unsafe posix_spawnp(
            &identifier, vector[0]!, &actions, &attributes, &vector, wsqueue_environment())
        guard code == 0 else { throw SystemCallError(call: "exec", object: words[0], code: code) }
        return ChildProcess(output: output.takeReading(), error: error.takeReading(), identifier: identifier)
    }

    /// How it ended; `nil` while it runs (waitpid(2)). Not to be asked again once it has been told.
    package func end() -> End? {
        var status: Int32 = 0
        guard unsafe waitpid(identifier, &status, WNOHANG) == identifier else { return nil }
        let number = status & 0x7F
        return number == 0 ? .exited(status >> 8 & 0xFF) : .signaled(number)
    }

    /// The descriptor of what it writes to one of the streams, for poll(2); -1 when it is closed.
    package func number(_ stream: StandardStream) -> Int32 {
        switch stream {
        case .output: Self.number(output)
        case .error: Self.number(error)
        }
    }

    private static func number(_ descriptor: borrowing FileDescriptor?) -> Int32 {
        switch descriptor {
        case .some(let open): open.number
        case .none: -1
        }
    }

    /// Reads once what it wrote, without waiting.
    ///
    /// - Returns: How many bytes came; 0 at the end; `nil` when there is nothing for now.
    package func read(_ stream: StandardStream, into buffer: inout [UInt8]) -> Int? {
        let number = number(stream)
        return try? systemCall("read", "") {
            unsafe buffer.withUnsafeMutableBytes { unsafe WSQueueLibc.read(number, $0.baseAddress, $0.count) }
        }
    }

    /// Reads no more of a stream: writing to it is then the command's error.
    package mutating func close(_ stream: StandardStream) {
        switch stream {
        case .output: output = nil
        case .error: error = nil
        }
    }

    /// Reads all it writes to standard output, and waits for its end; for a child that writes little and is quick.
    package consuming func finish() -> (output: [UInt8], end: End) {
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            guard let count = read(.output, into: &buffer) else {
                Clock.pause()
                continue
            }
            if count == 0 { break }
            text += buffer[..<count]
        }
        while true {
            if let end = end() { return (text, end) }
            Clock.pause()
        }
    }

    /// Sends it a signal (kill(2)).
    package func signal(_ number: Int32) { _ = kill(identifier, number) }

    private init(output: consuming FileDescriptor, error: consuming FileDescriptor, identifier: pid_t) {
        self.output = consume output
        self.error = consume error
        self.identifier = identifier
    }
}

/// Two ends (pipe(2)), closed in children.
private struct Pipe: ~Copyable {
    let reading: FileDescriptor
    let writing: FileDescriptor

    init() throws(SystemCallError) {
        var numbers: [Int32] = [0, 0]
        _ = try systemCall("pipe", "") { unsafe Int(pipe(&numbers)) }
        reading = FileDescriptor(owning: numbers[0])
        writing = FileDescriptor(owning: numbers[1])
        for number in numbers { _ = fcntl(number, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(numbers[0], F_SETFL, O_NONBLOCK)
    }

    consuming func takeReading() -> FileDescriptor { reading }
}
