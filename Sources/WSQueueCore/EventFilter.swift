/// Which events a client wants, by their names: globs in which `*` stands for any characters, none and dots too.
package struct EventFilter: Hashable, Sendable {
    /// How many globs one filter may have.
    package static let globLimit = 64

    /// Wants nothing: in the place of one that cannot be, because whoever asks for some events does not want all of them.
    package static let nothing = EventFilter([])

    private let globs: [[UInt8]]

    private init(_ globs: [[UInt8]]) { self.globs = globs }

    /// Makes a filter of globs with commas between them; `nil` where one is longer than a name may be, where there are
    /// too many, or none.
    package init?(_ text: String) {
        globs = text.utf8.split(separator: UInt8(ascii: ",")).map(Array.init)
        guard (1...Self.globLimit).contains(globs.count), globs.allSatisfy({ $0.count <= Label.limitBytes }) else {
            return nil
        }
    }

    /// Whether an event of this name, in UTF-8, is wanted.
    package func includes(_ name: Span<UInt8>) -> Bool {
        for glob in globs where Self.matches(glob.span, name) { return true }
        return false
    }

    /// Goes back to the last `*` only, which is enough: what an earlier one could take, the last one can take too.
    private static func matches(_ glob: Span<UInt8>, _ name: Span<UInt8>) -> Bool {
        var (place, position) = (0, 0)
        var star: (place: Int, position: Int)?
        while position < name.count {
            if place < glob.count, glob[place] == UInt8(ascii: "*") {
                star = (place + 1, position)
                place += 1
            } else if place < glob.count, glob[place] == name[position] {
                place += 1
                position += 1
            } else if let (next, start) = star {
                place = next
                position = start + 1
                star = (next, position)
            } else {
                return false
            }
        }
        while place < glob.count, glob[place] == UInt8(ascii: "*") { place += 1 }
        return place == glob.count
    }
}
