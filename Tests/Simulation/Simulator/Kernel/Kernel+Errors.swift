import Glibc

/// Calls of the server that fail once, as on a machine that is short of something, or whose disk goes bad.
extension Kernel {
    /// Calls that fail for the same reasons.
    enum Failing: CaseIterable {
        case open, openEvent, create, list, read, write, overwrite, size, sync, status, look, rename, remove, make,
            mode, lock, lease
        case descriptor, poll, watch, thread, memory
        case bind, accept, receive, send

        /// What it may fail with (the manual page of each call). What says that the caller is wrong is not among them, nor
        /// what a call says of its own accord here, such as ENOENT.
        var codes: [Int32] {
            switch self {
            case .open: [EMFILE, ENFILE, ENOMEM, EIO, EACCES]
            // One that the server may not read it sets aside, which is not to be lost.
            case .openEvent: [EMFILE, ENFILE, ENOMEM, EIO]
            case .create: [EMFILE, ENFILE, ENOMEM, EIO, EACCES, ENOSPC]
            case .list, .read, .status: [EIO, ENOMEM]
            case .look: [EIO, ENOMEM, EACCES]
            case .write, .size: [ENOSPC, EIO]
            // What has its place already needs no other.
            case .overwrite: [EIO]
            case .sync: [EIO, ENOSPC]
            // A right that is not there is not there a moment later: what may not be moved is left where it is.
            case .rename, .make: [EIO, ENOSPC, ENOMEM]
            case .remove: [EIO, ENOMEM, EACCES]
            case .mode: [EIO, EPERM]
            case .lock: [ENOLCK, ENOMEM]
            case .lease, .thread: [EAGAIN]
            case .descriptor: [EMFILE, ENFILE, ENOMEM]
            case .poll, .watch: [ENOSPC, ENOMEM]
            case .memory: [ENOMEM]
            case .bind: [EADDRINUSE, ENOMEM]
            case .accept: [EMFILE, ENFILE, ENOBUFS, ENOMEM, ECONNABORTED]
            case .receive: [ENOMEM, ETIMEDOUT]
            case .send: [ENOBUFS, ENOMEM]
            }
        }

        /// Whether it may leave less on the disk than was written.
        var changesDisk: Bool {
            switch self {
            case .create, .write, .overwrite, .size, .sync, .rename, .remove, .make: true
            default: false
            }
        }
    }

    /// The error of this call, if it has one.
    func error(of call: Failing) -> Int32? {
        guard let task = current, task.owner.serverNumber != nil else { return nil }
        failingCalls += 1
        if now < diskIsFullUntil, call == .create || call == .write || call == .make {
            errors += 1
            diskErrors += 1
            return ENOSPC
        }
        if let chosen = settings.failingCall {
            guard failingCalls == chosen else { return nil }
        } else {
            guard errorsLeft > 0, failingCalls >= nextError, call == settings.failing || settings.failing == nil,
                random.chance(perMille: settings.errorPerMille)
            else { return nil }
            errorsLeft -= 1
            nextError = failingCalls + Self.callsBetween
        }
        let code = random.pick(call.codes)
        errors += 1
        if call.changesDisk { diskErrors += 1 }
        let mayLast = call.changesDisk && settings.mayBeFull && settings.failingCall == nil
        if code == ENOSPC, mayLast, random.chance(perMille: 500) {
            diskIsFullUntil = now + Int64(random.below(Self.longestFullNanoseconds))
        }
        if settings.isTraced { print("\(now) \(task.name) fails: \(String(cString: strerror(code)))") }
        return code
    }

    /// A call that is tried again is to succeed then.
    private static let callsBetween = 50
    private static let longestFullNanoseconds = 2_000_000_000
}
