/// A shell that completes what is typed.
package enum Shell: String, CaseIterable, Sendable {
    case bash, zsh, fish

    /// Reads the name of a shell.
    package static func parse(_ text: String) throws(ValueFault) -> Shell {
        guard let shell = Shell(rawValue: text) else { throw ValueFault(text, wanted: "bash, zsh or fish") }
        return shell
    }
}

extension OptionTable {
    /// A script that teaches a shell the options; to be evaluated, or put where the shell looks for such.
    package func completion(for shell: Shell) -> String {
        let options = options.filter { !$0.isHidden }
        return switch shell {
        case .bash: bash(options)
        case .zsh: zsh(options)
        case .fish: fish(options)
        }
    }

    private var function: String { "_" + program.map { $0.isLetter ? String($0) : "_" }.joined() }

    private func bash(_ options: [Option]) -> String {
        var cases = ""
        for option in options {
            guard case .required = option.value else { continue }
            let names = (option.short.map { "-\($0)|" } ?? "") + "--\(option.name)"
            cases += "        \(names)) \(option.value.bashAction)return ;;\n"
        }
        let names = options.map { "--\($0.name)" }.joined(separator: " ")
        return """
            # bash completion for \(program)
            \(function)() {
                local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
                # Readline takes the = of --name=value for a word of its own.
                if [[ $cur == "=" ]]; then
                    cur=
                elif [[ $prev == "=" ]]; then
                    prev=${COMP_WORDS[COMP_CWORD - 2]}
                fi
                COMPREPLY=()
                case $prev in
            \(cases)    esac
                case $cur in
                    -*) mapfile -t COMPREPLY < <(compgen -W "\(names)" -- "$cur") ;;
                    @*) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -P @ -f -- "${cur#@}") ;;
                esac
            }
            complete -F \(function) \(program)

            """
    }

    private func zsh(_ options: [Option]) -> String {
        var lines: [String] = []
        for option in options {
            let text = option.firstSentence.reduce(into: "") { text, character in
                if "[]:\\".contains(character) { text += "\\" }
                text += character == "'" ? "'\\''" : String(character)
            }
            let many = option.isRepeatable ? "*" : ""
            let value = option.value.zshAction
            let sign = if case .none = option.value { "" } else { "=" }
            let optional = if case .optional = option.value { "-" } else { "" }
            let long = "--\(option.name)" + (optional.isEmpty ? sign : "=\(optional)")
            guard let short = option.short else {
                lines.append("'\(many)\(long)[\(text)]\(value)'")
                continue
            }
            let shortForm = "-\(short)" + (sign.isEmpty ? "" : optional.isEmpty ? "+" : "-")
            let others = many.isEmpty ? "'(-\(short) --\(option.name))'" : "'*'"
            lines.append("\(others){\(shortForm),\(long)}'[\(text)]\(value)'")
        }
        return """
            #compdef \(program)
            \(function)() {
                _arguments -s -S \\
                    \(lines.joined(separator: " \\\n        ")) \\
                    '*:word:_files'
            }
            if [[ $funcstack[1] == _\(program) ]]; then \(function) "$@"; else compdef \(function) \(program); fi

            """
    }

    private func fish(_ options: [Option]) -> String {
        options.map { option in
            let text = option.firstSentence.reduce(into: "") { text, character in
                text += character == "'" || character == "\\" ? "\\\(character)" : String(character)
            }
            let short = option.short.map { " -s \($0)" } ?? ""
            return "complete -c \(program)\(short) -l \(option.name)\(option.value.fishAction) -d '\(text)'\n"
        }.joined()
    }
}

extension Option {
    fileprivate var firstSentence: String {
        let end = text.utf8.firstIndex { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ";") }
        return String(text[..<(end ?? text.endIndex)])
    }
}

extension Option.Value {
    /// What may stand there: the words between bars.
    private var choices: [Substring]? {
        guard case .required(let what) = self, what.utf8.contains(UInt8(ascii: "|")) else { return nil }
        return what.split(separator: "|")
    }

    private var isDirectory: Bool { self == .required("DIR") }
    private var isFile: Bool { self == .required("FILE") }

    fileprivate var bashAction: String {
        if let choices {
            return "mapfile -t COMPREPLY < <(compgen -W \"\(choices.joined(separator: " "))\" -- \"$cur\"); "
        }
        guard isDirectory || isFile else { return "" }
        return
            "compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen \(isFile ? "-f" : "-d") -- \"$cur\"); "
    }

    fileprivate var zshAction: String {
        switch self {
        case .none: ""
        case .optional(let what): "::\(what):"
        case .required(let what):
            if let choices {
                ":value:(\(choices.joined(separator: " ")))"
            } else {
                ":\(what):" + (isDirectory ? "_files -/" : isFile ? "_files" : "")
            }
        }
    }

    fileprivate var fishAction: String {
        switch self {
        case .none, .optional: return ""
        case .required:
            if let choices { return " -x -a '\(choices.joined(separator: " "))'" }
            if isDirectory { return " -x -a '(__fish_complete_directories)'" }
            return isFile ? " -r -F" : " -x"
        }
    }
}
