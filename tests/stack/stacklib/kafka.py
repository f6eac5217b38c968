"""Kafka from Maven: one KRaft node that is broker and controller."""
import base64
import os
import socket
import struct
import subprocess
import uuid
from pathlib import Path

from . import maven
from .cache import StackError, cache_dir, ensure_folder
from .server import Server

VERSION = "4.1.0"
ARTIFACTS = [f"org.apache.kafka:kafka_2.13:{VERSION}", f"org.apache.kafka:kafka-tools:{VERSION}",
             "org.apache.logging.log4j:log4j-slf4j-impl:2.24.3"]
LOGGING = """\
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %m (%c)%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
logger.server.name = kafka.server
logger.server.level = info
"""


class Kafka(Server):
    kind = "kafka"
    ports = ("port", "controller_port")

    def prepare(self) -> None:
        maven.java()
        self.libraries()

    def libraries(self) -> Path:
        return ensure_folder(cache_dir() / f"kafka-{VERSION}",
                             lambda folder: maven.download(folder, ARTIFACTS))

    def java_command(self, heap: str, main_class: str) -> list[str]:
        # The JVM expands the class path's *, the shell must not.
        return [str(maven.java()), f"-Xmx{heap}", "-XX:+UseG1GC",
                f"-Dlog4j2.configurationFile={self.dir}/log4j2.properties",
                "-cp", f"{self.libraries()}/*", main_class]

    def create_data(self) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        self._write_configuration(port=1, controller_port=2)  # format looks at folders only
        result = subprocess.run([*self.java_command("128m", "kafka.tools.StorageTool"), "format",
                                 "--ignore-formatted", "-t", cluster.replace("-", "A"),
                                 "-c", f"{self.dir}/server.properties"],
                                stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                check=False)
        if result.returncode != 0:
            raise StackError(f"{self.name}: formatting its storage failed:\n"
                             f"{result.stdout}{result.stderr}")

    def _write_configuration(self, port: int, controller_port: int) -> None:
        (self.dir / "log4j2.properties").write_text(LOGGING, encoding="utf-8")
        settings = {
            "process.roles": "broker,controller", "node.id": "1",
            "listeners": f"BROKER://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
            "advertised.listeners": f"BROKER://127.0.0.1:{port}",
            "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "BROKER", "controller.listener.names": "CONTROLLER",
            "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
            "log.dirs": f"{self.dir}/data", "num.partitions": "4",
            # A topic that the product forgot to create must not appear by itself.
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": "1", "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1", "transaction.state.log.num.partitions": "4",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0", "controlled.shutdown.enable": "false",
            # A killed broker may come back only when its session has ended.
            "broker.session.timeout.ms": "4000", "broker.heartbeat.interval.ms": "500",
            "num.network.threads": "2", "num.io.threads": "4",
            "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
        }
        settings.update(option.split("=", 1) for option in self.state.get("options", []))
        (self.dir / "server.properties").write_text(
            "".join(f"{key}={value}\n" for key, value in settings.items()), encoding="utf-8")

    def command(self) -> list[str]:
        self._write_configuration(self.port, self.state["controller_port"])
        heap = os.environ.get("TAILRACE_KAFKA_HEAP", "512m")
        return [*self.java_command(heap, "kafka.Kafka"), f"{self.dir}/server.properties"]

    def answers(self) -> bool:
        """The broker lists itself in its metadata."""
        try:
            return _brokers(self.port) > 0
        except (OSError, struct.error):
            return False

    def client(self, arguments: list[str]) -> int:
        command = [*self.java_command("128m", "org.apache.kafka.tools.TopicCommand"),
                   "--bootstrap-server", f"127.0.0.1:{self.port}", *arguments]
        return subprocess.run(command, check=False).returncode

    def environment(self) -> dict[str, str]:
        return {self.name.upper().replace("-", "_"): f"127.0.0.1:{self.port}"}


def _brokers(port: int) -> int:
    """Number of brokers in a Metadata (key 3) version 4 response; no topics asked for.

    Layout: kafka.apache.org/protocol, "Metadata Request (Version: 4)".
    """
    client_id = b"stack"
    request = struct.pack(">hhih", 3, 4, 1, len(client_id)) + client_id
    request += struct.pack(">i?", 0, False)
    with socket.create_connection(("127.0.0.1", port), timeout=3) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        stream = connection.makefile("rb")
        (size,) = struct.unpack(">i", stream.read(4))
        _correlation, _throttle_ms, count = struct.unpack_from(">iii", stream.read(size))
    return count
