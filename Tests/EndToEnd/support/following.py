"""`wsqueue-publish --follow` with a pipe as standard input."""

import contextlib
import subprocess


@contextlib.contextmanager
def followers(binaries, queue, *own):
    """Gives what starts one, with `own` words and more, and ends them all."""
    processes = []

    def start(*words, directory=None):
        command = [str(binaries / "wsqueue-publish"), "-d", str(directory or queue), "--follow", *own, *words]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        processes.append(process)
        return process
    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stderr.close()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()


def feed(process, text):
    process.stdin.write(text if isinstance(text, bytes) else text.encode())
    process.stdin.flush()
