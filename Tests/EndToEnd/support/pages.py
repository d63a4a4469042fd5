"""Web pages of a test's own, on a host that is not the server's."""

import contextlib
import http.server
import threading


@contextlib.contextmanager
def serving(pages):
    """Serves texts, or what functions give then, by their paths (HTML, but for `.js`); gives the address."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802
            text = pages.get(self.path.partition("?")[0])
            text = text() if callable(text) else text
            self.send_response(200 if text is not None else 404)
            kind = "text/javascript" if self.path.endswith(".js") else "text/html"
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.end_headers()
            self.wfile.write((text or "").encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as host:
        threading.Thread(target=host.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{host.server_port}"
        finally:
            host.shutdown()
