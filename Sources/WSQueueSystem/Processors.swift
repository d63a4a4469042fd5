internal import WSQueueLibc

/// The machine's processors.
package enum Processors {
    /// How many are online (sysconf(3), `_SC_NPROCESSORS_ONLN`); at least 1.
    package static var count: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}
