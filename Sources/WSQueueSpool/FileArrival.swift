/// When a file came, as far as notices tell; it orders files of one time.
///
/// A file that was found by looking, and of which no notice has told yet, came after all those whose notices had been read
/// when it was found: its own notice would have been among them.
struct FileArrival: Equatable, Comparable, Sendable {
    /// Even for a notice; the odd one that follows is for what was found between this notice and the next.
    private let place: UInt64

    private init(place: UInt64) { self.place = place }

    /// With a notice that said that the file was renamed or closed, counted from 1.
    static func notice(_ number: UInt64) -> FileArrival { FileArrival(place: 2 * number) }

    /// Found by looking, when so many notices had been read.
    static func found(after notices: UInt64) -> FileArrival { FileArrival(place: 2 * notices + 1) }

    /// Whether a notice told of it.
    var isNoticed: Bool { place.isMultiple(of: 2) }

    static func < (one: FileArrival, other: FileArrival) -> Bool { one.place < other.place }
}
