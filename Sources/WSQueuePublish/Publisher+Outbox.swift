public import WSQueueCore
internal import WSQueueSpool
internal import WSQueueSystem

/// Events that wait for somebody's word. Around a database transaction: hold before the commit, release after it; a
/// process that dies between the two has published nothing that did not happen.
extension Publisher {
    /// Writes an event where no server sees it, until it is released or aborted. The server never removes it.
    ///
    /// - Returns: By its id, `<id>.<random>`, it is released, by no one who was not told it; its file is hidden.
    @discardableResult
    public func hold(_ event: Event) throws(PublishError) -> Receipt {
        try prepareHold(event).finish()
    }

    /// Publishes an event that is held: one rename. Its place in the order is that of this moment.
    ///
    /// - Parameter id: What holding it gave.
    /// - Returns: The receipt, without sizes, with the event's own id.
    /// - Throws: ``PublishError``; ``PublishError/Kind/notFound`` when nothing is held under the id.
    @discardableResult
    public func release(_ id: String) throws(PublishError) -> Receipt {
        try prepareRelease(id).finish()
    }

    /// Removes an event that is held.
    ///
    /// - Throws: ``PublishError``; ``PublishError/Kind/notFound`` when nothing is held under the id.
    public func abort(_ id: String) throws(PublishError) {
        try withWriter(id, "is held", Self.heldAdvice) {
            writer throws(SpoolWriteError) in try writer.abort(id)
        }
    }

    /// Takes back an event that waits for its time.
    ///
    /// - Throws: ``PublishError``; ``PublishError/Kind/notFound`` when none waits under the id, or it is due already.
    public func cancel(_ id: String) throws(PublishError) {
        try withWriter(id, "waits for its time", "it has been sent or taken back, or waits in another queue") {
            writer throws(SpoolWriteError) in try writer.cancel(id, unix: Clock.unixNanoseconds())
        }
    }

    static let heldAdvice =
        "it was released or aborted before, or held in another queue; the id is the one that --hold has printed, with the "
        + "dot and all behind it"

    private func withWriter(
        _ id: String, _ what: String, _ advice: String, _ body: (SpoolWriter) throws(SpoolWriteError) -> Bool
    ) throws(PublishError) {
        let writer = try writer()
        let isDone: Bool
        do {
            isDone = try body(writer)
        } catch {
            throw PublishError(error, directory: writer.directory)
        }
        if !isDone { throw nothing(what, id, advice: advice) }
    }

    func nothing(_ what: String, _ id: String, advice: String) -> PublishError {
        PublishError(
            .notFound,
            reason: "no event \(what) under the id \(TerminalText.quoted(id)) in the queue directory "
                + TerminalText.plain(directory),
            advice: advice)
    }
}
