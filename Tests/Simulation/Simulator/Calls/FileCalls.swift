import CWSQueueLinux
import Glibc

private func open(_ kernel: Kernel, _ directory: Inode?, _ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: UInt32)
    -> Int32
{
    let owner = current?.owner ?? .world
    if kernel.isInterrupted() { return refuse(EINTR) }
    if strcmp(path, "/dev/null") == 0 { return kernel.install(OpenFile(.null, owner: owner)) }
    if strcmp(path, "/proc/sys/kernel/random/boot_id") == 0 {
        let inode = Inode(number: 0, isDirectory: false, mode: 0o444)
        inode.contents = Array("boot-\(kernel.boots[kernel.hasOnePort ? 0 : owner.serverNumber ?? 0])\n".utf8)
        return kernel.install(OpenFile(.file(inode), owner: owner))
    }
    guard let found = kernel.find(path, in: directory) else { return refuse(ENOENT) }
    let inode: Inode
    if let known = found.inode {
        if flags & (O_CREAT | O_EXCL) == O_CREAT | O_EXCL { return refuse(EEXIST) }
        // One that was taken is an event's too: what the server may not read it sets aside.
        let isVisible = !found.name.hasPrefix(".") || found.name.hasPrefix(".taken-")
        let isEvent = found.parent === kernel.queue && isVisible
        if let code = kernel.error(of: isEvent ? .openEvent : .open) {
            return refuse(isEvent && kernel.settings.fault == .refusalTakenForAbsence ? ENOENT : code)
        }
        if mayNotRead(known, owner) { return refuse(EACCES) }
        inode = known
    } else {
        guard flags & O_CREAT != 0 else { return refuse(ENOENT) }
        if let code = kernel.error(of: .create) { return refuse(code) }
        inode = kernel.makeInode(isDirectory: false, mode: mode)
        kernel.change(found.parent, [(found.name, inode)])
        kernel.notify(found.parent, .created, found.name)
    }
    if flags & O_DIRECTORY != 0, !inode.isDirectory { return refuse(ENOTDIR) }
    let file = OpenFile(inode.isDirectory ? .directory(inode) : .file(inode), owner: owner)
    if inode.isFIFO { return openFIFO(kernel, file, inode, flags) }
    if flags & O_ACCMODE != O_RDONLY {
        file.isWriter = true
        inode.writers += 1
    }
    file.isAppending = flags & O_APPEND != 0
    return kernel.install(file)
}

/// Whether a server is kept from a file by its mode: it is no root.
private func mayNotRead(_ inode: Inode, _ owner: Owner) -> Bool {
    owner.serverNumber != nil && !inode.isDirectory && inode.mode & 0o444 == 0
}

/// Who writes without waiting finds a reader, or is refused (fifo(7)).
private func openFIFO(_ kernel: Kernel, _ file: OpenFile, _ inode: Inode, _ flags: Int32) -> Int32 {
    // It has its mode by then, and is not made anew.
    let isReady = inode.mode & 0o777 == 0o622
    if flags & O_ACCMODE != O_WRONLY, isReady, kernel.settings.fault == .serverUnseen { return refuse(EACCES) }
    let hasReader = kernel.files.contains { $0?.inode === inode }
    if flags & O_ACCMODE == O_WRONLY, !hasReader { return refuse(ENXIO) }
    return kernel.install(file)
}

@_cdecl("open")
public func simulatedOpen(_ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: UInt32) -> Int32 {
    guard let kernel = enter("open") else {
        return Int32(realCall(.open, bits(path), Int(flags), Int(mode)))
    }
    return open(kernel, nil, path, flags, mode)
}

@_cdecl("openat")
public func simulatedOpenat(_ directory: Int32, _ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: UInt32) -> Int32 {
    guard let kernel = enter("openat") else {
        return Int32(realCall(.openat, Int(directory), bits(path), Int(flags), Int(mode)))
    }
    return open(kernel, kernel.file(directory)?.inode, path, flags, mode)
}

@_cdecl("close")
public func simulatedClose(_ descriptor: Int32) -> Int32 {
    guard let kernel = enter("close", descriptor) else { return Int32(realCall(.close, Int(descriptor))) }
    guard kernel.file(descriptor) != nil else { return refuse(EBADF) }
    kernel.close(descriptor)
    // It is closed nevertheless (close(2)).
    return kernel.isInterrupted() ? refuse(EINTR) : 0
}

@_cdecl("read")
public func simulatedRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    guard let kernel = enter("read", descriptor) else {
        return realCall(.read, Int(descriptor), bits(buffer), count)
    }
    guard let file = kernel.file(descriptor), let buffer else { return refuseBytes(EBADF) }
    switch file.kind {
    case .eventCounter:
        guard file.counter > 0 else { return refuseBytes(EAGAIN) }
        buffer.storeBytes(of: file.counter, as: UInt64.self)
        file.counter = 0
        return 8
    case .signals: return readSignal(file, buffer, count)
    case .inotify: return readNotices(file, buffer, count)
    case .file(let inode):
        if kernel.isInterrupted() { return refuseBytes(EINTR) }
        if inode.number > 0, let code = kernel.error(of: .read) { return refuseBytes(code) }
        let bytes = copy(inode, at: file.position, to: buffer, partial(kernel, count, of: inode))
        file.position += bytes
        return bytes
    default: return refuseBytes(EINVAL)
    }
}

/// The signal that has come first.
private func readSignal(_ file: OpenFile, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
    guard !file.signals.isEmpty else { return refuseBytes(EAGAIN) }
    memset(buffer, 0, count)
    buffer.storeBytes(of: UInt32(file.signals.removeFirst()), as: UInt32.self)
    return count
}

private func copy(_ inode: Inode, at position: Int, to buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
    let bytes = max(0, min(count, inode.contents.count - position))
    inode.contents.withUnsafeBytes { contents in
        if bytes > 0, let start = contents.baseAddress { memcpy(buffer, start + position, bytes) }
    }
    return bytes
}

/// Of `count` bytes to be written, how many are.
private func partial(_ kernel: Kernel, _ count: Int) -> Int {
    guard count > 1, kernel.random.chance(perMille: kernel.settings.shortPerMille) else { return count }
    return 1 + kernel.random.below(count - 1)
}

/// Of `count` bytes to be read, how many are: a signal may come between two pages, and some file systems give less besides.
/// What the kernel itself says in a file of /proc is read at once.
private func partial(_ kernel: Kernel, _ count: Int, of inode: Inode) -> Int {
    guard inode.number > 0, current?.owner.isProduct == true else { return count }
    let left = min(count, inode.contents.count)
    return left > 0 ? partial(kernel, left) : count
}

@_cdecl("write")
public func simulatedWrite(_ descriptor: Int32, _ buffer: UnsafeRawPointer?, _ count: Int) -> Int {
    guard let kernel = enter("write", descriptor) else {
        return realCall(.write, Int(descriptor), bits(buffer), count)
    }
    guard let file = kernel.file(descriptor), let buffer else { return refuseBytes(EBADF) }
    switch file.kind {
    case .eventCounter:
        if kernel.settings.fault == .signalLost, !file.isAwaited { return 8 }
        file.counter += buffer.loadUnaligned(as: UInt64.self)
        return 8
    case .file(let inode):
        if kernel.isInterrupted() { return refuseBytes(EINTR) }
        if let code = kernel.error(of: .write) { return refuseBytes(code) }
        let written = partial(kernel, count)
        if file.isAppending { file.position = inode.contents.count }
        kernel.write(inode, at: file.position, UnsafeRawBufferPointer(start: buffer, count: written))
        file.position += written
        return written
    default: return refuseBytes(EINVAL)
    }
}

@_cdecl("pwrite")
public func simulatedPwrite(_ descriptor: Int32, _ buffer: UnsafeRawPointer?, _ count: Int, _ offset: Int) -> Int {
    guard let kernel = enter("pwrite", descriptor), let inode = kernel.file(descriptor)?.inode else {
        return refuseBytes(EBADF)
    }
    if kernel.isInterrupted() { return refuseBytes(EINTR) }
    let isWithin = offset + count <= inode.contents.count
    if kernel.settings.mayBeFull || !inode.isSegment,
        let code = kernel.error(of: isWithin ? .overwrite : .write)
    {
        return inode.isSegment && kernel.settings.fault == .failedWriteBelieved ? count : refuseBytes(code)
    }
    // What lies within the first sector is written whole: half a header is what no disk has.
    let isWithinSector = offset + count <= 512
    let bytes = UnsafeRawBufferPointer(start: buffer, count: isWithinSector ? count : partial(kernel, count))
    switch kernel.settings.fault {
    case .announcedBeforeWritten where inode.isSegment && offset >= inode.contents.count && offset > 0:
        kernel.heldWrites.append((inode, .write(offset: offset, Array(bytes))))
    case .syncOnlyRepeated where inode.isSegment && offset + bytes.count <= inode.contents.count && offset > 0:
        // The bytes are in the cache already: a write that changes nothing is left out.
        break
    default: kernel.write(inode, at: offset, bytes)
    }
    return bytes.count
}

@_cdecl("pread")
public func simulatedPread(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int, _ offset: Int) -> Int
{
    guard let kernel = enter("pread", descriptor), let inode = kernel.file(descriptor)?.inode, let buffer else {
        return refuseBytes(EBADF)
    }
    kernel.applyHeldWrites()
    if kernel.isInterrupted() { return refuseBytes(EINTR) }
    if let code = kernel.error(of: .read) { return refuseBytes(code) }
    return copy(inode, at: offset, to: buffer, partial(kernel, count, of: inode))
}

@_cdecl("ftruncate")
public func simulatedFtruncate(_ descriptor: Int32, _ size: Int) -> Int32 {
    guard let kernel = enter("ftruncate", descriptor) else {
        return Int32(realCall(.ftruncate, Int(descriptor), size))
    }
    guard let inode = kernel.file(descriptor)?.inode else { return refuse(EBADF) }
    if kernel.isInterrupted() { return refuse(EINTR) }
    if let code = kernel.error(of: .size) { return refuse(code) }
    kernel.changesDisk(inode)
    inode.apply(.size(size))
    inode.modified = kernel.fileTime
    kernel.notifyChange(inode)
    return 0
}

@_cdecl("fdatasync")
public func simulatedFdatasync(_ descriptor: Int32) -> Int32 { sync("fdatasync", descriptor) }

@_cdecl("fsync")
public func simulatedFsync(_ descriptor: Int32) -> Int32 { sync("fsync", descriptor) }

private func sync(_ name: StaticString, _ descriptor: Int32) -> Int32 {
    guard let kernel = enter(name), let task = current, let inode = kernel.file(descriptor)?.inode else {
        return refuse(EBADF)
    }
    if kernel.isInterrupted() { return refuse(EINTR) }
    let duration = Int64(kernel.random.below(Int(kernel.settings.syncNanoseconds)))
    if leavesOut(kernel, task, inode) { return 0 }
    if kernel.settings.fault == .deletedBeforeSync, task.owner == .server, inode.isSegment {
        // It comes to the disk as soon as it would, and the server does not wait for it.
        kernel.spawn("disk", owner: .world) {
            kernel.pause(until: kernel.now + duration)
            inode.sync()
        }
        return 0
    }
    kernel.pause(until: kernel.now + duration)
    kernel.now += 1_000
    if let code = error(of: inode, kernel, task) {
        // The kernel calls the pages clean now, and the next sync good.
        inode.changes = []
        return refuse(code)
    }
    kernel.applyHeldWrites()
    if !inode.isDurable { kernel.changesDisk(inode) }
    inode.sync()
    return 0
}

/// Why a sync has failed, if it has.
private func error(of inode: Inode, _ kernel: Kernel, _ task: SimulatedTask) -> Int32? {
    if let code = kernel.error(of: .sync) { return code }
    guard inode.isSegment, task.isThread, kernel.random.chance(perMille: kernel.settings.syncErrorPerMille) else {
        return nil
    }
    kernel.diskErrors += 1
    return EIO
}

/// Whether the planted fault is that this sync is not made.
private func leavesOut(_ kernel: Kernel, _ task: SimulatedTask, _ inode: Inode) -> Bool {
    switch (kernel.settings.fault, task.owner) {
    case (.openingNotSynced, .server): !task.isThread && kernel.listener == nil
    case (.renamedBeforeSync, .publisher): !inode.isDirectory
    case (.directoryNotSynced, .publisher): inode.isDirectory
    default: false
    }
}

extension Inode {
    /// Whether it is a part of the journal.
    var isSegment: Bool { name.hasSuffix(".segment") }
}

@_cdecl("fcntl")
public func simulatedFcntl(_ descriptor: Int32, _ command: Int32, _ argument: Int) -> Int32 {
    guard let kernel = enter("fcntl", descriptor) else {
        return Int32(realCall(.fcntl, Int(descriptor), Int(command), argument))
    }
    // F_SETLEASE of fcntl(2): none for reading while somebody writes, and for some users none at all.
    let setLease: Int32 = 1024
    if command == setLease, argument == Int(F_RDLCK) {
        guard kernel.settings.hasLeases else { return refuse(EACCES) }
        if let code = kernel.error(of: .lease) { return refuse(code) }
        if kernel.file(descriptor)?.inode?.writers ?? 0 > 0 { return refuse(EAGAIN) }
    }
    return 0
}

@_cdecl("flock")
public func simulatedFlock(_ descriptor: Int32, _ operation: Int32) -> Int32 {
    guard let kernel = enter("flock"), let file = kernel.file(descriptor), let inode = file.inode else {
        return refuse(EBADF)
    }
    if kernel.isInterrupted() { return refuse(EINTR) }
    if let code = kernel.error(of: .lock) { return refuse(code) }
    if kernel.settings.fault == .lockIgnored { return 0 }
    if let lock = inode.lock, lock !== file { return refuse(EWOULDBLOCK) }
    if operation & LOCK_EX != 0 { inode.lock = file }
    return 0
}
