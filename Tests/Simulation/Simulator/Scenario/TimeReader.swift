import History

/// A client that comes with a time: it is sent what was recorded since, whatever the clock was set to meanwhile.
final class TimeReader {
    private unowned let scenario: Scenario
    private let kernel: Kernel

    init(in scenario: Scenario) {
        self.scenario = scenario
        kernel = scenario.kernel
    }

    func read() {
        for _ in 0..<8 {
            kernel.pause(until: kernel.now + Int64(kernel.random.below(1_500_000_000)))
            kernel.pause { [kernel] in kernel.listener != nil }
            let before = records
            guard !before.isEmpty else { continue }
            let time = kernel.random.pick(before.map(\.unix)) / 1_000
            guard let (end, heard) = ask(since: time) else { continue }
            // What has gone meanwhile may have been told as a gap.
            let left = Set(records.map(\.seq))
            let wanted = before.filter { left.contains($0.seq) }.drop { $0.unix < time * 1_000 }
            if let missing = wanted.first(where: { $0.seq <= end && !heard.contains($0.seq) }) {
                scenario.fail("what came since \(time) is told without \(missing.seq), which is of \(missing.unix)")
            }
        }
    }

    /// The events of the journal, as they are on the disk.
    private var records: [(seq: UInt64, unix: Int64)] {
        var found: [(seq: UInt64, unix: Int64)] = []
        for inode in (kernel.queue.entries[".journal"]?.entries ?? [:]).values where inode.isSegment {
            var offset = JournalBytes.header
            while let record = JournalBytes.record(in: inode.contents, at: offset) {
                if Bytes.number("\"p\":", in: inode.contents[record.message]) != nil {
                    found.append((record.seq, record.unixNanoseconds))
                }
                offset = record.end
            }
        }
        return found.sorted { $0.seq < $1.seq }
    }

    /// - Returns: Up to where it was told all, and what; `nil` where there is a gap, or the connection has ended.
    private func ask(since microseconds: Int64) -> (end: UInt64, heard: Set<UInt64>)? {
        let connection = SimulatedConnection(capacity: scenario.profile.socketBytes)
        kernel.listener?.backlog.append(connection)
        defer { (connection.isClosedByClient, connection.toClient) = (true, []) }
        let digits = String(microseconds % 1_000_000 + 1_000_000).dropFirst()
        let lines =
            ["GET /?since=@\(microseconds / 1_000_000).\(digits) HTTP/1.1", "Host: 127.0.0.1:8081"] + Listener.upgrade
        connection.toServer = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        var (reception, heard) = (Reception(), Set<UInt64>())
        while true {
            kernel.pause { !connection.toClient.isEmpty || connection.isReset || connection.isClosedByServer }
            guard !connection.toClient.isEmpty, !reception.isRefused else { return nil }
            reception.take(connection.toClient.count, from: connection)
            while let (_, text) = reception.next() {
                scenario.trace("time", text)
                if let seq = Bytes.number("\"seq\":", in: text) { heard.insert(seq) }
                guard Bytes.find("\"action\":\"resumed\"", in: text) != nil else { continue }
                guard Bytes.find("\"complete\":true", in: text) != nil else { return nil }
                let end = Bytes.value("\"cursor\":\"", end: 0x22, in: text).flatMap { HistoryCursor(Bytes.text($0)) }
                return end.map { ($0.seq, heard) }
            }
        }
    }
}
