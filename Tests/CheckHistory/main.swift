internal import Foundation
internal import History

// check-history FILE...: compares histories with what wsqueue promises, and prints what is broken and how often what
// happened. Several files are one history. Exit status: 0 nothing broken, 1 something is, 64 usage, 65 not a history.

/// Prints a line to standard error and ends.
func fail(_ status: Int32, _ text: String) -> Never {
    FileHandle.standardError.write(Data("check-history: \(text)\n".utf8))
    exit(status)
}

let paths = CommandLine.arguments.dropFirst()
if paths.isEmpty { fail(64, "which history? check-history FILE...") }
var checker = HistoryChecker()
var text = ModelText()
for path in paths {
    guard let data = FileManager.default.contents(atPath: path) else { fail(66, "\(path): cannot be read") }
    for (index, line) in String(decoding: data, as: UTF8.self).split(separator: "\n").enumerated() {
        if text.take(line) { continue }
        guard let entry = HistoryEntry(line: line) else {
            fail(65, "\(path), line \(index + 1): '\(line)' is no entry")
        }
        checker.note(entry)
    }
}
let findings = checker.finish() + (text.isUsed ? text.findings() : [])
for finding in findings.prefix(20) { print(finding) }
if findings.count > 20 { print("… and \(findings.count - 20) more") }
let counts = checker.counts
var words = [
    "events=\(counts.events)", "deliveries=\(counts.deliveries)", "repetitions=\(counts.repetitions)",
    "connections=\(counts.connections)", "gaps=\(counts.gaps)", "kills=\(counts.kills)",
    "power_cuts=\(counts.powerCuts)", "disk_errors=\(counts.diskErrors)",
]
if text.isUsed { words += text.model.counts.words.map { "\($0.name)=\($0.count)" } }
for kind in HistoryFinding.Kind.allCases {
    words.append("\(kind.rawValue)=\(findings.count { $0.kind == kind })")
}
print(words.joined(separator: " "))
exit(findings.isEmpty ? 0 : 1)
