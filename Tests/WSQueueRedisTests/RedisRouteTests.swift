import Testing
import WSQueueNet
import WSQueueSequencer
import WSQueueWire

@testable import WSQueueRedis

struct RedisRouteTests {
    private static let second: Int64 = 1_000_000_000

    private static func route(_ location: String) throws -> RedisRoute {
        // What is looked up here has no answer: a test gives it.
        RedisRoute(try RedisLocation(location), Resolver { _ in })
    }

    private static func answer(_ addresses: Address...) -> Resolver.Answer {
        Resolver.Answer(host: .init(name: "one.invalid", port: 6_379), addresses: addresses)
    }

    @Test func `an address and a path need no lookup`() throws {
        var numeric = try Self.route("redis://127.0.0.1:6380")
        #expect(try numeric.next(now: 0) == .internet(host: "127.0.0.1", port: 6_380))
        var path = try Self.route("unix:/run/redis.sock")
        #expect(try path.next(now: 0) == .unix(path: "/run/redis.sock"))
    }

    @Test func `a name is waited for as long as for an answer`() throws {
        var route = try Self.route("redis://one.invalid,127.0.0.1")
        #expect(try route.next(now: 0) == nil)
        #expect(route.dueAt == 3 * Self.second)
        #expect(try route.next(now: 3 * Self.second - 1) == nil)
        #expect(throws: RedisFault.unresolvedInTime) { try route.next(now: 3 * Self.second) }
        route.failed(now: 3 * Self.second)
        #expect(try route.next(now: 3 * Self.second) == .internet(host: "127.0.0.1", port: 6_379))
    }

    @Test func `a name's first address is connected to, and each answer is used once`() throws {
        var route = try Self.route("redis://one.invalid")
        #expect(try route.next(now: 0) == nil)
        route.take(
            Self.answer(.internet(host: "192.0.2.1", port: 6_379), .internet(host: "192.0.2.2", port: 6_379)),
            now: Self.second)
        #expect(try route.next(now: Self.second) == .internet(host: "192.0.2.1", port: 6_379))
        #expect(try route.next(now: Self.second) == nil)
    }

    @Test func `a name without an address is a fault, and looked up again after the pause`() throws {
        var route = try Self.route("redis://one.invalid")
        #expect(try route.next(now: 0) == nil)
        route.take(Self.answer(), now: 0)
        #expect(throws: RedisFault.unresolved) { try route.next(now: 0) }
        route.failed(now: 0)
        #expect(route.dueAt >= 50_000_000)
        #expect(route.dueAt <= 100_000_000)
        #expect(try route.next(now: 0) == nil)
        #expect(try route.next(now: Self.second) == nil)
        #expect(route.dueAt == 4 * Self.second)
    }

    @Test(arguments: [(Int64(12), true), (13, false)])
    func `an answer that came too late serves the next attempt, unless that is much later`(
        later: Int64, isUsed: Bool
    ) throws {
        var route = try Self.route("redis://one.invalid")
        #expect(try route.next(now: 0) == nil)
        #expect(throws: RedisFault.self) { try route.next(now: 3 * Self.second) }
        route.failed(now: 2 * Self.second)
        route.take(Self.answer(.internet(host: "192.0.2.1", port: 6_379)), now: 2 * Self.second)
        #expect(try (route.next(now: later * Self.second) != nil) == isUsed)
    }

    @Test func `each server is tried at once, then all after a pause that grows`() throws {
        var retry = RedisRetry(try RedisLocation("redis://a,b"))
        var pauses: [Int64] = []
        for _ in 0..<20 {
            #expect(retry.host.description == "a:6379")
            #expect(retry.failed(now: 0) == 0)
            #expect(retry.host.description == "b:6379")
            pauses.append(retry.failed(now: 0))
        }
        #expect((50_000_000...100_000_000).contains(pauses[0]))
        #expect((100_000_000...200_000_000).contains(pauses[1]))
        #expect(pauses.allSatisfy { $0 <= 5 * Self.second })
        #expect(pauses[19] >= 2_500_000_000)
        retry.succeeded()
        _ = retry.failed(now: 0)
        #expect(retry.failed(now: 0) <= 100_000_000)
    }
}
