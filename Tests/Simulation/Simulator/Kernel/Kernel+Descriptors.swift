import Glibc

/// Descriptors, and what they are ready for.
extension Kernel {
    func install(_ file: OpenFile) -> Int32 {
        switch file.kind {
        case .epoll: pollers.append(file)
        case .inotify: watchers.append(file)
        default: break
        }
        while lowestFree < files.count, files[lowestFree] != nil { lowestFree += 1 }
        if lowestFree == files.count { files.append(file) } else { files[lowestFree] = file }
        return Self.firstDescriptor + Int32(lowestFree)
    }

    func file(_ descriptor: Int32) -> OpenFile? {
        let index = Int(descriptor - Self.firstDescriptor)
        return files.indices.contains(index) ? files[index] : nil
    }

    func close(_ descriptor: Int32) {
        guard let file = file(descriptor) else { return }
        forget(Int(descriptor - Self.firstDescriptor))
        release(file)
        for poller in pollers { poller.interests.removeAll { $0.descriptor == descriptor } }
    }

    /// Frees a descriptor's number.
    func forget(_ index: Int) {
        files[index] = nil
        lowestFree = min(lowestFree, index)
    }

    /// What the last close of an open file does.
    func release(_ file: OpenFile) {
        switch file.kind {
        case .epoll: pollers.removeAll { $0 === file }
        case .inotify: watchers.removeAll { $0 === file }
        case .file(let inode), .directory(let inode):
            if inode.lock === file { inode.lock = nil }
            guard file.isWriter else { return }
            inode.writers -= 1
            if inode.links > 0, let parent = inode.parent { notify(parent, .closedWriting, inode.name) }
        case .socket(let connection):
            // Closing with unread bytes resets the connection.
            if !connection.toServer.isEmpty { connection.isReset = true }
            connection.isClosedByServer = true
        case .listener:
            for connection in file.backlog {
                connection.isReset = true
                connection.isClosedByServer = true
            }
            for index in listeners.indices where listeners[index] === file { listeners[index] = nil }
        default: break
        }
    }

    /// The bits of epoll_wait(2).
    func readiness(_ file: OpenFile) -> UInt32 {
        let (readable, writable, error, hangUp, peerClosed): (UInt32, UInt32, UInt32, UInt32, UInt32) =
            (0x1, 0x4, 0x8, 0x10, 0x2000)
        switch file.kind {
        case .eventCounter: return (file.counter > 0 ? readable : 0) | writable
        case .signals: return file.signals.isEmpty ? 0 : readable
        case .inotify: return file.notices.isEmpty ? 0 : readable
        case .listener: return file.backlog.isEmpty ? 0 : readable
        case .socket(let connection):
            var bits: UInt32 = 0
            if !connection.toServer.isEmpty || connection.isClosedByClient || connection.isReset { bits |= readable }
            if connection.isClosedByClient { bits |= peerClosed }
            if connection.isReset { bits |= hangUp | error }
            if connection.isWritable || connection.isReset { bits |= writable }
            return bits
        case .file, .directory, .null, .epoll: return 0
        }
    }

    /// What a watch is told of (inotify(7)).
    enum NoticeMask: UInt32 {
        case modified = 0x2
        case closedWriting = 0x8
        case movedTo = 0x80
        case created = 0x100
        case overflow = 0x4000
    }

    /// Tells all watches of a directory. Equal notices in a row are one, and a full queue ends with the overflow notice.
    func notify(_ directory: Inode, _ mask: NoticeMask, _ name: String) {
        for file in watchers {
            for watch in file.watches where watch.inode === directory && watch.mask & mask.rawValue != 0 {
                let notice = OpenFile.Notice(watch: watch.number, mask: mask.rawValue, name: name)
                if file.notices.last == notice { continue }
                let overflow = OpenFile.Notice(watch: -1, mask: NoticeMask.overflow.rawValue, name: "")
                if file.notices.count < settings.noticeLimit {
                    file.notices.append(notice)
                } else if file.notices.last != overflow, settings.fault != .overflowIgnored {
                    file.notices.append(overflow)
                }
            }
        }
    }
}
