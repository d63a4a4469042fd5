import Foundation
import Testing

/// A case of llhttp's test suite: a request text, and what llhttp reports for its first head.
struct LlhttpCase: Sendable, CustomTestStringConvertible {
    /// One field as llhttp saw it.
    struct Field: Equatable, Sendable {
        let name: String
        let value: String
    }

    let title: String
    let isLenient: Bool
    let bytes: [UInt8]
    /// Whether llhttp came to the end of the first head, or at least found nothing wrong.
    let isAccepted: Bool
    /// Whether it came to the end of it.
    let isComplete: Bool
    let method: String
    let target: String
    let fields: [Field]

    var testDescription: String { title }

    /// All request cases of the corpus.
    static func load() throws -> [LlhttpCase] {
        let folder = Corpora.url("http-llhttp/test/request")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        return try names.flatMap { name in
            parse(try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8), file: name)
        }
    }

    /// The text with a Host field where there is none, because llhttp does not ask for one, and with an end where
    /// llhttp does not wait for one.
    var bytesToRead: [UInt8] {
        let text = isAccepted ? bytes : bytes + Array("\r\n\r\n".utf8)
        guard !String(decoding: bytes, as: UTF8.self).lowercased().contains("\r\nhost:"),
            let start = text.firstIndex(where: { $0 > 0x20 }), let end = text[start...].firstIndex(of: 0x0A)
        else { return text }
        return Array(text[...end]) + Array("Host: inserted\r\n".utf8) + Array(text[(end + 1)...])
    }

    private static func parse(_ text: String, file: String) -> [LlhttpCase] {
        var cases: [LlhttpCase] = []
        var title = ""
        var isLenient = false
        var request: [String] = []
        var log: [String] = []
        var block: String?
        for line in text.components(separatedBy: "\n") {
            switch block {
            case "http" where line != "```": request.append(line)
            case "log" where line != "```": log.append(line)
            case .some(let kind):
                block = nil
                guard kind == "log" else { continue }
                cases.append(make("\(file): \(title)", isLenient: isLenient, request: request, log: log))
            case nil:
                if line.hasPrefix("#") { title = line.drop { $0 == "#" || $0 == " " }.description }
                if line.hasPrefix("<!-- meta") { isLenient = line.contains("lenient") }
                guard line == "```http" || line == "```log" else { continue }
                if line == "```http" { (request, log) = ([], []) }
                block = String(line.dropFirst(3))
            }
        }
        return cases
    }

    private static func make(_ title: String, isLenient: Bool, request: [String], log: [String]) -> LlhttpCase {
        let head = log.prefix { !$0.contains(" headers complete") && !$0.contains(" error code") }
        let stop = log.dropFirst(head.count).first ?? ""
        var names: [String] = []
        var values: [String] = []
        var isNameOpen = false
        for line in head {
            if let part = span("header_field", in: line) {
                if !isNameOpen { (names, values) = (names + [""], values + [""]) }
                names[names.count - 1] += part
                isNameOpen = true
            } else if line.contains("header_field complete") {
                isNameOpen = false
            } else if let part = span("header_value", in: line), !values.isEmpty {
                values[values.count - 1] += part
            }
        }
        return LlhttpCase(
            title: title, isLenient: isLenient, bytes: unescape(request), isAccepted: !stop.contains("error code"),
            isComplete: stop.contains("headers complete"),
            method: head.compactMap { span("method", in: $0) }.joined(),
            target: head.compactMap { span("url", in: $0) }.joined(),
            fields: zip(names, values).map { name, value in
                let text = value.replacingOccurrences(of: "\\t", with: "\t")
                return Field(name: name, value: text.trimmingCharacters(in: .whitespaces))
            })
    }

    private static func span(_ name: String, in line: String) -> String? {
        guard let start = line.range(of: "span[\(name)]=\""), line.hasSuffix("\"") else { return nil }
        return String(line[start.upperBound...].dropLast())
    }

    /// The rules of llhttp's own runner: a backslash at the end joins lines, all others end in CR LF.
    private static func unescape(_ lines: [String]) -> [UInt8] {
        var text = lines.joined(separator: "\n").replacingOccurrences(of: "\\\n", with: "")
        text = text.replacingOccurrences(of: "\n", with: "\r\n")
        for (escape, character) in [("\\r", "\r"), ("\\n", "\n"), ("\\t", "\t"), ("\\f", "\u{0C}")] {
            text = text.replacingOccurrences(of: escape, with: character)
        }
        // One case has a byte that is not UTF-8.
        let parts = text.components(separatedBy: "\\xff").map { Array($0.utf8) }
        return Array(parts.joined(separator: [0xFF]))
    }
}
