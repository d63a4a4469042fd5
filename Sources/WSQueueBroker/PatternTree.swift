package import WSQueueCore

/// Patterns by their segments, so that finding those that match a channel costs what matches and not what there is.
///
/// Each pattern carries a number, which belongs to the connection that put it there.
package struct PatternTree {
    private struct Node {
        var children: [String: Int] = [:]
        /// Where `*` leads.
        var one: Int?
        /// The number of the pattern that ends here.
        var pattern: Int?
        /// The number of the pattern that goes on with `**`.
        var rest: Int?

        var isEmpty: Bool { children.isEmpty && one == nil && pattern == nil && rest == nil }
    }

    private static let root = 0
    private var nodes = [Node()]
    private var freeNodes: [Int] = []

    /// Makes a tree without patterns.
    package init() {}

    /// Whether there is no pattern.
    package var isEmpty: Bool { nodes[Self.root].isEmpty }
    /// How many nodes its patterns need, the root among them.
    package var nodeCount: Int { nodes.count - freeNodes.count }

    /// Adds a pattern that is not there yet.
    package mutating func insert(_ pattern: ChannelPattern, _ number: Int) {
        var node = Self.root
        for segment in pattern.segments {
            switch segment {
            case .rest:
                nodes[node].rest = number
                return
            case .one, .literal: node = step(from: node, by: segment) ?? grow(from: node, by: segment)
            }
        }
        nodes[node].pattern = number
    }

    /// Removes a pattern that is there, and the nodes that only it needed.
    package mutating func remove(_ pattern: ChannelPattern) {
        var path = [Self.root]
        var node = Self.root
        for segment in pattern.segments where segment != .rest {
            guard let next = step(from: node, by: segment) else { return }
            path.append(next)
            node = next
        }
        if pattern.segments.last == .rest { nodes[node].rest = nil } else { nodes[node].pattern = nil }
        for depth in stride(from: path.count - 1, to: 0, by: -1) where nodes[path[depth]].isEmpty {
            prune(path[depth], of: path[depth - 1], pattern.segments[depth - 1])
        }
    }

    /// The numbers of the patterns that match a channel, each once, in no order.
    package func matches(_ channel: String) -> [Int] {
        var found: [Int] = []
        var reached = [Self.root]
        for part in channel.split(separator: ".", omittingEmptySubsequences: false) {
            if reached.isEmpty { return found }
            let name = String(part)
            var next: [Int] = []
            for node in reached {
                if let rest = nodes[node].rest { found.append(rest) }
                if let child = nodes[node].children[name] { next.append(child) }
                if let one = nodes[node].one { next.append(one) }
            }
            reached = next
        }
        for node in reached {
            if let pattern = nodes[node].pattern { found.append(pattern) }
            if let rest = nodes[node].rest { found.append(rest) }
        }
        return found
    }

    private func step(from node: Int, by segment: ChannelPattern.Segment) -> Int? {
        switch segment {
        case .literal(let name): nodes[node].children[name]
        case .one: nodes[node].one
        case .rest: nil
        }
    }

    private mutating func grow(from node: Int, by segment: ChannelPattern.Segment) -> Int {
        let new = freeNodes.popLast() ?? nodes.count
        if new == nodes.count { nodes.append(Node()) }
        switch segment {
        case .literal(let name): nodes[node].children[name] = new
        case .one: nodes[node].one = new
        case .rest: break
        }
        return new
    }

    private mutating func prune(_ node: Int, of parent: Int, _ segment: ChannelPattern.Segment) {
        switch segment {
        case .literal(let name): nodes[parent].children[name] = nil
        case .one: nodes[parent].one = nil
        case .rest: return
        }
        nodes[node] = Node()
        freeNodes.append(node)
    }
}
