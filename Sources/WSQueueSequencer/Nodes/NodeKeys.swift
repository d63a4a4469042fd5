/// What the nodes share in Redis besides the stream's keys.
package struct NodeKeys: Equatable, Sendable {
    /// The channel on which they talk.
    package let talk: String
    /// How many numbers were given to nodes.
    package let nodes: String
    /// The number of the node that tells the news of presence.
    package let speaker: String
    package let stream: String

    /// Names them.
    package init(talk: String, nodes: String, speaker: String, stream: String) {
        self.talk = talk
        self.nodes = nodes
        self.speaker = speaker
        self.stream = stream
    }
}
