internal import CWSQueueLinux
internal import Glibc
package import WSQueueSystem

/// What a poller waits for on a descriptor (epoll_ctl(2)).
package struct Interest: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = Interest(rawValue: 0x001)
    package static let writable = Interest(rawValue: 0x004)
    /// The peer has shut down its side; told even while nothing is read.
    package static let peerClosed = Interest(rawValue: 0x2000)
    /// Wakes one of the loops that wait for the same listener, not all.
    package static let exclusive = Interest(rawValue: 1 << 28)
}

/// One descriptor that is ready.
package struct Readiness {
    /// The token it was registered with.
    package let token: UInt64
    private let bits: UInt32

    init(token: UInt64, bits: UInt32) {
        self.token = token
        self.bits = bits
    }

    /// Reading tells something: bytes, the end, or the error (`EPOLLIN`, `EPOLLRDHUP`, `EPOLLHUP`, `EPOLLERR`).
    package var isReadable: Bool { bits & 0x2019 != 0 }
    package var isWritable: Bool { bits & 0x004 != 0 }
}

/// Waits for many descriptors at once (epoll(7)), level-triggered.
@safe
package struct Poller: ~Copyable {
    private let descriptor: FileDescriptor
    private let events: UnsafeMutableBufferPointer<epoll_event>
    private var readyCount = 0

    /// Opens an epoll instance that reports up to 512 descriptors a wait.
    package init() throws(SystemCallError) {
        let number = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard number >= 0 else { throw SystemCallError(call: "epoll_create1", object: "", code: errno) }
        descriptor = FileDescriptor(owning: number)
        unsafe events = .allocate(capacity: 512)
    }

    deinit { unsafe events.deallocate() }

    /// Adds a descriptor; `token` comes back with each readiness.
    package func add(_ number: Int32, _ interest: Interest, token: UInt64) throws(SystemCallError) {
        try control(EPOLL_CTL_ADD, number, interest, token)
    }

    /// Changes what is waited for.
    package func change(_ number: Int32, _ interest: Interest, token: UInt64) throws(SystemCallError) {
        try control(EPOLL_CTL_MOD, number, interest, token)
    }

    /// Removes a descriptor. Closing it does the same, but for descriptors that share an open file.
    package func remove(_ number: Int32) {
        _ = epoll_ctl(descriptor.number, EPOLL_CTL_DEL, number, nil)
    }

    /// Waits until something is ready or the time is over; -1 waits for ever, 0 only looks.
    ///
    /// - Returns: How many descriptors are ready; 0 also when a signal came.
    package mutating func wait(milliseconds: Int32) throws(SystemCallError) -> Int {
        let count = unsafe epoll_wait(descriptor.number, events.baseAddress, Int32(events.count), milliseconds)
        readyCount = Int(max(count, 0))
        if count < 0 && errno != EINTR { throw SystemCallError(call: "epoll_wait", object: "", code: errno) }
        return readyCount
    }

    /// The ready descriptor with this index, below what `wait` returned.
    package func ready(_ index: Int) -> Readiness {
        precondition(index < readyCount, "an index past the last wait's count")
        let event = unsafe events[index]
        return unsafe Readiness(token: event.data.u64, bits: event.events)
    }

    private func control(
        _ operation: Int32, _ number: Int32, _ interest: Interest, _ token: UInt64
    ) throws(SystemCallError) {
        var event = unsafe epoll_event()
        unsafe event.events = interest.rawValue
        unsafe event.data.u64 = token
        guard unsafe epoll_ctl(descriptor.number, operation, number, &event) == 0 else {
            throw SystemCallError(call: "epoll_ctl", object: "descriptor \(number)", code: errno)
        }
    }
}
