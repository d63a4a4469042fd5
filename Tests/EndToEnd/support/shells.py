"""Shells at a terminal, into which is typed: what completes there."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

# Control-G prints the line that is typed so far, between the two.
BEGIN, END = "\u27e6", "\u27e7"
SETUP = {
    "bash": [
        "bind 'set show-all-if-ambiguous on' 'set page-completions off' 'set completion-query-items 0'",
        "bind 'set bell-style none' 'set enable-bracketed-paste off'",
        f"""bind -x '"\\C-g": printf "{BEGIN}%s{END}" "$READLINE_LINE"'""",
    ],
    "zsh": [
        "autoload -U compinit; compinit -D -u; unsetopt automenu listbeep beep; LISTMAX=10000; PS1='$ '",
        "zstyle ':completion:*' list-prompt ''",
        f"told() {{ print -nr -- \"{BEGIN}$BUFFER{END}\" }}",
        "zle -N told; bindkey '^G' told; bindkey '^U' kill-whole-line",
    ],
    "fish": [
        "function fish_prompt; echo '$ '; end; set -g fish_autosuggestion_enabled 0; set -g fish_pager_color_progress",
        f"bind \\cg 'printf \"{BEGIN}%s{END}\" (commandline)'; bind \\cu 'commandline -f cancel; commandline \"\"'",
    ],
}
WORDS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "--interactive"],
}
ESCAPES = re.compile(r"\x1b(\[[0-9;?<>=]*[ -/]*[@-~]|\][^\x07]*\x07|[()][A-Z0-9]|[=>78M])")


class Shell:
    """A shell at a terminal of 200 columns."""

    def __init__(self, name, directory, path, scripts):
        self.name = name
        self._text = ""
        self._process, self._terminal = pty.fork()
        if self._process == 0:
            os.chdir(directory)
            environment = {
                "HOME": str(directory), "PATH": f"{path}:/usr/bin:/bin", "TERM": "xterm", "LC_ALL": "C.UTF-8",
                "PS1": "$ ", "LLVM_PROFILE_FILE": "/dev/null"}
            os.execvpe(WORDS[name][0], WORDS[name], environment)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 200, 0, 0))
        for line in [*SETUP[name], *(f"source {script}" for script in scripts)]:
            self._write(line + "\r")
        self.complete("", tab="")

    def close(self):
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        os.close(self._terminal)

    def complete(self, line, tab="\t"):
        """Types a line and a tab: the line that becomes of it, and what is shown."""
        self._text = ""
        self._write(f"{line}{tab}\x07")
        end = time.monotonic() + 20
        # The set-up itself has the marks in it, but never a line between them.
        mark = re.compile(f"{BEGIN}([^%$]*?){END}")
        while not (found := mark.search(self._text)):
            ready, _, _ = select.select([self._terminal], [], [], max(0, end - time.monotonic()))
            assert ready, f"{self.name}: {line!r} shows {self._text!r}"
            self._text += os.read(self._terminal, 65_536).decode(errors="replace")
        self._write("\x15")
        shown = ESCAPES.sub(lambda one: "" if one[0][-1] in "mK" else " ", self._text[:found.start()])
        return found[1], shown

    def _write(self, text):
        os.write(self._terminal, text.encode())
