package import WSQueueNet
package import WSQueueOperation
package import WSQueueSystem

/// What was seen of a queue, its machine and its server. The findings follow from it alone (``Diagnosis``).
package struct DoctorFacts: Sendable {
    /// What the server would be started with.
    package let configuration: Configuration
    /// Now, Unix nanoseconds.
    package let unix: Int64
    /// The queue directory.
    package let directory: DirectoryFacts
    /// The file system that it is in, or why that cannot be looked at.
    package let fileSystem: Result<FileSystem, SystemCallError>
    /// What that file system can do; `nil` where it could not be tried.
    package let abilities: FileSystemAbilities?
    /// Who may do what in it.
    package let access: AccessFacts
    /// What is in it.
    package let contents: QueueContents
    /// The limits of the machine.
    package let machine: MachineFacts
    /// The server, and what starts it.
    package let service: ServiceFacts
}

/// A directory, as far as it matters who may use it.
package struct DirectoryFacts: Sendable {
    /// As it was named.
    package let path: String
    /// The permission bits.
    package let mode: UInt32
    /// The owner's name, or number.
    package let owner: String
    /// The group's number.
    package let group: UInt32
    /// The group's name, or number.
    package let groupName: String
    /// When it was changed last, Unix nanoseconds.
    package let modifiedNanoseconds: Int64
    /// What is the server's own in it.
    package var own: [OwnEntryFacts] = []
}

/// What publishers and the server may do in a queue.
package struct AccessFacts: Sendable {
    /// How a trial of somebody ended.
    package enum Trial: Equatable, Sendable {
        /// What failed, step by step; nothing is good.
        case tried([Prober.Failure])
        /// It could not be tried as this user; whether the mode bits allow it.
        case computed(isAllowed: Bool)
    }

    /// One publisher.
    package struct Publisher: Sendable {
        /// Who.
        package let account: Account
        /// Whether it can write events.
        package let trial: Trial
        /// What the server cannot do with an event of its making; empty where that was not tried.
        package let serving: [Prober.Failure]
        /// Whether there are rules about publishers, and none is about this one.
        package var isWithoutRule = false
    }

    /// Whom the server runs as, or would.
    package let server: Account
    /// Whether it can serve there.
    package let serverTrial: Trial
    /// Those who are asked about.
    package let publishers: [Publisher]
}

/// The limits of a machine and of the server's process.
package struct MachineFacts: Sendable {
    /// How many notices of inotify the kernel keeps; `nil` when that cannot be read.
    package let queuedNotices: Int?
    /// How many files the server's process may have open; `nil` when that cannot be read.
    package let descriptorLimit: Int?
}

/// What starts the server, and what it says.
package struct ServiceFacts: Sendable {
    /// What an address answered.
    package struct Answer: Sendable {
        /// The address.
        package let address: Address
        /// What answered there; `nil` for nothing.
        package let health: HealthAnswer?
    }

    /// The process that holds the queue.
    package let holder: QueueHolder
    /// The unit, where there is one.
    package let unit: ServiceUnit?
    /// The addresses that were asked, up to the first that answered.
    package let answers: [Answer]
}
