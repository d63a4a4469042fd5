/// Where a value was given. What was typed counts more than a variable, and that more than a file.
package enum Origin: Equatable, Sendable, CustomStringConvertible {
    /// An option on the command line, as it was written: `-d`, `--dir`.
    case flag(String)
    /// A key given by `--set`.
    case setting(key: String)
    /// A variable of the environment.
    case variable(String)
    /// A line of a configuration file; lines are counted from 1.
    case file(path: String, line: Int, key: String)

    /// Which of two counts: the one with the higher rank.
    package var rank: Int {
        switch self {
        case .flag: 3
        case .setting: 2
        case .variable: 1
        case .file: 0
        }
    }

    /// What a wrong value is answered with: it is usage where it was typed as an option, configuration elsewhere.
    package var exitStatus: ExitStatus { if case .flag = self { .usage } else { .configuration } }

    /// The place, without the key: `--dir`, `--set`, `WSQUEUE_DIR`, `server.conf:7`.
    package var place: String {
        switch self {
        case .flag(let option): option
        case .setting: "--set"
        case .variable(let name): name
        case .file(let path, let line, _): "\(path):\(line)"
        }
    }

    /// The place with the key, for messages: `--set dir`, `server.conf:7: dir`.
    package var description: String {
        switch self {
        case .flag, .variable: place
        case .setting(let key): "\(place) \(key)"
        case .file(_, _, let key): "\(place): \(key)"
        }
    }
}
