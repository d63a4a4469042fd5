import History

/// The run in which clients and publishers are.
protocol Stage: AnyObject {
    var kernel: Kernel { get }
    var profile: Profile { get }
    /// Whether every client has been let in once.
    var areClientsReady: Bool { get }

    /// Writes down what has happened.
    func note(_ entry: HistoryEntry)

    /// Ends the run: something was not as promised, beside the history.
    func fail(_ text: String)
}
