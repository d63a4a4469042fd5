import Foundation
import Support
import Testing
import WSQueueCore
import WSQueueOperation
import WSQueueWire

@testable import WSQueueBroker

struct PortsTests {
    @Test func `the gate keeps what each side says`() {
        let gate = Gate(isAdmitting: false)
        #expect(!gate.isAdmitting && !gate.isFollowing && !gate.isDraining)
        gate.isAdmitting = true
        gate.isFollowing = true
        gate.isDraining = true
        #expect(gate.isAdmitting && gate.isFollowing && gate.isDraining)
        #expect(Gate(isAdmitting: true).isAdmitting)
    }

    @Test func `the queue has waited for the sum of its waits`() {
        let held = HeldTime()
        #expect(held.sum(50) == 0 && !held.isHeld)
        #expect(held.begin(100))
        #expect(!held.begin(200), "it waits already")
        #expect(held.isHeld && held.sum(150) == 50 && held.sum(90) == 0)
        held.end(300)
        held.end(400)
        #expect(!held.isHeld && held.sum(1_000) == 200)
        #expect(held.begin(1_000))
        #expect(held.sum(1_001) == 201)
    }

    @Test func `tokens that were refused are counted by the kind of fault`() {
        let counters = ClientCounters()
        for reason in ["not signed by us", "claim exp", "claim nbf", "expired"] { counters.countAuthFailure(reason) }
        #expect(counters.authFailures.map(\.0) == ["claim", "expired", "not_signed_by_us"])
        #expect(counters.authFailures.map(\.1) == [2, 1, 1])
        counters.messages.add()
        counters.messages.add()
        #expect(counters.messages.value == 2 && counters.limited.value == 0)
    }

    @Test func `news of presence are an event as one in the queue`() throws {
        let label = try #require(Label("7"))
        let user = PresentUser(user: label, info: Array(#"{"name":"Zoë"}"#.utf8), status: "busy")
        let news = PresenceNews(channel: "room", kind: .join, users: [user], unnamed: 0, count: 3)
        let event = String(decoding: news.event, as: UTF8.self)
        #expect(event.hasPrefix(#"{"event":"presence.join","channel":"room","payload":{"#) && event.hasSuffix("}}"))
        #expect(event.contains(#""user":"7""#) && event.contains(#""status":"busy""#) && event.contains(#""count":3"#))
        #expect(event.contains(#"{"name":"Zoë"}"#))
    }

    @Test func `descriptors that nobody else needs are for clients`() {
        #expect(DescriptorBudget.possibleClients(descriptors: 1_024, threads: 2) == 936)
        #expect(DescriptorBudget.possibleClients(descriptors: 10, threads: 2) == 1)
        let fewer = DescriptorBudget.possibleClients(descriptors: 1_024, threads: 3)
        #expect(fewer < DescriptorBudget.possibleClients(descriptors: 1_024, threads: 2))
    }

    @Test func `the password of Redis is the first line of its file`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/password"
            var settings = RedisSettings(location: try RedisLocation("redis://localhost"))
            try settings.readPassword()
            #expect(settings.location.password == nil)
            settings.passwordPath = path
            let missing = #expect(throws: AccessFileError.self) { try settings.readPassword() }
            #expect(missing?.option == "--redis-password-file" && missing?.description.hasPrefix(path + ": ") == true)
            for (bytes, password) in [("secret\nrest\n", "secret"), ("secret", "secret"), ("\nsecret", nil)] {
                try Array(bytes.utf8).withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: path)) }
                if let password {
                    try settings.readPassword()
                    #expect(settings.location.password == password)
                } else {
                    #expect(throws: AccessFileError.self) { try settings.readPassword() }
                }
            }
            #expect(settings.key("epoch") == "{wsqueue}:epoch")
        }
    }
}
