/// What asks for the completions: a shell wants the script that asks, and that script the words.
package enum Completer: Equatable, Sendable {
    case script(Shell)
    case words

    /// Reads the name of a shell, or the word that the scripts give.
    package static func parse(_ text: String) throws(ValueFault) -> Completer {
        if text == "words" { return .words }
        guard let shell = Shell(rawValue: text) else { throw ValueFault(text, wanted: "bash, zsh or fish") }
        return .script(shell)
    }
}

/// A shell that completes what is typed.
package enum Shell: String, CaseIterable, Sendable {
    case bash, zsh, fish

    /// A script that teaches the shell to ask the program itself what may stand at the cursor; to be evaluated, or put where
    /// the shell looks for such.
    ///
    /// - Parameters:
    ///   - program: What is typed.
    ///   - question: What the program is given before the words, such as `--completion words`.
    package func script(_ program: String, asking question: String) -> String {
        let function = "_" + program.replacingNonLetters(with: "_")
        return switch self {
        case .bash: Self.bash(program, function, question)
        case .zsh: Self.zsh(program, function, question)
        case .fish: Self.fish(program, function, question)
        }
    }

    private static func bash(_ program: String, _ function: String, _ question: String) -> String {
        """
        # bash completion for \(program): it says itself what may stand at the cursor.
        \(function)() {
            local words current kind detail word at=0
            read -a words <<<"${COMP_LINE:0:COMP_POINT}"
            [[ ${COMP_LINE:0:COMP_POINT} == *[[:space:]] ]] && words+=("")
            current=${words[-1]}
            # Of --name=value readline completes what stands behind the sign.
            local before=${current%"${current##*[=:]}"}
            COMPREPLY=()
            {
                IFS=$'\\t' read -r kind detail
                while IFS=$'\\t' read -r word _; do COMPREPLY+=("${word#"$before"}"); done
            } < <("${words[0]/#\\~/$HOME}" \(question) -- "${words[@]:1}" 2>/dev/null)
            case $kind in
                :files | :directories)
                    compopt -o filenames
                    [[ $kind == :files ]] && kind=-f || kind=-d
                    mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen $kind -- "${current#"$detail"}")
                    ;;
                :users) mapfile -t COMPREPLY < <(compgen -u -- "${current#"$detail"}") ;;
                :command)
                    while [[ ${COMP_WORDS[at]} != -- ]]; do ((at++)); done
                    if declare -F _command_offset >/dev/null; then
                        _command_offset $((at + 1))
                    elif ((${#words[@]} == detail + 1)); then
                        mapfile -t COMPREPLY < <(compgen -c -- "$current")
                    else
                        compopt -o filenames
                        mapfile -t COMPREPLY < <(compgen -f -- "$current")
                    fi
                    ;;
            esac
            if ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi
        }
        complete -F \(function) \(program)

        """
    }

    private static func zsh(_ program: String, _ function: String, _ question: String) -> String {
        """
        #compdef \(program)
        # It says itself what may stand at the cursor.
        \(function)() {
            local -a answer plain open
            local kind detail line word text tab=$'\\t'
            answer=("${(@f)$("${${(Q)words[1]}/#\\~/$HOME}" \(question) -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" \
        2>/dev/null)}")
            kind=${answer[1]%%$tab*} detail=${answer[1]#*$tab}
            for line in "${(@)answer[2,-1]}"; do
                word=${${line%%$tab*}//:/\\\\:}
                text=${line#*$tab}
                word+=${text:+:}$text
                if [[ ${word%%:*} == *= ]]; then open+=("$word"); else plain+=("$word"); fi
            done
            (($#plain)) && _describe word plain
            (($#open)) && _describe key open -S ''
            case $kind in
                :files | :directories | :users)
                    compset -P "${(b)detail}"
                    case $kind in
                        :files) _files ;;
                        :directories) _files -/ ;;
                        :users) _users ;;
                    esac
                    ;;
                :command)
                    shift $detail words
                    ((CURRENT -= detail))
                    _normal
                    ;;
            esac
        }
        if [[ $funcstack[1] == _\(program) ]]; then \(function) "$@"; else compdef \(function) \(program); fi

        """
    }

    private static func fish(_ program: String, _ function: String, _ question: String) -> String {
        """
        # fish completion for \(program): it says itself what may stand at the cursor.
        function _\(function)
            set -l words (commandline -opc)
            set -l current (commandline -ct)
            set -l asked (string replace -r '^~' $HOME -- $words[1])
            set -l answer ($asked \(question) -- $words[2..-1] "$current" 2>/dev/null)
            set -l kind (string split \\t -- $answer[1])
            set -e answer[1]
            string join \\n -- $answer
            set -l rest (string sub -s (math (string length -- "$kind[2]") + 1) -- "$current")
            switch "$kind[1]"
                case :files
                    for path in (__fish_complete_path "$rest")
                        echo -- "$kind[2]$path"
                    end
                case :directories
                    for path in (__fish_complete_directories "$rest" '')
                        echo -- "$kind[2]$path"
                    end
                case :users
                    for user in (__fish_complete_users)
                        echo -- "$kind[2]$user"
                    end
                case :command
                    complete -C (string join ' ' -- (string escape -- $words[(math $kind[2] + 1)..-1]) $current)
            end
        end
        complete -c \(program) -f -a '(_\(function))'

        """
    }
}
