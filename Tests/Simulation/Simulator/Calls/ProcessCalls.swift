import CSimulation
import Glibc

/// Instead of the runtime's search for conflicting accesses, which keeps a list of places on stacks.
@_cdecl("simulation_ignore")
public func simulationIgnore() {}

@_cdecl("getpid")
public func simulatedGetpid() -> Int32 { current?.owner.processIdentifier ?? 999 }

/// No user has a name.
@_cdecl("getpwuid_r")
public func simulatedGetpwuid(
    _ user: UInt32, _ entry: UnsafeMutableRawPointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int,
    _ found: UnsafeMutablePointer<UnsafeMutableRawPointer?>
) -> Int32 {
    found.pointee = nil
    return 0
}

/// Asks whether a process is there, and nothing else.
@_cdecl("kill")
public func simulatedKill(_ process: Int32, _ signal: Int32) -> Int32 {
    guard current != nil, let kernel else { unknown("kill of its own") }
    return kernel.isRunning(process) ? 0 : refuse(ESRCH)
}

@_cdecl("geteuid")
public func simulatedGeteuid() -> UInt32 {
    guard current != nil, let kernel else { return UInt32(realCall(.geteuid, 0)) }
    return kernel.userOfCaller
}

@_cdecl("getrandom")
public func simulatedGetrandom(_ buffer: UnsafeMutableRawPointer?, _ count: Int, _ flags: UInt32) -> Int {
    guard current != nil, let kernel, let buffer else {
        return realCall(.getrandom, bits(buffer), count, Int(flags))
    }
    for offset in 0..<count {
        buffer.storeBytes(of: UInt8(truncatingIfNeeded: kernel.random.next()), toByteOffset: offset, as: UInt8.self)
    }
    return count
}

/// What the runtime calls: `Mutex` waits by futex(2), `swift_once` asks for the thread's number, `Int.random` for bytes.
@_cdecl("syscall")
public func simulatedSyscall(_ number: Int, _ a: Int, _ b: Int, _ c: Int, _ d: Int, _ e: Int, _ f: Int) -> Int {
    guard current != nil, let kernel else { return simulation_call(number, a, b, c, d, e, f) }
    switch CallNumber(rawValue: number) {
    case .getrandom: return simulatedGetrandom(UnsafeMutableRawPointer(bitPattern: a), b, UInt32(c))
    case .futex:
        guard let word = UnsafeMutablePointer<UInt32>(bitPattern: a) else { return refuseBytes(EFAULT) }
        return futex(kernel, word, operation: b & 127)
    default: return simulation_call(number, a, b, c, d, e, f)
    }
}

/// Locks that all tasks share, though the kernel sees one thread: the word is its number, or 0.
private func futex(_ kernel: Kernel, _ word: UnsafeMutablePointer<UInt32>, operation: Int) -> Int {
    let (lock, unlock, tryLock) = (6, 7, 8)
    let threadBits: UInt32 = 0x3FFF_FFFF
    switch operation {
    case lock, tryLock:
        if operation == tryLock, word.pointee != 0 { return refuseBytes(EAGAIN) }
        while word.pointee & threadBits != 0 { kernel.pause { word.pointee & threadBits == 0 } }
        word.pointee = UInt32(realCall(.gettid, 0))
    case unlock: word.pointee = 0
    default: unknown("futex operation of this kind")
    }
    return 0
}

@_cdecl("mmap")
public func simulatedMmap(
    _ address: UnsafeMutableRawPointer?, _ size: Int, _ protection: Int32, _ flags: Int32, _ descriptor: Int32,
    _ offset: Int
) -> UnsafeMutableRawPointer? {
    // The ring's; whatever else maps memory, the runtime has asked for.
    if descriptor >= 0 || protection == PROT_NONE, let code = kernel?.error(of: .memory) {
        errno = code
        return MAP_FAILED
    }
    let result = UnsafeMutableRawPointer(
        bitPattern: realCall(.mmap, bits(address), size, Int(protection), Int(flags), Int(descriptor), offset))
    // The ring reserves its addresses first and maps its memory there twice.
    if current != nil, address == nil, protection == PROT_NONE, let result {
        kernel?.mappings.append((result, size))
    }
    return result
}

@_cdecl("munmap")
public func simulatedMunmap(_ address: UnsafeMutableRawPointer?, _ size: Int) -> Int32 {
    if current != nil { kernel?.mappings.removeAll { $0.address == address } }
    return Int32(realCall(.munmap, bits(address), size))
}

/// A thread is a coroutine of the simulation.
@_cdecl("pthread_create")
public func simulatedPthreadCreate(
    _ handle: UnsafeMutablePointer<pthread_t>, _ attributes: UnsafeRawPointer?,
    _ body: @escaping @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?,
    _ argument: UnsafeMutableRawPointer?
) -> Int32 {
    guard let kernel = enter("pthread_create"), let owner = current?.owner else { unknown("thread of its own") }
    if let code = kernel.error(of: .thread) { return code }
    let task = kernel.spawn("thread \(kernel.taskCount + 1)", owner: owner) { _ = body(argument) }
    task.isThread = true
    handle.pointee = pthread_t(task.number)
    return 0
}

@_cdecl("pthread_detach")
public func simulatedPthreadDetach(_ handle: pthread_t) -> Int32 { 0 }

@_cdecl("pthread_setname_np")
public func simulatedPthreadSetname(_ handle: pthread_t, _ name: UnsafePointer<CChar>) -> Int32 {
    kernel?.name(task: Int(handle), String(cString: name))
    return 0
}
