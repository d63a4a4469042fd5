import Testing
import WSQueueSystem

/// Whether users can be told apart, by what the kernel says of the namespace.
struct UserNamespaceTests {
    @Test(
        arguments: [
            ("         0          0 4294967295\n", .everyone),
            // unshare -U, and with --map-root-user; PrivateUsers=yes of systemd.
            ("", .few(count: 0)), ("         0          0          1\n", .few(count: 1)),
            ("0 0 1\n997 997 1\n", .few(count: 2)),
            // Containers: of Docker, and of Podman without root.
            ("0 100000 65536\n", .usual(count: 65_536)), ("0 1000 1\n1 100000 65536\n", .usual(count: 65_537)),
            ("1 100000 65536\n0 1000 1\n", .usual(count: 65_537)),
            // A hole in it, and one who lacks root.
            ("0 0 1000\n1001 1001 70000\n", .few(count: 71_000)), ("1 1 65536\n", .few(count: 65_536)),
            ("0 0 65534\n", .usual(count: 65_534)), ("0 0 65533\n", .few(count: 65_533)),
            ("0 0 2147483648\n2147483648 2147483648 2147483647\n", .everyone),
            ("nonsense\n0 0 99999999999999999999\n0 0 -1\n", .few(count: 0)),
        ] as [(String, UserNamespace.Reach)])
    func `what a map tells`(map: String, reach: UserNamespace.Reach) {
        #expect(UserNamespace.reach(ofMap: map) == reach)
    }
}
