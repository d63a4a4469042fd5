// swift-tools-version: 6.2

import PackageDescription

// The rows below are the house: each target names everything it may import, and the build checks it.
// A new arrow is a design change and belongs in a commit of its own.

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

// Tests read files and start processes through Foundation; only the sources keep the stricter rules.
let testing: [SwiftSetting] = [.treatAllWarnings(as: .error)]

// A publisher runs once per event: linked static it starts like a C program (no dynamic loading at all).
let staticExecutable: [LinkerSetting] = [
    .unsafeFlags(["-static-executable", "-use-ld=lld"], .when(configuration: .release)),
    // RuntimePath.swift says why.
    .unsafeFlags(
        ["-Xlinker", "--defsym=swift_copyAuxiliaryExecutablePath=wsqueue_noAuxiliaryExecutable"],
        .when(configuration: .release)),
]
// The server keeps the C library dynamic, so that one binary runs with the host's name service.
let staticStandardLibrary: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-static-stdlib", "-use-ld=lld", "-Xlinker", "--icf=safe", "-Xlinker", "--no-export-dynamic",
        ], .when(configuration: .release))
]

// Without a runtime there is nothing to be linked but what is used, and the tables of Unicode.
func embedded(isSmall: Bool) -> [SwiftSetting] {
    let size = isSmall ? ["-Osize"] : []
    return [.enableExperimentalFeature("Embedded"), .unsafeFlags(["-Xfrontend", "-function-sections"] + size)]
}
let embeddedExecutable: [LinkerSetting] = [
    .linkedLibrary("m"),
    .unsafeFlags([
        "-enable-experimental-feature", "Embedded", "-use-ld=lld", "-Xclang-linker", "-static",
        // SwiftPM asks for an executable at any address, and clang warns that a static one is none.
        "-Xclang-linker", "-Wno-unused-command-line-argument",
        "-Xlinker", "--icf=all", "-Xlinker", "--strip-all",
        // The path begins at the toolchain's own libraries, which the driver has the linker look through.
        "-Xlinker", "-l:../embedded/x86_64-unknown-linux-gnu/libswiftUnicodeDataTables.a",
    ]),
]

// Where the manual's pages are, as the target sees them that makes manual pages of them.
let manual = "../WSQueueServer/WSQueueServer.docc"

let package = Package(
    name: "wsqueue",
    products: [
        .library(
            name: "WSQueuePublish", targets: ["WSQueuePublish", "WSQueuePublishEncodable", "WSQueuePublishAsync"]),
        .executable(name: "wsqueue-server", targets: ["wsqueue-server"]),
        .executable(name: "wsqueue-publish", targets: ["wsqueue-publish"]),
    ],
    targets: [
        .systemLibrary(name: "CWSQueueLinux"),
        .target(name: "WSQueueCore", swiftSettings: strict),
        .target(name: "WSQueueWire", dependencies: ["WSQueueCore"], swiftSettings: strict),
        .target(name: "WSQueueBroker", dependencies: ["WSQueueCore"], swiftSettings: strict),
        .target(name: "WSQueueLibc", swiftSettings: strict),
        .target(name: "WSQueueSystem", dependencies: ["CWSQueueLinux", "WSQueueLibc"], swiftSettings: strict),
        .target(name: "WSQueueSpool", dependencies: ["WSQueueCore", "WSQueueSystem"], swiftSettings: strict),
        .target(name: "WSQueueLog", dependencies: ["WSQueueCore", "WSQueueSystem"], swiftSettings: strict),
        .target(
            name: "WSQueuePublish", dependencies: ["WSQueueCore", "WSQueueSpool", "WSQueueSystem"],
            swiftSettings: strict),
        // What the command does besides; applications link none of it.
        .target(
            name: "WSQueuePublishTool",
            dependencies: ["WSQueuePublish", "WSQueueArguments", "WSQueueCore", "WSQueueSpool", "WSQueueSystem"],
            swiftSettings: strict),
        .target(name: "WSQueuePublishEncodable", dependencies: ["WSQueuePublish"], swiftSettings: strict),
        // The publishers that run once an event bring no runtime for tasks.
        .target(
            name: "WSQueuePublishAsync", dependencies: ["WSQueuePublish", "WSQueueCore"], swiftSettings: strict),
        .target(name: "WSQueueNet", dependencies: ["WSQueueSystem", "CWSQueueLinux"], swiftSettings: strict),
        // A client's conversation. It knows no file, socket, clock or thread.
        .target(
            name: "WSQueueSession", dependencies: ["WSQueueCore", "WSQueueWire", "WSQueueBroker", "WSQueueLog"],
            swiftSettings: strict),
        // What the operator sets and sees, and the few things that hub and loops share.
        .target(
            name: "WSQueueOperation",
            dependencies: ["WSQueueCore", "WSQueueWire", "WSQueueBroker", "WSQueueSystem", "WSQueueNet"],
            swiftSettings: strict),
        // The place of each event in the order. It knows no file, socket, clock or thread.
        .target(
            name: "WSQueueSequencer",
            dependencies: [
                "WSQueueCore", "WSQueueWire", "WSQueueBroker", "WSQueueSystem", "WSQueueSpool", "WSQueueLog",
            ],
            swiftSettings: strict),
        .target(
            name: "WSQueueRedis",
            dependencies: [
                "WSQueueCore", "WSQueueWire", "WSQueueBroker", "WSQueueSystem", "WSQueueLog", "WSQueueNet",
                "WSQueueOperation", "WSQueueSequencer",
            ],
            swiftSettings: strict),
        .target(
            name: "WSQueueHub",
            dependencies: [
                "WSQueueCore", "WSQueueWire", "WSQueueBroker", "WSQueueSystem", "WSQueueSpool", "WSQueueLog",
                "WSQueueNet", "WSQueueOperation", "WSQueueSequencer", "WSQueueRedis",
            ],
            swiftSettings: strict),
        // Who may connect, listen, say and publish: files, tokens, origins, proxies, and the application that is asked.
        .target(
            name: "WSQueueAccess",
            dependencies: [
                "WSQueueCore", "WSQueueWire", "WSQueueBroker", "WSQueueSystem", "WSQueueNet", "WSQueueOperation",
            ],
            swiftSettings: strict),
        // What a request gets: the routes, and the pages and scripts that are in the binary.
        .target(
            name: "WSQueueRoutes",
            dependencies: [
                "WSQueueCore", "WSQueueWire", "WSQueueBroker", "WSQueueSystem", "WSQueueSpool", "WSQueueLog",
                "WSQueueNet", "WSQueueOperation", "WSQueueAccess", "WSQueueArguments",
            ],
            resources: [
                .embedInCode("Web/live.html"), .embedInCode("Web/wsqueue.js"), .embedInCode("Web/wsqueue.mjs"),
                .embedInCode("Web/wsqueue.d.ts"), .embedInCode("Web/wsqueue.min.js"),
                .embedInCode("Web/wsqueue.min.js.gz"), .embedInCode("Web/package.json"),
                .embedInCode("Web/wsqueue-react.mjs"), .embedInCode("Web/wsqueue-react.d.mts"),
            ],
            swiftSettings: strict),
        // Who is at the other end of a socket, and the bytes that belong to that one alone.
        .target(
            name: "WSQueueConnections",
            dependencies: ["WSQueueWire", "WSQueueBroker", "WSQueueNet", "WSQueueSession", "WSQueueRoutes"],
            swiftSettings: strict),
        .target(
            name: "WSQueueEdge",
            dependencies: [
                "WSQueueCore", "WSQueueWire", "WSQueueBroker", "WSQueueSystem", "WSQueueLog", "WSQueueNet",
                "WSQueueOperation", "WSQueueRedis", "WSQueueSession", "WSQueueAccess", "WSQueueRoutes",
                "WSQueueConnections",
            ],
            swiftSettings: strict),
        .target(
            name: "WSQueueServer",
            dependencies: [
                "WSQueueCore", "WSQueueBroker", "WSQueueSystem", "WSQueueSpool", "WSQueueLog", "WSQueueNet",
                "WSQueueOperation", "WSQueueSequencer", "WSQueueRedis", "WSQueueHub", "WSQueueEdge", "WSQueueAccess",
                "WSQueueRoutes",
            ],
            swiftSettings: strict),
        // What the commands share: options and settings, the terminal, asking a running server.
        .target(
            name: "WSQueueCommandLine",
            dependencies: [
                "WSQueueCore", "WSQueueWire", "WSQueueBroker", "WSQueueSystem", "WSQueueSpool", "WSQueueNet",
                "WSQueueOperation", "WSQueueArguments",
            ],
            swiftSettings: strict),
        // The manual pages; their text is that of the DocC catalogues.
        .target(
            name: "WSQueueManual", dependencies: ["WSQueueArguments"],
            resources: [
                .embedInCode("\(manual)/BackupAndMove.md"),
                .embedInCode("\(manual)/Capacity.md"),
                .embedInCode("\(manual)/Guarantees.md"),
                .embedInCode("\(manual)/HandingOn.md"),
                .embedInCode("\(manual)/Operating.md"),
                .embedInCode("\(manual)/Protocol.md"),
                .embedInCode("\(manual)/Publishing.md"),
                .embedInCode("\(manual)/Receiving.md"),
                .embedInCode("\(manual)/Security.md"),
                .embedInCode("\(manual)/StateAndHistory.md"),
                .embedInCode("\(manual)/TheApplication.md"),
                .embedInCode("\(manual)/UsersAndRules.md"),
                .embedInCode("\(manual)/WatchingIt.md"),
                .embedInCode("../WSQueuePublish/WSQueuePublish.docc/SpoolFormat.md"),
            ],
            swiftSettings: strict),
        // What a person runs beside the server.
        .target(
            name: "WSQueueTools",
            dependencies: [
                "WSQueueCommandLine", "WSQueueManual",
                "WSQueueCore", "WSQueueWire", "WSQueueBroker", "WSQueueSystem", "WSQueueSpool", "WSQueueNet",
                "WSQueueOperation", "WSQueueAccess", "WSQueueArguments",
            ],
            swiftSettings: strict),
        // What became of one event, for a person: read from the queue and the journal, with a server or without.
        .target(
            name: "WSQueueExplain",
            dependencies: [
                "WSQueueCommandLine", "WSQueueCore", "WSQueueSystem", "WSQueueSpool", "WSQueueLog", "WSQueueNet",
                "WSQueueOperation", "WSQueueArguments",
            ],
            swiftSettings: strict),
        .target(name: "WSQueueArguments", swiftSettings: strict),
        .executableTarget(
            name: "wsqueue-server",
            dependencies: [
                "WSQueueServer", "WSQueueTools", "WSQueueExplain", "WSQueueCommandLine", "WSQueueOperation",
                "WSQueueNet", "WSQueueSystem", "WSQueueArguments",
            ],
            swiftSettings: strict, linkerSettings: staticStandardLibrary),
        // For the conformance tests; no product, and never installed.
        .executableTarget(
            name: "wsqueue-echo",
            dependencies: ["WSQueueServer", "WSQueueOperation", "WSQueueNet", "WSQueueSystem", "WSQueueArguments"],
            swiftSettings: strict, linkerSettings: staticStandardLibrary),
        .executableTarget(
            name: "wsqueue-publish", dependencies: ["WSQueuePublishTool", "WSQueueArguments", "WSQueueLibc"],
            swiftSettings: strict, linkerSettings: staticExecutable),
        // An example, built so that it stays one.
        .executableTarget(
            name: "request-handler", dependencies: ["WSQueuePublish", "WSQueuePublishEncodable"],
            path: "examples/swift", exclude: ["hummingbird-shop"], swiftSettings: testing),
        // A load client for scripts/bench; it is not installed.
        .executableTarget(
            name: "wsqueue-bench", dependencies: ["WSQueueNet", "WSQueueSystem", "WSQueueArguments", "CWSQueueLinux"],
            swiftSettings: strict, linkerSettings: staticStandardLibrary),

        // Histories of test runs and what they must hold to; check-history reads those that tests write. Neither is installed.
        .target(name: "History", path: "Tests/History", swiftSettings: testing),
        .executableTarget(
            name: "check-history", dependencies: ["History"], path: "Tests/CheckHistory", swiftSettings: testing),
        .testTarget(
            name: "HistoryTests", dependencies: ["History"], path: "Tests/HistoryTests",
            resources: [.copy("example.history")], swiftSettings: testing),

        .target(
            name: "Support", dependencies: ["WSQueueCore", "WSQueueSystem"], path: "Tests/Support",
            swiftSettings: testing),
        .testTarget(
            name: "WSQueueCoreTests", dependencies: ["WSQueueCore", "Support"], resources: [.copy("Corpora")],
            swiftSettings: testing),
        .testTarget(
            name: "WSQueueWireTests", dependencies: ["WSQueueWire", "WSQueueCore", "Support"],
            resources: [.copy("Corpora")], swiftSettings: testing),
        .testTarget(
            name: "WSQueueBrokerTests", dependencies: ["WSQueueBroker", "WSQueueCore"], swiftSettings: testing),
        .testTarget(name: "WSQueueSystemTests", dependencies: ["WSQueueSystem", "Support"], swiftSettings: testing),
        .testTarget(
            name: "WSQueueLogTests", dependencies: ["WSQueueLog", "WSQueueCore", "WSQueueSystem", "Support"],
            swiftSettings: testing),
        .testTarget(
            name: "WSQueueSessionTests",
            dependencies: ["WSQueueSession", "WSQueueCore", "WSQueueWire", "WSQueueBroker", "WSQueueLog"],
            swiftSettings: testing),
        .testTarget(name: "WSQueueNetTests", dependencies: ["WSQueueNet", "WSQueueSystem"], swiftSettings: testing),
        .testTarget(
            name: "WSQueueOperationTests",
            dependencies: [
                "WSQueueOperation", "WSQueueBroker", "WSQueueCore", "WSQueueSystem", "WSQueueWire", "Support",
            ],
            swiftSettings: testing),
        .testTarget(
            name: "WSQueueSequencerTests",
            dependencies: [
                "WSQueueSequencer", "WSQueueBroker", "WSQueueCore", "WSQueueSpool", "WSQueueSystem", "WSQueueWire",
                "ModelRedis", "Support",
            ], swiftSettings: testing),
        .target(name: "ModelRedis", dependencies: ["WSQueueWire"], path: "Tests/ModelRedis", swiftSettings: testing),
        .testTarget(
            name: "WSQueueRedisTests",
            dependencies: [
                "WSQueueRedis", "WSQueueSequencer", "WSQueueOperation", "WSQueueNet", "WSQueueBroker", "WSQueueWire",
                "WSQueueCore", "WSQueueSystem", "ModelRedis", "Support",
            ], swiftSettings: testing),
        .testTarget(
            name: "WSQueueHubTests",
            dependencies: [
                "WSQueueHub", "WSQueueSequencer", "WSQueueOperation", "WSQueueLog", "WSQueueBroker", "WSQueueCore",
                "WSQueueSpool", "WSQueueWire", "WSQueueNet", "WSQueueSystem", "Support",
            ],
            swiftSettings: testing),
        .testTarget(
            name: "WSQueueAccessTests",
            dependencies: [
                "WSQueueAccess", "WSQueueOperation", "WSQueueBroker", "WSQueueNet", "WSQueueWire", "Support",
            ],
            swiftSettings: testing),
        .testTarget(
            name: "WSQueueServerTests",
            dependencies: [
                "WSQueueServer", "WSQueueHub", "WSQueueOperation", "WSQueueNet", "WSQueueSystem", "Support",
            ],
            swiftSettings: testing),
        .testTarget(
            name: "WSQueueEdgeTests",
            dependencies: [
                "WSQueueEdge", "WSQueueRoutes", "WSQueueAccess", "WSQueueSession", "WSQueueOperation", "WSQueueBroker",
                "WSQueueNet", "WSQueueWire", "WSQueueLog", "WSQueueCore", "WSQueueSystem", "Support",
            ],
            swiftSettings: testing),
        .testTarget(
            name: "WSQueueRoutesTests", dependencies: ["WSQueueRoutes", "WSQueueBroker", "WSQueueCore", "WSQueueWire"],
            swiftSettings: testing),
        .testTarget(
            name: "WSQueueSpoolTests", dependencies: ["WSQueueSpool", "WSQueueSystem", "WSQueueCore", "Support"],
            resources: [.copy("Corpora")], swiftSettings: testing),
        .testTarget(
            name: "WSQueuePublishTests",
            dependencies: [
                "WSQueuePublish", "WSQueuePublishEncodable", "WSQueuePublishAsync", "WSQueueSystem", "WSQueueCore",
                "Support",
            ],
            swiftSettings: testing),
        .testTarget(
            name: "WSQueuePublishToolTests",
            dependencies: ["WSQueuePublishTool", "WSQueuePublish", "WSQueueArguments", "WSQueueSystem", "Support"],
            swiftSettings: testing),
        .testTarget(
            name: "WSQueueToolsTests",
            dependencies: [
                "WSQueueTools", "WSQueueCommandLine", "WSQueueArguments", "WSQueueNet", "WSQueueOperation",
                "WSQueueSpool",
                "WSQueueSystem", "Support",
            ], swiftSettings: testing),
        .testTarget(
            name: "WSQueueManualTests", dependencies: ["WSQueueManual", "WSQueueArguments"], swiftSettings: testing),
        .testTarget(
            name: "WSQueueExplainTests",
            dependencies: [
                "WSQueueExplain", "WSQueueArguments", "WSQueueCommandLine", "WSQueueLog", "WSQueueSpool", "WSQueueCore",
                "WSQueueSystem", "Support",
            ], swiftSettings: testing),
        .testTarget(
            name: "WSQueueArgumentsTests", dependencies: ["WSQueueArguments", "Support"], swiftSettings: testing),
    ],
    swiftLanguageModes: [.v6]
)

// The fuzz targets bring libFuzzer's main with them: they are there only when scripts/fuzz asks.
if Context.environment["WSQUEUE_FUZZ"] != nil {
    for name in ["Frames", "Requests", "JSON", "SpoolNames", "Tokens", "Journal", "LogLines", "RESP"] {
        package.targets.append(
            .executableTarget(
                name: "Fuzz\(name)",
                dependencies: name == "LogLines"
                    ? ["WSQueueOperation"]
                    : [
                        "WSQueueCore", "WSQueueWire", "WSQueueSpool", "WSQueueLog", "WSQueueSystem",
                    ],
                path: "Tests/Fuzz/\(name)", swiftSettings: testing + [.unsafeFlags(["-parse-as-library"])]))
    }
}

// The simulator defines functions of the C library, which only an executable with the server's linker flags can do: it is
// there only when scripts/simulate asks.
if Context.environment["WSQUEUE_SIMULATION"] != nil {
    // There is one thread, in which nothing counts references or looks for conflicts besides: a fifth of the time.
    let oneThread: [LinkerSetting] = [
        ("swift_retain", "swift_nonatomic_retain"), ("swift_release", "swift_nonatomic_release"),
        ("swift_bridgeObjectRetain", "swift_nonatomic_bridgeObjectRetain"),
        ("swift_bridgeObjectRelease", "swift_nonatomic_bridgeObjectRelease"),
        ("swift_beginAccess", "simulation_ignore"), ("swift_endAccess", "simulation_ignore"),
    ].map { .unsafeFlags(["-Xlinker", "--wrap=\($0)", "-Xlinker", "--defsym=__wrap_\($0)=\($1)"]) }
    // Where threads may change turns besides (SchedulingPoint.swift).
    for target in package.targets where target.name == "WSQueueSystem" {
        target.swiftSettings?.append(.define("SIMULATION"))
    }
    package.targets += [
        .systemLibrary(name: "CSimulation", path: "Tests/Simulation/CSimulation"),
        .executableTarget(
            name: "Simulator",
            dependencies: [
                "CSimulation", "CWSQueueLinux", "History", "ModelRedis", "WSQueueServer", "WSQueueOperation",
                "WSQueueSpool", "WSQueueNet", "WSQueueSystem", "WSQueueLog", "WSQueueCore", "WSQueueWire",
                "WSQueueTools",
            ],
            path: "Tests/Simulation/Simulator",
            // Its tasks share everything and never run at once, which the rules of later modes cannot know.
            swiftSettings: [
                .swiftLanguageMode(.v5), .treatAllWarnings(as: .error),
                .unsafeFlags(["-enforce-exclusivity=unchecked", "-Xfrontend", "-assume-single-threaded"]),
            ],
            linkerSettings: staticStandardLibrary + oneThread),
    ]
}

// What scripts/bench has callgrind count: there only when it asks.
if Context.environment["WSQUEUE_BENCH"] != nil {
    package.targets.append(
        .executableTarget(
            name: "PurePath",
            dependencies: [
                "WSQueueCore", "WSQueueSystem", "WSQueueSpool", "WSQueueLog", "WSQueueSequencer", "WSQueueHub",
            ],
            path: "Tests/Benchmarks/PurePath", swiftSettings: testing, linkerSettings: staticStandardLibrary))
}

// The publisher once more, in Embedded Swift: the same sources without a runtime, a tenth of the size. scripts/build asks
// for it, in a scratch directory of its own.
if Context.environment["WSQUEUE_EMBEDDED"] != nil {
    let names: Set = [
        "CWSQueueLinux", "WSQueueCore", "WSQueueSystem", "WSQueueSpool", "WSQueuePublish", "WSQueuePublishTool",
        "WSQueueArguments", "wsqueue-publish",
    ]
    // What looks at each byte of a batch is made to be fast; all else runs once an event or a line, and the smaller starts
    // sooner.
    let fast: Set = ["WSQueueCore"]
    package.products = [.executable(name: "wsqueue-publish", targets: ["wsqueue-publish"])]
    package.targets.removeAll { !names.contains($0.name) }
    for target in package.targets where target.type != .system {
        target.swiftSettings?.append(contentsOf: embedded(isSmall: !fast.contains(target.name)))
        switch target.name {
        // Locks, which Embedded Swift has not, accounts and pages of code: the server's, in a module that both share.
        case "WSQueueSystem":
            target.exclude = ["Guarded.swift", "Account.swift", "Account+Groups.swift", "ProgramPages.swift"]
        case "wsqueue-publish": target.linkerSettings = embeddedExecutable
        default: break
        }
    }
    package.targets += [
        .systemLibrary(name: "CWSQueueLibc"),
        // In the place of the one that passes Swift's Glibc on, which Embedded Swift has not.
        .target(
            name: "WSQueueLibc", dependencies: ["CWSQueueLibc"], path: "Sources/EmbeddedGlibc",
            swiftSettings: strict + embedded(isSmall: true)),
    ]
}
