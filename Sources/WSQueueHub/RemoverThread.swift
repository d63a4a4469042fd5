package import WSQueueNet
package import WSQueueSpool
package import WSQueueSystem

/// Deletes the files of a backlog on a thread of its own: unlink(2) is a third of what a waiting file costs.
///
/// A few files are deleted faster than a thread is woken, so these the hub deletes by itself, and the thread begins with
/// the first backlog. What to delete is decided by the hub alone; nothing comes here whose event is not kept.
package final class RemoverThread: Sendable {
    /// A file that may go.
    package struct Order: Sendable {
        let name: FileName
        /// See ``Removal``.
        let mark: ReadMark?
        let directory: Directory

        package init(name: FileName, mark: ReadMark?, directory: Directory) {
            self.name = name
            self.mark = mark
            self.directory = directory
        }
    }

    /// What became of one file.
    package typealias Outcome = Result<Removal.Outcome, SystemCallError>

    private let worker: Worker<[Order], [Outcome]>

    /// Starts the thread; `hubWakeup` is signalled when something has been done.
    package init(hubWakeup: Wakeup) throws(SystemCallError) {
        worker = try Worker(name: "wsq-remover", newsFor: hubWakeup)
        try worker.start(carryingOut: { $0.map(Self.remove) })
    }

    /// Has files deleted.
    package func remove(_ files: [Order]) { worker.post(files) }

    /// What became of the files of earlier calls: a list for each of them, in order.
    package func takeOutcomes() -> [[Outcome]] { worker.takeNews() }

    /// Whether there are outcomes to take.
    package var hasOutcomes: Bool { worker.hasNews }

    private static func remove(_ file: Order) -> Outcome {
        Result { () throws(SystemCallError) in
            try Removal(file.name, in: file.directory, readAs: file.mark).carryOut()
        }
    }
}
