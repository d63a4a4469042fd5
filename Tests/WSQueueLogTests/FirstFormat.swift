import WSQueueCore
import WSQueueLog
import WSQueueSystem

/// The journal as servers before 0.2 write it.
enum FirstFormat {
    /// A record: seq, time, stamp, flags, `except`, id, line, channels, recipients, message, each list and text with its
    /// count.
    static func record(_ record: JournalRecord, message: [UInt8]) -> [UInt8] {
        var body = number(record.seq, 8) + number(UInt64(bitPattern: record.unixNanoseconds), 8)
        body += number(UInt64(bitPattern: record.identity.stamp), 8)
        body.append((record.parts.excepts.isEmpty ? 0 : 1) | (record.parts.line == nil ? 0 : 2))
        body += number(UInt64(bitPattern: record.parts.excepts.first ?? 0), 8) + counted(record.identity.id)
        if let line = record.parts.line { body += number(UInt64(bitPattern: line.stamp), 8) + counted(line.id) }
        body += list(record.parts.channels) + list(record.parts.recipients) + counted(message)
        return number(UInt64(body.count), 4) + number(UInt64(CRC32C.checksum(body.span)), 4) + body
    }

    /// A segment's header: magic, epoch, preceding seq, creation, state, boot, checksum.
    ///
    /// - Parameter state: 1 is open, 2 closed.
    static func header(
        epoch: String, precedingSeq: UInt64, created: Int64, boot: String, state: UInt64 = 1, version: Character = "1"
    ) -> [UInt8] {
        var bytes = Array("wsqjrnl\(version)".utf8) + padded(epoch) + number(precedingSeq, 8)
        bytes += number(UInt64(bitPattern: created), 8) + number(state, 4) + padded(boot)
        return bytes + number(UInt64(CRC32C.checksum(bytes.span)), 4)
    }

    private static func padded(_ text: String) -> [UInt8] {
        let text = Array(text.utf8)
        return text + [UInt8](repeating: 0, count: 16 - text.count)
    }

    private static func list(_ list: [String]?) -> [UInt8] {
        guard let list else { return number(UInt64(UInt32.max), 4) }
        return number(UInt64(list.count), 4) + list.flatMap { counted(Array($0.utf8)) }
    }

    private static func counted(_ text: [UInt8]) -> [UInt8] { number(UInt64(text.count), 4) + text }

    private static func number(_ number: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
}
