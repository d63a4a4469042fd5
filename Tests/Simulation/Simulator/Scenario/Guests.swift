/// Users in a channel that tracks who is there, and the application, which asks about them and sends them away; in the end
/// each server has to know who is there.
final class Guests {
    private let guests: [Guest]
    private(set) var isSatisfied = false
    private unowned let stage: any Stage
    private let kernel: Kernel

    private static let users = ["u1", "u2"]
    static let applicationToken = "a token of the application"
    private static let acts = 6
    private static let closingNanoseconds: Int64 = 30_000_000_000

    /// Places the files that the servers need.
    init(in stage: any Stage) {
        self.stage = stage
        kernel = stage.kernel
        guests = Self.users.map { Guest(user: $0, in: stage) }
        kernel.place("guests.secret", Tokens.secret)
        kernel.place("guests.rules", Guest.rules)
        kernel.place("guests.application", "\(Self.applicationToken)\n")
    }

    func start() {
        for guest in guests { kernel.spawn(guest.user, owner: .world, guest.converse) }
        kernel.spawn("application", owner: .world, apply)
    }

    private func apply() {
        for _ in 0..<Self.acts {
            kernel.pause(until: kernel.now + Int64(kernel.random.below(2_000_000_000)))
            let server = kernel.random.below(stage.serverCount)
            switch kernel.random.below(3) {
            case 0: _ = members(at: server)
            case 1: askForChannels(at: server)
            default: sendAway(kernel.random.pick(guests), at: server)
            }
        }
        kernel.pause { [stage] in stage.isPublished }
        var server = 0
        while server < stage.serverCount {
            if members(at: server) == Self.users {
                server += 1
            } else {
                kernel.pause(until: kernel.now + 1_000_000_000)
            }
        }
        isSatisfied = true
    }

    private func request(_ method: String, _ path: String, _ body: String = "") -> String {
        let lines = [
            "\(method) \(path) HTTP/1.1", "Host: 127.0.0.1:8081", "Authorization: Bearer \(Self.applicationToken)",
            "Content-Type: application/json", "Content-Length: \(body.utf8.count)",
        ]
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    /// Who is there, as a server knows.
    private func members(at server: Int) -> [String]? {
        guard let answer = stage.ask(request("GET", "/presence/\(Guest.channel)"), of: server, as: "application")
        else { return nil }
        let text = Bytes.text(answer.body)
        let found = text.split(separator: "\"user\":\"").dropFirst().map { String($0.prefix { $0 != "\"" }) }.sorted()
        if answer.status != 200 || !found.allSatisfy(Self.users.contains) || Set(found).count != found.count {
            stage.fail("application: \(answer.status) \(text)")
        }
        return found
    }

    private func askForChannels(at server: Int) {
        guard let answer = stage.ask(request("GET", "/channels"), of: server, as: "application") else { return }
        guard answer.status == 200, Bytes.find("\"complete\":", in: answer.body) != nil,
            Bytes.find("\"channels\":[", in: answer.body) != nil
        else { return stage.fail("application: \(answer.status) \(Bytes.text(answer.body))") }
    }

    /// Has a user's clients closed; those of the server that has answered are.
    private func sendAway(_ guest: Guest, at server: Int) {
        let (before, isHere) = (guest.connection, guest.server == server)
        let body = "{\"user\":\"\(guest.user)\",\"for\":\"0s\"}"
        guard let answer = stage.ask(request("POST", "/disconnect", body), of: server, as: "application") else {
            return
        }
        guard answer.status == 200, Bytes.number("\"closed\":", in: answer.body) != nil else {
            return stage.fail("application: \(answer.status) \(Bytes.text(answer.body))")
        }
        // One that has come to Redis just now does not know the others yet, and their clients stay.
        guard let before, isHere else { return }
        func isClosed() -> Bool { before.isReset || before.isClosedByServer || before.isClosedByClient }
        kernel.pause(until: kernel.now + Self.closingNanoseconds, isClosed)
        if !isClosed() { stage.fail("application: \(guest.user) is still there") }
    }
}
