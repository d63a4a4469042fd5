import Foundation
import Support
import Testing
import WSQueueSpool
import WSQueueSystem

/// Fails each system call of a publication in turn and looks what is left.
@Suite(.serialized)
struct SpoolFaultTests {
    private static let contents = Array("{\"event\":\"a\"}\n".utf8)

    @Test(arguments: [EIO, ENOSPC, EDQUOT, EACCES], Durability.allCases)
    func `whichever call fails, the file is there whole or not at all, and the error says so`(
        code: Int32, durability: Durability
    ) throws {
        var number = 0
        var isDone = false
        while !isDone {
            number += 1
            try withTemporaryDirectory { path in
                let writer = try SpoolWriter(.openUnlisted(path), durability: durability)
                let (outcome, didFail) = SystemCallFaults.failing(callNumber: number, with: code) {
                    Result { () throws(SpoolWriteError) in try writer.write(Self.contents.span, suffix: .event) }
                }
                try expectPromise(outcome, in: path, "call \(number)")
                isDone = !didFail
                if didFail { try expectFault(outcome, code, durability) }
            }
        }
        // create, write, fchmod, close, rename: no level makes fewer calls.
        #expect(number > 5)
    }

    @Test(arguments: Durability.allCases)
    func `an interrupted call is made again`(durability: Durability) throws {
        for number in 1...12 {
            try withTemporaryDirectory { path in
                let writer = try SpoolWriter(.openUnlisted(path), durability: durability)
                let (outcome, _) = SystemCallFaults.failing(callNumber: number, with: EINTR) {
                    Result { () throws(SpoolWriteError) in try writer.write(Self.contents.span, suffix: .event) }
                }
                #expect(throws: Never.self) { try outcome.get() }
                try expectPromise(outcome, in: path, "call \(number)")
            }
        }
    }

    @Test(arguments: [EINVAL, ENOSYS])
    func `where renames cannot refuse to overwrite, a link stands in`(code: Int32) throws {
        try withTemporaryDirectory { path in
            let writer = try SpoolWriter(.openUnlisted(path))
            // open, write, fchmod, close, and then the rename.
            let (outcome, didFail) = SystemCallFaults.failing(callNumber: 5, with: code) {
                Result { () throws(SpoolWriteError) in try writer.write(Self.contents.span, suffix: .event) }
            }
            #expect(didFail)
            let stem = try outcome.get()
            let status = try writer.directory.status(of: stem.visible(.event))
            #expect(status.links == 1)
            #expect(try entries(in: path) == ["\(stem).json"])
        }
    }

    @Test(arguments: 1...14)
    func `a batch that fails anywhere publishes nothing`(number: Int) throws {
        try withTemporaryDirectory { path in
            let writer = try SpoolWriter(.openUnlisted(path))
            let (outcome, didFail) = SystemCallFaults.failing(callNumber: number, with: ENOSPC) {
                Result { () throws(SpoolWriteError) in
                    var batch = BatchFileWriter(writer)
                    for _ in 0..<5 { try batch.append(ArraySlice(repeating: 0x0A, count: 200_000)) }
                    return try batch.publish()
                }
            }
            let visible = try entries(in: path).filter { !$0.hasPrefix(".") }
            if didFail {
                #expect(throws: SpoolWriteError.self) { try outcome.get() }
                #expect(visible == [])
            } else {
                let file = try #require(visible.first)
                #expect(try Data(contentsOf: URL(filePath: "\(path)/\(file)")).count == 1_000_000)
            }
        }
    }

    /// A visible file is whole; an error that does not say otherwise means that there is none.
    private func expectPromise(
        _ outcome: Result<SpoolStem, SpoolWriteError>, in path: String, _ comment: Comment
    ) throws {
        let visible = try entries(in: path).filter { !$0.hasPrefix(".") }
        switch outcome {
        case .success(let stem): #expect(visible == ["\(stem).json"], comment)
        case .failure(let error): #expect(visible.count == (error.step == .syncVisible ? 1 : 0), comment)
        }
        for name in visible {
            #expect(try Array(Data(contentsOf: URL(filePath: "\(path)/\(name)"))) == Self.contents, comment)
        }
        #expect(try entries(in: path).filter { $0.hasPrefix(".") } == [], comment)
    }

    private func expectFault(
        _ outcome: Result<SpoolStem, SpoolWriteError>, _ code: Int32, _ durability: Durability
    ) throws {
        guard case .failure(let error) = outcome else {
            // Syncing the file stands in for a directory that may not be read.
            #expect(code == EACCES && durability == .full)
            return
        }
        #expect(error.cause.code == code)
    }

    private func entries(in path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }
}
