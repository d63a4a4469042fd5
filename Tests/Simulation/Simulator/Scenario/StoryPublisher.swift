import History
import WSQueueSpool
import WSQueueSystem

/// A process that publishes into several channels: plain events, states of keys and their ends, events for some users and
/// for all but some, events that expire, and lines in batches that push out what was before.
final class StoryPublisher {
    let index: Int
    private(set) var isDone = false
    private var next = 0
    private unowned let scenario: Scenario
    private let story: Story
    private let kernel: Kernel

    init(index: Int, in scenario: Scenario, _ story: Story) {
        self.index = index
        self.scenario = scenario
        self.story = story
        kernel = scenario.kernel
    }

    /// Starts the process.
    func start() {
        kernel.spawn("publisher\(index)", owner: .publisher(index)) { [self] in
            do {
                try publish()
            } catch {
                scenario.fail("publisher \(index): \(error)")
            }
        }
    }

    private func publish() throws {
        let writer = SpoolWriter(try Directory.openUnlisted("/q"), durability: .full, names: scenario.names)
        for file in next / 100..<scenario.profile.filesPerStory {
            // After a power cut it goes on behind the file that it had begun.
            next = file * 100 + 100
            let isBatch = kernel.random.chance(perMille: 250)
            let events = (0..<(isBatch ? 6 : 1)).map { drawEvent(file * 100 + $0, isLine: isBatch) }
            for event in events { story.note(event) }
            let text = Array(events.map(text).joined(separator: "\n").utf8)
            _ = try writer.write(text.span, suffix: isBatch ? .batch : .event)
            for event in events { story.notePublished(event) }
            if kernel.random.chance(perMille: scenario.profile.restPerMille) {
                kernel.pause(until: kernel.now + Int64(kernel.random.below(100_000_000)))
            }
        }
        isDone = true
    }

    private func drawEvent(_ number: Int, isLine: Bool) -> ModelEvent {
        var event = ModelEvent(EventNumber(publisher: index, number: number))
        if isLine {
            event.channels = ["logs"]
            return event
        }
        let all = Story.open + Story.guarded
        for _ in 0..<kernel.random.pick([0, 1, 1, 2]) {
            let channel = kernel.random.pick(kernel.random.chance(perMille: 250) ? Story.rare : all)
            if !event.channels.contains(channel) { event.channels.append(channel) }
        }
        switch kernel.random.below(8) {
        case 0...3:
            event.key = "k\(kernel.random.below(3))"
            event.clears = kernel.random.chance(perMille: 200)
        case 4: event.recipients = [kernel.random.pick(Story.users)]
        case 5: event.exceptedUsers = [kernel.random.pick(Story.users)]
        default: break
        }
        if !event.clears, kernel.random.chance(perMille: 150) {
            event.expiresAt = kernel.unix / 1_000 + Int64(10_000 + kernel.random.below(1_500_000))
        }
        return event
    }

    /// Events differ in length.
    private static let fillings = (0..<7).map { String(repeating: "z", count: $0 * 30) }

    private func text(_ event: ModelEvent) -> String {
        func list(_ words: [String]) -> String { "[\(words.map { "\"\($0)\"" }.joined(separator: ","))]" }
        let filling = Self.fillings[event.number.number % 7]
        var members = ["\"event\":\"e\""]
        let number = event.number
        members.append("\"payload\":{\"p\":\(number.publisher),\"n\":\(number.number),\"x\":\"\(filling)\"}")
        if !event.channels.isEmpty { members.append("\"channels\":\(list(event.channels))") }
        if let key = event.key { members.append("\"key\":\"\(key)\"") }
        if event.clears { members.append("\"clear\":true") }
        if let users = event.recipients { members.append("\"recipients\":\(list(users))") }
        if scenario.profile.extras.hasExceptions, event.key == nil, event.recipients == nil, event.exceptedUsers.isEmpty
        {
            // No one has these connections: what is kept with the event keeps it from nobody.
            members.append("\"except\":[900000001,900000002]")
        }
        if !event.exceptedUsers.isEmpty { members.append("\"except_users\":\(list(event.exceptedUsers))") }
        if let end = event.expiresAt {
            let fraction = String(end % 1_000_000)
            let padded = String(repeating: "0", count: 6 - fraction.count) + fraction
            members.append("\"expires_at\":\(end / 1_000_000).\(padded)")
        }
        return "{\(members.joined(separator: ","))}"
    }
}
