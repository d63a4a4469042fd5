/// What of the queue's changes is not on the disk yet, and all that a power cut may leave of them.
///
/// A change of names is there or is not. A write is so for each page that it touches, and only behind those before it into
/// the same page; the last one into a page may end at a multiple of 512 bytes, since a sector is written or is not. A change
/// of a file's size is there or is not. Otherwise nothing has an order: POSIX allows all of that.
final class PendingChanges {
    /// A change, or the part of a write that lies in one page.
    private struct Piece {
        /// Which one of the inode's changes it is.
        let change: Int
        /// Of a write: where the part begins, and all places where the disk may have stopped, the last of which is its end.
        var begin = 0
        var ends: [Int] = []
        /// The piece before it into the same page.
        var preceding: Int?

        /// How much of it is there when all is; 0 is nothing.
        var whole: UInt8 { UInt8(max(1, ends.count)) }
    }

    /// What may be found after the cut, with the places of its pieces.
    private struct Part {
        let inode: Inode
        let pieces: Range<Int>
    }

    private struct Key: Hashable {
        let part: Int
        let remains: ArraySlice<UInt8>
    }

    /// How much of each piece is on the disk.
    typealias Remains = [UInt8]

    private let root: Inode
    private var pieces: [Piece] = []
    private var parts: [Part] = []
    private var places: [ObjectIdentifier: Int] = [:]
    private var hashes: [Key: UInt64] = [:]

    /// Where there are more pieces than these, so many at most are missing, or so many at most are there.
    static let bound = 3
    private static let pageBytes = 4_096
    private static let sectorBytes = 512

    /// Collects what is pending below a directory.
    init(below root: Inode) {
        self.root = root
        collect(root)
    }

    var count: Int { pieces.count }

    private func collect(_ inode: Inode) {
        guard places.updateValue(parts.count, forKey: ObjectIdentifier(inode)) == nil else { return }
        let first = pieces.count
        if inode.isDirectory {
            pieces += inode.nameChanges.indices.map { Piece(change: $0) }
        } else {
            for (index, change) in inode.changes.enumerated() { add(change, index, after: first) }
        }
        parts.append(Part(inode: inode, pieces: first..<pieces.count))
        guard inode.isDirectory else { return }
        let children = Array(inode.durableEntries.values) + inode.nameChanges.flatMap { $0.compactMap(\.inode) }
        for child in children.sorted(by: { $0.number < $1.number }) where places[ObjectIdentifier(child)] == nil {
            collect(child)
        }
    }

    private func add(_ change: Inode.Change, _ index: Int, after first: Int) {
        guard case .write(let offset, let bytes) = change else { return pieces.append(Piece(change: index)) }
        let end = offset + bytes.count
        var begin = offset
        while begin < end {
            let page = begin / Self.pageBytes
            let limit = min(end, (page + 1) * Self.pageBytes)
            let stops = begin / Self.sectorBytes + 1..<(limit + Self.sectorBytes - 1) / Self.sectorBytes
            let preceding = pieces[first...].lastIndex { !$0.ends.isEmpty && $0.begin / Self.pageBytes == page }
            let ends = stops.map { $0 * Self.sectorBytes } + [limit]
            pieces.append(Piece(change: index, begin: begin, ends: ends, preceding: preceding))
            begin = limit
        }
    }

    /// Gives all states in which few pieces are missing or cut short, or few are there, in an order that is always the same.
    func forEachState(_ body: (Remains) -> Void) {
        var remains = Remains(repeating: 0, count: pieces.count)
        func choose(_ place: Int, missing: Int, present: Int) {
            guard missing <= Self.bound || present <= Self.bound else { return }
            guard place < pieces.count else { return body(remains) }
            let whole = pieces[place].whole
            let isBlocked = pieces[place].preceding.map { remains[$0] < pieces[$0].whole } ?? false
            for level in 0...(isBlocked ? 0 : whole) {
                remains[place] = level
                choose(place + 1, missing: missing + (level < whole ? 1 : 0), present: present + (level > 0 ? 1 : 0))
            }
        }
        choose(0, missing: 0, present: 0)
    }

    /// The strictest model that allows a state.
    func model(of remains: Remains) -> Kernel.Cut {
        if remains.allSatisfy({ $0 == 0 }) { return .drop }
        for part in parts {
            var isOver = false
            for place in part.pieces {
                if isOver, remains[place] > 0 { return .any }
                isOver = isOver || remains[place] < pieces[place].whole
            }
        }
        return .prefix
    }

    // MARK: What is left

    private func names(_ part: Part, _ remains: Remains) -> [String: Inode] {
        var entries = part.inode.durableEntries
        for place in part.pieces where remains[place] > 0 {
            for (name, child) in part.inode.nameChanges[pieces[place].change] { entries[name] = child }
        }
        return entries
    }

    private func contents(_ part: Part, _ remains: Remains) -> [UInt8] {
        var contents = part.inode.durableContents
        for place in part.pieces where remains[place] > 0 {
            let piece = pieces[place]
            let change = part.inode.changes[piece.change]
            guard case .write(let offset, let bytes) = change else {
                Inode.apply(change, to: &contents)
                continue
            }
            let left = bytes[(piece.begin - offset)..<(piece.ends[Int(remains[place]) - 1] - offset)]
            Inode.apply(.write(offset: piece.begin, Array(left)), to: &contents)
        }
        return contents
    }

    /// Which disk that is.
    func hash(of remains: Remains) -> UInt64 { hash(of: root, remains) }

    private func hash(of inode: Inode, _ remains: Remains) -> UInt64 {
        guard let place = places[ObjectIdentifier(inode)] else { preconditionFailure("a file that was not collected") }
        let part = parts[place]
        if inode.isDirectory {
            return names(part, remains).reduce(inode.number) { sum, entry in
                sum &+ (Bytes.hash(entry.key.utf8) ^ hash(of: entry.value, remains)) &* 0x9E37_79B9_7F4A_7C15
            }
        }
        let key = Key(part: place, remains: remains[part.pieces])
        if let known = hashes[key] { return known }
        let begin = inode.number &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(bitPattern: inode.modified)
        let value = contents(part, remains).reduce(begin) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        hashes[key] = value
        return value
    }

    /// What became of each change, for a trace.
    func lines(_ remains: Remains) -> [String] {
        parts.flatMap { part in
            part.pieces.map { place in
                let piece = pieces[place]
                let what =
                    part.inode.isDirectory
                    ? part.inode.nameChanges[piece.change].map { "\($0.name) \($0.inode == nil ? "goes" : "comes")" }
                        .joined(separator: ", ")
                    : piece.ends.last.map { "bytes \(piece.begin) to \($0)" } ?? "size"
                let end = remains[place] == piece.whole ? "is there" : remains[place] == 0 ? "is not" : "is cut short"
                return "\(part.inode.name): \(what): \(end)"
            }
        }
    }

    /// Makes the disk this one, and all that is seen.
    func leave(_ remains: Remains) {
        for part in parts {
            if part.inode.isDirectory {
                part.inode.entries = names(part, remains)
            } else {
                part.inode.contents = contents(part, remains)
            }
        }
        for part in parts {
            for (name, child) in part.inode.entries {
                child.parent = part.inode
                child.name = name
                child.links = 1
            }
            part.inode.durableContents = part.inode.contents
            part.inode.changes = []
            part.inode.lock = nil
            part.inode.writers = 0
            part.inode.sync()
        }
    }
}
