import CSimulation
import Glibc

// The functions of the C library that the product calls, defined here: the linker prefers them. They act on the simulated
// machine while a task runs, and for descriptors only from Kernel.firstDescriptor on; else they make the real call.

/// The numbers of system calls (x86-64).
enum CallNumber: Int {
    case read = 0
    case write = 1
    case open = 2
    case close = 3
    case stat = 4
    case mmap = 9
    case munmap = 11
    case fcntl = 72
    case ftruncate = 77
    case geteuid = 107
    case gettid = 186
    case statfs = 137
    case futex = 202
    case clockGetTime = 228
    case openat = 257
    case getrandom = 318
}

@inline(__always)
func realCall(_ number: CallNumber, _ a: Int, _ b: Int = 0, _ c: Int = 0, _ d: Int = 0, _ e: Int = 0, _ f: Int = 0)
    -> Int
{
    simulation_call(number.rawValue, a, b, c, d, e, f)
}

@inline(__always)
func bits(_ pointer: UnsafeRawPointer?) -> Int { Int(bitPattern: pointer) }

/// The simulated machine, after the time and the chances of a call; `nil` outside tasks.
@inline(__always)
func enter(_ name: StaticString) -> Kernel? {
    guard current != nil, let kernel else { return nil }
    kernel.enter(name)
    return kernel
}

/// The same for a call on a descriptor, of which some are the simulator's own.
@inline(__always)
func enter(_ name: StaticString, _ descriptor: Int32) -> Kernel? {
    descriptor >= Kernel.firstDescriptor ? enter(name) : nil
}

/// `errno` is everyone's: it is set last, after every pause.
func refuse(_ code: Int32) -> Int32 {
    errno = code
    return -1
}

func refuseBytes(_ code: Int32) -> Int {
    errno = code
    return -1
}

/// What the product does not call, or calls on real descriptors only: an answer would be made up.
func unknown(_ name: StaticString) -> Never {
    print("the simulator has no \(name)")
    exit(70)
}
