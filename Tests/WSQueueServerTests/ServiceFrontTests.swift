import Foundation
import Support
import Testing
import WSQueueOperation
import WSQueueSystem

@testable import WSQueueServer

struct ServiceFrontTests {
    private func withFront(_ body: (inout ServiceFront) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let log = try Log(level: .debug, format: .text, destination: .file("\(directory)/log"))
            var front = ServiceFront(ServiceManager(), log: log)
            try body(&front)
        }
    }

    // The macro cannot look into a value that cannot be copied.
    private func expectNews(_ wanted: Bool, _ found: Bool, _ place: SourceLocation = #_sourceLocation) {
        #expect(found == wanted, sourceLocation: place)
    }

    @Test func `what was read again is news once clients can connect, and until it was said`() throws {
        try withFront { front in
            front.beginReloading()
            // There is no loop that could be open, or have anything to apply.
            expectNews(true, front.hasNews([], isAdmitting: true))
            front.announce(LogLine(.notice, "server.ready"), status: "")
            expectNews(true, front.hasNews([], isAdmitting: true))
            expectNews(true, front.turn([]))
            front.tell([], status: "")
            expectNews(false, front.hasNews([], isAdmitting: true))
            front.beginReloading()
            expectNews(true, front.hasNews([], isAdmitting: true))
        }
    }

    @Test func `before clients can connect, and at the end, what was read again keeps no one awake`() throws {
        try withFront { front in
            front.beginReloading()
            expectNews(false, front.hasNews([], isAdmitting: false))
            front.announce(LogLine(.notice, "server.ready"), status: "")
            front.tellStopping(milliseconds: 1)
            expectNews(false, front.hasNews([], isAdmitting: true))
        }
    }
}
