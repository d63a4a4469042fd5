internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSystem

extension LoopContext {
    /// Reads secrets and rules again, and has every loop look at its clients. A file that cannot be used changes nothing.
    package func reloadAccess() {
        reload("secrets", configuration.tokenSecretPath) { () throws(AccessFileError) in
            try control.loadSecrets(unixSeconds: Clock.unixNanoseconds() / 1_000_000_000)
        }
        reload("rules", configuration.rulesPath) { () throws(AccessFileError) in try control.loadRules() }
        reload("publishers", configuration.publishTokenPath) { () throws(AccessFileError) in
            try control.loadPublishers()
        }
        authorizeDesk?.forget()
        for loop in loops { loop.mailbox.post(.accessChanged) }
    }

    private func reload(_ what: String, _ path: String?, _ load: () throws(AccessFileError) -> Void) {
        guard let path else { return }
        do throws(AccessFileError) {
            try load()
            log.write(LogLine(.notice, "\(what).reload").with("file", path))
        } catch {
            log.write(
                LogLine(.error, "\(what).reload").with("file", path).with("error", error.reason)
                    .with("hint", "what was read before holds on"))
        }
    }
}
