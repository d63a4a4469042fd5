import Foundation
import Support
import Testing
import WSQueueOperation
import WSQueueSystem

/// What the hub does where the journal cannot be written, or does not get to the disk: events are sent, files stay.
struct HubSyncTests {
    private func name(_ number: Int) -> String { "\(1_700_000_000_000_000_000 + number)-1-\(number)-ab.json" }

    private func withHub(
        _ change: (inout Configuration) -> Void = { _ in }, _ body: (HubHarness, _ journal: String) throws -> Void
    ) throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let journal = "\(path)/journal"
            let hub = try HubHarness(
                path, journal: .open(at: journal, noteForeign: { _ in }), syncer: true, change)
            try body(hub, journal)
        }
    }

    @Test func `where a sync fails the event is sent and its file stays, until one succeeds`() throws {
        try withHub { hub, journal in
            try hub.place(name(1), #"{"event":"n"}"#)
            let (_, didFail) = SystemCallFaults.failing(next: 1, "fdatasync", on: journal, with: EIO) {
                hub.turn(until: { hub.asked()?.faults.isEmpty == false })
                #expect(hub.published().numbers == [1] && hub.names == [name(1)])
                #expect(hub.asked()?.faults.first?.detail.hasPrefix("the journal could not be written for") == true)
            }
            #expect(didFail)
            hub.turn(until: { hub.names.isEmpty })
            #expect(hub.asked()?.faults.isEmpty == true)
            #expect(
                hub.logged().filter { $0.hasPrefix("journal.") } == ["journal.open", "journal.error", "journal.back"])
        }
    }

    @Test func `a drain does not wait for a disk that takes nothing, and leaves the files`() throws {
        try withHub { hub, journal in
            try hub.place(name(1), #"{"event":"n"}"#)
            _ = SystemCallFaults.failing(next: 1_000, "fdatasync", on: journal, with: EIO) {
                hub.turn(until: { hub.asked()?.faults.isEmpty == false })
                hub.stopTaking()
                hub.finishTurn()
                #expect(hub.isFinished && hub.names == [name(1)])
            }
        }
    }

    @Test func `what could not be brought to the old disk is given up where another queue is in its place`() throws {
        try withHub { hub, journal in
            try hub.place(name(1), #"{"event":"n"}"#)
            _ = try SystemCallFaults.failing(next: 1_000, "fdatasync", on: journal, with: EIO) {
                hub.turn(until: { hub.asked()?.faults.isEmpty == false })
                try FileManager.default.moveItem(atPath: hub.path, toPath: hub.path + "-away")
                try FileManager.default.createDirectory(atPath: hub.path, withIntermediateDirectories: false)
                try hub.place(name(2), #"{"event":"n"}"#)
                hub.turn(until: { hub.seq == 2 && hub.names.isEmpty })
                #expect(hub.asked()?.faults.isEmpty == true)
            }
        }
    }

    @Test func `a journal that cannot be written holds up no event, and what was missed is written later`() throws {
        let noticing = { (configuration: inout Configuration) in configuration.usesNotices = true }
        try withHub(noticing) { hub, journal in
            try hub.place(name(1), #"{"event":"n"}"#)
            let (_, didFail) = try SystemCallFaults.failing(next: 2, "pwrite", on: journal, with: ENOSPC) {
                hub.turn(after: 1)
                // Before the next attempt is due.
                try hub.place(name(2), #"{"event":"n"}"#)
                hub.turn(after: 1)
                #expect(hub.published().numbers == [1, 2])
                #expect(hub.names.count == 2)
                hub.turn(after: 200)
            }
            #expect(didFail)
            hub.turn(until: { hub.names.isEmpty })
            #expect(hub.history.lastSeq == 2)
            #expect(
                hub.logged().filter { $0.hasPrefix("journal.") } == ["journal.open", "journal.error", "journal.back"])
        }
    }

    @Test func `whichever call fails, who asks is told how the queue stands`() throws {
        var (didFail, number, reasons) = (true, 0, Set<String>())
        while didFail {
            number += 1
            try withHub { hub, _ in
                hub.turn()
                let asked = SystemCallFaults.failing(callNumber: number, with: EROFS) { hub.asked() }
                didFail = asked.didFail
                #expect(asked.result != nil, "call \(number)")
                for fault in asked.result?.faults ?? [] { reasons.insert(fault.detail) }
            }
        }
        #expect(
            reasons == [
                "the queue cannot be written: read-only file system",
                "the journal cannot be written: read-only file system",
            ])
    }

    @Test func `an end that cannot be written is told`() throws {
        var (didFail, number, told) = (true, 0, 0)
        while didFail {
            number += 1
            try withHub { hub, _ in
                try hub.place(name(1), #"{"event":"n"}"#)
                hub.turn(until: { hub.names.isEmpty })
                hub.stopTaking()
                didFail = SystemCallFaults.failing(callNumber: number, with: EIO) { hub.close() }.didFail
                if hub.logged().contains("journal.error") { told += 1 }
            }
        }
        #expect(told > 0)
    }
}
