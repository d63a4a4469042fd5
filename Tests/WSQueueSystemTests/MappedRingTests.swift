import Testing
import WSQueueSystem

struct MappedRingTests {
    private func write(_ bytes: [UInt8], at position: UInt64, to ring: MappedRing) {
        ring.write(at: position, count: bytes.count) { output in
            for byte in bytes { output.append(byte) }
        }
    }

    private func read(_ count: Int, at position: UInt64, from ring: MappedRing) -> [UInt8] {
        ring.read(at: position, count: count) { span in (0..<span.count).map { span[$0] } }
    }

    @Test(arguments: [1, 4_096, 5_000, 1 << 20])
    func `the capacity is a power of two of at least what was asked for`(wanted: Int) throws {
        let ring = try MappedRing(minimumBytes: wanted)
        #expect(ring.capacityBytes >= wanted)
        #expect(ring.capacityBytes.nonzeroBitCount == 1)
    }

    @Test func `every range is read as it was written, across the end and after many rounds`() throws {
        let ring = try MappedRing(minimumBytes: 4_096)
        var position: UInt64 = 0
        for round in 0..<100 {
            let bytes = (0..<3_001).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ round) }
            write(bytes, at: position, to: ring)
            #expect(read(bytes.count, at: position, from: ring) == bytes)
            position += UInt64(bytes.count)
        }
    }

    @Test func `the second mapping shows the same bytes`() throws {
        let ring = try MappedRing(minimumBytes: 4_096)
        let capacity = ring.capacityBytes
        write([1, 2, 3, 4], at: UInt64(capacity - 2), to: ring)
        #expect(read(2, at: UInt64(capacity), from: ring) == [3, 4])
        #expect(read(2, at: 0, from: ring) == [3, 4])
    }
}
