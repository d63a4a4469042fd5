import Foundation
import WSQueueNet
import WSQueueSystem

/// A server that gives each connection the next of some answers, and ends.
final class ServerOnce: Sendable {
    let port: UInt16
    private let requested = Guarded<[String]>([])

    init(_ answers: [String]) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, size)
                _ = listen(listener, 8)
                _ = getsockname(listener, $0, &size)
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        Thread { [self] in
            for answer in answers {
                let connection = accept(listener, nil, nil)
                var buffer = [UInt8](repeating: 0, count: 65_536)
                let count = recv(connection, &buffer, buffer.count, 0)
                requested.withLock { $0.append(String(decoding: buffer[..<max(0, count)], as: UTF8.self)) }
                _ = answer.withCString { send(connection, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
                close(connection)
            }
            close(listener)
        }.start()
    }

    /// The requests that have come.
    var requests: [String] { requested.withLock { $0 } }
    /// What a command names it.
    var place: String { "127.0.0.1:\(port)" }
}
