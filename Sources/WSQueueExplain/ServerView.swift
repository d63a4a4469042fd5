internal import WSQueueCommandLine
internal import WSQueueSpool
internal import WSQueueSystem

/// The server that holds a queue, as it tells this user how it stands.
struct ServerView {
    let presence: ServerPresence
    /// How many clients it has; `nil` where it does not tell.
    private(set) var clients: Int?
    /// Why it is not ready.
    private(set) var troubles: [String] = []
    private let process: Int32?

    private static let milliseconds: Int32 = 1_000

    /// Looks for the server of a queue, and asks it where it says that it listens.
    init(_ queue: Directory) {
        presence = ServerPresence.of(queue)
        let address = presence == .held ? ServerAddress.read(in: queue) : nil
        process = address?.process
        for text in address?.addresses ?? [] {
            guard let location = ServerLocation(text),
                let answer = try? location.fetch("/status.json", token: nil, within: Self.milliseconds),
                answer.status == 200, let status = JSONFields(answer.body)
            else { continue }
            clients = status.object("clients")?.number("total").map { Int($0) }
            troubles = (status.object("ready")?.objects("reasons") ?? []).map {
                "\($0.text("reason") ?? ""): \($0.text("detail") ?? "")"
            }
            return
        }
    }

    /// The server, behind what is told of it.
    var name: String { process.map { "; the server is process \($0)" } ?? "" }
}
