internal import WSQueueCore

/// An event in the JSON format of CloudEvents 1.0 (`application/cloudevents+json`), made one of ours: `type` is its name,
/// `data` the payload; `id`, `time` and `subject` are id, timestamp and channel, and `traceparent` is what it is.
enum CloudEvent {
    /// Makes the text of an event, which is checked as a file is.
    ///
    /// - Throws: What is wrong, and where in `bytes`.
    static func event(of bytes: Span<UInt8>) throws(EventFault) -> [UInt8] {
        let members: JSONMembers
        do throws(JSONFault) {
            members = try JSONMembers(
                bytes, named: ["specversion", "data", "data_base64", "time"] + copied.map(\.attribute))
        } catch {
            throw EventFault(reason: error.reason, offset: error.offset)
        }
        if let version = members.present("specversion"), !text(version, in: bytes).utf8.starts(with: "1.".utf8) {
            throw EventFault(reason: "'specversion' is not 1.0", offset: version.value.lowerBound)
        }
        guard members.present("type") != nil else {
            throw EventFault(reason: "no 'type'; the event's name is wanted", offset: 0)
        }
        var output = EventOutput()
        for (attribute, name) in copied { output.add(name, members.present(attribute), in: bytes) }
        output.add("payload", members["data"] ?? members["data_base64"], in: bytes)
        if let time = members.present("time") {
            guard let unix = Since.calendarTime(text(time, in: bytes)) else {
                throw EventFault(
                    reason: "'time' is no time; one such as 2026-11-21T08:00:00Z is wanted",
                    offset: time.value.lowerBound)
            }
            output.add(timestamp: unix)
        }
        return try output.finished()
    }

    /// The attributes that are members of ours as they stand.
    private static let copied: [(attribute: String, name: String)] = [
        ("type", "event"), ("id", "id"), ("subject", "channel"), ("traceparent", "traceparent"),
    ]

    private static func text(_ member: JSONMember, in bytes: Span<UInt8>) -> String {
        guard member.kind == .string else { return "" }
        return JSONString.text(JSONString.contents(of: member.value), in: bytes) ?? ""
    }
}

/// The text of an event that is made of values of another text.
private struct EventOutput {
    private var text: [UInt8] = []
    /// Where values begin, here and there.
    private var places: [(start: Int, origin: Int)] = []

    mutating func add(_ name: String, _ value: JSONMember?, in bytes: Span<UInt8>) {
        guard let value else { return }
        begin(name)
        places.append((text.count, value.value.lowerBound))
        for index in value.value { text.append(bytes[index]) }
    }

    /// - Parameter unixNanoseconds: What is no whole number of seconds has millionths.
    mutating func add(timestamp unixNanoseconds: Int64) {
        begin("timestamp")
        if unixNanoseconds % 1_000_000_000 == 0 {
            JSONWriter.write(unixNanoseconds / 1_000_000_000, into: &text)
        } else {
            JSONWriter.write(secondsOf: unixNanoseconds / 1_000, into: &text)
        }
    }

    private mutating func begin(_ name: String) {
        text += "\(text.isEmpty ? "{" : ",")\"\(name)\":".utf8
    }

    consuming func finished() throws(EventFault) -> [UInt8] {
        let whole = text + [UInt8(ascii: "}")]
        do throws(EventFault) {
            _ = try EventText.decode(whole.span)
            return whole
        } catch {
            let place = places.last { $0.start <= error.offset } ?? (error.offset, error.offset)
            throw EventFault(reason: error.reason, offset: place.origin + error.offset - place.start)
        }
    }
}
