internal import WSQueueOperation
internal import WSQueueSystem

/// The settings of a systemd unit, drop-ins included, as far as plain reading shows them (systemd.unit(5)).
package struct ServiceUnit: Sendable {
    /// Where the unit's file is.
    package let path: String
    private var values: [String: String] = [:]

    /// The last value of a setting.
    package subscript(_ key: String) -> String? { values[key] }

    /// Reads the unit at `path`, or `wsqueue-server.service` from where systemd would take it.
    package static func find(_ path: String?) -> ServiceUnit? {
        if let path { return ServiceUnit(path) }
        guard var unit = directories.lazy.compactMap({ ServiceUnit("\($0)/\(fileName)") }).first else { return nil }
        // The first directory's drop-in counts among those of one name; all are read in the order of their names.
        var dropIns: [String: String] = [:]
        for directory in directories.map({ "\($0)/\(fileName).d" }).reversed() {
            guard let opened = try? Directory.open(directory) else { continue }
            try? opened.forEachName { bytes in
                let file = FileName(bytes).description
                if file.hasSuffix(".conf") { dropIns[file] = "\(directory)/\(file)" }
            }
        }
        for (_, path) in dropIns.sorted(by: { $0.key < $1.key }) { unit.read(path) }
        return unit
    }

    /// What systemctl knows it by.
    package var name: String {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        return file.hasSuffix(".service") ? String(file.dropLast(8)) : file
    }

    /// Whether it lets the server write in the directory at an absolute path.
    package func mayWrite(_ directory: String) -> Bool {
        let writable = (values["ReadWritePaths"] ?? "").split(separator: " ")
        return values["ProtectSystem"] != "strict"
            || writable.contains { directory == $0 || directory.hasPrefix("\($0)/") }
    }

    /// A time span: seconds, or numbers with units (systemd.time(7)); `nil` is for ever or no time.
    package func milliseconds(_ key: String) -> Int? {
        guard let text = values[key] else { return nil }
        var sum = 0
        for word in text.split(separator: " ") {
            let digits = word.prefix { $0.isNumber }
            guard let number = Int(digits), let scale = Self.scales[String(word.dropFirst(digits.count))] else {
                return nil
            }
            sum += number * scale
        }
        return sum
    }

    private init?(_ path: String) {
        self.path = path
        guard (try? Directory.status(at: path)) != nil else { return nil }
        read(path)
    }

    private mutating func read(_ path: String) {
        guard let bytes = try? InputFile.open(path).readAll(limitBytes: 65_536) else { return }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            guard let equals = line.firstIndex(of: "="), line.first != "#", line.first != ";" else { continue }
            values[String(line[..<equals])] = String(line[line.index(after: equals)...])
        }
    }

    private static let fileName = "wsqueue-server.service"
    private static let directories = [
        "/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
        "/lib/systemd/system",
    ]
    private static let scales = [
        "": 1_000, "s": 1_000, "sec": 1_000, "ms": 1, "min": 60_000, "m": 60_000, "h": 3_600_000,
    ]
}
