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
    /// A script that teaches a shell the commands and options; to be evaluated, or put where the shell looks for such.
    package func completion(for shell: Shell) -> String {
        switch shell {
        case .bash: bash
        case .zsh: zsh
        case .fish: fish
        }
    }

    private var function: String { "_" + program.map { $0.isLetter ? String($0) : "_" }.joined() }

    private var shownOptions: [Option] { options.filter { !$0.isHidden } }
}

// MARK: bash

extension OptionTable {
    private var bash: String {
        var inner = ""
        if !commands.isEmpty {
            inner += "    if ((COMP_CWORD > 1)); then\n        case ${COMP_WORDS[1]} in\n"
            for command in distinctCommands {
                inner += "            \(command.name))\n\(command.bashCases(margin: 16))                return ;;\n"
            }
            inner += "        esac\n    fi\n"
        }
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
            \(bashNamer)    COMPREPLY=()
            \(inner)\(bashCases(margin: 4))}
            complete -F \(function) \(program)

            """
    }

    fileprivate static let bashFiles = bashPaths("-f")
    fileprivate static let bashDirectories = bashPaths("-d")

    private static func bashPaths(_ kind: String) -> String {
        "compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen \(kind) -- \"$cur\"); "
    }

    /// The options whose value is `NAME=FILE`, as a pattern; `nil` where there are none.
    private var bashNamedFiles: String? {
        let names = shownOptions.filter { $0.value.isNamedFile }.map { "--\($0.name)" }
        return names.isEmpty ? nil : names.joined(separator: "|")
    }

    /// Of `--option NAME=FILE` and `--option=NAME=FILE`, readline's words are up to five.
    private var bashNamer: String {
        guard bashNamedFiles != nil else { return "" }
        return """
                local at=$((COMP_CWORD - 1)) namer=
                if [[ ${COMP_WORDS[at]} == "=" ]]; then ((at--)); fi
                if ((at > 1)) && [[ ${COMP_WORDS[at + 1]} == "=" ]]; then namer=${COMP_WORDS[at - 1]}; fi
                if ((at > 2)) && [[ $namer == "=" ]]; then namer=${COMP_WORDS[at - 2]}; fi

            """
    }

    /// What may stand at the cursor, by the word before it and by its beginning.
    private func bashCases(margin: Int) -> String {
        let margin = String(repeating: " ", count: margin)
        let options = shownOptions
        var lines = ["case $prev in"]
        for option in options {
            guard case .required = option.value else { continue }
            let names = (option.short.map { "-\($0)|" } ?? "") + "--\(option.name)"
            lines.append("    \(names)) \(option.value.bashAction)return ;;")
        }
        lines.append("esac")
        if let bashNamedFiles { lines.append("case $namer in \(bashNamedFiles)) \(Self.bashFiles)return ;; esac") }
        lines.append("case $cur in")
        let names = options.map { "--\($0.name)" }.joined(separator: " ")
        lines.append("    -*) mapfile -t COMPREPLY < <(compgen -W \"\(names)\" -- \"$cur\") ;;")
        let first = commands.map { $0.name } + words
        if !first.isEmpty {
            let position = program.split(separator: " ").count
            lines.append(
                "    *) if ((COMP_CWORD == \(position))); then mapfile -t COMPREPLY < <(compgen -W "
                    + "\"\(first.joined(separator: " "))\" -- \"$cur\"); fi ;;")
        }
        lines.append("esac")
        return lines.map { "\(margin)\($0)\n" }.joined()
    }
}

// MARK: zsh

extension OptionTable {
    private var zsh: String {
        var inner = ""
        if !commands.isEmpty {
            inner += "    if (( CURRENT > 2 )); then\n        case $words[2] in\n"
            for command in distinctCommands {
                inner += "            \(command.name))\n                shift words; (( CURRENT-- ))\n"
                inner += "\(command.zshArguments(margin: 16))                return ;;\n"
            }
            inner += "        esac\n    fi\n"
        }
        return """
            #compdef \(program)
            \(function)() {
            \(inner)\(zshArguments(margin: 4))}
            if [[ $funcstack[1] == _\(program) ]]; then \(function) "$@"; else compdef \(function) \(program); fi

            """
    }

    private func zshArguments(margin: Int) -> String {
        let margin = String(repeating: " ", count: margin)
        var lines = shownOptions.map { $0.zshSpecification }
        let first = commands.map { $0.name } + words
        if !first.isEmpty { lines.append("'1:command:(\(first.joined(separator: " ")))'") }
        lines.append("'*:word:_files'")
        return "\(margin)_arguments -s -S \\\n" + lines.map { "\(margin)    \($0)" }.joined(separator: " \\\n") + "\n"
    }
}

extension Option {
    fileprivate var zshSpecification: String {
        let text = text.firstClause.reduce(into: "") { text, character in
            if "[]:\\".contains(character) { text += "\\" }
            text += character == "'" ? "'\\''" : String(character)
        }
        let many = isRepeatable ? "*" : ""
        let sign = if case .none = value { "" } else { "=" }
        let optional = if case .optional = value { "-" } else { "" }
        let long = "--\(name)" + (optional.isEmpty ? sign : "=\(optional)")
        guard let short else { return "'\(many)\(long)[\(text)]\(value.zshAction)'" }
        let shortForm = "-\(short)" + (sign.isEmpty ? "" : optional.isEmpty ? "+" : "-")
        let others = many.isEmpty ? "'(-\(short) --\(name))'" : "'*'"
        return "\(others){\(shortForm),\(long)}'[\(text)]\(value.zshAction)'"
    }
}

// MARK: fish

extension OptionTable {
    private var fish: String {
        let names = distinctCommands.map { $0.name }.joined(separator: " ")
        let condition = commands.isEmpty ? "" : " -n 'not __fish_seen_subcommand_from \(names)'"
        var lines = commands.map { command in
            "complete -c \(program) -n __fish_is_first_token -f -a \(command.name) -d '\(command.purpose.fishQuoted)'"
        }
        lines += fishLines(program, condition)
        for command in distinctCommands {
            let condition = " -n '__fish_seen_subcommand_from \(command.name)'"
            if !command.words.isEmpty {
                lines.append("complete -c \(program)\(condition) -f -a '\(command.words.joined(separator: " "))'")
            }
            lines += command.fishLines(program, condition)
        }
        return lines.map { "\($0)\n" }.joined()
    }

    private func fishLines(_ program: String, _ condition: String) -> [String] {
        shownOptions.map { option in
            let short = option.short.map { " -s \($0)" } ?? ""
            let text = option.text.firstClause.fishQuoted
            return "complete -c \(program)\(condition)\(short) -l \(option.name)\(option.value.fishAction) -d '\(text)'"
        }
    }
}

extension String {
    fileprivate var fishQuoted: String {
        reduce(into: "") { text, character in
            text += character == "'" || character == "\\" ? "\\\(character)" : String(character)
        }
    }
}

// MARK: values

extension Option.Value {
    /// What may stand there: the words between bars.
    private var choices: [Substring]? {
        guard case .required(let what) = self, what.utf8.contains(UInt8(ascii: "|")) else { return nil }
        return what.split(separator: "|")
    }

    private var isDirectory: Bool { self == .required("DIR") }
    private var isFile: Bool { self == .required("FILE") }
    fileprivate var isNamedFile: Bool { self == .required("NAME=FILE") }

    fileprivate var bashAction: String {
        if let choices {
            return "mapfile -t COMPREPLY < <(compgen -W \"\(choices.joined(separator: " "))\" -- \"$cur\"); "
        }
        return isDirectory ? OptionTable.bashDirectories : isFile ? OptionTable.bashFiles : ""
    }

    fileprivate var zshAction: String {
        switch self {
        case .none: ""
        case .optional(let what): "::\(what):"
        case .required(let what):
            if let choices {
                ":value:(\(choices.joined(separator: " ")))"
            } else {
                ":\(what):"
                    + (isDirectory
                        ? "_files -/" : isFile ? "_files" : isNamedFile ? "{compset -P \"*=\" && _files}" : "")
            }
        }
    }

    fileprivate var fishAction: String {
        switch self {
        case .none, .optional: return ""
        case .required:
            if let choices { return " -x -a '\(choices.joined(separator: " "))'" }
            if isDirectory { return " -x -a '(__fish_complete_directories)'" }
            return isFile || isNamedFile ? " -r -F" : " -x"
        }
    }
}
