public import WSQueueCore
internal import WSQueueSpool
internal import WSQueueSystem

/// Events that wait for somebody's word. Around a database transaction: hold before the commit, release after it; a
/// process that dies between the two has published nothing that did not happen.
extension Publisher {
    /// Writes an event where no server sees it, until it is released or aborted. The server never removes it.
    ///
    /// - Parameter event: One that has the id of another that is held takes its place.
    /// - Returns: Its id, by which it is released; its file is hidden.
    @discardableResult
    public func hold(_ event: Event) throws(PublishError) -> Receipt {
        let writer = try writer()
        let stem = event.id.map(SpoolStem.init(identity:)) ?? writer.nextStem()
        var event = event
        // It is to have the id that is told now, and its file gets another name when it is released.
        if event.id == nil { event.id = stem.description }
        let bytes = try encode(event)
        do {
            var file = try writer.begin(.event)
            try file.append(bytes.span)
            try file.hold(as: stem)
        } catch {
            throw PublishError(error, directory: writer.directory)
        }
        return Receipt(
            id: event.id ?? stem.description, path: path(of: stem.held(.event)), sizeBytes: bytes.count, events: 1,
            isNew: true)
    }

    /// Publishes an event that is held: one rename. Its place in the order is that of this moment.
    ///
    /// - Returns: The receipt, without sizes.
    /// - Throws: ``PublishError``; ``PublishError/Kind/notFound`` when nothing is held under the id.
    @discardableResult
    public func release(_ id: String) throws(PublishError) -> Receipt {
        let writer = try writer()
        let released: (entry: SpoolEntry, suffix: SpoolSuffix)?
        do {
            released = try writer.release(id)
        } catch {
            throw PublishError(error, directory: writer.directory)
        }
        guard let released else {
            throw nothing("is held", id, advice: "it was released or aborted before, or held in another queue")
        }
        return receipt(released.entry, suffix: released.suffix, id: id, sizeBytes: 0, events: 1)
    }

    /// Removes an event that is held.
    ///
    /// - Throws: ``PublishError``; ``PublishError/Kind/notFound`` when nothing is held under the id.
    public func abort(_ id: String) throws(PublishError) {
        try withWriter(id, "is held", "it was released or aborted before, or held in another queue") {
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

    private func nothing(_ what: String, _ id: String, advice: String) -> PublishError {
        PublishError(
            .notFound,
            reason: "no event \(what) under the id \(TerminalText.quoted(id)) in the queue directory "
                + TerminalText.plain(directory),
            advice: advice)
    }
}
