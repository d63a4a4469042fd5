package import WSQueueOperation

/// Whether the server knows whose a file is.
package enum OwnerFinding {
    /// What is wrong with that; nothing is good.
    ///
    /// - Parameter doubt: What the server, or this program where none runs, cannot tell.
    package static func of(_ configuration: Configuration, _ doubt: OwnerDoubt?) -> [Finding] {
        guard let doubt else { return [] }
        guard doubt.forbidsRules, configuration.publisherRulesPath != nil else {
            return [
                Finding(.warning, "\(doubt.reason): ids of such publishers are not kept apart", fix: doubt.hint)
            ]
        }
        return [Finding(.error, "\(doubt.reason), so that no server starts with --publishers", fix: doubt.hint)]
    }
}
