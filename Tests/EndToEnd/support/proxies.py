"""Real proxies in front of a server, each with the configuration of its example: only ports and paths are replaced."""

import contextlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time

from .places import EXAMPLES
from .ports import free_port
from .waiting import eventually

NAME = "events.example.org"
CERTIFICATE = f"/etc/ssl/certs/{NAME}.pem"
KEY = f"/etc/ssl/private/{NAME}.key"
SOCKET = "/run/wsqueue/wsqueue.sock"


class Certificate:
    """A certificate for the examples' name, signed by itself."""

    def __init__(self, directory):
        self.path, self.key, self.both = directory / "cert.pem", directory / "cert.key", directory / "both.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "2", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}",
             "-out", str(self.path), "-keyout", str(self.key)],
            check=True, capture_output=True)
        self.both.write_text(self.path.read_text() + self.key.read_text())
        self.context = ssl.create_default_context(cafile=str(self.path))


def replaced(text, *pairs):
    """The text with each first of a pair replaced; an example that has lost one fails."""
    for old, new in pairs:
        assert old in text, f"the example has no {old!r}"
        text = text.replace(old, new)
    return text


class Proxy:
    """A running proxy; ended, by its id, when the `with` block ends."""

    program = ""
    timeout = "75s"
    # Whether WebSockets live on when the configuration is read again.
    keeps_clients = True
    host = NAME

    def __init__(self, directory, certificate, upstream, timeout=None):
        """`upstream` is where wsqueue listens, as for `--listen`; `timeout` replaces the example's 75s."""
        self.directory, self.certificate = directory, certificate
        self.port, self.plain_port = free_port(), free_port()
        text = self.configuration(upstream)
        if timeout and self.timeout:
            shorter = self.timeout.replace("75s", timeout).replace("75", timeout.rstrip("s"))
            text = replaced(text, (self.timeout, shorter))
        self.path = directory / "proxy.conf"
        self.path.write_text(text)
        self.output = open(directory / "proxy.log", "ab")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output, cwd=directory,
            env=os.environ | dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"), str(directory)),
            start_new_session=True)
        try:
            eventually(self._listens, lambda: f"{self.program} listens:\n{self.log}")
        except BaseException:
            self.__exit__()
            raise

    def _listens(self):
        assert self.process.poll() is None, f"{self.program} ended:\n{self.log}"
        try:
            self.connect().close()
            return True
        except ConnectionRefusedError:
            return False

    @property
    def log(self):
        return (self.directory / "proxy.log").read_text(errors="replace")[-4000:]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(1)
        # Workers that still wait for somebody are in its group.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        self.output.close()

    def connect(self, source="127.0.0.1"):
        """A TLS connection from one of this machine's addresses."""
        plain = socket.create_connection(("127.0.0.1", self.port), 10, source_address=(source, 0))
        return self.certificate.context.wrap_socket(plain, server_hostname=NAME)

    def workers(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            return set(file.read().split())

    def reload(self):
        """Has the configuration read again; new clients are served by another worker then."""
        before = self.workers()
        sent_at = 0

        def has_new_worker():
            nonlocal sent_at
            # HAProxy's master, which begins anew once it has a worker, loses signals of that moment.
            if time.monotonic() > sent_at + 0.5:
                self.process.send_signal(self.reload_signal)
                sent_at = time.monotonic()
            return self.workers() - before

        eventually(has_new_worker, lambda: f"{self.program} has a new worker:\n{self.log}")
        eventually(self._listens, "it listens again")


class Nginx(Proxy):
    program = "nginx"
    reload_signal = signal.SIGHUP

    def configuration(self, upstream):
        site = replaced(
            (EXAMPLES / "nginx/wsqueue.conf").read_text(encoding="utf-8"),
            ("    listen [::]:80;\n", ""), ("    listen [::]:443 ssl;\n", ""),
            ("listen 80;", f"listen 127.0.0.1:{self.plain_port};"),
            ("listen 443 ssl;", f"listen 127.0.0.1:{self.port} ssl;"),
            (CERTIFICATE, str(self.certificate.path)), (KEY, str(self.certificate.key)))
        if upstream.startswith("unix:"):
            site = replaced(site, ("    server 127.0.0.1:8081;\n", ""), ("# server unix:", "server unix:"))
            site = replaced(site, (SOCKET, upstream.removeprefix("unix:")))
        else:
            site = replaced(site, ("server 127.0.0.1:8081;", f"server {upstream};"))
        places = "".join(
            f"{kind}_temp_path {self.directory}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;\n" if os.geteuid() == 0 else ""
        return (f"{user}pid {self.directory}/nginx.pid;\nerror_log stderr;\nworker_processes 1;\n"
                f"events {{}}\nhttp {{\naccess_log off;\n{places}{site}}}\n")

    def command(self):
        return ["nginx", "-c", str(self.path), "-p", str(self.directory), "-e", "stderr", "-g", "daemon off;"]


# The snippets that most pages about nginx and WebSockets show, without a Host and a word about the client.
BARE_SNIPPETS = {
    "as it is": "",
    "with HTTP/1.1 and Upgrade": "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
                                 'proxy_set_header Connection "upgrade";',
}


@contextlib.contextmanager
def bare_nginx(server, directory, snippet="with HTTP/1.1 and Upgrade"):
    """nginx before the server, of which it says nothing; gives its port."""
    port = free_port()
    places = "".join(f"{kind}_temp_path {directory}/{kind};\n"
                     for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;\n" if os.geteuid() == 0 else ""
    path = directory / "nginx.conf"
    path.write_text(
        f"{user}pid {directory}/nginx.pid;\nerror_log stderr;\nworker_processes 1;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{places}server {{ listen 127.0.0.1:{port}; location / {{ "
        f"proxy_pass http://127.0.0.1:{server.port}; {BARE_SNIPPETS[snippet]} }} }}\n}}\n", encoding="utf-8")
    command = ["nginx", "-c", str(path), "-p", str(directory), "-e", "stderr", "-g", "daemon off;"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        def listens():
            assert process.poll() is None
            try:
                socket.create_connection(("127.0.0.1", port), 5).close()
                return True
            except ConnectionRefusedError:
                return False
        try:
            eventually(listens, "nginx listens")
            yield port
        finally:
            process.terminate()


class Caddy(Proxy):
    program = "caddy"
    # It has none for what is idle.
    timeout = None
    keeps_clients = False

    def configuration(self, upstream):
        site = replaced(
            (EXAMPLES / "caddy/Caddyfile").read_text(encoding="utf-8"),
            (CERTIFICATE, str(self.certificate.path)), (KEY, str(self.certificate.key)))
        if upstream.startswith("unix:"):
            site = replaced(
                site, ("\treverse_proxy 127.0.0.1:8081 {\n", ""), ("# reverse_proxy unix/", "reverse_proxy unix/"))
            site = replaced(site, (SOCKET, upstream.removeprefix("unix:")))
        else:
            site = replaced(site, ("127.0.0.1:8081", upstream))
        self.admin = f"127.0.0.1:{free_port()}"
        return (f"{{\n\tadmin {self.admin}\n\tdefault_bind 127.0.0.1\n"
                f"\thttp_port {self.plain_port}\n\thttps_port {self.port}\n}}\n{site}")

    def command(self):
        return ["caddy", "run", "--config", str(self.path), "--adapter", "caddyfile"]

    def reload(self):
        subprocess.run(
            ["caddy", "reload", "--force", "--config", str(self.path), "--adapter", "caddyfile",
             "--address", self.admin],
            check=True, capture_output=True, timeout=20)


class HAProxy(Proxy):
    program = "haproxy"
    reload_signal = signal.SIGUSR2

    def configuration(self, upstream):
        text = replaced(
            (EXAMPLES / "haproxy/haproxy.cfg").read_text(encoding="utf-8"),
            ("bind :80\n", f"bind 127.0.0.1:{self.plain_port}\n"), ("bind :443 ", f"bind 127.0.0.1:{self.port} "),
            ("/etc/haproxy/events.example.org.pem", str(self.certificate.both)))
        if upstream.startswith("unix:"):
            text = replaced(
                text, ("    server wsqueue 127.0.0.1:8081\n", ""), ("# server wsqueue unix", "server wsqueue unix"))
            return replaced(text, (SOCKET, upstream.removeprefix("unix:")))
        return replaced(text, ("server wsqueue 127.0.0.1:8081", f"server wsqueue {upstream}"))

    def command(self):
        return ["haproxy", "-Ws", "-f", str(self.path)]



class Apache(Proxy):
    program = "apache2"
    timeout = "Timeout 75"
    reload_signal = signal.SIGUSR1
    modules = ["mpm_event", "authz_core", "alias", "headers", "socache_shmcb", "ssl", "proxy", "proxy_http"]
    place = "/usr/lib/apache2/modules"

    def configuration(self, upstream):
        site = replaced(
            (EXAMPLES / "apache/wsqueue.conf").read_text(encoding="utf-8"),
            ("*:80>", f"127.0.0.1:{self.plain_port}>"), ("*:443>", f"127.0.0.1:{self.port}>"),
            (CERTIFICATE, str(self.certificate.path)), (KEY, str(self.certificate.key)))
        if upstream.startswith("unix:"):
            site = replaced(site, ("    ProxyPass / http", "    # ProxyPass / http"))
            site = replaced(site, ("# ProxyPass / unix", "ProxyPass / unix"))
            site = replaced(site, (SOCKET, upstream.removeprefix("unix:")))
        else:
            site = replaced(site, ("http://127.0.0.1:8081/", f"http://{upstream}/"))
        lines = [
            f"ServerRoot {self.directory}", f"DefaultRuntimeDir {self.directory}", f"PidFile {self.directory}/pid",
            "ErrorLog /dev/stderr", "ServerName localhost", f"Listen 127.0.0.1:{self.port}",
            f"Listen 127.0.0.1:{self.plain_port}"]
        lines += [f"LoadModule {name}_module {self.place}/mod_{name}.so" for name in self.modules]
        if os.geteuid() == 0:
            lines += ["User www-data", "Group www-data"]
        return "\n".join([*lines, site])

    def command(self):
        return ["apache2", "-D", "FOREGROUND", "-f", str(self.path)]


PROXIES = {kind.program: kind for kind in (Nginx, Caddy, HAProxy, Apache)}


def is_installed(program):
    """Also where only root looks for programs."""
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin")
