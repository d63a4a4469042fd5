// swift-tools-version: 6.2

import PackageDescription

// A package of its own, so that the library keeps no dependency.
let package = Package(
    name: "shop",
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.0.0"),
        .package(name: "wsqueue", path: "../../.."),
    ],
    targets: [
        .executableTarget(
            name: "Shop",
            dependencies: [
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "WSQueuePublish", package: "wsqueue"),
            ])
    ]
)
