"""A relay between the program and the sandbox that sees every request, and can kill the program at one of them.

It drops Idempotency-Key, so that the account behind it is one that does not know that header: there nothing but the
program itself keeps a create from being done twice."""
import dataclasses
import json
import re
import socket
import threading

BEFORE, AFTER = "before", "after"


@dataclasses.dataclass
class Exchange:
    """One request as it came whole, and what became of it."""
    method: str
    path: str
    body: bytes
    took_effect: bool = False
    delivered: bool = False  # the reply was handed to the program's side of the connection

    @property
    def writes(self):
        return self.method != "GET"

    def created(self):
        """Collection and address of the object that it was to create, None for other requests."""
        if self.method != "POST":
            return None
        collection = self.path.rstrip("/").rsplit("/", 1)[-1]
        fields = json.loads(self.body)
        return collection, fields.get("email", fields.get("name", "")).casefold()


def read_message(stream):
    """Start line, headers and body as bytes; None at the end of the connection or inside a message."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            return None
        head += line
    length = re.search(rb"(?i)\r\ncontent-length:\s*(\d+)", head)
    size = int(length[1]) if length else 0
    body = stream.read(size)
    return (head, body) if len(body) == size else None


class Relay:
    """Listens for its whole life on one port of the loopback, so that a state stays bound to one address."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._changed = threading.Condition()
        self._under_way = 0
        self._behind = None
        self._shot = None
        self._exchanges = []
        threading.Thread(target=self._accept, daemon=True).start()

    def serve(self, behind, shot=None):
        """From now on forwards to the port `behind`. `shot`: (number of a request, BEFORE or AFTER its effect, what kills
        the program then); that request's reply is never delivered. The list that is returned fills with the exchanges."""
        with self._changed:
            self._behind, self._shot, self._exchanges = behind, shot, []
            return self._exchanges

    def settle(self):
        """Waits until everything that a dead program had sent has had its effect, as a server would have it: what
        follows must not overtake it."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._under_way == 0, timeout=30):
                raise TimeoutError("the relay still serves a connection whose program has ended")

    def _accept(self):
        while True:
            connection, _ = self._listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._changed:
                self._under_way += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            with connection, socket.create_connection(("127.0.0.1", self._behind)) as behind:
                behind.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with connection.makefile("rb") as requests, behind.makefile("rb") as replies:
                    while (message := read_message(requests)) and self._exchange(connection, behind, replies, *message):
                        pass
        except ConnectionError:
            pass  # the program was killed with the connection open
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def _exchange(self, connection, behind, replies, head, body):
        method, path, _ = head.decode().split(" ", 2)
        exchange = Exchange(method, path, body)
        with self._changed:
            self._exchanges.append(exchange)
            shot = self._shot if self._shot and self._shot[0] == len(self._exchanges) else None
        if shot and shot[1] == BEFORE:
            shot[2]()
            return False
        behind.sendall(re.sub(rb"(?i)\r\nidempotency-key:[^\r]*", b"", head) + body)
        reply = read_message(replies)
        if reply is None:
            raise RuntimeError("the sandbox closed a connection without a reply")
        exchange.took_effect = json.loads(reply[1]).get("result") in (1, "1")
        if shot:
            shot[2]()
            return False
        connection.sendall(reply[0] + reply[1])
        exchange.delivered = True
        return True
