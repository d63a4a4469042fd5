import Testing
import WSQueueOperation
import WSQueueTools

struct SandboxFindingTests {
    @Test func `how far the server is kept to its own files is said`() throws {
        let plan = try SandboxPlan(
            Configuration(), logPath: nil, currentDirectory: "/srv", homes: [], canonical: { $0 },
            isMountPoint: { _ in false })
        var off = Configuration()
        off.isShutIn = false
        let cases: [(Configuration, Result<SandboxPlan, SandboxPlan.Obstacle>?, String)] = [
            (Configuration(), .success(plan), "note: the server may change what is beneath /srv, no more"),
            (Configuration(), .failure(.link("/q")), "note: the server is not kept to its own files: /q leads through"),
            (Configuration(), nil, "note: the kernel has no Landlock"), (off, .success(plan), "note: --sandbox off"),
        ]
        for (configuration, plan, start) in cases {
            #expect(SandboxFinding.of(configuration, plan).description.hasPrefix(start))
        }
    }
}
