// The C library that this is built for. The publisher's modules take it from here, so that only this file knows two.
#if canImport(Glibc)
    @_exported public import Glibc
#elseif canImport(Musl)
    @_exported public import Musl

    /// What getrlimit(2) names a resource by, which is an enumeration in glibc and a number in musl.
    // swift-format-ignore: TypeNamesShouldBeCapitalized
    public typealias __rlimit_resource_t = Int32

    extension Int32 {
        /// Itself: the number of a resource.
        public var rawValue: Int32 { self }
    }

    extension UInt {
        /// A thread's identity, which is a number in glibc and an address in musl.
        public init(_ thread: pthread_t) { self.init(bitPattern: thread) }
    }
#endif
