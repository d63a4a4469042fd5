import ModelRedis
import Support
import Testing
import WSQueueNet
import WSQueueOperation
import WSQueueSystem
import WSQueueWire

@testable import WSQueueRedis
@testable import WSQueueSequencer

struct RedisLinkTests {
    /// The hub's side of a link.
    private final class Hub {
        let link: RedisLink
        private let log: Log
        private var news: [StreamNews] = []

        init(_ directory: String, _ location: String) throws {
            var settings = RedisSettings(location: try RedisLocation(location))
            settings.stream = "s"
            log = try Log(level: .debug, format: .text, destination: .file("\(directory)/log"))
            let queue = try Directory.open(directory)
            link = try RedisLink(
                settings, node: NodeIdentity(in: queue, ownEntries(in: queue)), hubWakeup: try Wakeup())
            try link.start(after: 0, epoch: "mine0000", log: log)
        }

        deinit { link.end() }

        /// The next news that is wanted, what comes before it passed over; one that waits in vain fails after half a
        /// minute.
        func next<Wanted>(_ wanted: (StreamNews) -> Wanted?) -> Wanted? {
            let deadline = Clock.monotonicNanoseconds() + 30_000_000_000
            while Clock.monotonicNanoseconds() < deadline {
                news += link.takeNews()
                while !news.isEmpty {
                    if let found = wanted(news.removeFirst()) { return found }
                }
                Clock.pause()
            }
            return nil
        }

        func isTold(_ wanted: StreamNews) -> Bool { next { $0 == wanted ? true : nil } ?? false }

        /// How the stream stands when it is found next.
        func place() -> StreamPlace? {
            next { news in
                if case .attached(let place) = news { return place }
                return nil
            }
        }

        /// Waits until the stream is found, and reads on.
        func follow() throws { link.post(.follow(after: 0, attempt: try #require(place()).attempt)) }

        /// Reads on wherever the stream has been found.
        ///
        /// - Returns: Whether Redis takes events.
        func followAll() -> Bool {
            for one in news + link.takeNews() {
                if case .attached(let place) = one { link.post(.follow(after: 0, attempt: place.attempt)) }
            }
            news = []
            return link.isUp
        }

        /// The texts of the entries that come next.
        func events() -> [String]? {
            next { news in
                if case .entries(let entries) = news {
                    return entries.map { String(decoding: $0.event, as: UTF8.self) }
                }
                return nil
            }
        }

        func isWritten(_ wanted: UInt64) -> Bool {
            next { news in
                if case .written(let number, _) = news, number == wanted { return true }
                return nil
            } ?? false
        }
    }

    private static func batch(_ number: UInt64, _ event: String) -> StreamBatch {
        var bytes: [UInt8] = []
        RESPCommand.append(["XADD", "s", "0-*", "e", event, "i", event], to: &bytes)
        return StreamBatch(
            number: number, commands: bytes, count: 1, lastID: Array(event.utf8), sent: Array("note \(number)".utf8))
    }

    private static func eventually(_ isSo: () -> Bool) -> Bool {
        let deadline = Clock.monotonicNanoseconds() + 30_000_000_000
        while !isSo(), Clock.monotonicNanoseconds() < deadline { Clock.pause() }
        return isSo()
    }

    @Test func `a batch goes into the stream, and comes back as entries`() throws {
        try withTemporaryDirectory { directory in
            let redis = try FakeRedis("\(directory)/redis.sock")
            let hub = try Hub(directory, "unix:\(redis.path)")
            #expect(hub.link.trouble?.code == "connecting")
            try hub.follow()
            hub.link.post(.write(Self.batch(1, "first")))
            #expect(hub.events() == ["first"])
            hub.link.post(.write(Self.batch(2, "second")))
            #expect(hub.isWritten(2))
            #expect(hub.events() == ["second"])
            #expect(Self.eventually { hub.link.isUp })
            #expect(hub.link.trouble == nil)
            #expect(hub.link.unreadBytes > 0)
            hub.link.used(hub.link.unreadBytes)
            #expect(hub.link.unreadBytes == 0)
        }
    }

    @Test func `a connection that ends is made anew, and what was not in the stream is written`() throws {
        try withTemporaryDirectory { directory in
            let redis = try FakeRedis("\(directory)/redis.sock")
            let hub = try Hub(directory, "unix:\(redis.path)")
            #expect(hub.isTold(.fenced(sent: nil)))
            redis.setSilent(true)
            hub.link.post(.write(Self.batch(1, "first")))
            redis.closeAll()
            #expect(hub.isTold(.down))
            #expect(!hub.link.isUp)
            redis.setSilent(false)
            redis.closeAll()
            // Redis counts as up when the batch that waited is in the stream. A connection may have been made before the
            // last were closed: the stream is followed wherever it is found.
            #expect(Self.eventually { hub.followAll() })
            #expect(redis.withModel { $0.events } == ["first"])
        }
    }

    @Test func `a Redis that does not answer is given up after three seconds`() throws {
        try withTemporaryDirectory { directory in
            let redis = try FakeRedis("\(directory)/redis.sock")
            redis.setSilent(true)
            let begin = Clock.monotonicNanoseconds()
            let hub = try Hub(directory, "unix:\(redis.path)")
            #expect(hub.isTold(.down))
            #expect(hub.link.trouble?.code == "silent")
            #expect(Clock.monotonicNanoseconds() - begin >= RedisConnection.limitNanoseconds)
        }
    }

    @Test func `what is not there is a fault, and so is a password that is refused`() throws {
        try withTemporaryDirectory { directory in
            let redis = try FakeRedis("\(directory)/redis.sock")
            let none = try Hub(directory, "unix:\(directory)/none.sock")
            #expect(none.isTold(.down))
            #expect(none.link.trouble?.code == "connect")
            redis.withModel { $0.refusals["HELLO"] = "WRONGPASS invalid username-password pair" }
            let hub = try Hub(directory, "redis://:secret@\(redis.path)")
            #expect(hub.isTold(.down))
            #expect(hub.link.trouble?.code == "WRONGPASS")
            redis.withModel { $0.refusals = [:] }
            #expect(hub.isTold(.fenced(sent: nil)))
        }
    }

    @Test(arguments: [
        ("ERR unknown command 'HELLO'", "version"), ("NOAUTH Authentication required.", "NOAUTH"),
        ("LOADING Redis is loading the dataset in memory", "LOADING"),
    ])
    func `what greets with a refusal is of no use`(refusal: String, code: String) throws {
        try withTemporaryDirectory { directory in
            let redis = try FakeRedis("\(directory)/redis.sock")
            redis.withModel { $0.refusals["HELLO"] = refusal }
            let hub = try Hub(directory, "unix:\(redis.path)")
            #expect(hub.isTold(.down))
            #expect(hub.link.trouble?.code == code)
        }
    }

    @Test func `a stream whose numbering has another name is looked at again`() throws {
        try withTemporaryDirectory { directory in
            let redis = try FakeRedis("\(directory)/redis.sock")
            let hub = try Hub(directory, "unix:\(redis.path)")
            try hub.follow()
            hub.link.post(.write(Self.batch(1, "first")))
            #expect(hub.events() == ["first"])
            redis.withModel { $0.set("{s}:epoch", to: "other000") }
            let place = try #require(hub.place())
            #expect(place.epoch == "other000")
            #expect(place.probe?.seq == 1)
            hub.link.post(
                .renew(from: "other000", to: "third000", attempt: place.attempt, StateCorrections(isPast: true)))
            #expect(hub.place()?.epoch == "third000")
        }
    }
}
