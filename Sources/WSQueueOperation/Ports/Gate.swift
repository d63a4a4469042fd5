internal import Synchronization

/// Whether clients are let in, as the hub knows and the loops ask. All threads share it.
package final class Gate: Sendable {
    private let admitting: Atomic<Bool>
    private let following = Atomic<Bool>(false)
    private let draining = Atomic<Bool>(false)

    /// Makes a gate.
    ///
    /// - Parameter isAdmitting: Whether clients are let in from the start.
    package init(isAdmitting: Bool) { admitting = Atomic(isAdmitting) }

    /// Whether clients are let in: not before it is known which numbering the events have. Until then they are asked to
    /// come back.
    package var isAdmitting: Bool {
        get { admitting.load(ordering: .sequentiallyConsistent) }
        set { admitting.store(newValue, ordering: .sequentiallyConsistent) }
    }

    /// Whether events that other servers send come here now.
    package var isFollowing: Bool {
        get { following.load(ordering: .relaxed) }
        set { following.store(newValue, ordering: .relaxed) }
    }

    /// Whether the server is being stopped.
    package var isDraining: Bool {
        get { draining.load(ordering: .relaxed) }
        set { draining.store(newValue, ordering: .relaxed) }
    }
}
