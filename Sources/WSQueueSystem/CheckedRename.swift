/// A rename that shall replace nothing, on a file system that can neither refuse to replace nor make a second name: shared
/// folders of virtual machines, and much that is mounted by FUSE.
///
/// Between the look and the rename another process could take the name. So each makes a marker first (`O_EXCL`), and who
/// finds one waits until it is gone. A marker that stays, because its process was killed, is passed over after a tenth of
/// a second, and removed by the sweep for files of dead publishers.
struct CheckedRename {
    private let newName: FileName
    private let target: Directory
    private let marker: FileName
    private let isMarked: Bool

    private static let attempts = 100

    /// Prepares to give a name in a directory.
    init(of newName: FileName, in target: Directory) {
        self.newName = newName
        self.target = target
        marker = FileName(".once-\(newName).tmp")
        isMarked = Self.make(marker, in: target)
    }

    /// Renames, and removes the marker.
    func run(from name: FileName, in directory: Directory) throws(SystemCallError) {
        defer { if isMarked { try? target.remove(marker) } }
        do {
            _ = try target.status(of: newName)
        } catch  where error.isNotFound {
            return try directory.rename(name, to: newName, in: target)
        }
        throw .existing("rename", target.path(of: newName))
    }

    private static func make(_ marker: FileName, in target: Directory) -> Bool {
        for _ in 0..<attempts {
            do throws(SystemCallError) {
                _ = try target.createFile(marker, mode: 0o600)
                return true
            } catch {
                // Where none can be made, as with a name that is too long, the look alone must do.
                guard error.isExisting else { return false }
                Clock.pause()
            }
        }
        return false
    }
}
