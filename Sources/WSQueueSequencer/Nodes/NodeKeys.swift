/// What the nodes share in Redis besides the stream's keys.
package struct NodeKeys: Equatable, Sendable {
    /// The channel on which they talk.
    package let talk: String
    /// How many numbers were given to nodes.
    package let nodes: String
    /// The number of the node that tells the news of presence.
    package let speaker: String
    package let stream: String
    /// How many events the stream keeps.
    package let historyEvents: Int

    /// Names them.
    package init(talk: String, nodes: String, speaker: String, stream: String, historyEvents: Int) {
        self.talk = talk
        self.nodes = nodes
        self.speaker = speaker
        self.stream = stream
        self.historyEvents = historyEvents
    }
}
