import Testing
import WSQueueCore

struct ShownTests {
    @Test(
        arguments: [
            (119, "119s", 9_999, "9999"), (120, "2m", 10_240, "10K"), (7_200, "2h", 1 << 24, "16M"),
            (172_800, "2d", Int64(1) << 40, "1024G"),
        ] as [(Int64, String, Int64, String)])
    func `numbers are shown in their largest unit`(seconds: Int64, span: String, bytes: Int64, size: String) {
        #expect(Shown.span(nanoseconds: seconds * 1_000_000_000) == span && Shown.size(bytes) == size)
    }
}
