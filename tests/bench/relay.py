# SPDX-License-Identifier: Apache-2.0
"""A network with a delay, in front of a server on this machine.

Whatever is sent arrives half a round trip later; and since the handshake of TCP
itself cannot be held up here, the first bytes of a connection wait for it, as
they would.  trips is what the client has waited for: one round trip for each
connection's TCP, and one for each time it spoke after the server had. first is
when the first connection came, last when the last answer was handed over."""
import queue
import socket
import threading
import time

ALERT = 24  # bytes of TLS 1.3's good-bye, which waits for no answer


class Relay:
    def __init__(self, address, target, rtt):
        self.target, self.rtt = target, rtt
        self.trips = self.connections = 0
        self.first = self.last = None
        self.lock = threading.Lock()
        self.server = socket.create_server(address, backlog=64)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.server.close()

    def reset(self):
        with self.lock:
            self.trips = self.connections = 0
            self.first = self.last = None

    def _accept(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                self.first = self.first or time.monotonic()
                self.trips += 1
            server = socket.create_connection(self.target)
            for s in (client, server):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            told = {"server": True}
            first = time.monotonic() + self.rtt
            self._pipe(client, server, first, told, True)
            self._pipe(server, client, 0, told, False)

    def _handed(self):
        with self.lock:
            self.last = time.monotonic()

    def _pipe(self, source, sink, first, told, is_client):
        chunks = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True, args=(
            source, chunks, first, told, is_client)).start()
        threading.Thread(target=self._write, daemon=True, args=(
            sink, chunks, None if is_client else self._handed)).start()

    def _read(self, source, chunks, first, told, is_client):
        while True:
            try:
                data = source.recv(262144)
            except OSError:
                data = b""
            if data and is_client and told["server"] and len(data) != ALERT:
                told["server"] = False
                with self.lock:
                    self.trips += 1
            elif data and not is_client:
                told["server"] = True
            now = max(time.monotonic(), first)
            chunks.put((now + self.rtt / 2, data))
            if not data:
                return

    @staticmethod
    def _write(sink, chunks, handed):
        while True:
            due, data = chunks.get()
            time.sleep(max(0, due - time.monotonic()))
            try:
                if data:
                    if handed and len(data) != ALERT:
                        handed()
                    sink.sendall(data)
                    continue
                sink.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            return
