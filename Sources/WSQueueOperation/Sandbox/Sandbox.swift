internal import WSQueueSystem

/// How far a server has shut itself in.
package enum Sandbox: Equatable, Sendable {
    /// It reaches only what its plan allows, and gains no privileges.
    case files
    /// It gains no privileges; why there are no rules about files.
    case privileges(reason: String)
    /// The operator does not want it, or the kernel refused all of it.
    case off(reason: String?)

    /// The word in the log.
    package var word: String {
        switch self {
        case .files: "files"
        case .privileges: "privileges"
        case .off: "off"
        }
    }

    /// Why it is not more.
    package var reason: String? {
        switch self {
        case .files: nil
        case .privileges(let reason): reason
        case .off(let reason): reason
        }
    }

    /// What would hold for a server of this configuration on this machine.
    package static func plan(
        _ configuration: Configuration, logPath: String?
    ) -> Result<SandboxPlan, SandboxPlan.Obstacle> {
        let homes = [Process.environment("HOME"), Account.homeDirectory(of: Process.user)].compactMap { $0 }
        do throws(SandboxPlan.Obstacle) {
            return .success(
                try SandboxPlan(
                    configuration, logPath: logPath, currentDirectory: Process.currentDirectory() ?? "/",
                    homes: homes.compactMap(Directory.canonicalPath), canonical: Directory.canonicalPath,
                    isMountPoint: Directory.isMountPoint))
        } catch {
            return .failure(error)
        }
    }

    /// Shuts this process in; to be called while it has one thread.
    ///
    /// - Returns: What holds from now on: a server that cannot be shut in serves all the same.
    package static func enter(_ configuration: Configuration, logPath: String?) -> Sandbox {
        guard configuration.isShutIn else { return .off(reason: nil) }
        do throws(SystemCallError) {
            try Landlock.refuseNewPrivileges()
        } catch {
            return .off(reason: "\(error)")
        }
        switch plan(configuration, logPath: logPath) {
        case .failure(let obstacle): return .privileges(reason: obstacle.reason)
        case .success(let plan):
            do throws(SystemCallError) {
                try apply(plan)
                return .files
            } catch {
                return .privileges(reason: "\(error)")
            }
        }
    }

    private static func apply(_ plan: SandboxPlan) throws(SystemCallError) {
        let landlock = try Landlock()
        for path in plan.changed { _ = try landlock.allow(.change, beneath: path) }
        for path in plan.sockets { _ = try landlock.allow(.makeSockets, beneath: path) }
        for path in plan.read { _ = try landlock.allow(.read, beneath: path) }
        // What takes the place of descriptors that are closed, and of files that nobody wants.
        _ = try landlock.allow(.useFile, beneath: "/dev/null")
        // A thread's name is written there (pthread_setname_np(3)).
        _ = try landlock.allow(.useFile, beneath: "/proc/self/task")
        try landlock.apply()
    }
}
