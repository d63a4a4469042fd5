import CSimulation
import Glibc

/// Looking for things in bytes, without Foundation.
enum Bytes {
    /// FNV-1a: which bytes they are, for a history.
    static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// Where `wanted` begins.
    static func find(_ wanted: StaticString, in bytes: ArraySlice<UInt8>) -> Int? {
        bytes.withUnsafeBytes { place in
            guard let start = place.baseAddress,
                let found = memmem(start, place.count, wanted.utf8Start, wanted.utf8CodeUnitCount)
            else { return nil }
            return bytes.startIndex + (UnsafeRawPointer(found) - start)
        }
    }

    static func begins(_ bytes: ArraySlice<UInt8>, with wanted: StaticString) -> Bool {
        bytes.withUnsafeBytes { place in
            guard let start = place.baseAddress, place.count >= wanted.utf8CodeUnitCount else { return false }
            return memcmp(start, wanted.utf8Start, wanted.utf8CodeUnitCount) == 0
        }
    }

    /// What stands behind `before` and in front of the next `end`.
    static func value(_ before: StaticString, end: UInt8, in bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let start = find(before, in: bytes) else { return nil }
        return bytes[(start + before.utf8CodeUnitCount)...].prefix { $0 != end }
    }

    /// The number behind `before`.
    static func number(_ before: StaticString, in bytes: ArraySlice<UInt8>) -> UInt64? {
        guard let start = find(before, in: bytes) else { return nil }
        let digits = bytes[(start + before.utf8CodeUnitCount)...].prefix { (0x30...0x39).contains($0) }
        return digits.isEmpty ? nil : digits.reduce(0) { $0 &* 10 &+ UInt64($1 - 0x30) }
    }

    static func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}
