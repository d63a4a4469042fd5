import Support
import Testing
import WSQueueNet
import WSQueueOperation
import WSQueueSystem

@testable import WSQueueSpool
@testable import WSQueueTools

/// What the doctor makes of facts, without a machine that is so.
struct DiagnosisTests {
    private static let hour: Int64 = 3_600_000_000_000

    @Test func `a queue as it should be has one note, of the server that is ready`() {
        #expect(findings() == ["note: a server holds the queue and is ready at 127.0.0.1:8081"])
    }

    @Test(
        arguments: [
            (UInt32(0o700), ["note: mode 700: only wsqueue may publish; fix: chmod 3730 /q"]),
            (0o777, ["error: mode 777 lets every user of this machine publish and replace others' events; fix: chgrp"]),
            (0o1777, ["warning: mode 1777 lets every user of this machine publish; fix: chgrp"]),
            (
                0o2730,
                ["warning: mode 2730 lets one publisher of the group publish replace another's events; fix: chmod +t"]
            ),
            (
                0o1730,
                ["note: mode 1730 without setgid: event files belong to their publishers' own groups; fix: chmod g+s"]
            ),
            (
                0o3770,
                ["note: mode 3770 lets the group publish list others' events; fine for who trusts it; fix: chmod g-r"]
            ),
        ] as [(UInt32, [String])])
    func `the mode tells whom the directory lets publish`(mode: UInt32, lines: [String]) {
        expect(findings { $0.mode = mode }, begin: lines)
    }

    @Test(arguments: [
        (FileSystem.Kind.memory, "note: tmpfs is memory"), (.nfs, "warning: nfs tells nothing of what other machines"),
        (.overlay, "warning: overlay is a container's own layer"),
    ])
    func `a file system that keeps or tells nothing is named`(kind: FileSystem.Kind, line: String) {
        expect(findings { $0.fileSystem = .success(Self.disk(kind: kind)) }, begin: [line])
    }

    @Test(arguments: [
        (
            FileSystemAbilities(
                renamesWithoutReplacing: false, links: false, leases: true, notices: true, tickNanoseconds: 0),
            ["warning: the file system has neither RENAME_NOREPLACE nor hard links: publishers look"]
        ),
        (
            FileSystemAbilities(
                renamesWithoutReplacing: false, links: true, leases: true, notices: true, tickNanoseconds: 0),
            ["note: the file system has no RENAME_NOREPLACE"]
        ),
        (
            FileSystemAbilities(
                renamesWithoutReplacing: true, links: false, leases: false, notices: false,
                tickNanoseconds: 2_000_000_000),
            [
                "note: the file system has no hard links", "warning: times of files are in steps of 2 s: ",
                "warning: inotify tells nothing of this directory: ", "note: the file system has no leases: ",
            ]
        ),
    ])
    func `what a file system cannot do is named`(abilities: FileSystemAbilities, lines: [String]) {
        expect(findings { $0.abilities = abilities }, begin: lines)
    }

    @Test func `a file system without room is told`() {
        let full = Self.disk(isReadOnly: true, freeBytes: 1_000, freeFiles: 0)
        expect(
            findings { $0.fileSystem = .success(full) },
            begin: [
                "error: the file system is mounted read-only; fix: mount -o remount,rw $(findmnt -nT /q -o TARGET)",
                "error: 0 MiB are free; the journal and a batch may take 128 MiB; fix: df -h /q",
                "error: 0 more files can be made; each waiting event is one; fix: df -i /q",
            ])
        let tight = Self.disk(freeBytes: 100 * 1_048_576, freeFiles: 9_999)
        expect(
            findings { $0.fileSystem = .success(tight) },
            begin: ["warning: 100 MiB are free", "warning: 9999 more files can be made"])
        let error = SystemCallError(call: "statfs", object: "/q", code: 5)
        expect(findings { $0.fileSystem = .failure(error) }, begin: ["warning: the file system cannot be looked at"])
    }

    @Test func `what a publisher or the server may not do is told with the command that lets them`() {
        let failed = Prober.Failure(step: "create files", reason: "permission denied")
        expect(
            findings { $0.publishers = [publisher(.tried([failed]))] },
            begin: ["error: www may not create files in the queue: permission denied; fix: usermod -aG publish www"])
        expect(
            findings {
                $0.mode = 0o3700
                $0.publishers = [publisher(.computed(isAllowed: false))]
            },
            begin: [
                "note: mode 3700: only",
                "error: www may not create files in the queue: the mode bits say so, which was not tried; fix: chmod "
                    + "3730 /q (and the group: usermod -aG publish www)",
            ])
        expect(
            findings { $0.publishers = [publisher(.computed(isAllowed: true))] },
            begin: ["note: www may publish, computed from the mode bits; fix: sudo wsqueue-server doctor"])
        let serving = ["read events", "delete events", "watch the queue"].map { Prober.Failure(step: $0, reason: "no") }
        expect(
            findings { $0.publishers = [publisher(.tried([]), serving: serving)] },
            begin: [
                "error: the server (wsqueue) may not read events of www: no; fix: usermod -aG publish wsqueue && chmod g+s",
                "error: the server (wsqueue) may not delete events of www: no; fix: chown wsqueue /q",
            ])
        expect(
            findings {
                $0.group = 0
                $0.publishers = [publisher(.tried([failed]))]
            },
            begin: ["error: www may not create files in the queue: permission denied; fix: groupadd -f wsqueue-publish"]
        )
    }

    @Test func `one whom the rules about publishers do not mention is told, with what to write there`() {
        var unnamed = publisher(.tried([]))
        unnamed.isWithoutRule = true
        expect(
            findings {
                $0.configuration.publisherRulesPath = "/etc/p.json"
                $0.publishers = [unnamed, publisher(.tried([]))]
            },
            begin: [
                "error: www may publish nothing: no rule of --publishers is about it, and its events go to .failed/; fix: "
                    + "add {\"from\":[\"www\"]} to /etc/p.json"
            ])
    }

    @Test func `what the server itself may not do is told`() {
        expect(
            findings { $0.serverTrial = .computed(isAllowed: true) },
            begin: ["note: the server (wsqueue) may list, read and delete, computed from the mode bits"])
        expect(
            findings { $0.serverTrial = .computed(isAllowed: false) },
            begin: ["error: the server (wsqueue) may not list, read and delete: the mode bits say so"])
        let failures = [Prober.watching, "write to .journal", "list the queue"].map {
            Prober.Failure(step: $0, reason: "no")
        }
        expect(
            findings { $0.serverTrial = .tried(failures) },
            begin: [
                "warning: the server (wsqueue) cannot watch the queue: no; events are found by looking, up to 100 ms",
                "error: the server (wsqueue) may not write to .journal: no; fix: chown -R wsqueue /q/.journal",
                "error: the server (wsqueue) may not list the queue: no; fix: chown wsqueue /q",
            ])
    }

    @Test func `what lies in the queue is told`() {
        let newest = FailedFiles.Overview.Failure(name: "f.json", reason: "bad", changedNanoseconds: 0)
        expect(
            findings {
                $0.contents.failed = FailedFiles.Overview(count: 2, newest: [newest])
                $0.contents.held = 1
                $0.contents.oldestHeldNanoseconds = $0.unix - 2 * Self.hour
                $0.contents.abandoned = 3
                $0.contents.foreign = 1
                $0.contents.foreignName = [0x61, 0xFF]
            },
            begin: [
                "warning: could not be accepted: 2 in .failed, the newest f.json: bad; fix: wsqueue-server queue ls -d /q",
                "warning: 1 events are held back, one of them for 2 h; fix: wsqueue-publish -d /q --release ID",
                "warning: 3 hidden files have rested for an hour",
                "note: 1 visible files are no events and are left "
                    + "alone, such as a\\xff; fix: mv /q/$'a\\377' elsewhere",
            ])
        expect(
            findings {
                $0.contents.held = 1
                $0.contents.oldestHeldNanoseconds = $0.unix - 600_000_000_000
            }, begin: ["note: 1 events are held back, one of them for 10 min"])
        let error = SystemCallError(call: "open", object: "/q", code: 13)
        expect(findings { $0.contents.fault = error }, begin: ["note: what waits cannot be seen: open /q: permission"])
    }

    @Test(arguments: [
        (
            Optional(true), false,
            "warning: 5 events wait, the oldest for 3 days, though a server holds the queue; fix: look"
        ),
        (
            true, true,
            "warning: 5 events wait, the oldest for 3 days, though a server holds the queue; fix: open a client"
        ),
        (
            false, false,
            "error: 5 events wait, the oldest for 3 days, and no server holds the queue; fix: wsqueue-server -d /q"
        ),
    ])
    func `events that wait for long are told`(isHeld: Bool?, holds: Bool, line: String) {
        expect(
            findings {
                $0.contents.waiting = 5
                $0.contents.oldestNanoseconds = $0.unix - 72 * Self.hour
                $0.isHeld = isHeld
                $0.configuration.holdsWithoutClients = holds
            }, begin: [line])
    }

    @Test func `events that wait without a server are told at once`() {
        func lines(isHeld: Bool?) -> [String] {
            findings {
                $0.contents.waiting = 1
                $0.contents.oldestNanoseconds = $0.unix - 1_000_000_000
                $0.isHeld = isHeld
            }
        }
        #expect(
            lines(isHeld: false).contains { $0.hasPrefix("warning: 1 events wait, the oldest for 1 s, and no server") })
        #expect(!lines(isHeld: true).contains { $0.contains("wait") })
        #expect(!lines(isHeld: nil).contains { $0.contains("events wait") })
    }

    @Test func `a clock that is wrong is told, and a little is not`() {
        for (ahead, count) in [(1_000_000_000, 0), (Self.hour, 1)] as [(Int64, Int)] {
            let lines = findings {
                $0.contents.ahead = 2
                $0.contents.farthestNanoseconds = $0.unix + ahead
            }
            #expect(
                lines.count { $0.hasPrefix("warning: 2 events carry a time that lies ahead, by up to 60 min") } == count
            )
            let back = findings { $0.modifiedNanoseconds = $0.unix + ahead }
            #expect(back.count { $0.hasPrefix("warning: the clock has been set back") } == count)
        }
    }

    @Test func `limits that are too low are told`() {
        expect(
            findings { $0.machine = MachineFacts(queuedNotices: 100, descriptorLimit: 256) },
            begin: ["note: the kernel keeps 100 notices", "warning: the limit of 256 open files gives room for "])
        expect(
            findings {
                $0.configuration.clientLimit = 10_000
                $0.machine = MachineFacts(queuedNotices: nil, descriptorLimit: 1_024)
            }, begin: ["warning: --clients 10000 needs more open files than the limit of 1024 gives"])
    }

    @Test func `a unit that does not fit is told`() throws {
        try withTemporaryDirectory { path in
            let file = "\(path)/u.service"
            let text = """
                [Service]
                # Type=notify
                Type=simple
                TimeoutStopSec=1min 500ms
                TimeoutStopSec=10
                LimitNOFILE=512:1024
                ProtectSystem=strict
                ReadWritePaths=/other /quite
                """
            try text.write(toFile: file, atomically: false, encoding: .utf8)
            let unit = ServiceUnit.find(file)
            expect(
                findings {
                    $0.unit = unit
                    $0.configuration.clientLimit = 5_000
                    $0.machine = MachineFacts(queuedNotices: nil, descriptorLimit: nil)
                },
                begin: [
                    "warning: \(file): TimeoutStopSec ends a drain of 20 s before its time; fix: TimeoutStopSec=30",
                    "note: \(file): Type=simple", "warning: \(file): LimitNOFILE=1024 gives room for ",
                    "error: \(file): ProtectSystem=strict, and ReadWritePaths does not name the queue; fix: "
                        + "ReadWritePaths=/q",
                ])
            let stopped = findings {
                $0.isHeld = false
                $0.unit = unit
                $0.configuration.queuePath = "/quite/near"
            }
            #expect(stopped.last?.hasSuffix("fix: systemctl start u") == true, "\(stopped)")
            #expect(unit?.milliseconds("TimeoutStopSec") == 10_000 && unit?.milliseconds("Type") == nil)
            #expect(ServiceUnit.find("\(path)/none") == nil)
        }
    }

    @Test(arguments: [
        (Optional(false), [Int?](), "note: no server holds the queue: what is published waits; fix: wsqueue-server -d"),
        (true, [503], "error: a server is not ready: the queue is full; fix: curl -s http://127.0.0.1:8081/ready"),
        (true, [nil, 200], "note: a server holds the queue and is ready at 127.0.0.1:8081"),
        (true, [404], "warning: a server holds the queue, and does not answer at 127.0.0.1:8081; fix: give doctor"),
    ])
    func `the server that holds the queue is asked`(isHeld: Bool?, statuses: [Int?], line: String) {
        let body = Array("{\"ready\":false,\"reasons\":[{\"reason\":\"queue\",\"detail\":\"the queue is full\"}]}".utf8)
        let lines = findings { facts in
            facts.isHeld = isHeld
            facts.answers = statuses.map { status in
                ServiceFacts.Answer(
                    address: .internet(host: "127.0.0.1", port: 8_081),
                    health: status.map { HealthAnswer(status: $0, body: body) })
            }
        }
        #expect(lines.count == 1 && lines[0].hasPrefix(line), "\(lines)")
    }

    @Test func `what no one could look at leads to no finding`() {
        #expect(findings { $0.isHeld = nil }.allSatisfy { $0.hasPrefix("note: whether a server holds the queue") })
        let lines = findings {
            $0.isHeld = true
            $0.answers = []
        }
        #expect(lines == [])
        #expect(HealthAnswer(status: 503, body: Array("busy".utf8)).reasons == "busy")
    }

    /// Facts of a queue as it should be, to be changed.
    private struct Facts {
        var configuration = Configuration()
        var unix: Int64 = 1_800_000_000_000_000_000
        var mode: UInt32 = 0o3730
        var group: UInt32 = 999
        var modifiedNanoseconds: Int64 = 0
        var fileSystem = Result<FileSystem, SystemCallError>.success(DiagnosisTests.disk())
        var abilities: FileSystemAbilities?
        var serverTrial = AccessFacts.Trial.tried([])
        var publishers: [AccessFacts.Publisher] = []
        var contents = QueueContents()
        var machine = MachineFacts(queuedNotices: 16_384, descriptorLimit: 1_000_000)
        var isHeld: Bool? = true
        var unit: ServiceUnit?
        var answers = [
            ServiceFacts.Answer(
                address: .internet(host: "127.0.0.1", port: 8_081), health: HealthAnswer(status: 200, body: []))
        ]
    }

    private static func disk(
        kind: FileSystem.Kind? = nil, isReadOnly: Bool = false, freeBytes: Int64 = 1 << 40, freeFiles: Int64 = 1 << 20
    ) -> FileSystem {
        FileSystem(
            kind: kind, isReadOnly: isReadOnly, freeBytes: freeBytes, totalBytes: 1 << 41, freeFiles: freeFiles,
            totalFiles: 1 << 21)
    }

    private func publisher(
        _ trial: AccessFacts.Trial, serving: [Prober.Failure] = []
    ) -> AccessFacts.Publisher {
        AccessFacts.Publisher(
            account: Account(name: "www", user: 33, group: 33, groups: [33]), trial: trial, serving: serving)
    }

    private func findings(_ change: (inout Facts) -> Void = { _ in }) -> [String] {
        var facts = Facts()
        facts.configuration.queuePath = "/q"
        facts.configuration.threads = 1
        change(&facts)
        return Diagnosis.findings(
            DoctorFacts(
                configuration: facts.configuration, unix: facts.unix,
                directory: DirectoryFacts(
                    path: "/q", mode: facts.mode, owner: "wsqueue", group: facts.group, groupName: "publish",
                    modifiedNanoseconds: facts.modifiedNanoseconds),
                fileSystem: facts.fileSystem, abilities: facts.abilities,
                access: AccessFacts(
                    server: Account(name: "wsqueue", user: 998, group: 998, groups: [998]),
                    serverTrial: facts.serverTrial, publishers: facts.publishers),
                contents: facts.contents, machine: facts.machine,
                service: ServiceFacts(
                    holder: QueueHolder(isHeld: facts.isHeld, process: nil, account: nil), unit: facts.unit,
                    answers: facts.answers))
        ).map(\.description)
    }

    /// All but the last finding, which is of the server that is ready, begin so.
    private func expect(_ lines: [String], begin starts: [String]) {
        let others = lines.filter { !$0.contains("is ready at") && !$0.contains("no server holds the queue: what") }
        #expect(others.count == starts.count, "\(lines)")
        for (line, start) in zip(others, starts) { #expect(line.hasPrefix(start), "\(line)") }
    }
}
