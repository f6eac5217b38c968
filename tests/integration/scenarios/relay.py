"""A TCP relay with a port of its own: what stands between a program and its server when that server changes."""

import contextlib
import socket
import threading


class Relay:
    """Forwards connections to one local port after the other. Threading: any."""

    def __init__(self, target):
        self._lock = threading.Lock()
        self._target, self._open = target, set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def point_to(self, target):
        """From now on another server; what is open is cut."""
        with self._lock:
            self._target, cut = target, list(self._open)
        for one in cut:
            _shut(one)

    def close(self):
        _shut(self._listener)
        self._listener.close()
        self.point_to(0)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                target = self._target
            try:
                server = socket.create_connection(("127.0.0.1", target), timeout=5)
            except OSError:
                client.close()  # as if nobody listened
                continue
            server.settimeout(None)
            with self._lock:
                self._open |= {client, server}
                late = self._target != target
            if late:
                _shut(client)
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    def _copy(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for one in (source, sink):
            _shut(one)
        with self._lock:
            self._open -= {source, sink}


def _shut(one):
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
