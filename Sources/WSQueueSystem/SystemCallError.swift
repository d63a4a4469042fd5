internal import WSQueueLibc

/// A system call that failed: the call, what it was about, and the C error number.
///
/// Its text reads as a path to the cause: `rename queue/17-1-1.json: no space left on device`.
package struct SystemCallError: Error, Equatable, CustomStringConvertible {
    /// The C function's name, such as `rename`.
    package let call: String
    /// The path, address or other thing the call was about; may be empty.
    package let object: String
    /// The `errno` value (errno(3)).
    package let code: Int32

    /// Makes an error from its three parts.
    package init(call: String, object: String, code: Int32) {
        self.call = call
        self.object = object
        self.code = code
    }

    /// The error number in words, lower case at the start: `no such file or directory`.
    package var reason: String { Self.reason(of: code) }

    package var description: String { object.isEmpty ? "\(call): \(reason)" : "\(call) \(object): \(reason)" }

    /// The error of a path that should lead to a directory and does not (`ENOTDIR`).
    package static func notDirectory(_ call: String, _ object: String) -> SystemCallError {
        SystemCallError(call: call, object: object, code: ENOTDIR)
    }

    /// The error of a name that is taken (`EEXIST`).
    package static func existing(_ call: String, _ object: String) -> SystemCallError {
        SystemCallError(call: call, object: object, code: EEXIST)
    }

    /// The error of contents that are not what was written (`EIO`).
    package static func inputOutput(_ call: String, _ object: String) -> SystemCallError {
        SystemCallError(call: call, object: object, code: EIO)
    }

    /// An error number in words, as strerror(3) has it, lower case at the start.
    package static func reason(of code: Int32) -> String {
        // ASCII, as long as no locale is set.
        var text = unsafe Array(String(cString: strerror(code)).utf8)
        if let first = text.first, (0x41...0x5A).contains(first) { text[0] |= 0x20 }
        return String(decoding: text, as: UTF8.self)
    }
}

/// The error numbers that callers tell apart (errno(3)); everything else is reported as it is.
extension SystemCallError {
    package var isNotFound: Bool { code == ENOENT }
    package var isNotDirectory: Bool { code == ENOTDIR }
    package var isSymbolicLink: Bool { code == ELOOP }
    package var isNoDevice: Bool { code == ENXIO || code == ENODEV }
    package var isExisting: Bool { code == EEXIST }
    package var isPermission: Bool { code == EACCES || code == EPERM }
    package var isReadOnly: Bool { code == EROFS }
    package var isDiskFull: Bool { code == ENOSPC || code == EDQUOT }
    /// Whether a file may not become as large for this process (setrlimit(2), `RLIMIT_FSIZE`).
    package var isOverFileLimit: Bool { code == EFBIG }
    package var isNameTooLong: Bool { code == ENAMETOOLONG }
    package var isUnsupported: Bool { code == EINVAL || code == ENOSYS || code == EOPNOTSUPP }
    /// Whether the file system cannot make a second name of a file: link(2) has more words for that than others.
    package var isWithoutLinks: Bool { isUnsupported || code == EPERM || code == EMLINK }
    package var isInputOutput: Bool { code == EIO }
    package var isTryAgain: Bool { isOutOfDescriptors || [EAGAIN, EINTR, ENOMEM, ENOBUFS, EBUSY].contains(code) }
    /// Whether the machine, or this process, has too little of something, whatever the call was about.
    package var isShortage: Bool { isOutOfDescriptors || code == ENOMEM || code == ENOBUFS }
    package var isOutOfDescriptors: Bool { code == EMFILE || code == ENFILE }
    package var isWouldBlock: Bool { code == EAGAIN }
    package var isAddressInUse: Bool { code == EADDRINUSE }
}
