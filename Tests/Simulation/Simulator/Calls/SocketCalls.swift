import CWSQueueLinux
import Glibc

@_cdecl("socket")
public func simulatedSocket(_ family: Int32, _ type: Int32, _ number: Int32) -> Int32 {
    guard let kernel = enter("socket"), let owner = current?.owner else { unknown("socket of its own") }
    if let code = kernel.error(of: .descriptor) { return refuse(code) }
    return kernel.install(OpenFile(.listener, owner: owner))
}

@_cdecl("setsockopt")
public func simulatedSetsockopt(
    _ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: UnsafeRawPointer?, _ size: UInt32
) -> Int32 { 0 }

@_cdecl("bind")
public func simulatedBind(_ descriptor: Int32, _ address: UnsafeRawPointer?, _ size: UInt32) -> Int32 {
    guard let kernel else { return 0 }
    if let code = kernel.error(of: .bind) { return refuse(code) }
    let family = address?.loadUnaligned(as: UInt16.self)
    let isTaken = kernel.listener.map { $0.owner != current?.owner } ?? false
    let isPort = family == UInt16(AF_INET) || family == UInt16(AF_INET6)
    return kernel.hasOnePort && isTaken && isPort && kernel.settings.fault != .lockIgnored ? refuse(EADDRINUSE) : 0
}

@_cdecl("listen")
public func simulatedListen(_ descriptor: Int32, _ backlog: Int32) -> Int32 {
    guard let kernel = enter("listen") else { unknown("listen of its own") }
    if let code = kernel.error(of: .bind) { return refuse(code) }
    kernel.listeners[kernel.hasOnePort ? 0 : current?.owner.serverNumber ?? 0] = kernel.file(descriptor)
    return 0
}

private func describe(_ address: UnsafeMutablePointer<sockaddr>?, port: UInt16) {
    address?.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
        $0.pointee = sockaddr_in()
        $0.pointee.sin_family = UInt16(AF_INET)
        $0.pointee.sin_port = port.bigEndian
        $0.pointee.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    }
}

@_cdecl("getsockname")
public func simulatedGetsockname(
    _ descriptor: Int32, _ address: UnsafeMutablePointer<sockaddr>?, _ size: UnsafeMutablePointer<UInt32>?
) -> Int32 {
    describe(address, port: 8_081)
    return 0
}

@_cdecl("accept4")
public func simulatedAccept4(
    _ descriptor: Int32, _ address: UnsafeMutablePointer<sockaddr>?, _ size: UnsafeMutablePointer<UInt32>?,
    _ flags: Int32
) -> Int32 {
    guard let kernel = enter("accept4"), let file = kernel.file(descriptor), let owner = current?.owner else {
        return refuse(EBADF)
    }
    guard !file.backlog.isEmpty else { return refuse(EAGAIN) }
    if let code = kernel.error(of: .accept) {
        // The connection waits for the next accept, but where it is that which has failed.
        if code == ECONNABORTED {
            let connection = file.backlog.removeFirst()
            connection.isReset = true
            connection.isClosedByServer = true
        }
        return refuse(code)
    }
    describe(address, port: 40_000)
    return kernel.install(OpenFile(.socket(file.backlog.removeFirst()), owner: owner))
}

/// To the one that is there besides; the address says nothing.
@_cdecl("connect")
public func simulatedConnect(_ descriptor: Int32, _ address: UnsafeRawPointer?, _ size: UInt32) -> Int32 {
    guard let kernel = enter("connect"), let file = kernel.file(descriptor), let accept = kernel.connect else {
        unknown("connect of its own")
    }
    let connection = SimulatedConnection(capacity: 65_536)
    guard accept(connection) else { return refuse(ECONNREFUSED) }
    file.kind = .socket(connection)
    return 0
}

@_cdecl("recv")
public func simulatedRecv(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int, _ flags: Int32) -> Int
{
    guard let kernel = enter("recv"), let connection = kernel.file(descriptor)?.connection, let buffer else {
        return refuseBytes(EBADF)
    }
    if connection.isReset { return refuseBytes(ECONNRESET) }
    if connection.toServer.isEmpty { return connection.isClosedByClient ? 0 : refuseBytes(EAGAIN) }
    if let code = kernel.error(of: .receive) { return refuseBytes(code) }
    let bytes = min(count, 1 + kernel.random.below(connection.toServer.count))
    connection.toServer.withUnsafeBytes { contents in
        if let start = contents.baseAddress { memcpy(buffer, start, bytes) }
    }
    connection.toServer.removeFirst(bytes)
    return bytes
}

private func push(_ kernel: Kernel, _ connection: SimulatedConnection, _ bytes: UnsafeRawBufferPointer) -> Int {
    if connection.isReset { return refuseBytes(ECONNRESET) }
    if connection.isClosedByClient {
        connection.isReset = true
        return refuseBytes(EPIPE)
    }
    let free = connection.capacity - connection.toClient.count
    guard free > 0 else { return refuseBytes(EAGAIN) }
    if let code = kernel.error(of: .send) { return refuseBytes(code) }
    var taken = min(free, bytes.count)
    if taken > 1, kernel.random.chance(perMille: kernel.settings.shortPerMille) {
        taken = 1 + kernel.random.below(taken - 1)
    }
    connection.toClient.append(contentsOf: bytes.prefix(taken))
    return taken
}

@_cdecl("send")
public func simulatedSend(_ descriptor: Int32, _ buffer: UnsafeRawPointer?, _ count: Int, _ flags: Int32) -> Int {
    guard let kernel = enter("send"), let connection = kernel.file(descriptor)?.connection else {
        return refuseBytes(EBADF)
    }
    return push(kernel, connection, UnsafeRawBufferPointer(start: buffer, count: count))
}

@_cdecl("sendmsg")
public func simulatedSendmsg(_ descriptor: Int32, _ message: UnsafePointer<msghdr>, _ flags: Int32) -> Int {
    guard let kernel = enter("sendmsg"), let connection = kernel.file(descriptor)?.connection else {
        return refuseBytes(EBADF)
    }
    var bytes: [UInt8] = []
    for index in 0..<Int(message.pointee.msg_iovlen) {
        let part = message.pointee.msg_iov[index]
        bytes.append(contentsOf: UnsafeRawBufferPointer(start: part.iov_base, count: part.iov_len))
    }
    return bytes.withUnsafeBytes { push(kernel, connection, $0) }
}

@_cdecl("shutdown")
public func simulatedShutdown(_ descriptor: Int32, _ how: Int32) -> Int32 {
    guard let kernel = enter("shutdown"), let connection = kernel.file(descriptor)?.connection else {
        return refuse(EBADF)
    }
    connection.isClosedByServer = true
    return 0
}
