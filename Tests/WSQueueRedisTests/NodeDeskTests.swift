import Support
import Testing
import WSQueueBroker
import WSQueueCore
import WSQueueNet
import WSQueueOperation
import WSQueueSystem
import WSQueueWire

@testable import WSQueueRedis

struct NodeDeskTests {
    /// A node with one loop, which hands each message to three clients.
    private final class Node: Sendable {
        let desk: NodeDesk
        let presence = SharedPresence(PresenceRule())
        let handed: Mailbox<(text: String, ticket: UInt64)>
        let passed: Mailbox<(ticket: UInt64, count: Int)>

        init(_ redis: FakeRedis, _ directory: String) throws {
            var settings = RedisSettings(location: try RedisLocation("unix:\(redis.path)"))
            settings.stream = "s"
            desk = try NodeDesk(settings)
            handed = Mailbox(wakeup: try Wakeup())
            passed = Mailbox(wakeup: try Wakeup())
            let log = try Log(level: .debug, format: .text, destination: .file("\(directory)/log"))
            let desk = desk
            try desk.start(
                NodeContext(
                    log: log, presence: presence, epoch: { "epoch000" },
                    hubWakeup: try Wakeup(), loopCount: 1,
                    hand: { [handed] message, ticket in
                        let payload = message.frame[FrameEncoder.payloadStart(in: message.frame.span)...]
                        handed.post((String(decoding: payload, as: UTF8.self), ticket))
                        desk.post(.passed(ticket: ticket, Tally(count: 3)))
                    },
                    tellPassed: { [passed] answer in passed.post((answer.ticket, answer.tally.count)) }))
        }

        deinit { desk.post(.end) }

        /// Has a message of a client here handed out, and waits for how many other nodes' clients have got it.
        func call(_ text: String, ticket: UInt64, recipients: [Int64]? = nil) -> Int? {
            let frame = FrameEncoder.frame(.text, Array(text.utf8).span)
            let message = ClientMessage(channel: "room", recipients: recipients, frame: frame)
            desk.post(.call(message, loop: 0, ticket: ticket))
            var answer: (ticket: UInt64, count: Int)?
            _ = eventually {
                answer = passed.take().first { $0.ticket == ticket } ?? answer
                return answer != nil
            }
            return answer?.count
        }
    }

    private static func eventually(_ isSo: () -> Bool) -> Bool {
        let deadline = Clock.monotonicNanoseconds() + 30_000_000_000
        while Clock.monotonicNanoseconds() < deadline {
            if isSo() { return true }
            Clock.pause()
        }
        return isSo()
    }

    @Test func `nodes have numbers, hand each other's messages out, and say goodbye`() throws {
        try withTemporaryDirectory { directory in
            let redis = try FakeRedis("\(directory)/redis.sock")
            let one = try Node(redis, directory)
            #expect(Self.eventually { one.desk.connectionBase == 1 << 32 })
            #expect(one.call("{}", ticket: 1) == 0)
            let other = try Node(redis, directory)
            #expect(Self.eventually { other.desk.connectionBase == 2 << 32 })
            var ticket: UInt64 = 2
            let isHeard = Self.eventually {
                ticket += 1
                return one.call("{\"a\":1}", ticket: ticket) == 3
            }
            #expect(isHeard)
            #expect(other.handed.take().last?.text == "{\"a\":1}")
            #expect(one.call("{}", ticket: 1_000, recipients: [1 << 32 + 5]) == 0, "it is for clients here")
            #expect(one.desk.isOwn(1 << 32 + 5))
            #expect(!one.desk.isOwn(2 << 32))
            other.desk.post(.end)
            #expect(Self.eventually { other.desk.hasEnded })
            let isGone = Self.eventually {
                ticket += 1
                return one.call("{}", ticket: ticket) == 0
            }
            #expect(isGone)
        }
    }

    @Test func `one node tells the channels who is there`() throws {
        try withTemporaryDirectory { directory in
            let redis = try FakeRedis("\(directory)/redis.sock")
            let one = try Node(redis, directory)
            let other = try Node(redis, directory)
            let user = try #require(Label("u"))
            let isIn = Self.eventually { other.desk.connectionBase >> 32 <= 2 }
            #expect(isIn)
            other.presence.withLock { $0.enter("presence.room", Identity(user: user), 1) }
            other.desk.wakeup.signal()
            #expect(Self.eventually { redis.withModel { $0.events.count } == 1 })
            #expect(Self.eventually { one.presence.withLock { $0.page("presence.room").count } == 1 })
            redis.closeAll()
            one.presence.withLock { $0.enter("presence.hall", Identity(user: user), 2) }
            one.desk.wakeup.signal()
            #expect(Self.eventually { other.presence.withLock { $0.page("presence.hall").count } == 1 })
        }
    }
}
