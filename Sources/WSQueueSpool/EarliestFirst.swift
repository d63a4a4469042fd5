/// A binary heap: the earliest file is taken first.
struct EarliestFirst {
    private(set) var files: [PendingFile] = []

    var isEmpty: Bool { files.isEmpty }
    var count: Int { files.count }
    var first: PendingFile? { files.first }

    mutating func insert(_ file: PendingFile) {
        files.append(file)
        var child = files.count - 1
        while child > 0, files[child].precedes(files[(child - 1) / 2]) {
            files.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func popFirst() -> PendingFile? {
        guard let first = files.first, let last = files.popLast() else { return nil }
        guard !files.isEmpty else { return first }
        files[0] = last
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < files.count else { return first }
            let right = left + 1
            let child = right < files.count && files[right].precedes(files[left]) ? right : left
            guard files[child].precedes(files[parent]) else { return first }
            files.swapAt(child, parent)
            parent = child
        }
    }
}
