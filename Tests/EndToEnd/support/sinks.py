"""What consumers deliver to: a web server and a mail server that refuse first."""

import http.server
import socket
import socketserver
import threading


class Sink:
    """A server on a thread of its own, for as long as it is used."""

    def __init__(self, server):
        self._server = server
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class Hook(Sink):
    """A web server that gives each request the next of some statuses, and the last one from then on."""

    def __init__(self, *statuses):
        self.requests = []
        left = list(statuses)
        requests = self.requests

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status = left.pop(0) if len(left) > 1 else left[0]
                requests.append((status, dict(self.headers), body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        self.url = f"http://127.0.0.1:{self.port}/hook"


class Mails(Sink):
    """An SMTP server (RFC 5321) that has no time for the first letters, and takes all that come then."""

    def __init__(self, refused):
        self.letters = []
        self.tries = 0
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                self.say("220 sink")
                sender, recipients = "", []
                while line := self.rfile.readline().decode().strip():
                    word = line[:4].upper()
                    if word == "DATA":
                        self.say("354 go on")
                        outer.letters.append((sender, recipients, self.letter()))
                    elif word == "MAIL":
                        outer.tries += 1
                        if outer.tries <= refused:
                            self.say("451 later")
                            continue
                        sender = line
                    elif word == "RCPT":
                        recipients.append(line)
                    self.say("221 bye" if word == "QUIT" else "250 ok")

            def letter(self):
                text = b""
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    text += line
                return text

            def say(self, text):
                self.wfile.write(f"{text}\r\n".encode())

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            address_family = socket.AF_INET

        super().__init__(Server(("127.0.0.1", 0), Handler))
        self.url = f"smtp://127.0.0.1:{self.port}"
