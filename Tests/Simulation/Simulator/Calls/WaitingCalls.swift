import CWSQueueLinux
import Glibc

@_cdecl("eventfd")
public func simulatedEventfd(_ value: UInt32, _ flags: Int32) -> Int32 { install("eventfd", .eventCounter) }

@_cdecl("signalfd")
public func simulatedSignalfd(_ descriptor: Int32, _ set: UnsafeRawPointer, _ flags: Int32) -> Int32 {
    install("signalfd", .signals)
}

@_cdecl("epoll_create1")
public func simulatedEpollCreate1(_ flags: Int32) -> Int32 { install("epoll_create1", .epoll) }

@_cdecl("inotify_init1")
public func simulatedInotifyInit1(_ flags: Int32) -> Int32 { install("inotify_init1", .inotify) }

private func install(_ name: StaticString, _ kind: OpenFile.Kind) -> Int32 {
    guard let kernel = enter(name), let owner = current?.owner else { unknown(name) }
    if let code = kernel.error(of: .descriptor) { return refuse(code) }
    return kernel.install(OpenFile(kind, owner: owner))
}

@_cdecl("pthread_sigmask")
public func simulatedSigmask(_ how: Int32, _ set: UnsafeRawPointer?, _ old: UnsafeMutableRawPointer?) -> Int32 { 0 }

@_cdecl("epoll_ctl")
public func simulatedEpollCtl(
    _ epoll: Int32, _ operation: Int32, _ descriptor: Int32, _ event: UnsafeMutablePointer<epoll_event>?
) -> Int32 {
    guard let kernel = enter("epoll_ctl"), let file = kernel.file(epoll) else { return refuse(EBADF) }
    let known = file.interests.firstIndex { $0.descriptor == descriptor }
    if operation == EPOLL_CTL_DEL {
        guard let known else { return refuse(ENOENT) }
        file.interests.remove(at: known)
        return 0
    }
    guard let event else { return refuse(EFAULT) }
    guard let watched = kernel.file(descriptor) else { return refuse(EBADF) }
    if operation == EPOLL_CTL_ADD, let code = kernel.error(of: .poll) { return refuse(code) }
    let interest = OpenFile.Interest(
        descriptor: descriptor, file: watched, events: event.pointee.events, token: event.pointee.data.u64)
    if operation == EPOLL_CTL_ADD {
        if known != nil { return refuse(EEXIST) }
        file.interests.append(interest)
    } else {
        guard let known else { return refuse(ENOENT) }
        file.interests[known] = interest
    }
    return 0
}

/// Level-triggered; what is ready comes in an order that the seed draws.
@_cdecl("epoll_wait")
public func simulatedEpollWait(
    _ epoll: Int32, _ events: UnsafeMutablePointer<epoll_event>, _ limit: Int32, _ timeout: Int32
) -> Int32 {
    guard let kernel = enter("epoll_wait"), let file = kernel.file(epoll) else { return refuse(EBADF) }
    func ready(_ interest: OpenFile.Interest) -> UInt32 {
        let always: UInt32 = 0x8 | 0x10
        return kernel.readiness(interest.file) & (interest.events | always)
    }
    if kernel.isInterrupted() { return refuse(EINTR) }
    func isAnyReady() -> Bool { file.interests.contains { ready($0) != 0 } }
    if timeout != 0, !isAnyReady() {
        let isLosingSignals = kernel.settings.fault == .signalLost
        if isLosingSignals { for interest in file.interests { interest.file.isAwaited = true } }
        kernel.pause(until: timeout < 0 ? .max : kernel.now + Int64(timeout) * 1_000_000, isAnyReady)
        if isLosingSignals { for interest in file.interests { interest.file.isAwaited = false } }
        kernel.now += 500
    }
    var found: [(bits: UInt32, token: UInt64)] = []
    for interest in file.interests {
        let bits = ready(interest)
        if bits != 0 { found.append((bits, interest.token)) }
    }
    if found.count > 1 { found.swapAt(0, kernel.random.below(found.count)) }
    for (index, one) in found.prefix(Int(limit)).enumerated() {
        events[index].events = one.bits
        events[index].data.u64 = one.token
    }
    return Int32(min(found.count, Int(limit)))
}

@_cdecl("poll")
public func simulatedPoll(_ descriptors: UnsafeMutablePointer<pollfd>, _ count: UInt, _ timeout: Int32) -> Int32 {
    // The product waits by poll(2) only for its log's file, which always takes what it is given.
    guard let kernel = enter("poll") else { return 0 }
    if kernel.isInterrupted() { return refuse(EINTR) }
    for index in 0..<Int(count) { descriptors[index].revents = descriptors[index].events }
    return Int32(count)
}

@_cdecl("nanosleep")
public func simulatedNanosleep(_ time: UnsafePointer<timespec>, _ rest: UnsafeMutablePointer<timespec>?) -> Int32 {
    guard let kernel = enter("nanosleep") else { return 0 }
    let asked = Int64(time.pointee.tv_sec) * 1_000_000_000 + Int64(time.pointee.tv_nsec)
    let left = kernel.isInterrupted() ? Int64(kernel.random.below(Int(asked))) : 0
    kernel.pause(until: kernel.now + asked - left)
    rest?.pointee = timespec(tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
    return left > 0 ? refuse(EINTR) : 0
}

/// Where the product lets others go on between two steps without a call (SchedulingPoint.swift).
@_cdecl("sched_yield")
public func simulatedSchedYield() -> Int32 {
    guard current != nil, let kernel else { return 0 }
    kernel.pass()
    return 0
}

/// Never pauses: initial values of globals ask for the time while they hold a once token.
@_cdecl("clock_gettime")
public func simulatedClock(_ clock: Int32, _ result: UnsafeMutablePointer<timespec>) -> Int32 {
    guard current != nil, let kernel else { return Int32(realCall(.clockGetTime, Int(clock), bits(result))) }
    kernel.now += 50
    let isEarly = kernel.settings.fault == .sentBeforeTime && current?.owner == .server
    if let frozen = kernel.frozenUnix, kernel.unix - frozen > 100_000_000 { kernel.frozenUnix = nil }
    let unix = current?.owner == .server ? kernel.frozenUnix ?? kernel.unix : kernel.unix
    let time = clock == CLOCK_REALTIME ? unix + (isEarly ? 3_000_000_000 : 0) : kernel.now
    result.pointee = timespec(tv_sec: Int(time / 1_000_000_000), tv_nsec: Int(time % 1_000_000_000))
    return 0
}

@_cdecl("inotify_add_watch")
public func simulatedInotifyAddWatch(_ descriptor: Int32, _ path: UnsafePointer<CChar>, _ mask: UInt32) -> Int32 {
    guard let kernel = enter("inotify_add_watch"), let file = kernel.file(descriptor) else { return refuse(EBADF) }
    guard let inode = kernel.find(path, in: nil)?.inode else { return refuse(ENOENT) }
    if let code = kernel.error(of: .watch) { return refuse(code) }
    if let known = file.watches.first(where: { $0.inode === inode }) { return known.number }
    // A number is not given twice: notices of a watch that was removed may still wait.
    file.lastWatch += 1
    file.watches.append(OpenFile.Watch(number: file.lastWatch, inode: inode, mask: mask))
    return file.lastWatch
}

@_cdecl("inotify_rm_watch")
public func simulatedInotifyRemoveWatch(_ descriptor: Int32, _ watch: Int32) -> Int32 {
    guard let kernel = enter("inotify_rm_watch"), let file = kernel.file(descriptor) else { return refuse(EBADF) }
    file.watches.removeAll { $0.number == watch }
    return 0
}

/// Gives as many notices as fit (inotify(7)).
func readNotices(_ file: OpenFile, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
    guard !file.notices.isEmpty else { return refuseBytes(EAGAIN) }
    var position = 0
    var taken = 0
    for notice in file.notices {
        let length = notice.name.isEmpty ? 0 : (notice.name.utf8.count / 16 + 1) * 16
        guard position + 16 + length <= count else { break }
        let record = buffer + position
        memset(record, 0, 16 + length)
        record.storeBytes(of: notice.watch, as: Int32.self)
        record.storeBytes(of: notice.mask, toByteOffset: 4, as: UInt32.self)
        record.storeBytes(of: UInt32(length), toByteOffset: 12, as: UInt32.self)
        if length > 0 {
            _ = notice.name.withCString { strcpy((record + 16).assumingMemoryBound(to: CChar.self), $0) }
        }
        position += 16 + length
        taken += 1
    }
    file.notices.removeFirst(taken)
    return position
}
