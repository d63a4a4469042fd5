"""A small HTTP application that is asked who may listen where."""

import http.server
import threading
import urllib.parse


class Application:
    """`decide(channel, request)` gives (status, headers); the requests are kept as they came."""

    def __init__(self, decide, port=0):
        self.requests = []
        self.under_way, self.most = 0, 0
        lock = threading.Lock()
        application = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                target = urllib.parse.urlsplit(self.path)
                self.query = urllib.parse.parse_qs(target.query, keep_blank_values=True)
                with lock:
                    application.requests.append(self)
                    application.under_way += 1
                    application.most = max(application.most, application.under_way)
                try:
                    status, headers = decide(self.query["channel_name"][0], self)
                finally:
                    with lock:
                        application.under_way -= 1
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/authorize?key=value"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
