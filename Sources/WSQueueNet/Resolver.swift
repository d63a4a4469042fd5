internal import WSQueueSystem

/// Looks up hosts' addresses for a thread that must not wait for them.
///
/// Each lookup has a thread of its own, because getaddrinfo(3) cannot be given up, and takes ten seconds where a name
/// server is silent; so one silent name server holds up neither its owner nor other names.
package struct Resolver {
    /// What is looked up.
    package struct Host: Hashable, Sendable {
        package let name: String
        package let port: UInt16

        package init(name: String, port: UInt16) {
            self.name = name
            self.port = port
        }

        /// Its address where it is one already, and no name.
        package var address: Address? {
            IPAddress(name).map { .internet(host: $0.description, port: port) }
        }
    }

    /// What was found.
    package struct Answer: Sendable {
        package let host: Host
        /// In the order in which they are to be tried; empty where the name has none.
        package let addresses: [Address]

        package init(host: Host, addresses: [Address]) {
            self.host = host
            self.addresses = addresses
        }
    }

    private let tell: @Sendable (Answer) -> Void
    private var underWay: Set<Host> = []

    /// Makes one that looks nothing up yet.
    ///
    /// - Parameter tell: Brings an answer to the owner's thread; it is called on another one.
    package init(_ tell: @escaping @Sendable (Answer) -> Void) { self.tell = tell }

    /// Begins to look a host up, unless that is under way.
    package mutating func lookUp(_ host: Host) {
        guard underWay.insert(host).inserted else { return }
        do throws(SystemCallError) {
            _ = try LoopThread(name: "wsq-resolve") { [tell] in
                tell(Answer(host: host, addresses: Address.resolve(host: host.name, port: host.port)))
            }
        } catch {
            // Without a thread there is no answer but that there is none; the owner tries again.
            tell(Answer(host: host, addresses: []))
        }
    }

    /// An answer has come; the next lookup of its host begins anew.
    package mutating func finish(_ answer: Answer) { underWay.remove(answer.host) }
}
