"""Processes by pid, free ports, and waiting for an answer with a deadline."""
import os
import random
import signal
import socket
import subprocess
import threading
import time
import zlib
from pathlib import Path

from .cache import StackError

POLL_INTERVAL_S = 0.05
# Below Linux's ephemeral range, so that no outgoing connection takes a recorded port
# while its server is down.
# A server that is down keeps its ports for when it comes back: those of a folder's servers come from a
# slice of their own, which clients and the servers of other folders do not choose from.
SERVER_PORTS = (20000, 29600)
SERVER_SLICE = 120
CLIENT_PORTS = (29600, 32000)

_given_out: set[int] = set()
_given_out_lock = threading.Lock()


def start_ticks(pid: int) -> int | None:
    """When the process started, or None if it is gone (a zombie is gone)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text[text.rindex(")") + 2:].split()
    return None if fields[0] in "ZX" else int(fields[19])


def is_alive(pid: int | None, ticks: int | None) -> bool:
    """True only for the process that was recorded, not for a later one with its pid."""
    return pid is not None and ticks is not None and start_ticks(pid) == ticks


def send_signal(pid: int, ticks: int, number: signal.Signals) -> bool:
    if not is_alive(pid, ticks):
        return False
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def reap(pid: int) -> None:
    """Collects the exit of a child of ours, if it is one."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def wait_gone(pid: int, ticks: int, deadline_s: float) -> bool:
    end = time.monotonic() + deadline_s
    while is_alive(pid, ticks):
        if time.monotonic() > end:
            return False
        time.sleep(POLL_INTERVAL_S / 5)
    reap(pid)
    return True


def spawn(command: list[str], log: Path, env: dict[str, str], cwd: Path) -> subprocess.Popen:
    """Starts a server in a session of its own, output appended to `log`."""
    with open(log, "ab") as output:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                stderr=subprocess.STDOUT, start_new_session=True,
                                env={**os.environ, **env}, cwd=cwd)


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(servers_of: Path | None = None) -> int:
    """A port for a server of that folder, else for a client."""
    first, end = CLIENT_PORTS
    if servers_of is not None:
        slices = (SERVER_PORTS[1] - SERVER_PORTS[0]) // SERVER_SLICE
        first = SERVER_PORTS[0] + zlib.crc32(str(servers_of).encode()) % slices * SERVER_SLICE
        end = first + SERVER_SLICE
    for _ in range(1000):
        port = random.randrange(first, end)
        with _given_out_lock:
            if port not in _given_out and port_is_free(port):
                _given_out.add(port)
                return port
    raise StackError(f"no free port between {first} and {end} on 127.0.0.1")


def log_tail(log: Path, lines: int = 15) -> str:
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join("    " + line for line in text.splitlines()[-lines:])


def wait_for(check, deadline_s: float, still_running) -> str | None:
    """None when check() held in time; otherwise why it did not: "exited" or "deadline"."""
    end = time.monotonic() + deadline_s
    while True:
        if check():
            return None
        if not still_running():
            return "exited"
        if time.monotonic() > end:
            return "deadline"
        time.sleep(POLL_INTERVAL_S)
