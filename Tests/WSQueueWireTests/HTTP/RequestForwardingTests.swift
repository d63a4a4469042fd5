import Testing
import WSQueueWire

struct RequestForwardingTests {
    private func isPassedOn(_ field: String) throws -> Bool {
        try #require(Answer(RequestParserTests.request("GET / HTTP/1.1", "Host: h", field)).head).isPassedOn
    }

    @Test(arguments: [
        "Via: 1.1 p", "X-Scheme: https", "Front-End-Https: on", "CDN-Loop: c", "Forwarded: for=192.0.2.1",
        "X-Forwarded-Proto: https", "X-Forwarded: y", "X-Original-Forwarded-For: 192.0.2.1",
        "True-Client-IP: 192.0.2.1", "CF-Connecting-IP: 192.0.2.1", "X-Real-IP: 192.0.2.1",
    ])
    func `a field that proxies write says that a request was passed on`(field: String) throws {
        #expect(try isPassedOn(field))
    }

    @Test(arguments: ["Accept: */*", "Deviation: 1", "X-Viable: 1", "X-Requested-With: a", "Real-IP-Of: 192.0.2.1"])
    func `another one does not`(field: String) throws {
        #expect(try !isPassedOn(field))
    }
}
