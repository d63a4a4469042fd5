internal import WSQueueNet
internal import WSQueueSystem

/// What a server that has shut itself in may still reach: made of the configuration and of the paths' links alone.
package struct SandboxPlan: Equatable, Sendable {
    /// Why no rules about files can be made.
    package enum Obstacle: Error, Equatable, Sendable {
        /// A path leads through a symbolic link, which may lead elsewhere later.
        case link(String)
        /// A rule would be about nearly everything.
        case wide(parent: String)
        /// A directory above does not exist.
        case missing(String)

        /// For an operator.
        package var reason: String {
            switch self {
            case .link(let path): "\(path) leads through a symbolic link"
            case .wide(let parent): "rules would open all of \(parent)"
            case .missing(let path): "\(path) does not exist"
            }
        }
    }

    /// Directories beneath which everything may be changed: those that hold queue, journal and log, so that each can be
    /// removed and made anew; where a file system is mounted there, the one above it.
    package let changed: [String]
    /// Directories in which Unix sockets are made.
    package let sockets: [String]
    /// Directories that may be read: those of the files that the operator names, and the system's.
    package let read: [String]

    /// What the resolver, names of accounts, time zones and error texts are read from, figures about this process, and who
    /// holds a queue.
    private static let system = [
        "/etc", "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/usr/share/locale",
        "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/var/lib/sss", "/proc/self",
        "/proc/sys/kernel/random", "/proc/locks",
    ]

    /// Decides.
    ///
    /// - Parameters:
    ///   - logPath: The log's file, if there is one.
    ///   - homes: Directories that hold more than a server's own.
    ///   - canonical: The path of a directory without symbolic links; `nil` where there is none.
    ///   - isMountPoint: Whether a file system is mounted at a directory.
    /// - Throws: ``Obstacle``.
    package init(
        _ configuration: Configuration, logPath: String?, currentDirectory: String, homes: [String],
        canonical: (String) -> String?, isMountPoint: (String) -> Bool
    ) throws(Obstacle) {
        let absolute = { (path: String) in Self.absolute(path, currentDirectory) }
        let queue = absolute(configuration.queuePath)
        guard let parent = canonical(Self.above(queue)) else { throw .missing(Self.above(queue)) }
        guard parent == Self.above(queue), canonical(queue) ?? queue == queue else { throw .link(queue) }
        var places = [queue]
        if case .directory(let path) = configuration.journalPlace { places.append(absolute(path)) }
        if let logPath { places.append(absolute(logPath)) }
        var changed: [String] = []
        for place in places {
            changed.append(try Self.holder(of: place, homes, canonical, isMountPoint: isMountPoint))
        }
        self.changed = Self.unique(changed)
        sockets = Self.unique(
            configuration.addresses.compactMap { address in
                guard case .unix(let path) = address else { return nil }
                return canonical(Self.above(absolute(path)))
            })
        let files = [
            configuration.tokenSecretPath, configuration.rulesPath, configuration.publishTokenPath,
            configuration.publisherRulesPath, configuration.applicationTokenPath, configuration.redis?.passwordPath,
        ]
        read = Self.unique(files.compactMap { $0 }.map { Self.above(absolute($0)) } + Self.system)
    }

    /// The directory that holds a path, and goes on holding it when the file system that it is on is unmounted.
    private static func holder(
        of path: String, _ homes: [String], _ canonical: (String) -> String?, isMountPoint: (String) -> Bool
    ) throws(Obstacle) -> String {
        let above = above(path)
        guard var parent = canonical(above) else { throw .missing(above) }
        while parent != "/", isMountPoint(parent) { parent = self.above(parent) }
        let isHome = homes.contains(parent) || parent == "/root" || self.above(parent) == "/home"
        guard parent != "/", parent != "/home", !isHome else { throw .wide(parent: parent) }
        return parent
    }

    /// The directory that holds a path.
    private static func above(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    /// A path from the root on, without `.`, empty words and a slash at its end; `..` stays, which no rule is made for.
    private static func absolute(_ path: String, _ currentDirectory: String) -> String {
        let full = path.hasPrefix("/") ? path : "\(currentDirectory)/\(path)"
        return "/" + full.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }

    private static func unique(_ paths: [String]) -> [String] {
        paths.enumerated().filter { paths.firstIndex(of: $0.element) == $0.offset }.map(\.element)
    }
}
