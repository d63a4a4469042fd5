package import WSQueueArguments
internal import WSQueuePublish

extension CommandFault {
    /// What the program exits with.
    package var exitStatus: ExitStatus {
        switch self {
        case .publishing(let error): error.kind.exitStatus
        case .input(let error): error.isStandardInput ? .inputOutput : .noInput
        case .output: .inputOutput
        case .unsent(let event): event.state.exitStatus
        case .interrupted: .bug
        }
    }
}

extension UnsentEvent.State {
    fileprivate var exitStatus: ExitStatus {
        switch self {
        case .refused: .badData
        case .stillQueued: .tryAgain
        case .noServer: .unavailable
        }
    }
}

extension PublishError.Kind {
    fileprivate var exitStatus: ExitStatus {
        switch self {
        case .refused: .badData
        case .noDirectory, .cannotCreate: .cannotCreate
        case .notPermitted: .notPermitted
        case .writeFailed, .publishedUnsafely: .inputOutput
        case .tryAgain: .tryAgain
        case .notFound: .noInput
        }
    }
}
