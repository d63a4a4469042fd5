import Foundation
import Testing
import WSQueueCore
import WSQueuePublish

/// Tests/Vectors, as far as the library's types can say what is in them.
struct VectorsTests {
    private typealias Row = [String: Any]

    private static func rows(_ name: String) throws -> [Row] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Vectors/\(name).json")
        return try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [Row])
    }

    @Test func `what is an event is taken, and read as one`() throws {
        var count = 0
        for row in try Self.rows("events") {
            guard let event = Self.event(row) else { continue }
            count += 1
            let seen = Seen()
            _ = try LogDriver { seen.line = $0 }.publish(event)
            #expect(throws: Never.self, "\(row)") { try EventText.decode(Array(seen.line.utf8).span) }
        }
        #expect(count > 25)
    }

    @Test func `what is none is refused`() throws {
        var count = 0
        for row in try Self.rows("refusals") {
            guard let event = Self.event(row) else { continue }
            count += 1
            #expect(throws: PublishError.self, "\(row)") { _ = try NullDriver().publish(event) }
        }
        #expect(count > 25)
    }

    private final class Seen: @unchecked Sendable { var line = "" }

    /// The event of a row; `nil` where a member is none of the library's, or of another type.
    private static func event(_ row: Row) -> Event? {
        guard let name = row["event"] as? String, let members = row["members"] as? Row,
            let payload = try? JSONSerialization.data(
                withJSONObject: row["payload"] ?? NSNull(), options: .fragmentsAllowed)
        else { return nil }
        var event = Event(name, payload: Array(payload))
        for (member, value) in members where !(value is NSNull) {
            guard take(member, value, into: &event) else { return nil }
        }
        return event
    }

    private static func take(_ member: String, _ value: Any, into event: inout Event) -> Bool {
        switch member {
        case "id": (value as? String).map { event.id = $0 } != nil
        case "key": (value as? String).map { event.key = $0 } != nil
        case "clear": isBoolean(value) && (value as? Bool).map { event.clearsKey = $0 } != nil
        case "channel": (value as? String).map { event.channels = [$0] } != nil
        // The library says "none" by an empty list.
        case "channels": (value as? [String]).map { event.channels = $0 } != nil && !event.channels.isEmpty
        case "recipients": (value as? [Any]).flatMap { users($0) }.map { event.recipients = $0 } != nil
        case "except_users": users(value as? [Any] ?? [value]).map { event.exceptUsers = $0 } != nil
        case "except":
            (value as? [Any] ?? [value]).allSatisfy(isInteger)
                && (value as? [Int64] ?? (value as? Int64).map { [$0] }).map { event.exceptConnections = $0 } != nil
        default: false
        }
    }

    private static func users(_ values: [Any]) -> [Event.Recipient]? {
        let users = values.compactMap { value -> Event.Recipient? in
            if let text = value as? String { return .text(text) }
            return isInteger(value) ? (value as? Int64).map { .number($0) } : nil
        }
        return users.count == values.count ? users : nil
    }

    private static func isBoolean(_ value: Any) -> Bool {
        (value as? NSNumber).map { isTruthValue($0) } ?? false
    }
    private static func isTruthValue(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }
    private static func isInteger(_ value: Any) -> Bool {
        guard let number = value as? NSNumber, !isBoolean(value) else { return false }
        return number.doubleValue == number.doubleValue.rounded()
    }
}
