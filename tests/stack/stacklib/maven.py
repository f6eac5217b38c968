"""Java programs from a Maven repository (the one of the user's Maven settings)."""
import re
import shutil
import subprocess
from pathlib import Path

from .cache import StackError

PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
CURE = "check the network (or a mirror or proxy in Maven's settings.xml) and try again"


def java() -> Path:
    program = shutil.which("java")
    if program is None:
        raise StackError("java is missing: run tools/install-packages.sh demo-kafka")
    return Path(program).resolve()


def _pom(artifacts: list[str]) -> str:
    """A pom that depends on artifacts written as group:name:version[:type]."""
    dependencies = ""
    for artifact in artifacts:
        group, name, version, *kind = artifact.split(":")
        dependencies += (f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId>"
                         f"<version>{version}</version><type>{(kind or ['jar'])[0]}</type>"
                         "</dependency>\n")
    return ("<project><modelVersion>4.0.0</modelVersion><groupId>tailrace.stack</groupId>"
            "<artifactId>download</artifactId><version>1</version><packaging>pom</packaging>\n"
            f"<dependencies>\n{dependencies}</dependencies></project>\n")


def download(target: Path, artifacts: list[str], transitive: bool = True) -> None:
    """Copies artifacts, with what they depend on if `transitive`, into `target`."""
    if shutil.which("mvn") is None:
        raise StackError("mvn is missing: run tools/install-packages.sh demo-kafka")
    pom = target / "pom.xml"
    pom.write_text(_pom(artifacts), encoding="utf-8")
    result = subprocess.run(["mvn", "-q", "-B", "-f", str(pom), PLUGIN,
                             f"-DoutputDirectory={target}",
                             f"-DexcludeTransitive={'false' if transitive else 'true'}"],
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        errors = re.findall(r"\[ERROR\].*", result.stdout + result.stderr)
        detail = re.sub(r"\x1b\[[0-9;]*m", "", errors[0])[:300] if errors else "no details"
        raise StackError(f"downloading {artifacts[0]} from the Maven repository failed: {CURE}"
                         f" ({detail})")
