"""What every server has: a folder, a recorded process, a start, a stop, a health check."""
import json
import os
import signal
import time
from pathlib import Path

from . import process
from .cache import StackError, locked


class Server:
    """One server of a stack. A kind of server overrides the methods of the first part."""

    kind = ""
    start_deadline_s = 90.0
    stop_deadline_s = 30.0
    ports = ("port",)  # names of the ports it needs

    def __init__(self, stack_dir: Path, name: str):
        self.name = name
        self.dir = stack_dir / name
        self.state_file = self.dir / "state.json"
        self.log = self.dir / "server.log"

    @property
    def patient_start_deadline_s(self) -> float:
        return self.start_deadline_s * float(os.environ.get("TAILRACE_STACK_PATIENCE", "1"))

    # -- what a kind says about itself

    def prepare(self) -> None:
        """Downloads and unpacks what it runs; cached, may be slow the first time."""
        raise NotImplementedError

    def create_data(self) -> None:
        """Makes the data folder; called once, before the first launch."""
        raise NotImplementedError

    def command(self) -> list[str]:
        """The command line; configuration files are written here, with current ports."""
        raise NotImplementedError

    def command_environment(self) -> dict[str, str]:
        return {}

    def answers(self) -> bool:
        """True when a real request was answered."""
        raise NotImplementedError

    def first_answer(self) -> None:
        """Called once, after the first start."""

    def environment(self) -> dict[str, str]:
        """What clients need, as environment variables."""
        raise NotImplementedError

    def launch(self) -> int:
        """Starts the process, returns its pid."""
        return process.spawn(self.command(), self.log, self.command_environment(), self.dir).pid

    # -- state

    @property
    def state(self) -> dict:
        try:
            return json.loads(self.state_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}

    def save(self, **changes) -> None:
        state = {"name": self.name, "kind": self.kind, **self.state, **changes}
        partial = self.state_file.with_suffix(".partial")
        partial.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
        partial.rename(self.state_file)

    @property
    def port(self) -> int:
        port = self.state.get("port")
        if port is None:
            raise StackError(f"{self.name} was never up in {self.dir.parent}: stack up first")
        return port

    @property
    def running(self) -> bool:
        state = self.state
        return process.is_alive(state.get("pid"), state.get("start_ticks"))

    def lock(self):
        return locked(self.dir / ".lock")

    # -- life cycle

    def up(self, options: list[str] | None = None) -> float | None:
        """Starts it unless it runs. Seconds until it answered, None if it already did."""
        with self.lock():
            if self.running:
                if not self.answers():
                    self._await_answer()
                return None
            self.prepare()
            if options is not None:
                self.save(options=options)
            if not self.state.get("created"):
                self.create_data()
                self.save(created=True)
            return self._start(keep_ports=False)

    def start(self) -> float:
        """Starts a server that was killed or stopped: same port, same data."""
        with self.lock():
            _ = self.port  # it was up before
            if self.running:
                raise StackError(f"{self.name} is running already")
            self.prepare()
            return self._start(keep_ports=True)

    def stop(self) -> bool:
        """SIGTERM, then SIGKILL after its deadline. False if it was not running."""
        with self.lock():
            if not self.running:
                return False
            state = self.state
            pid, ticks = state["pid"], state["start_ticks"]
            process.send_signal(pid, ticks, signal.SIGCONT)  # a stopped process cannot end
            process.send_signal(pid, ticks, signal.SIGTERM)
            if not process.wait_gone(pid, ticks, self.stop_deadline_s):
                process.send_signal(pid, ticks, signal.SIGKILL)
                process.wait_gone(pid, ticks, 10)
            return True

    def client(self, arguments: list[str]) -> int:
        """Runs its command line client; the client's exit status."""
        raise NotImplementedError

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Sends a signal; returns after the end of the process when it is SIGKILL."""
        with self.lock():
            state = self.state
            pid, ticks = state.get("pid"), state.get("start_ticks")
            if pid is None or not process.send_signal(pid, ticks, number):
                raise StackError(f"{self.name} is not running")
            if number == signal.SIGKILL:
                process.wait_gone(pid, ticks, 10)

    def status(self) -> dict:
        running = self.running
        return {"name": self.name, "kind": self.kind, "running": running,
                "healthy": running and self.answers(), "dir": str(self.dir),
                "log": str(self.log), **{k: v for k, v in self.state.items()
                                         if k == "pid" or k in self.ports},
                "environment": self.environment()}

    def _start(self, keep_ports: bool) -> float:
        self._choose_ports(keep_ports)
        began = time.monotonic()
        pid = self.launch()
        self.save(pid=pid, start_ticks=process.start_ticks(pid))
        self._await_answer()
        if not self.state.get("initialized"):
            self.first_answer()
            self.save(initialized=True)
        return time.monotonic() - began

    def _choose_ports(self, keep_ports: bool) -> None:
        state, chosen = self.state, {}
        for name in self.ports:
            port = state.get(name)
            if port is None or not process.port_is_free(port):
                if keep_ports:
                    raise StackError(f"{self.name}: port {port} was taken by another process")
                port = process.free_port(servers_of=self.dir.parent)
            chosen[name] = port
        self.save(**chosen)

    def _await_answer(self) -> None:
        deadline_s = self.patient_start_deadline_s
        problem = process.wait_for(self.answers, deadline_s, lambda: self.running)
        if problem is None:
            return
        reason = ("ended while starting" if problem == "exited"
                  else f"did not answer within {deadline_s:.0f} s")
        raise StackError(f"{self.name} {reason}; the end of {self.log}:\n"
                         f"{process.log_tail(self.log)}")
