import Foundation
import Support
import Testing
import WSQueueLog
import WSQueueSystem

/// What the hub does where the machine refuses it something once, or a file cannot be read for a while.
@Suite(.serialized)
struct HubFaultTests {
    private static let codes = [EIO, ENOMEM, EMFILE, ENOSPC]

    private func withHub(_ body: (HubHarness) throws -> Void) throws {
        try withTemporaryDirectory(isInMemory: true) { path in try body(HubHarness(path)) }
    }

    /// A name by the contract of the publishers.
    private func name(_ number: Int) -> String { "\(1_700_000_000_000_000_000 + number)-1-\(number)-ab.json" }

    /// Places one event and more, whose payloads are their numbers.
    private func place(_ numbers: ClosedRange<Int>, in hub: HubHarness) throws {
        for number in numbers { try hub.place(name(number), #"{"event":"n","payload":\#(number)}"#) }
    }

    /// The payloads of what has been published, in this order.
    private func payloads(_ hub: HubHarness) -> [String] {
        hub.published().map { one in
            String((one.text.components(separatedBy: #""payload":"#).last ?? "").prefix { $0.isNumber })
        }
    }

    @Test(arguments: codes)
    func `whichever call of a turn fails, the events come once and in order, and their files go`(code: Int32) throws {
        var didFail = true
        var number = 0
        while didFail {
            number += 1
            try withHub { hub in
                try place(1...3, in: hub)
                didFail = SystemCallFaults.failing(callNumber: number, with: code) { hub.turn() }.didFail
                var all = payloads(hub)
                for _ in 0..<10 {
                    hub.turn()
                    all += payloads(hub)
                }
                #expect(all == ["1", "2", "3"], "call \(number)")
                // What could not be deleted is tried again after a minute.
                for _ in 0..<4 { hub.turn(after: 30_000) }
                #expect(hub.names.isEmpty, "call \(number)")
            }
        }
        #expect(number > 10)
    }

    @Test(arguments: codes)
    func `whichever call fails, a file that is known does not overtake an older one that is not`(code: Int32) throws {
        var (didFail, number) = (true, 0)
        while didFail {
            number += 1
            try withTemporaryDirectory(isInMemory: true) { path in
                let hub = try HubHarness(path) { $0.holdsWithoutClients = true }
                try place(2...2, in: hub)
                hub.turn()
                #expect(hub.seq == 0 && hub.waitingCount == 1)
                try place(1...1, in: hub)
                hub.marks.report(clients: 1, behind: 0, by: 0)
                didFail = SystemCallFaults.failing(callNumber: number, with: code) { hub.turn() }.didFail
                for _ in 0..<10 { hub.turn() }
                #expect(payloads(hub) == ["1", "2"], "call \(number)")
            }
        }
    }

    @Test(arguments: codes)
    func `whichever call fails, a file that is no event is set aside in the end`(code: Int32) throws {
        var didFail = true
        var number = 0
        while didFail {
            number += 1
            try withHub { hub in
                try hub.place(name(1), "no event")
                hub.turn()
                didFail = SystemCallFaults.failing(callNumber: number, with: code) { hub.turn(after: 3_000) }.didFail
                for _ in 0..<4 { hub.turn(after: 30_000) }
                #expect(hub.names.isEmpty && hub.failed.count == 1, "call \(number)")
            }
        }
        #expect(number > 5)
    }

    @Test(arguments: codes)
    func `whichever call of the start fails, what was taken before it is sent`(code: Int32) throws {
        var didFail = true
        var number = 0
        while didFail {
            number += 1
            try withTemporaryDirectory(isInMemory: true) { path in
                try FileManager.default.createDirectory(atPath: "\(path)/queue", withIntermediateDirectories: true)
                let text = #"{"event":"n","payload":1}"#
                try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/queue/.taken-12345678-a.json"))
                let start = SystemCallFaults.failing(callNumber: number, with: code) { Result { try HubHarness(path) } }
                didFail = start.didFail
                // Where it says why it does not start it is started again.
                guard let hub = try? start.result.get() else { return }
                for _ in 0..<10 { hub.turn() }
                #expect(payloads(hub) == ["1"], "call \(number)")
            }
        }
        #expect(number > 10)
    }

    @Test(arguments: codes)
    func `whichever call of the first turn fails, what was taken before is sent beside its namesake`(
        code: Int32
    ) throws {
        var didFail = true
        var number = 0
        while didFail {
            number += 1
            try withHub { hub in
                let taken = "\(hub.path)/.taken-12345678-a.json"
                try Data(#"{"event":"n","payload":1}"#.utf8).write(to: URL(fileURLWithPath: taken))
                try hub.place("a.json", #"{"event":"n","payload":2}"#)
                didFail = SystemCallFaults.failing(callNumber: number, with: code) { hub.turn() }.didFail
                var all = payloads(hub)
                for _ in 0..<10 {
                    hub.turn()
                    all += payloads(hub)
                }
                #expect(all.sorted() == ["1", "2"], "call \(number)")
                for _ in 0..<4 { hub.turn(after: 30_000) }
                #expect(!FileManager.default.fileExists(atPath: taken), "call \(number)")
                #expect(hub.names.isEmpty, "call \(number)")
            }
        }
        #expect(number > 10)
    }

    @Test(arguments: codes)
    func `whichever call fails, events whose names say no time come in the order of their times`(code: Int32) throws {
        var didFail = true
        var number = 0
        while didFail {
            number += 1
            try withHub { hub in
                for (payload, name) in ["c.json", "b.json", "a.json"].enumerated() {
                    try hub.place(name, #"{"event":"n","payload":\#(payload)}"#)
                    let time = Date(timeIntervalSince1970: 1_729_000_000 + Double(payload))
                    try FileManager.default.setAttributes(
                        [.modificationDate: time], ofItemAtPath: "\(hub.path)/\(name)")
                }
                didFail = SystemCallFaults.failing(callNumber: number, with: code) { hub.turn() }.didFail
                var all = payloads(hub)
                for _ in 0..<10 {
                    hub.turn()
                    all += payloads(hub)
                }
                #expect(all == ["0", "1", "2"], "call \(number)")
            }
        }
        #expect(number > 10)
    }

    @Test(arguments: codes)
    func `whichever call fails, a batch waits for who has it open`(code: Int32) throws {
        var didFail = true
        var number = 0
        while didFail {
            number += 1
            try withHub { hub in
                try hub.place("a.jsonl", #"{"event":"n","payload":1}"# + "\n")
                let writer = try #require(FileHandle(forWritingAtPath: "\(hub.path)/a.jsonl"))
                didFail = SystemCallFaults.failing(callNumber: number, with: code) { hub.turn() }.didFail
                for _ in 0..<3 { hub.turn() }
                #expect(hub.seq == 0, "call \(number)")
                try writer.close()
                for _ in 0..<10 { hub.turn() }
                #expect(payloads(hub) == ["1"], "call \(number)")
            }
        }
        #expect(number > 10)
    }

    @Test(arguments: codes)
    func `whichever call fails, nothing is sent before the time that it says`(code: Int32) throws {
        var didFail = true
        var number = 0
        while didFail {
            number += 1
            try withHub { hub in
                let due = hub.unix / 1_000_000_000 + 3_600
                try hub.place("at-a.json", #"{"event":"n","payload":1,"timestamp":\#(due)}"#)
                didFail = SystemCallFaults.failing(callNumber: number, with: code) { hub.turn() }.didFail
                for _ in 0..<10 { hub.turn() }
                #expect(hub.seq == 0, "call \(number)")
                for _ in 0..<3 { hub.turn(after: 3_700_000) }
                #expect(payloads(hub) == ["1"], "call \(number)")
            }
        }
        #expect(number > 5)
    }

    @Test(arguments: codes)
    func `whichever call fails, what is set aside takes no other file's place`(code: Int32) throws {
        var didFail = true
        var number = 0
        while didFail {
            number += 1
            try withHub { hub in
                try hub.place(name(1), "no event")
                for _ in 0..<2 { hub.turn(after: 3_000) }
                try #require(hub.failed.count == 1)
                try hub.place(name(1), "no event either")
                hub.turn()
                didFail = SystemCallFaults.failing(callNumber: number, with: code) { hub.turn(after: 3_000) }.didFail
                for _ in 0..<4 { hub.turn(after: 30_000) }
                #expect(hub.names.isEmpty && hub.failed == [name(1)], "call \(number)")
                #expect(FileManager.default.fileExists(atPath: "\(hub.path)/.failed/\(name(1)).2"), "call \(number)")
            }
        }
        #expect(number > 5)
    }

    /// The rows: whether another file has that name there.
    @Test(arguments: [false, true])
    func `a file is set aside though the name that it would have there may not be looked at`(isTaken: Bool) throws {
        try withHub { hub in
            if isTaken {
                try hub.place(name(1), "{}")
                for _ in 0..<2 { hub.turn(after: 3_000) }
                try #require(hub.failed == [name(1)])
            }
            func text(_ suffix: String) throws -> String {
                try String(contentsOfFile: "\(hub.path)/.failed/\(name(1))\(suffix)", encoding: .utf8)
            }
            let reason = isTaken ? try text(".why") : ""
            try hub.place(name(1), "no event")
            _ = SystemCallFaults.failing(
                next: 1_000, "stat", on: "\(hub.path)/.failed/\(name(1))", with: EACCES
            ) { for _ in 0..<3 { hub.turn(after: 3_000) } }
            #expect(hub.names.isEmpty)
            if isTaken { #expect(try text("") == "{}" && text(".why") == reason) }
            let number = isTaken ? ".2" : ""
            #expect(try text(number) == "no event" && text("\(number).why") != reason)
        }
    }

    @Test(arguments: codes)
    func `whichever call fails, an event is of whom its name says it is`(code: Int32) throws {
        var didFail = true
        var number = 0
        while didFail {
            number += 1
            try withTemporaryDirectory(isInMemory: true) { path in
                try FileManager.default.createDirectory(
                    atPath: "\(path)/journal", withIntermediateDirectories: false)
                let hub = try HubHarness(path, journal: .directory(try Directory.open("\(path)/journal")))
                // Of somebody else an event with this id would be another one.
                for file in 1...2 {
                    let claimed = name(file).replacingOccurrences(of: ".json", with: ".by-http-2.json")
                    try hub.place(claimed, #"{"event":"n","payload":\#(file),"id":"a"}"#)
                }
                didFail = SystemCallFaults.failing(callNumber: number, with: code) { hub.turn() }.didFail
                for _ in 0..<10 { hub.turn() }
                #expect(payloads(hub) == ["1"], "call \(number)")
            }
        }
        #expect(number > 10)
    }

    @Test func `what comes after a file that cannot be read for a moment does not overtake it`() throws {
        try withHub { hub in
            try place(1...2, in: hub)
            try withLease("\(hub.path)/\(name(1))") {
                hub.turn()
                #expect(hub.sleepMilliseconds() > 0)
                hub.turn()
                #expect(hub.seq == 0)
            }
            hub.turn()
            #expect(payloads(hub) == ["1", "2"])
        }
    }

    @Test func `a file that cannot be read for long holds up nothing, and is sent when it can`() throws {
        try withHub { hub in
            try place(1...2, in: hub)
            try withLease("\(hub.path)/\(name(1))") {
                for _ in 0..<10 { hub.turn() }
                #expect(payloads(hub) == ["2"])
            }
            hub.turn()
            #expect(payloads(hub) == ["1"])
            hub.turn()
            #expect(hub.names.isEmpty)
            let lines = hub.lines().filter { $0.contains("ev=queue.unreadable") }
            #expect(lines.count == 1 && lines.first?.contains("repeat=") == false, "it is told once")
        }
    }

    /// While a process holds such a lease for writing (fcntl(2)), opening the file without waiting fails: EWOULDBLOCK.
    private func withLease(_ path: String, _ body: () throws -> Void) throws {
        // The holder is told, and would end.
        signal(SIGIO, SIG_IGN)
        let file = open(path, O_RDWR)
        try #require(file >= 0)
        defer { close(file) }
        let setLease: Int32 = 1_024
        try #require(fcntl(file, setLease, Int32(F_WRLCK)) == 0)
        try body()
    }
}
