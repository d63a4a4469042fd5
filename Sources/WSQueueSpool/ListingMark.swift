/// Whether a directory may have changed since it was listed, as far as its mtime tells.
///
/// A change within the tick of the clock in which the last listing fell leaves the mtime as it was. So a listing counts
/// only when a later one, a tick after the mtime was first seen, has found the same mtime.
package struct ListingMark {
    /// The mtime that the last listing found, when a listing found it first, and when the last one was.
    private var last: (modified: Int64, since: Int64, at: Int64)?
    /// Whether the file system is one whose mtimes are fine and never out of date.
    private let isTrusted: Bool

    /// The longest that a change may go unnoticed where mtimes say little.
    package static let limitNanoseconds: Int64 = 2_000_000_000
    /// Coarser clocks than that of FAT, which counts every second second, are not expected; the kernel's own clock for files
    /// ticks each 10 ms at most.
    private static let coarseTick: Int64 = 2_500_000_000
    private static let fineTick: Int64 = 50_000_000

    /// Begins without a listing.
    package init(isTrusted: Bool) { self.isTrusted = isTrusted }

    /// Notes that a listing begins.
    ///
    /// - Parameters:
    ///   - modified: The directory's mtime.
    ///   - now: The monotonic clock, nanoseconds.
    package mutating func note(modified: Int64, now: Int64) {
        let since = last.flatMap { $0.modified == modified ? $0.since : nil } ?? now
        last = (modified, since, now)
    }

    /// Whether nothing can have changed.
    package func isUnchanged(modified: Int64, now: Int64) -> Bool {
        guard let last, last.modified == modified else { return false }
        // A time of whole seconds may be one of a clock that has no finer ones.
        let isFine = isTrusted && modified % 1_000_000_000 != 0
        guard last.at - last.since >= (isFine ? Self.fineTick : Self.coarseTick) else { return false }
        return isFine || now - last.at < Self.limitNanoseconds
    }
}
