import Foundation
import Support
import Testing
import WSQueueHub
import WSQueueNet
import WSQueueOperation
import WSQueueServer
import WSQueueSystem

struct ServerTests {
    @Test func `a server sends what is in its queue, obeys signals, and ends in order`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let server = RunningServer(path)
            server.waitFor("server.ready")
            let name = "\(server.path)/1700000000000000000-1-1-ab.json"
            try Data(#"{"event":"n"}"#.utf8).write(to: URL(fileURLWithPath: name))
            server.waitFor("event.sent")
            while FileManager.default.fileExists(atPath: name) { Clock.pause() }
            server.send(SIGUSR1)
            server.waitFor("server.status")
            server.send(SIGHUP)
            server.waitFor("server.reload")
            server.send(SIGTERM)
            #expect(server.waitForEnd() == nil)
            #expect(server.logged("server.drain") && server.logged("server.stop"))
        }
    }

    @Test func `a service manager is told of start, life, reload and end`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let manager = try ManagerSocket("\(path)/notify")
            let server = RunningServer(path, manager: manager.path)
            manager.wait { $0.contains("READY=1") && $0.contains("STATUS=0 clients, 0 files waiting, event 0") }
            manager.wait { $0 == "WATCHDOG=1" }
            server.send(SIGHUP)
            manager.wait { $0.contains("RELOADING=1") }
            manager.wait { $0.contains("READY=1") }
            server.send(SIGTERM)
            manager.wait { $0.contains("STOPPING=1") }
            #expect(server.waitForEnd() == nil)
        }
    }

    @Test func `a server that cannot start says why`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let running = RunningServer(path)
            running.waitFor("server.ready")
            let held = RunningServer(path)
            guard case .held? = held.waitForEnd() else {
                Issue.record("a queue that is held is not taken")
                return
            }
            let lost = RunningServer("\(path)/none/at/all")
            #expect(lost.waitForEnd() != nil)
            let taken = RunningServer("\(path)") { configuration in
                configuration.queuePath = "\(path)/other"
                configuration.addresses = [.unix(path: "\(path)/missing/socket")]
            }
            guard case .address? = taken.waitForEnd() else {
                Issue.record("an address that cannot be had is not taken")
                return
            }
            running.send(SIGTERM)
            #expect(running.waitForEnd() == nil)
        }
    }

    /// What the operator reads: the reason, and what to do.
    @Test func `every reason not to start comes with a next step`() {
        func error(_ code: Int32) -> SystemCallError { SystemCallError(call: "open", object: "/q", code: code) }
        let reasons: [(ServerStartError, hint: String)] = [
            (.queue(error(ENOENT), path: "/q"), "make its parent directory, or name another with --dir"),
            (.queue(error(EACCES), path: "/q"), "let this user read, write and search the directory"),
            (.queue(error(ENOTDIR), path: "/q"), "look at what stands at that path, or name another with --dir"),
            (
                .journal(error(EACCES)),
                "let this user read and write its files, or choose another --journal, or off"
            ),
            (.newerJournal(path: "/q"), "install that server again, or choose another --journal, or off"),
            (
                .access(AccessFileError(path: "/s", option: "--rules", reason: "r")),
                "mend the file, or start without --rules"
            ),
            (.address(error(EADDRINUSE)), "stop what listens there, or choose another --listen"),
            (.address(error(EACCES)), "choose another --listen"),
            (
                .notPassed(name: ""),
                "start it by its socket unit (FileDescriptorName= is the name), or choose another --listen"
            ),
            (
                .notPassed(name: "n"),
                "start it by its socket unit (FileDescriptorName= is the name), or choose another --listen"
            ),
            (.system(error(EMFILE)), "look at the limits of this process and machine"),
        ]
        for (reason, hint) in reasons {
            #expect(reason.hint == hint)
            #expect(!reason.description.isEmpty)
        }
    }
}

/// Where a server tells a service manager how it is (sd_notify(3)).
private final class ManagerSocket {
    let path: String
    private let number: Int32

    init(_ path: String) throws {
        self.path = path
        number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(status == 0)
    }

    deinit { close(number) }

    /// Waits for a message.
    func wait(_ isWanted: (String) -> Bool) {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = recv(number, &buffer, buffer.count, 0)
            guard count > 0 else { continue }
            if isWanted(String(decoding: buffer[..<count], as: UTF8.self)) { return }
        }
    }
}
