/// Names, contents, and what a power cut leaves of them.
extension Kernel {
    /// Which changes that were not synced a power cut leaves on the disk.
    enum Cut: String, CaseIterable {
        /// None.
        case drop
        /// Of each file and each directory the first so many.
        case prefix
        /// Any: each on its own, as POSIX allows and few file systems do.
        case any
    }

    /// Times of files have the ticks of the kernel's clock.
    var fileTime: Int64 { unix / settings.tickNanoseconds * settings.tickNanoseconds }

    func makeInode(isDirectory: Bool, mode: UInt32) -> Inode {
        lastInode += 1
        let inode = Inode(number: lastInode, isDirectory: isDirectory, mode: mode, user: userOfCaller)
        inode.modified = fileTime
        inode.changed = fileTime
        return inode
    }

    /// Whose the task that runs is, and the files that it makes.
    var userOfCaller: UInt32 {
        guard case .publisher(let index) = current?.owner, settings.hasUsers else { return user }
        return user + 1 + UInt32(index)
    }

    struct Found {
        let parent: Inode
        let name: String
        let inode: Inode?
    }

    /// Finds a path, below `directory` where it does not begin at the root; `nil` where a part of it is no directory.
    func find(_ path: UnsafePointer<CChar>, in directory: Inode?) -> Found? {
        if settings.isTraced { print("\(now) \(current?.name ?? "") of \(String(cString: path))") }
        let slash = CChar(0x2F)
        var at = path.pointee == slash ? root : directory ?? root
        var start = path
        while start.pointee == slash { start += 1 }
        guard start.pointee != 0 else { return Found(parent: root, name: "/", inode: root) }
        while true {
            var end = start
            while end.pointee != 0, end.pointee != slash { end += 1 }
            let bytes = UnsafeRawBufferPointer(start: start, count: end - start)
            let name = String(decoding: bytes, as: UTF8.self)
            start = end
            while start.pointee == slash { start += 1 }
            guard start.pointee != 0 else {
                switch name {
                case ".": return Found(parent: at, name: name, inode: at)
                case "..": return Found(parent: at, name: name, inode: at.parent ?? root)
                default: return Found(parent: at, name: name, inode: at.entries[name])
                }
            }
            guard name != "." else { continue }
            guard let next = at.entries[name], next.isDirectory else { return nil }
            at = next
        }
    }

    /// Changes names of a directory, as one change of the disk.
    func change(_ directory: Inode, _ changes: Inode.NameChange) {
        changesDisk(directory)
        for (name, inode) in changes {
            directory.entries[name] = inode
            inode?.parent = directory
            inode?.name = name
        }
        directory.nameChanges.append(changes)
        directory.modified = fileTime
        directory.changed = fileTime
    }

    /// Puts a file into the root, as an operator does.
    func place(_ name: String, _ text: String) {
        let inode = makeInode(isDirectory: false, mode: 0o600)
        inode.contents = Array(text.utf8)
        inode.durableContents = inode.contents
        change(root, [(name, inode)])
        root.sync()
    }

    /// Removes a file from whichever queue it is in, for the planted fault.
    func remove(event name: String) {
        for queue in root.entries.values.sorted(by: { $0.number < $1.number }) {
            guard queue.isDirectory, let inode = queue.entries[name], !inode.isDirectory else { continue }
            change(queue, [(name, nil)])
            inode.links -= 1
        }
    }

    /// Whether the queue's directory is where it belongs.
    var isQueueThere: Bool { root.entries["q"] != nil }

    /// Moves the queue's directory away, as what unmounts it does.
    func moveQueueAway() {
        change(root, [("q", nil), ("away", queue)])
        root.sync()
        queueHasMoved = true
    }

    func bringQueueBack() {
        if let lock = queue.entries[".lock"], lock.lock === otherHolder { lock.lock = nil }
        otherHolder = nil
        guard !isQueueThere else { return }
        change(root, [("away", nil), ("q", queue)])
        root.sync()
    }

    func write(_ inode: Inode, at offset: Int, _ bytes: UnsafeRawBufferPointer) {
        changesDisk(inode)
        inode.apply(.write(offset: offset, Array(bytes)))
        inode.modified = fileTime
        inode.changed = fileTime
        notifyChange(inode)
    }

    /// Tells the watches that a file's contents are others now.
    func notifyChange(_ inode: Inode) {
        if inode.links > 0, let parent = inode.parent { notify(parent, .modified, inode.name) }
    }

    /// Carries out what the planted fault has held back.
    func applyHeldWrites() {
        guard !heldWrites.isEmpty else { return }
        for (inode, change) in heldWrites { inode.apply(change) }
        heldWrites = []
    }

    /// The machine goes down and comes up again: everything synced is there, and of the rest what the seed says.
    ///
    /// - Parameters:
    ///   - server: Of which server this machine is.
    ///   - directory: Everything that is on its disk; `nil` is the root.
    func cutPower(_ cut: Cut, of server: Int = 0, _ directory: Inode? = nil) {
        if settings.fault != .numbersNotSkipped { boots[server] += 1 }
        restore(directory ?? root, cut)
    }

    /// The same, with a state that was chosen; what lies beside the queue is there.
    func cutPower(leaving remains: PendingChanges.Remains) {
        if settings.fault != .numbersNotSkipped { boots[0] += 1 }
        let pending = PendingChanges(below: queue)
        if settings.isTraced { for line in pending.lines(remains) { print("\(now) \(line)") } }
        pending.leave(remains)
        root.sync()
        for (_, inode) in root.entries where !inode.isDirectory {
            inode.sync()
            inode.lock = nil
            inode.writers = 0
        }
    }

    private func restore(_ inode: Inode, _ cut: Cut) {
        inode.lock = nil
        inode.writers = 0
        var isOver = false
        func survives() -> Bool {
            switch cut {
            case .drop: return false
            case .any: return random.chance(perMille: 500)
            case .prefix:
                isOver = isOver || random.chance(perMille: 150)
                return !isOver
            }
        }
        if inode.isDirectory {
            inode.entries = inode.durableEntries
            for changes in inode.nameChanges where survives() {
                for (name, child) in changes { inode.entries[name] = child }
            }
            for (name, child) in inode.entries.sorted(by: { $0.key < $1.key }) {
                child.parent = inode
                child.name = name
                child.links = 1
                restore(child, cut)
            }
        } else {
            inode.contents = inode.durableContents
            if cut == .any {
                restorePages(of: inode)
            } else {
                for change in inode.changes where survives() { Inode.apply(torn(change), to: &inode.contents) }
            }
            inode.durableContents = inode.contents
            inode.changes = []
        }
        inode.sync()
    }

    /// Each page of a file is on the disk as it was at some moment, so with the first so many of the writes into it; pages
    /// and changes of the size have no order among each other.
    private func restorePages(of inode: Inode) {
        var endings: [Int: Int] = [:]
        var counts: [Int: Int] = [:]
        for case .write(let offset, let bytes) in inode.changes {
            for page in Self.pages(offset, bytes.count) { counts[page, default: 0] += 1 }
        }
        for (page, count) in counts.sorted(by: { $0.key < $1.key }) { endings[page] = random.below(count + 1) }
        for change in inode.changes {
            guard case .write(let offset, let bytes) = change else {
                if random.chance(perMille: 500) { Inode.apply(change, to: &inode.contents) }
                continue
            }
            for page in Self.pages(offset, bytes.count) {
                let left = endings[page, default: 0]
                guard left > 0 else { continue }
                endings[page] = left - 1
                let begin = max(offset, page * Self.pageBytes)
                let end = min(offset + bytes.count, (page + 1) * Self.pageBytes)
                let part = Inode.Change.write(offset: begin, Array(bytes[(begin - offset)..<(end - offset)]))
                // The last one that came may have come in part.
                Inode.apply(left == 1 ? torn(part) : part, to: &inode.contents)
            }
        }
    }

    private static let pageBytes = 4_096

    private static func pages(_ offset: Int, _ count: Int) -> Range<Int> {
        offset / pageBytes..<(offset + count + pageBytes - 1) / pageBytes
    }

    /// A sector is written or not: a write may end at a multiple of 512 bytes. Tearing the 64 bytes of a header is what no
    /// disk does.
    private func torn(_ change: Inode.Change) -> Inode.Change {
        guard case .write(let offset, let bytes) = change, random.chance(perMille: 200) else { return change }
        let end = (offset + random.below(bytes.count)) / 512 * 512
        return .write(offset: offset, Array(bytes.prefix(max(0, end - offset))))
    }
}
