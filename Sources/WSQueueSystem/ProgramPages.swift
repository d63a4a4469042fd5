internal import CWSQueueLinux
internal import WSQueueLibc

/// The memory of this process into which its program and its libraries were read and never written to: code, and what is
/// constant. It may be left out at any time: what is used again comes back from the page cache.
package enum ProgramPages {
    /// Takes all of it that was used so far out of this process's memory (madvise(2), `MADV_DONTNEED`). After the start most
    /// of that is not used a second time.
    package static func release() {
        _ = unsafe wsqueue_each_program(
            { program, _, _ in
                guard let program = unsafe program?.pointee, let segments = unsafe program.segments else { return 0 }
                for index in 0..<Int(unsafe program.count) {
                    let segment = unsafe segments[index]
                    guard segment.p_type == ProgramPages.loaded, segment.p_flags & ProgramPages.writable == 0 else {
                        continue
                    }
                    let start = unsafe UInt(program.base + segment.p_vaddr) & ~ProgramPages.insidePage
                    let end = unsafe UInt(program.base + segment.p_vaddr + segment.p_memsz) & ~ProgramPages.insidePage
                    guard start < end else { continue }
                    _ = unsafe madvise(UnsafeMutableRawPointer(bitPattern: start), Int(end - start), MADV_DONTNEED)
                }
                return 0
            }, nil)
    }

    /// `PT_LOAD` and `PF_W` of elf(5).
    private static let loaded: UInt32 = 1
    private static let writable: UInt32 = 2
    private static let insidePage = UInt(sysconf(Int32(_SC_PAGESIZE))) - 1
}
