import Foundation
import Support
import Testing
import WSQueueSystem

/// What becomes of a file once its event is sent, where it cannot be deleted at once or is another one by then.
struct HubDeletionTests {
    /// A name by the contract of the publishers.
    private func name(_ number: Int) -> String { "\(1_700_000_000_000_000_000 + number)-1-\(number)-ab.json" }

    /// The payloads of what has been published since the last call.
    private func payloads(_ hub: HubHarness) -> [String] {
        hub.published().map { one in
            String((one.text.components(separatedBy: #""payload":"#).last ?? "").prefix { $0.isNumber })
        }
    }

    /// A hub each for every call that can fail while the file of an event is deleted.
    ///
    /// - Parameters:
    ///   - change: What happens to the file then.
    ///   - sent: The payloads of all that is sent.
    private func eachFailure(
        of name: String, _ text: String, sent: [String], _ change: (HubHarness) throws -> Void
    ) throws {
        var (didFail, number, told) = (true, 0, 0)
        while didFail {
            number += 1
            try withTemporaryDirectory(isInMemory: true) { path in
                let hub = try HubHarness(path)
                try hub.place(name, text)
                hub.turn()
                didFail = SystemCallFaults.failing(callNumber: number, with: EIO) { hub.turn(after: 1) }.didFail
                try change(hub)
                for _ in 0..<6 { hub.turn(after: 30_000) }
                #expect(payloads(hub) == sent, "call \(number)")
                #expect(hub.names.isEmpty, "call \(number)")
                if hub.logged().contains("event.undeletable") { told += 1 }
            }
        }
        #expect(number > 1 && told > 0)
    }

    @Test func `a file that cannot be deleted is told of, not sent again, and goes when it can`() throws {
        let text = #"{"event":"n","payload":1}"#
        try eachFailure(of: name(1), text, sent: ["1"]) { _ in }
        try eachFailure(of: "status.json", text, sent: ["1"]) { _ in }
    }

    @Test func `a file that cannot be deleted is the same event with another mode`() throws {
        try eachFailure(of: "status.json", #"{"event":"n","payload":1}"#, sent: ["1"]) { hub in
            _ = chmod("\(hub.path)/status.json", 0o600)
        }
    }

    @Test func `what takes the place of a file that could not be deleted is sent`() throws {
        let next = #"{"event":"next","payload":2}"#
        for name in [name(1), "status.json"] {
            try eachFailure(of: name, #"{"event":"n","payload":1}"#, sent: ["1", "2"]) { hub in
                try hub.place("next.txt", next)
                try #require(rename("\(hub.path)/next.txt", "\(hub.path)/\(name)") == 0)
            }
        }
    }

    @Test func `of a batch that could not be deleted and has got longer only the new lines are sent`() throws {
        let lines = (1...2).map { #"{"event":"n","payload":\#($0)}"# + "\n" }.joined()
        try eachFailure(of: "rows.jsonl", lines, sent: ["1", "2", "3"]) { hub in
            try append(#"{"event":"n","payload":3}"# + "\n", to: "\(hub.path)/rows.jsonl")
        }
    }

    @Test func `a file that could not be deleted and was removed by hand leaves its name to the next`() throws {
        try eachFailure(of: "status.json", #"{"event":"n","payload":1}"#, sent: ["1", "2"]) { hub in
            unlink("\(hub.path)/status.json")
            hub.turn()
            try hub.place("status.json", #"{"event":"n","payload":2}"#)
        }
    }

    /// The rows: whether another file takes its name.
    @Test(arguments: [false, true])
    func `a file that can be neither deleted nor looked at is known, and what takes its place is sent`(
        isReplaced: Bool
    ) throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let hub = try HubHarness(path)
            try hub.place("status.json", #"{"event":"n","payload":1}"#)
            hub.turn()
            _ = SystemCallFaults.failing(next: 1_000, "stat", on: "\(hub.path)/status.json", with: EIO) {
                for _ in 0..<3 { hub.turn(after: 30_000) }
            }
            if isReplaced {
                try hub.place("next.txt", #"{"event":"n","payload":2}"#)
                try #require(rename("\(hub.path)/next.txt", "\(hub.path)/status.json") == 0)
            }
            for _ in 0..<6 { hub.turn(after: 30_000) }
            #expect(payloads(hub) == (isReplaced ? ["1", "2"] : ["1"]))
            #expect(hub.names.isEmpty)
            #expect(hub.logged().contains("event.undeletable"))
        }
    }

    @Test func `a file stays as long as it cannot be asked whether somebody writes it`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let hub = try HubHarness(path)
            try hub.place("rows.jsonl", #"{"event":"n","payload":1}"# + "\n")
            // By its times alone it is what was read.
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: "\(hub.path)/rows.jsonl")
            hub.turn(isLoopSlow: true)
            let writer = try #require(fopen("\(hub.path)/rows.jsonl", "a"))
            hub.marks.passed(hub.publications.end, pace: hub.publications.end, by: 0, now: hub.now)
            hub.turn()
            #expect(payloads(hub) == ["1"] && hub.names.isEmpty)
            let question = SystemCallFaults.failing(next: 2, "open", on: "\(hub.path)/.taken-", with: EIO) {
                for _ in 0..<3 { hub.turn() }
            }
            #expect(question.didFail)
            fputs(#"{"event":"n","payload":2}"# + "\n", writer)
            fclose(writer)
            for _ in 0..<4 { hub.turn() }
            #expect(payloads(hub) == ["2"])
        }
    }

    @Test func `a batch that gets longer after it was sent goes on with its new lines`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let hub = try HubHarness(path)
            try hub.place("rows.jsonl", #"{"event":"n","payload":1}"# + "\n")
            hub.turn(isLoopSlow: true)
            #expect(payloads(hub) == ["1"])
            try append(#"{"event":"n","payload":2}"# + "\n", to: "\(hub.path)/rows.jsonl")
            for _ in 0..<4 { hub.turn() }
            #expect(payloads(hub) == ["2"])
            #expect(hub.names.isEmpty)
        }
    }

    @Test func `a batch that is written anew before it is deleted is another one`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let hub = try HubHarness(path)
            try hub.place("rows.jsonl", #"{"event":"n","payload":1}"# + "\n")
            hub.turn(isLoopSlow: true)
            try append(#"{"event":"n","payload":2}"# + "\n", to: "\(hub.path)/rows.jsonl")
            hub.marks.passed(hub.publications.end, pace: hub.publications.end, by: 0, now: hub.now)
            hub.turn(isLoopSlow: true)
            try hub.place("other.txt", #"{"event":"n","payload":3}"# + "\n")
            try #require(rename("\(hub.path)/other.txt", "\(hub.path)/rows.jsonl") == 0)
            for _ in 0..<6 { hub.turn() }
            #expect(payloads(hub).last == "3")
            #expect(hub.names.isEmpty)
        }
    }

    private func append(_ text: String, to path: String) throws {
        let file = try #require(fopen(path, "a"))
        fputs(text, file)
        fclose(file)
    }
}
