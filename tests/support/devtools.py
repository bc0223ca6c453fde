"""A headless Chromium and the part of its DevTools protocol that tests of pages need, with the standard library alone.
The browser reaches nothing but this machine's loopback."""
import base64
import json
import os
import pathlib
import socket
import subprocess
import time
import urllib.request

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-sync",
    "--disable-domain-reliability", "--metrics-recording-only", "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--remote-debugging-port=0"]
PATIENCE = 120  # seconds; a browser on a busy machine takes its time to start


class WebSocket:
    """A client's end of RFC 6455, for text messages."""

    def __init__(self, host, port, path):
        self.socket = socket.create_connection((host, port), timeout=PATIENCE)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        self.file = self.socket.makefile("rb")
        status = self.file.readline()
        if b" 101 " not in status:
            raise OSError(f"no websocket: {status!r}")
        while self.file.readline() not in (b"\r\n", b""):
            pass

    def send(self, text):
        data = text.encode()
        length = len(data)
        if length < 126:
            head = bytes([0x81, 0x80 | length])
        elif length < 65536:
            head = bytes([0x81, 0xFE]) + length.to_bytes(2, "big")
        else:
            head = bytes([0x81, 0xFF]) + length.to_bytes(8, "big")
        self.socket.sendall(head + bytes(4) + data)  # a mask of zeros changes nothing

    def receive(self):
        message = b""
        while True:
            head = self.file.read(2)
            if len(head) < 2:
                raise OSError("the browser closed the connection")
            first, second = head
            length = second & 0x7F
            if length == 126:
                length = int.from_bytes(self.file.read(2), "big")
            elif length == 127:
                length = int.from_bytes(self.file.read(8), "big")
            data = self.file.read(length)
            if first & 0x0F in (0, 1, 2):
                message += data
            if first & 0x0F == 8:
                raise OSError("the browser closed the connection")
            if first & 0x80 and first & 0x0F in (0, 1, 2):
                return message.decode()

    def close(self):
        self.file.close()
        self.socket.close()


class Browser:
    """One page of one browser; a context that ends the browser. `folder` must be new."""

    def __init__(self, folder):
        profile = pathlib.Path(folder, "chromium")
        self.process = subprocess.Popen(["chromium", *FLAGS, f"--user-data-dir={profile}", "about:blank"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.complaints = []
        self.asked = []
        self.last = 0
        self.socket = None
        try:
            port = self._port_of(profile)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=PATIENCE) as reply:
                page = next(one for one in json.load(reply) if one["type"] == "page")
            self.socket = WebSocket("127.0.0.1", port, "/" + page["webSocketDebuggerUrl"].split("/", 3)[3])
            for domain in ("Page", "Runtime", "Log", "Network"):
                self.call(domain + ".enable")
        except BaseException:
            self.close()
            raise

    def _port_of(self, profile):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                return int(profile.joinpath("DevToolsActivePort").read_text().split()[0])
            except (OSError, IndexError):
                time.sleep(0.1)
            if self.process.poll() is not None:
                raise OSError(f"chromium ended with {self.process.returncode}")
        raise OSError("chromium does not say where it listens")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            if self.socket:
                self.call("Browser.close")
        except OSError:
            pass  # it may be gone before it has answered
        if self.socket:
            self.socket.close()
        else:
            self.process.terminate()
        self.process.wait(timeout=PATIENCE)

    def _next(self):
        message = json.loads(self.socket.receive())
        method, params = message.get("method"), message.get("params", {})
        if method == "Log.entryAdded" and params["entry"]["level"] in ("warning", "error"):
            self.complaints.append(params["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("warning", "error", "assert"):
            self.complaints.append(str(params["args"]))
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"]))
        elif method == "Network.requestWillBeSent":
            self.asked.append(params["request"]["url"])
        return message

    def call(self, method, **params):
        self.last += 1
        self.socket.send(json.dumps({"id": self.last, "method": method, "params": params}))
        while True:
            message = self._next()
            if message.get("id") == self.last:
                if "error" in message:
                    raise OSError(f"{method}: {message['error']}")
                return message["result"]

    def size(self, width, height, mobile=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def colours(self, scheme):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, url):
        self.call("Page.navigate", url=url)
        while self._next().get("method") != "Page.loadEventFired":
            pass

    def ask(self, expression):
        """The value of a JavaScript expression in the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise ValueError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def screenshot(self, path):
        pathlib.Path(path).write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
