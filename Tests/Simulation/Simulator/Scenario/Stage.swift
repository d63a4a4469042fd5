import History

/// The run in which clients and publishers are.
protocol Stage: AnyObject {
    var kernel: Kernel { get }
    var profile: Profile { get }
    /// Whether every client has been let in once.
    var areClientsReady: Bool { get }

    /// Whether everything is published, and how many servers there are.
    var isPublished: Bool { get }
    var serverCount: Int { get }

    /// Writes down what has happened.
    func note(_ entry: HistoryEntry)

    /// Ends the run: something was not as promised, beside the history.
    func fail(_ text: String)

    /// Prints what a client is told.
    func trace(_ name: String, _ text: some Collection<UInt8>)
}
