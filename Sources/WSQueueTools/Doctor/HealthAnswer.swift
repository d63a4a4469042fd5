internal import WSQueueCommandLine
internal import WSQueueNet

/// What a server answers to `GET /ready`.
package struct HealthAnswer: Equatable, Sendable {
    /// The status: 200 or 503 of a server of ours.
    package let status: Int
    /// Why it is not ready, for people.
    package let reasons: String

    /// Reads an answer.
    package init(status: Int, body: [UInt8]) {
        self.status = status
        let details = (JSONFields(body)?.objects("reasons") ?? []).compactMap { $0.text("detail") }
        reasons = details.isEmpty ? String(decoding: body, as: UTF8.self) : details.joined(separator: ", ")
    }

    /// Asks; `nil` when nothing answers within two seconds, or not in HTTP.
    static func ask(_ address: Address) -> HealthAnswer? {
        guard let answer = try? ServerLocation(address).fetch("/ready", token: nil, within: waitMilliseconds) else {
            return nil
        }
        return HealthAnswer(status: answer.status, body: answer.body)
    }

    private static let waitMilliseconds: Int32 = 2_000
}
