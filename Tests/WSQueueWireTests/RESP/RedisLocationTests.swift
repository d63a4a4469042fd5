import Testing
import WSQueueWire

@Suite struct RedisLocationTests {
    @Test func `a URL names hosts, user, password and database`() throws {
        let location = try RedisLocation("redis://app:p%40ss:w@one,two:7000,[::1]:7001/3")
        #expect(
            location.hosts == [
                .internet(host: "one", port: 6_379), .internet(host: "two", port: 7_000),
                .internet(host: "::1", port: 7_001),
            ])
        #expect(location.user == "app")
        #expect(location.password == "p@ss:w")
        #expect(location.database == 3)
        #expect(location.description == "one:6379,two:7000,[::1]:7001")
    }

    @Test(arguments: ["redis:///run/redis.sock", "unix:/run/redis.sock"])
    func `a path is a socket`(text: String) throws {
        #expect(try RedisLocation(text).hosts == [.unix(path: "/run/redis.sock")])
    }

    @Test(arguments: [
        ("redis://my_redis", "my_redis"), ("redis://redis-1.example.org.", "redis-1.example.org."),
        ("redis://192.0.2.1", "192.0.2.1"), ("redis://[fe80::1%eth0]", "fe80::1%eth0"),
        ("redis://[::ffff:192.0.2.1]", "::ffff:192.0.2.1"),
    ])
    func `a host is a name or an address`(text: String, host: String) throws {
        #expect(try RedisLocation(text).hosts == [.internet(host: host, port: 6_379)])
    }

    @Test func `a password needs no user`() throws {
        let location = try RedisLocation("redis://:secret@localhost")
        #expect(location.user == nil)
        #expect(location.password == "secret")
    }

    @Test func `the last character of a password may be escaped, and is so whole`() throws {
        #expect(try RedisLocation("redis://:secret%21@localhost").password == "secret!")
        for cut in ["secret%2", "secret%"] {
            #expect(throws: RedisLocation.Fault.malformed) { try RedisLocation("redis://:\(cut)@localhost") }
        }
    }

    @Test func `a socket may want a password too`() throws {
        let location = try RedisLocation("redis://:secret@/run/redis.sock")
        #expect(location.hosts == [.unix(path: "/run/redis.sock")])
        #expect(location.password == "secret")
    }

    @Test(arguments: [
        "", "localhost", "http://a", "redis://", "redis://a:0", "redis://a:x", "redis://a,,b", "redis://a/x", "unix:a",
        "redis://%zz@a", "redis://a b", "redis://[::1", "redis://127.0.0.1?db=2", "redis://a?db=2",
        "redis://a:6379?db=2", "redis://a#b",
        "redis://a/0?db=2", "redis://a;b", "redis://a&b", "redis://a\\b", "redis://a*", "redis://{a}", "redis://\"a\"",
        "redis:///run/redis.sock?db=2", "unix:/run/redis.sock?db=2", "unix:///run/redis.sock#1",
    ])
    func `what is no URL is refused`(text: String) {
        #expect(throws: RedisLocation.Fault.malformed) { try RedisLocation(text) }
    }

    @Test func `TLS is left to a proxy`() {
        #expect(throws: RedisLocation.Fault.tls) { try RedisLocation("rediss://a") }
    }
}
