#if SIMULATION
    internal import WSQueueLibc
#endif

/// Where the simulation may let another thread go on, between two steps that no system call separates: what threads tell one
/// another by locks and atomics could not be seen half done otherwise. Nothing in every other build.
package enum SchedulingPoint {
    #if SIMULATION
        /// To be called with no lock held (sched_yield(2), which Tests/Simulation defines).
        package static func pass() { sched_yield() }
    #else
        @inlinable package static func pass() {}
    #endif
}
