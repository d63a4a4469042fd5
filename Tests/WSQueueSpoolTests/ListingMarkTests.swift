import Testing
import WSQueueSpool

struct ListingMarkTests {
    private static let fine: Int64 = 1_795_231_806_004_000_000
    private static let coarse: Int64 = 1_795_231_806_000_000_000

    /// Whether nothing can have changed at `now`, after listings in the given milliseconds found the given mtimes.
    private func isUnchanged(
        _ listings: [(Int64, Int64)], modified: Int64, at now: Int64, isTrusted: Bool = true
    ) -> Bool {
        var mark = ListingMark(isTrusted: isTrusted)
        for (modified, at) in listings { mark.note(modified: modified, now: at * 1_000_000) }
        return mark.isUnchanged(modified: modified, now: now * 1_000_000)
    }

    @Test func `nothing is known before a listing, and after one of another mtime`() {
        #expect(!isUnchanged([], modified: Self.fine, at: 0))
        let listings = [0, 100].map { (Self.fine, Int64($0)) }
        #expect(!isUnchanged(listings, modified: Self.fine + 1, at: 200))
    }

    @Test func `one listing may have come before a change within the same tick`() {
        func isQuiet(_ listings: [Int64], at now: Int64) -> Bool {
            isUnchanged(listings.map { (Self.fine, $0) }, modified: Self.fine, at: now)
        }
        #expect(!isQuiet([0], at: 100))
        #expect(!isQuiet([0, 49], at: 100))
        #expect(isQuiet([0, 50], at: 100))
        #expect(isQuiet([0, 50], at: 1_000_000))
    }

    @Test func `another mtime between two listings begins anew`() {
        let listings: [(Int64, Int64)] = [(Self.fine, 0), (Self.fine + 1, 100), (Self.fine, 200)]
        #expect(!isUnchanged(listings, modified: Self.fine, at: 300))
    }

    @Test(arguments: [(true, coarse), (false, fine), (false, coarse)])
    func `where times are coarse or not to be trusted, a tick is longer and nothing is certain for long`(
        isTrusted: Bool, modified: Int64
    ) {
        func isQuiet(_ last: Int64, at now: Int64) -> Bool {
            isUnchanged([(modified, Int64(0)), (modified, last)], modified: modified, at: now, isTrusted: isTrusted)
        }
        #expect(!isQuiet(2_499, at: 2_500))
        #expect(isQuiet(2_500, at: 2_600))
        #expect(isQuiet(2_500, at: 4_499))
        #expect(!isQuiet(2_500, at: 4_500))
    }
}
