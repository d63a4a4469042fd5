internal import Glibc

/// What whoever started this program asks for while it runs: a line at a time, and the end.
enum StandardInput {
    /// What has come.
    enum News {
        case nothing, line, end
    }

    /// Looks at what has come, without waiting for it (poll(2), read(2)).
    static func look() -> News {
        var request = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&request, 1, 0) > 0 else { return .nothing }
        var byte: UInt8 = 0
        guard unsafe read(0, &byte, 1) == 1 else { return .end }
        return byte == 10 ? .line : .nothing
    }
}
