import Testing
import WSQueueOperation

struct PrometheusTextTests {
    @Test func `a label's value is escaped, and nothing else in it`() {
        var page = PrometheusText()
        page.information("a_info", "One \\ two\n\"three\"", [("name", "a\\b\n\"c\" é{}")])
        #expect(
            String(decoding: page.bytes, as: UTF8.self) == #"""
                # HELP a_info One \\ two\n"three"
                # TYPE a_info gauge
                a_info{name="a\\b\n\"c\" é{}"} 1

                """#)
    }

    @Test func `a histogram's buckets each hold all that took less`() throws {
        var times = Histogram()
        times.count(nanoseconds: -5)
        times.count(nanoseconds: 500_000, times: 2)
        times.count(nanoseconds: 500_001)
        times.count(nanoseconds: 60_000_000_000)
        var page = PrometheusText()
        page.histogram("a_seconds", "A.", times)
        let lines = String(decoding: page.bytes, as: UTF8.self).split(separator: "\n")
        try #require(lines.count > 18)
        #expect(lines[2] == #"a_seconds_bucket{le="0.0005"} 3"#)
        #expect(lines[3] == #"a_seconds_bucket{le="0.001"} 4"#)
        #expect(lines[15] == #"a_seconds_bucket{le="10.0"} 4"#)
        #expect(lines[16] == #"a_seconds_bucket{le="+Inf"} 5"#)
        #expect(lines[17].hasPrefix("a_seconds_sum 60.0015"))
        #expect(lines[18] == "a_seconds_count 5")
    }

    @Test func `years of waiting can be summed up`() {
        var times = Histogram()
        for _ in 0..<10 { times.count(nanoseconds: .max, times: 1_000) }
        #expect(times.counts.last == 10_000)
        #expect(times.sumSeconds > 9e13)
    }
}
