import CWSQueueLinux
import Glibc

@_cdecl("lseek")
public func simulatedLseek(_ descriptor: Int32, _ offset: Int, _ whence: Int32) -> Int {
    guard let kernel = enter("lseek"), let file = kernel.file(descriptor) else { return refuseBytes(EBADF) }
    file.position = offset
    file.lastHash = 0
    return offset
}

/// A few names a call, in the order of their hashes; so names that come and go meanwhile are seen or not, as on ext4.
@_cdecl("getdents64")
public func simulatedGetdents64(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    guard let kernel = enter("getdents64"), let file = kernel.file(descriptor), let inode = file.inode, let buffer
    else { return refuseBytes(EBADF) }
    if let code = kernel.error(of: .list) { return refuseBytes(code) }
    var listed = inode.listed { hash($0, kernel.nameSalt) }[...]
    if kernel.settings.fault == .returnNotListed, kernel.queueHasMoved, inode === kernel.queue { listed = [] }
    if kernel.settings.fault == .oneListing, inode === kernel.queue {
        // The first listing says up to which name the second may take: with this one it may take all, as no time passes. There is
        // no such file.
        kernel.frozenUnix = kernel.frozenUnix ?? kernel.unix
        listed.append(
            Inode.ListedName(hash: .max, name: "9000000000000000000-1-1-ffffffff.json", number: 2))
    }
    if file.lastHash > 0 { listed = listed.drop { $0.hash <= file.lastHash } }
    var position = 0
    for entry in listed.prefix(1 + kernel.random.below(kernel.settings.namesPerCall)) {
        let length = (19 + entry.name.utf8.count + 1 + 7) / 8 * 8
        guard position + length <= count else { break }
        let record = buffer + position
        memset(record, 0, length)
        record.storeBytes(of: entry.number, as: UInt64.self)
        record.storeBytes(of: UInt16(length), toByteOffset: 16, as: UInt16.self)
        _ = entry.name.withCString { strcpy((record + 19).assumingMemoryBound(to: CChar.self), $0) }
        position += length
        file.lastHash = entry.hash
    }
    return position
}

private func hash(_ name: String, _ salt: UInt64) -> UInt64 {
    name.utf8.reduce(salt) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 } >> 1 | 1
}

@_cdecl("unlinkat")
public func simulatedUnlinkat(_ directory: Int32, _ path: UnsafePointer<CChar>, _ flags: Int32) -> Int32 {
    guard let kernel = enter("unlinkat"),
        let found = kernel.find(path, in: kernel.file(directory)?.inode), let inode = found.inode
    else { return refuse(ENOENT) }
    if let code = kernel.error(of: .remove) { return refuse(code) }
    if inode.isSegment { kernel.segmentIsRemoved?(inode) }
    kernel.change(found.parent, [(found.name, nil)])
    inode.links -= 1
    return 0
}

@_cdecl("renameat")
public func simulatedRenameat(
    _ from: Int32, _ old: UnsafePointer<CChar>, _ to: Int32, _ new: UnsafePointer<CChar>
) -> Int32 { rename("renameat", from, old, to, new, isReplacing: true) }

@_cdecl("renameat2")
public func simulatedRenameat2(
    _ from: Int32, _ old: UnsafePointer<CChar>, _ to: Int32, _ new: UnsafePointer<CChar>, _ flags: UInt32
) -> Int32 {
    let noReplace: UInt32 = 1
    return rename("renameat2", from, old, to, new, isReplacing: flags & noReplace == 0)
}

private func rename(
    _ name: StaticString, _ from: Int32, _ old: UnsafePointer<CChar>, _ to: Int32, _ new: UnsafePointer<CChar>,
    isReplacing: Bool
) -> Int32 {
    guard let kernel = enter(name), let source = kernel.find(old, in: kernel.file(from)?.inode),
        let inode = source.inode, let target = kernel.find(new, in: kernel.file(to)?.inode)
    else { return refuse(ENOENT) }
    if target.inode != nil, !isReplacing { return refuse(EEXIST) }
    if let code = kernel.error(of: .rename) { return refuse(code) }
    if target.parent.name == ".failed", kernel.now < kernel.failedIsFullUntil { return refuse(ENOSPC) }
    if kernel.settings.fault == .stateNotCarried, target.name == "kept" { return 0 }
    if kernel.settings.fault == .answeredBeforeRenamed, current?.owner == .server, source.name.hasSuffix(".tmp") {
        let delay = kernel.random.below(20_000_000)
        kernel.spawn("late", owner: .server) {
            kernel.pause(until: kernel.now + Int64(delay))
            move(kernel, source, inode, target)
        }
        return 0
    }
    move(kernel, source, inode, target)
    return 0
}

private func move(_ kernel: Kernel, _ source: Kernel.Found, _ inode: Inode, _ target: Kernel.Found) {
    target.inode?.links -= 1
    if source.parent === target.parent {
        kernel.change(source.parent, [(source.name, nil), (target.name, inode)])
    } else {
        kernel.change(source.parent, [(source.name, nil)])
        if kernel.settings.fault == .refusedRemoved, target.parent.name == ".failed" { return }
        kernel.change(target.parent, [(target.name, inode)])
    }
    inode.changed = kernel.fileTime
    kernel.notify(target.parent, .movedTo, target.name)
}

private func makeDirectory(_ name: StaticString, _ directory: Int32?, _ path: UnsafePointer<CChar>, _ mode: UInt32)
    -> Int32
{
    guard let kernel = enter(name),
        let found = kernel.find(path, in: directory.flatMap { kernel.file($0)?.inode })
    else { return refuse(ENOENT) }
    if found.inode != nil { return refuse(EEXIST) }
    if let code = kernel.error(of: .make) { return refuse(code) }
    kernel.change(found.parent, [(found.name, kernel.makeInode(isDirectory: true, mode: mode))])
    return 0
}

@_cdecl("mkdir")
public func simulatedMkdir(_ path: UnsafePointer<CChar>, _ mode: UInt32) -> Int32 {
    makeDirectory("mkdir", nil, path, mode)
}

@_cdecl("mkdirat")
public func simulatedMkdirat(_ directory: Int32, _ path: UnsafePointer<CChar>, _ mode: UInt32) -> Int32 {
    makeDirectory("mkdirat", directory, path, mode)
}

private func describe(_ inode: Inode?, _ result: UnsafeMutablePointer<stat>) -> Int32 {
    guard let inode else { return refuse(ENOENT) }
    func time(_ nanoseconds: Int64) -> timespec {
        timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    }
    var status = stat()
    status.st_dev = 7
    status.st_ino = UInt(inode.number)
    status.st_mode = (inode.isDirectory ? S_IFDIR : inode.isFIFO ? S_IFIFO : S_IFREG) | inode.mode
    status.st_uid = kernel?.settings.fault == .oneUser ? kernel?.user ?? 0 : inode.user
    status.st_nlink = UInt(max(inode.links, 0))
    status.st_size = inode.isDirectory ? 4_096 : inode.contents.count
    status.st_mtim = time(inode.modified)
    status.st_ctim = time(inode.changed)
    result.pointee = status
    return 0
}

@_cdecl("stat")
public func simulatedStat(_ path: UnsafePointer<CChar>, _ result: UnsafeMutablePointer<stat>) -> Int32 {
    guard let kernel = enter("stat") else { return Int32(realCall(.stat, bits(path), bits(result))) }
    if let code = kernel.error(of: .look) { return refuse(code) }
    return describe(kernel.find(path, in: nil)?.inode, result)
}

@_cdecl("fstat")
public func simulatedFstat(_ descriptor: Int32, _ result: UnsafeMutablePointer<stat>) -> Int32 {
    guard let kernel = enter("fstat", descriptor) else { unknown("fstat of a real file") }
    if let code = kernel.error(of: .status) { return refuse(code) }
    return describe(kernel.file(descriptor)?.inode, result)
}

@_cdecl("fstatat")
public func simulatedFstatat(
    _ directory: Int32, _ path: UnsafePointer<CChar>, _ result: UnsafeMutablePointer<stat>, _ flags: Int32
) -> Int32 {
    guard let kernel = enter("fstatat") else { unknown("fstatat of a real file") }
    if let code = kernel.error(of: .look) { return refuse(code) }
    return describe(kernel.find(path, in: kernel.file(directory)?.inode)?.inode, result)
}

@_cdecl("faccessat")
public func simulatedFaccessat(_ directory: Int32, _ path: UnsafePointer<CChar>, _ mode: Int32, _ flags: Int32) -> Int32
{
    guard let kernel = enter("faccessat") else { unknown("faccessat of a real file") }
    if let code = kernel.error(of: .look) { return refuse(code) }
    return kernel.find(path, in: kernel.file(directory)?.inode)?.inode == nil ? refuse(ENOENT) : 0
}

/// Some file systems have none.
@_cdecl("mkfifoat")
public func simulatedMkfifoat(_ directory: Int32, _ path: UnsafePointer<CChar>, _ mode: UInt32) -> Int32 {
    guard let kernel = enter("mkfifoat") else { unknown("mkfifoat of a real file") }
    guard kernel.settings.hasFIFOs else { return refuse(EPERM) }
    guard let found = kernel.find(path, in: kernel.file(directory)?.inode) else { return refuse(ENOENT) }
    if found.inode != nil { return refuse(EEXIST) }
    if let code = kernel.error(of: .make) { return refuse(code) }
    let inode = kernel.makeInode(isDirectory: false, mode: mode)
    inode.isFIFO = true
    kernel.change(found.parent, [(found.name, inode)])
    return 0
}

@_cdecl("fchmod")
public func simulatedFchmod(_ descriptor: Int32, _ mode: UInt32) -> Int32 {
    guard let kernel = enter("fchmod"), let inode = kernel.file(descriptor)?.inode else { return refuse(EBADF) }
    if let code = kernel.error(of: .mode) { return refuse(code) }
    inode.mode = mode
    return 0
}

@_cdecl("futimens")
public func simulatedFutimens(_ descriptor: Int32, _ times: UnsafePointer<timespec>) -> Int32 {
    guard let kernel = enter("futimens"), let inode = kernel.file(descriptor)?.inode else { return refuse(EBADF) }
    if let code = kernel.error(of: .mode) { return refuse(code) }
    inode.modified = Int64(times[1].tv_sec) * 1_000_000_000 + Int64(times[1].tv_nsec)
    return 0
}

@_cdecl("utimensat")
public func simulatedUtimensat(
    _ directory: Int32, _ path: UnsafePointer<CChar>, _ times: UnsafePointer<timespec>, _ flags: Int32
) -> Int32 {
    guard let kernel = enter("utimensat"), let inode = kernel.find(path, in: kernel.file(directory)?.inode)?.inode
    else { return refuse(ENOENT) }
    if let code = kernel.error(of: .mode) { return refuse(code) }
    inode.modified = Int64(times[1].tv_sec) * 1_000_000_000 + Int64(times[1].tv_nsec)
    return 0
}

/// A disk of this machine, where its clock is a fine one.
@_cdecl("statfs")
public func simulatedStatfs(_ path: UnsafePointer<CChar>, _ result: UnsafeMutablePointer<statfs>) -> Int32 {
    guard let kernel = enter("statfs") else { return Int32(realCall(.statfs, bits(path), bits(result))) }
    if let code = kernel.error(of: .look) { return refuse(code) }
    var status = statfs()
    let memory = 0x0102_1994
    let fat = 0x4D44
    status.f_type = numericCast(kernel.settings.tickNanoseconds < 1_000_000_000 ? memory : fat)
    result.pointee = status
    return 0
}
