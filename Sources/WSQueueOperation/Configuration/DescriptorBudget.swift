/// How the descriptors that the process may have are shared out.
package enum DescriptorBudget {
    /// How many clients are refused with an answer at the same time.
    package static let refusals = 32
    /// Descriptors that clients never get: the spool's, the journal's (about eight segments), the log's, and those for
    /// refusals.
    private static let reserved = 48 + refusals
    /// What each loop needs for itself.
    private static let perLoop = 4

    /// For how many clients a limit of open files has room.
    package static func possibleClients(descriptors: Int, threads: Int) -> Int {
        max(1, descriptors - reserved - perLoop * max(1, threads))
    }
}
