import Foundation
import Support
import Testing
import WSQueueArguments

@testable import WSQueueTools

struct CommandTableTests {
    @Test(arguments: [
        (["--help"], "Usage: wsqueue-server "), (["queue", "-h"], "Usage: wsqueue-server queue "),
        (["--man", "8"], ".TH"), (["--man", "7"], ".TH"), (["completion", "bash"], "wsqueue-server"),
        (["completion", "fish"], "complete"), (["completion", "zsh"], "#compdef"),
    ])
    func `what explains the program is printed`(words: [String], text: String) {
        let screen = Screen()
        // Only the command that serves has the options for manual pages.
        let status = run(words, on: screen)
        if words[0] == "--man" {
            #expect(status == .usage)
        } else {
            #expect(status == .success && screen.output.contains(text), "\(screen.complaints)")
        }
    }

    @Test(
        arguments: [
            (["serve"], .usage, "unknown command 'serve'"), (["tial"], .usage, "did you mean tail?"),
            (["--prot", "1"], .usage, "did you mean --port?"), (["check", "x"], .usage, "unexpected 'x'"),
            (["check", "--config", "/nowhere"], .configuration, "--config: open /nowhere: no such file"),
            (["check", "--set", "x"], .configuration, "'x' is not KEY=VALUE"),
            (["check", "--set", "prot=1"], .configuration, "did you mean port?"),
            (["completion"], .usage, "completion needs a value"), (["completion", "csh"], .usage, "'csh' is not"),
            (["queue"], .usage, "queue needs a value: ls, cat"), (["queue", "lss"], .usage, "did you mean ls?"),
            (["queue", "ls", "old"], .usage, "'old' is not waiting, later, held or failed"),
            (["queue", "cat"], .usage, "queue cat wants one NAME"), (["queue", "rm"], .usage, "queue rm wants a NAME"),
            (["queue", "rm", "--all"], .usage, "--all is for queue requeue"),
            (["queue", "rm", "--json", "x"], .usage, "--json is for queue ls"),
            (["queue", "requeue", "--all", "x"], .usage, "names or --all, not both"),
            (["queue", "ls", "-d", "/nowhere"], .cannotCreate, "name the queue directory with --dir"),
            (["token"], .usage, "token needs a value: new or check"), (["token", "check"], .usage, "wants a TOKEN"),
            (["token", "check", "--sub", "1", "x"], .usage, "--sub is for token new"),
            (["token", "check", "x"], .configuration, "no secret is there"),
            (["tail", "--log", "x", "--since", "1"], .usage, "--since is for a server, and --log for a file"),
            (["tail", "--since", "x"], .usage, "'x' is not an age"), (["tail", "-n", "0"], .usage, "-n: '0'"),
            (["tail", "--format", "xml"], .usage, "'xml' is not one of text, json, payload"),
            (["tail", "https://x"], .usage, "'https://x' is no address of a server"),
            (["status", "--token-file", "/nowhere"], .noInput, "--token-file: open /nowhere"),
            (["status", "127.0.0.1:1"], .unavailable, "no server"),
            (["doctor", "--as", "nobody-here"], .usage, "no such user"),
            (["doctor", "-d", "/nowhere"], .cannotCreate, "-g wsqueue-publish /nowhere, or name"),
        ] as [([String], WSQueueArguments.ExitStatus, String)])
    func `a failure has its status and says why in one line`(
        words: [String], status: WSQueueArguments.ExitStatus, text: String
    ) {
        let screen = Screen()
        #expect(run(words, on: screen) == status)
        #expect(screen.output.isEmpty)
        #expect(screen.complaints.count == 1 && screen.complaints[0].contains(text), "\(screen.complaints)")
    }

    @Test func `a command line without words, or not in UTF-8, is no command`() {
        let screen = Screen()
        #expect(program.run([], on: screen.terminal) == .bug)
        #expect(program.run([[0x61], [0xFF]], on: screen.terminal) == .usage)
    }
}
