internal import WSQueueCore
internal import WSQueueSystem

/// The first bytes of a segment's file: what it continues, and whether its end can be trusted.
///
/// Magic (7 bytes and a digit, the format of the records), epoch (16, filled up with 0), preceding seq and creation time
/// (8 each, little-endian), state (4), boot (16), CRC-32C of all that (4). All formats have this header. It is written
/// over in place: so small a write is whole or not done at all.
struct JournalSegmentHeader: Equatable {
    /// What is known of the numbers after the last record.
    enum State: UInt8 {
        /// A server writes it, or has been killed; what it had written is there unless the machine went down too.
        case open = 1
        /// Ended in order: no number after the last record was given.
        case closed = 2
        /// Events were sent that could not be written.
        case failing = 3
    }

    static let byteCount = 64
    private static let magic = Array("wsqjrnl".utf8)
    private static let textBytes = 16

    /// How its records are written.
    let format: JournalFormat
    var epoch: String
    /// The last number before this segment; its records have higher ones.
    var precedingSeq: UInt64
    /// Unix nanoseconds.
    var createdNanoseconds: Int64
    var state: State
    /// The run of the machine in which it was written last, 16 bytes of its identifier.
    var boot: [UInt8]

    init(epoch: String, precedingSeq: UInt64, createdNanoseconds: Int64, boot: String) {
        format = .newest
        self.epoch = epoch
        self.precedingSeq = precedingSeq
        self.createdNanoseconds = createdNanoseconds
        state = .open
        self.boot = Self.boot(boot)
    }

    /// The 16 bytes by which a run of the machine is known here.
    static func boot(_ identifier: String) -> [UInt8] {
        padded(identifier.utf8.filter { $0 != UInt8(ascii: "-") }.prefix(textBytes))
    }

    /// Reads a header; `nil` when it is none, or damaged.
    init?(_ bytes: Span<UInt8>) {
        guard let version = Self.version(of: bytes), let format = JournalFormat(rawValue: version),
            let state = State(rawValue: bytes[40])
        else { return nil }
        self.format = format
        let text = (8..<24).map { bytes[$0] }.prefix { $0 != 0 }
        guard let cursor = Cursor(epoch: String(decoding: text, as: UTF8.self), seq: 0) else { return nil }
        epoch = cursor.epoch
        precedingSeq = bytes.littleEndian(8, at: 24)
        createdNanoseconds = Int64(bitPattern: bytes.littleEndian(8, at: 32))
        self.state = state
        boot = (44..<60).map { bytes[$0] }
    }

    /// The format that a sound header names, which may be one that is not known here; `nil` where there is no such header.
    static func version(of bytes: Span<UInt8>) -> UInt8? {
        guard bytes.count >= byteCount else { return nil }
        let checked = CRC32C.checksum(bytes.extracting(..<60))
        guard bytes.littleEndian(4, at: 60) == UInt64(checked), magic.indices.allSatisfy({ bytes[$0] == magic[$0] })
        else { return nil }
        let digit = bytes[magic.count] &- UInt8(ascii: "0")
        return digit <= 9 ? digit : nil
    }

    /// The header as it stands in the file.
    var bytes: [UInt8] {
        var bytes = Self.magic + [UInt8(ascii: "0") + format.rawValue] + Self.padded(epoch.utf8.prefix(Self.textBytes))
        bytes.append(number: precedingSeq, bytes: 8)
        bytes.append(number: UInt64(bitPattern: createdNanoseconds), bytes: 8)
        bytes.append(number: UInt64(state.rawValue), bytes: 4)
        bytes += boot
        bytes.append(number: UInt64(CRC32C.checksum(bytes.span)), bytes: 4)
        return bytes
    }

    private static func padded(_ text: some Collection<UInt8>) -> [UInt8] {
        Array(text) + [UInt8](repeating: 0, count: textBytes - text.count)
    }
}
