package import WSQueueOperation

/// How far the server can shut itself in.
package enum SandboxFinding {
    /// One line about it.
    ///
    /// - Parameter plan: What the server could still reach, or why there are no rules about files; `nil` where the kernel has
    ///   none.
    package static func of(
        _ configuration: Configuration, _ plan: Result<SandboxPlan, SandboxPlan.Obstacle>?
    ) -> Finding {
        guard configuration.isShutIn else {
            return Finding(.note, "--sandbox off: the server may reach whatever its user may", fix: "--sandbox on")
        }
        switch plan {
        case nil:
            return Finding(
                .note, "the kernel has no Landlock by which the server could be kept to its own files",
                fix: "Linux 5.19 or newer, with lsm=landlock,... among its parameters")
        case .failure(let obstacle):
            return Finding(
                .note, "the server is not kept to its own files: \(obstacle.reason)",
                fix: "--dir with a path without symbolic links, in a directory of its own")
        case .success(let plan):
            return Finding(
                .note, "the server may change what is beneath \(plan.changed.joined(separator: ", ")), no more")
        }
    }
}
