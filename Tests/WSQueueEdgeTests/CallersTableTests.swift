import Foundation
import Testing
import WSQueueRoutes
import WSQueueWire

/// The tables of who may do what (`Tests/EndToEnd/access/test_callers.py`) have a row for all that there is.
struct CallersTableTests {
    private static let text = try? String(
        contentsOf: URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../EndToEnd/access/test_callers.py"), encoding: .utf8)

    /// The first cells of a table's rows.
    private func rows(of name: String) throws -> Set<String> {
        let text = try #require(Self.text)
        let start = try #require(text.range(of: "\n\(name) = \"\"\"\n"))
        let table = text[start.upperBound...].prefix { $0 != "\"" }
        let cells = table.split(separator: "\n").compactMap { $0.split(separator: "|").first }
        return Set(cells.map { $0.trimmingCharacters(in: .whitespaces) })
    }

    @Test func `each route has a row for each of its methods, and there are no others`() throws {
        let known = HTTPRoute.allCases.flatMap { route in
            // A channel's name follows.
            let path = route == .presence ? "\(route.rawValue)/…" : route.rawValue
            return route.methods.map { "\($0.name) \(path)" }
        }
        let others = ["socket", "wsqueue.v1"].flatMap { kind in ["/", "/users", "/admins"].map { "\(kind) \($0)" } }
        let more = ["request", "GET /elsewhere", "DELETE /"]
        #expect(try rows(of: "ROUTES").filter { !$0.hasPrefix("-") } == Set(known + others + more))
    }

    @Test func `each action of clients has a row`() throws {
        let actions = try rows(of: "ACTIONS").subtracting(["action"]).filter { !$0.hasPrefix("-") }
        let names = Set(actions.compactMap { $0.split(separator: " ").first.map { String($0) } })
        #expect(names == Set(ClientAction.allCases.map(\.rawValue)))
    }
}
