public import WSQueueCore

/// Why an event was not published, written for a person who finds it in a log or a mail: what failed, who tried, what the
/// directory is, and what to do next.
public struct PublishError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What a program may want to tell apart.
    public enum Kind: Equatable, Sendable {
        /// The event is not acceptable, wherever it is put.
        case refused(EventRefusal)
        /// There is no queue directory at the path.
        case noDirectory
        /// The user may not write there.
        case notPermitted
        /// No file can be made there, for another reason.
        case cannotCreate
        /// Writing, syncing or renaming failed; nothing is published.
        case writeFailed
        /// Something is short for the moment; nothing is published.
        case tryAgain
        /// The event is published, but a power cut may take it.
        case publishedUnsafely
        /// No event is held, or waits for its time, under an id.
        case notFound
    }

    /// What a program may want to tell apart.
    public let kind: Kind
    /// What failed, and why: one line without a full stop.
    public let reason: String
    /// Who tried and what the directory is; may be empty.
    public let circumstances: String
    /// What to do; may be empty.
    public let advice: String

    /// All of it in one line.
    public var description: String {
        let facts = circumstances.isEmpty ? reason : "\(reason) (\(circumstances))"
        return advice.isEmpty ? facts : "\(facts); \(advice)"
    }

    /// An error of the event itself.
    ///
    /// - Parameters:
    ///   - context: What the refusal is about where that is not plain, such as `line 7`.
    ///   - advice: What to do, where that is known; may be empty.
    package init(_ refusal: EventRefusal, in context: String? = nil, advice: String = "") {
        var advice = advice
        if case .size = refusal { advice = "publish a reference to the data instead" }
        self.init(
            .refused(refusal), reason: context.map { "\($0): \(refusal)" } ?? "\(refusal)", advice: advice)
    }

    /// A value of which no JSON can be made.
    package init(unencodable reason: String) {
        self.init(
            .refused(.payload(reason: reason, offset: 0)), reason: "the payload cannot be encoded as JSON: \(reason)")
    }

    /// A batch that is larger than the server takes.
    package init(batchOver limitBytes: Int) {
        self.init(
            .refused(.size(limitBytes: limitBytes)),
            reason: "the batch is larger than the \(limitBytes) bytes that the server takes in one file",
            advice: "nothing was published: publish it in parts, for example with split -C 60M")
    }

    /// Makes an error, for drivers of one's own.
    public init(_ kind: Kind, reason: String, circumstances: String = "", advice: String = "") {
        self.kind = kind
        self.reason = reason
        self.circumstances = circumstances
        self.advice = advice
    }
}
