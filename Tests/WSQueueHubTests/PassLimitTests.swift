import Testing

@testable import WSQueueHub

/// How much one pass of the hub records.
struct PassLimitTests {
    private let limit = PassLimit(from: 1_000)
    private let usual = 1_000 + PassLimit.bytes
    private let farthest = 1_000 + PassLimit.bytes + PassLimit.bytes / 4

    @Test(arguments: [(970, 30), (4, 1), (0, 0)]) func `the last few files of a burst go along`(taken: Int, left: Int) {
        #expect(limit.end(taken: taken, left: left, batchBytes: nil) == farthest)
    }

    @Test(arguments: [(0, 1), (3, 1), (970, 243), (1, 30_000)])
    func `a pass does not wait for many files more`(taken: Int, left: Int) {
        #expect(limit.end(taken: taken, left: left, batchBytes: nil) == usual)
    }

    @Test func `a batch that is little larger than a pass is recorded in one`() {
        let bytes = Int(PassLimit.bytes)
        #expect(limit.end(batchBytes: bytes + bytes / 4) == farthest)
        #expect(limit.end(batchBytes: bytes + bytes / 4 + 1) == usual)
    }

    @Test(arguments: [(1, 0), (8, 1)])
    func `a pass ends where the lines of its batch do, however few files are left`(taken: Int, left: Int) {
        let bytes = Int(PassLimit.bytes)
        #expect(limit.end(taken: taken, left: left, batchBytes: 100 * bytes) == usual)
        #expect(limit.end(taken: taken, left: left, batchBytes: bytes) == farthest)
    }
}
