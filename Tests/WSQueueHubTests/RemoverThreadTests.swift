import Foundation
import Support
import Testing
import WSQueueHub
import WSQueueNet
import WSQueueSpool
import WSQueueSystem

struct RemoverThreadTests {
    /// What became of the files of one order, once the remover has done it.
    private func outcomes(of files: [RemoverThread.Order]) throws -> [RemoverThread.Outcome] {
        let wakeup = try Wakeup()
        var poller = try Poller()
        try poller.add(wakeup.number, .readable, token: 0)
        let remover = try RemoverThread(hubWakeup: wakeup)
        remover.remove(files)
        while true {
            wakeup.willSleep()
            if let done = remover.takeOutcomes().first { return done }
            _ = try poller.wait(milliseconds: remover.hasOutcomes ? 0 : 60_000)
            wakeup.didWake()
            wakeup.clear()
        }
    }

    private func order(_ name: String, _ directory: Directory, mark: ReadMark? = nil) -> RemoverThread.Order {
        RemoverThread.Order(name: FileName(name), mark: mark, directory: directory)
    }

    @Test func `files are deleted, and the outcomes come in their order`() throws {
        try withTemporaryDirectory { path in
            let directory = try Directory.open(path)
            try FileManager.default.createDirectory(atPath: "\(path)/b", withIntermediateDirectories: false)
            for name in ["a", "c"] { try Data().write(to: URL(fileURLWithPath: "\(path)/\(name)")) }
            let done = try outcomes(of: ["a", "b", "c", "gone"].map { order($0, directory) })
            #expect(done.map { try? $0.get() } == [.gone, nil, .gone, .gone])
            #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["b"])
        }
    }

    @Test func `a file that has taken the place of the one that was read stays`() throws {
        try withTemporaryDirectory { path in
            let directory = try Directory.open(path)
            try Data("first".utf8).write(to: URL(fileURLWithPath: "\(path)/a"))
            let status = try directory.status(of: FileName("a"))
            try Data("the second".utf8).write(to: URL(fileURLWithPath: "\(path)/a"))
            let mark = ReadMark(status, "first".utf8.span, isBatch: false)
            let done = try outcomes(of: [order("a", directory, mark: mark)])
            #expect(try done.map { try $0.get() } == [.other(FileName("a"))])
            #expect(FileManager.default.fileExists(atPath: "\(path)/a"))
        }
    }
}
