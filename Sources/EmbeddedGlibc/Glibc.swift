// What Swift's Glibc module adds to the C library, as far as the publisher calls it: Embedded Swift has no such module.
@_exported public import CWSQueueLibc

/// Why the last call failed (errno(3)).
public var errno: Int32 {
    get { wsqueue_errno() }
    set { wsqueue_set_errno(newValue) }
}

/// Opens a file (open(2)).
public func open(_ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: mode_t = 0) -> Int32 {
    unsafe wsqueue_open(path, flags, mode)
}

/// Opens a file below a directory (openat(2)).
public func openat(_ directory: Int32, _ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: mode_t) -> Int32 {
    unsafe wsqueue_openat(directory, path, flags, mode)
}

/// Asks or changes something of a descriptor (fcntl(2)).
public func fcntl(_ descriptor: Int32, _ command: Int32, _ value: Int32) -> Int32 {
    wsqueue_fcntl(descriptor, command, value)
}

/// What the standard library seeds its hashes with, over getrandom(2): glibc has it only since 2.36.
@_cdecl("arc4random_buf")
public func arc4randomBuffer(_ buffer: UnsafeMutableRawPointer, _ count: Int) {
    precondition(count <= 256, "so many bytes getrandom(2) gives at once, whatever signals come")
    _ = unsafe getrandom(buffer, count, 0)
}
