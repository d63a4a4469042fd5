import Testing
import WSQueueNet
import WSQueueOperation

/// What a server that has shut itself in may still reach.
struct SandboxPlanTests {
    /// A machine on which these paths lead elsewhere, and all others to themselves.
    private func plan(
        _ configuration: Configuration, log: String? = nil, links: [String: String?] = [:], mounts: Set<String> = []
    ) throws -> SandboxPlan {
        try SandboxPlan(
            configuration, logPath: log, currentDirectory: "/srv/app", homes: ["/var/lib/wsq-home"],
            canonical: { path in links[path] ?? path }, isMountPoint: { mounts.contains($0) })
    }

    private func obstacle(_ configuration: Configuration, log: String? = nil, links: [String: String?] = [:])
        -> SandboxPlan.Obstacle?
    {
        do {
            _ = try plan(configuration, log: log, links: links)
            return nil
        } catch {
            return error as? SandboxPlan.Obstacle
        }
    }

    private func configuration(queue: String) -> Configuration {
        var configuration = Configuration()
        configuration.queuePath = queue
        return configuration
    }

    @Test(
        arguments: [
            ("/var/spool/wsqueue", "/var/spool"), ("queue", "/srv/app"), ("./queue/", "/srv/app"),
            ("/var//spool/./q", "/var/spool"), ("/home/ann/app/queue", "/home/ann/app"),
        ])
    func `what holds the queue may be changed`(queue: String, parent: String) throws {
        #expect(try plan(configuration(queue: queue)).changed == [parent])
    }

    @Test(
        arguments: [
            ("/queue", .wide(parent: "/")), ("/home/queue", .wide(parent: "/home")),
            ("/home/ann/queue", .wide(parent: "/home/ann")), ("/root/queue", .wide(parent: "/root")),
            ("/var/lib/wsq-home/queue", .wide(parent: "/var/lib/wsq-home")),
        ] as [(String, SandboxPlan.Obstacle)])
    func `no rule opens a home or everything`(queue: String, wide: SandboxPlan.Obstacle) {
        #expect(obstacle(configuration(queue: queue)) == wide)
        // A journal or a log there would open it as well.
        var elsewhere = configuration(queue: "/var/spool/q")
        elsewhere.journalPlace = .directory(queue)
        #expect(obstacle(elsewhere) == wide)
        #expect(obstacle(configuration(queue: "/var/spool/q"), log: queue) == wide)
    }

    @Test func `a path that a link may lead elsewhere has no rules`() {
        let queue = configuration(queue: "/var/spool/q")
        #expect(obstacle(queue, links: ["/var/spool/q": "/data/q"]) == .link("/var/spool/q"))
        #expect(obstacle(queue, links: ["/var/spool": "/data/spool"]) == .link("/var/spool/q"))
        #expect(obstacle(configuration(queue: "/var/spool/../q")) == nil)
        #expect(obstacle(configuration(queue: "/var/a/../q"), links: ["/var/a/..": "/var"]) == .link("/var/a/../q"))
        #expect(obstacle(queue, links: ["/var/spool": nil]) == .missing("/var/spool"))
        // It is still to be made.
        #expect(obstacle(queue, links: ["/var/spool/q": nil]) == nil)
    }

    @Test func `a file system that is unmounted and comes back is held by the directory above it`() throws {
        let queue = configuration(queue: "/mnt/disk/queue")
        #expect(try plan(queue, mounts: ["/mnt/disk"]).changed == ["/mnt"])
        #expect(try plan(queue, mounts: ["/mnt/disk/queue"]).changed == ["/mnt/disk"])
        #expect(throws: SandboxPlan.Obstacle.wide(parent: "/")) { try plan(queue, mounts: ["/mnt/disk", "/mnt"]) }
    }

    @Test func `journal, log, sockets and named files have their directories`() throws {
        var configuration = configuration(queue: "/var/spool/q")
        configuration.journalPlace = .directory("/var/lib/wsqueue")
        configuration.addresses = [.unix(path: "/run/ws/a.sock"), .internet(host: "127.0.0.1", port: 1)]
        configuration.tokenSecretPath = "/etc/wsqueue/secrets"
        configuration.rulesPath = "rules.json"
        configuration.publisherRulesPath = "/srv/publishers/rules.json"
        let plan = try plan(configuration, log: "/var/log/ws/server.log", links: ["/var/log/ws": "/data/log"])
        #expect(plan.changed == ["/var/spool", "/var/lib", "/data/log"])
        #expect(plan.sockets == ["/run/ws"])
        #expect(plan.read.starts(with: ["/etc/wsqueue", "/srv/app", "/srv/publishers", "/etc"]))
    }
}
