/// What the programs exit with (sysexits.h), so that a script can tell what to do.
package enum ExitStatus: Int32, CaseIterable, Sendable {
    /// It is done.
    case success = 0
    /// The command line is wrong.
    case usage = 64
    /// What was to be published is wrong.
    case badData = 65
    /// A file that was to be read is not there.
    case noInput = 66
    /// No server, or its address is in use.
    case unavailable = 69
    /// A fault of the program itself.
    case bug = 70
    /// There is no queue directory, or no file can be made in it.
    case cannotCreate = 73
    /// Writing, syncing or renaming failed, or the disk is full.
    case inputOutput = 74
    /// Something is short for the moment: the same again, later.
    case tryAgain = 75
    /// The user may not.
    case notPermitted = 77
    /// A variable or a configuration file is wrong.
    case configuration = 78

    /// What it means, for help.
    package var text: String {
        switch self {
        case .success: "done"
        case .usage: "the command line is wrong"
        case .badData: "the event, its payload or a token is not acceptable"
        case .noInput: "an input file cannot be read, or no event is there under the id"
        case .unavailable: "no server answers"
        case .bug: "a bug; please report it"
        case .cannotCreate: "no queue directory, or no file can be made in it"
        case .inputOutput: "writing, syncing or renaming failed, or the disk is full"
        case .tryAgain: "something is short for the moment: try again"
        case .notPermitted: "permission denied"
        case .configuration: "an environment variable or a configuration file is wrong"
        }
    }
}
