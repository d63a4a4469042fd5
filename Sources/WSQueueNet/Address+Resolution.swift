internal import CWSQueueLinux
internal import Glibc

extension Address {
    /// The addresses of a host (getaddrinfo(3)), in the order they are to be tried. A name may have to be asked for over
    /// the network, and the caller waits.
    package static func resolve(host: String, port: UInt16) -> [Address] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, String(port), &hints, &list) == 0 else { return [] }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [Address] = []
        var next = unsafe list
        while let entry = unsafe next {
            var storage = sockaddr_storage()
            let length = Int(unsafe entry.pointee.ai_addrlen)
            if let address = unsafe entry.pointee.ai_addr, length <= MemoryLayout<sockaddr_storage>.size {
                unsafe withUnsafeMutableBytes(of: &storage) {
                    unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: length))
                }
                addresses.append(Address(storage))
            }
            unsafe next = entry.pointee.ai_next
        }
        return addresses
    }
}
