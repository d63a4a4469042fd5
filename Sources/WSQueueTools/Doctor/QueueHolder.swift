package import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSpool
package import WSQueueSystem

/// The server that holds a queue, if one does.
package struct QueueHolder: Sendable {
    /// Whether some server has it; `nil` where that cannot be told.
    package let isHeld: Bool?
    /// Its process, as it has written it.
    package let process: Int32?
    /// Who it runs as.
    package let account: Account?
    /// Where it listens, as it has written it.
    let addresses: [Address]

    /// Makes a holder of what is known of it.
    package init(isHeld: Bool?, process: Int32?, account: Account?, addresses: [Address] = []) {
        self.isHeld = isHeld
        self.process = process
        self.account = account
        self.addresses = addresses
    }

    static func of(_ path: String) -> QueueHolder {
        guard let directory = try? Directory.openUnlisted(path) else {
            return QueueHolder(isHeld: nil, process: nil, account: nil)
        }
        switch ServerPresence.of(directory) {
        case .unknown: return QueueHolder(isHeld: nil, process: nil, account: nil)
        case .none: return QueueHolder(isHeld: false, process: nil, account: nil)
        case .held:
            let told = ServerAddress.read(in: directory)
            return QueueHolder(
                isHeld: true, process: told?.process, account: told.flatMap { Account.running($0.process) },
                addresses: told?.addresses.compactMap(Address.parse) ?? [])
        }
    }
}
