internal import WSQueueCommandLine
internal import WSQueueCore
internal import WSQueueSystem

/// The server's log, where it is a file. It alone knows to how many clients an event went, and what was left out; a line an
/// event, as long as there are no more than fifty in a second.
struct LoggedEvents {
    /// An event that was not sent.
    struct LeftOut: Equatable {
        /// Whether it was too late; else it had been sent before.
        let isExpired: Bool
        /// When, as the log says it.
        let time: String
    }

    let path: String
    private let log: [UInt8]

    /// So much of its end is looked at.
    private static let limitBytes = 16 * 1_048_576

    /// Reads a log; one that this user may not read says nothing.
    init(_ path: String) {
        self.path = path
        guard let file = try? InputFile.open(path), let size = try? file.status().sizeBytes else {
            log = []
            return
        }
        let start = max(0, Int(size) - Self.limitBytes)
        log = (try? file.read(at: start, count: Int(size) - start)) ?? []
    }

    /// The same of lines that were read.
    init(_ path: String, log: [UInt8]) {
        self.path = path
        self.log = log
    }

    /// To how many clients the event with this number went; `nil` where no line says it.
    func clients(seq: UInt64) -> Int? {
        let marks = [
            (" seq=\(seq) ", "ev=event.sent ", " clients="), (",\"seq\":\(seq),", "event.sent\"", "\"clients\":"),
        ]
        for (mark, event, count) in marks {
            for line in lines(with: mark) where line.behind(event) != nil {
                if let rest = line.behind(count) { return Int(rest.prefix { $0.isNumber }) }
            }
        }
        return nil
    }

    /// The last time that an event with this id was not sent; `nil` where no line says so.
    func leftOut(_ id: String) -> LeftOut? {
        for mark in [" id=\(TerminalText.logValue(id)) ", ",\"id\":\(TerminalText.quoted(id))"] {
            for line in lines(with: mark) {
                let isExpired = line.behind("event.expired") != nil
                guard isExpired || line.behind("event.duplicate") != nil else { continue }
                let time = line.behind("ts=") ?? line.behind("\"ts\":\"") ?? ""
                return LeftOut(isExpired: isExpired, time: String(time.prefix { $0 != " " && $0 != "\"" }))
            }
        }
        return nil
    }

    /// The lines in which something stands, the newest first.
    private func lines(with mark: String) -> [String] {
        let mark = Array(mark.utf8)
        var found: [String] = []
        for line in log.split(separator: 0x0A).reversed() where Self.contains(line, mark) {
            found.append(String(decoding: line, as: UTF8.self))
        }
        return found
    }

    private static func contains(_ line: ArraySlice<UInt8>, _ mark: [UInt8]) -> Bool {
        guard line.count >= mark.count else { return false }
        return (line.startIndex...(line.endIndex - mark.count)).contains {
            line[$0] == mark[0] && line[$0...].starts(with: mark)
        }
    }
}
