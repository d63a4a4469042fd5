package import WSQueueArguments

/// The manual pages of the server: made of the tables of its commands and of the manual's own pages, so that each thing is
/// written once.
package enum Manual {
    /// A manual page.
    package enum Page: String, CaseIterable, Sendable {
        case server = "wsqueue-server"
        case configuration = "wsqueue.conf"
        case rules = "wsqueue-rules"
        case protocols = "wsqueue-protocol"
        case format = "wsqueue"

        /// Reads the name of a page, or the number of a section, whose page is the one that is asked for most.
        package static func parse(_ text: String) throws(ValueFault) -> Page {
            let sections: [String: Page] = ["5": .configuration, "7": .format, "8": .server]
            guard let page = Page(rawValue: text) ?? sections[text] else {
                throw ValueFault(text, wanted: "one of " + allCases.map(\.rawValue).joined(separator: ", "))
            }
            return page
        }

        var section: String {
            switch self {
            case .server: "8"
            case .configuration, .rules: "5"
            case .protocols, .format: "7"
            }
        }

        private var reference: String { "\(rawValue)(\(section))" }

        /// The pages to read besides.
        var related: [String] {
            ["wsqueue-publish(1)"] + Page.allCases.filter { $0 != self }.map(\.reference)
        }
    }

    /// The text of a page, for man(1).
    ///
    /// - Parameters:
    ///   - program: The server with its commands.
    ///   - settings: The keys of a configuration file.
    package static func text(_ page: Page, program: OptionTable, settings: [Option]) -> String {
        switch page {
        case .server:
            program.manual(
                section: 8, related: page.related,
                prose: prose(
                    section("Looking after the queue", of: operating), section("The live page", of: operating),
                    section("When something is wrong", of: operating), section("systemd", of: operating),
                    "## Health, metrics and log\n\(watching)\n## Handing events on\n\(handing)",
                    parts(("Capacity", capacity), ("Security", security), ("Backup and move", backup))))
        case .configuration:
            made(
                page, "configuration of wsqueue-server",
                "## Description\n" + (ManualProse.section("Configuration", of: operating) ?? ""),
                ".SH KEYS\n" + settings.map(\.keyItem).joined())
        case .rules:
            made(page, "tokens of users, and who may listen, send and publish what", "## Description\n\(users)")
        case .protocols:
            made(
                page, "what clients and applications of wsqueue-server send and receive",
                "## Description\n\(proto)\n\(state)" + section("Channels", of: receiving)
                    + section("The payload alone", of: receiving) + "## The application's side\n\(application)"
                    + section("By HTTP", of: publishing, as: "Publishing by HTTP"))
        case .format:
            made(
                page, "files of a queue directory, and what an event is",
                "## Description\n\(format)" + section("The event", of: publishing)
                    + "## Guarantees\n\(guarantees)")
        }
    }

    private static func made(_ page: Page, _ title: String, _ text: String, _ rest: String = "") -> String {
        Roff.head(page.rawValue, section: page.section, title: title) + prose(text) + rest
            + Roff.seeAlso(page.related)
    }

    private static func section(_ heading: String, of text: String, as title: String? = nil) -> String {
        guard let section = ManualProse.section(heading, of: text) else { return "" }
        return "\n## \(title ?? heading)\n\(section)\n"
    }

    /// Whole pages as one section each: their own headings are within it.
    private static func parts(_ pages: (title: String, text: String)...) -> String {
        pages.map { page in
            let lines = page.text.split(separator: "\n", omittingEmptySubsequences: false)
            return "## \(page.title)\n" + lines.map { $0.hasPrefix("## ") ? "#\($0)" : "\($0)" }.joined(separator: "\n")
        }.joined(separator: "\n")
    }

    private static func prose(_ texts: String...) -> String {
        ManualProse.roff(texts.joined(separator: "\n"), references: references)
    }

    private static let references = [
        "Receiving.md": "wsqueue-protocol(7)", "Protocol.md": "wsqueue-protocol(7)",
        "StateAndHistory.md": "wsqueue-protocol(7)", "TheApplication.md": "wsqueue-protocol(7)",
        "UsersAndRules.md": "wsqueue-rules(5)", "WatchingIt.md": "wsqueue-server(8)",
        "Operating.md": "wsqueue-server(8)", "HandingOn.md": "wsqueue-server(8)",
        "Capacity.md": "wsqueue-server(8)", "Security.md": "wsqueue-server(8)", "BackupAndMove.md": "wsqueue-server(8)",
        "Publishing.md": "wsqueue(7)", "Guarantees.md": "wsqueue(7)",
        "../../WSQueuePublish/WSQueuePublish.docc/SpoolFormat.md": "wsqueue(7)",
        "../../WSQueueServer/WSQueueServer.docc/Publishing.md": "wsqueue(7)",
    ]

    private static let backup = text(PackageResources.BackupAndMove_md)
    private static let capacity = text(PackageResources.Capacity_md)
    private static let security = text(PackageResources.Security_md)
    private static let proto = text(PackageResources.Protocol_md)
    private static let state = text(PackageResources.StateAndHistory_md)
    private static let operating = text(PackageResources.Operating_md)
    private static let handing = text(PackageResources.HandingOn_md)
    private static let watching = text(PackageResources.WatchingIt_md)
    private static let users = text(PackageResources.UsersAndRules_md)
    private static let receiving = text(PackageResources.Receiving_md)
    private static let application = text(PackageResources.TheApplication_md)
    private static let publishing = text(PackageResources.Publishing_md)
    private static let guarantees = text(PackageResources.Guarantees_md)
    private static let format = text(PackageResources.SpoolFormat_md)

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
