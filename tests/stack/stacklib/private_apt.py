"""Debian packages of any suite, unpacked beside the system instead of installed into it.

A private apt with its own lists, cache and an empty status fetches a program with every
library down to libc; the programs are run with that libc's loader. The archive's address
comes from the system's own apt sources, of either format.
"""
import glob
import os
import re
import shutil
import subprocess
from pathlib import Path

from .cache import StackError, cache_dir, ensure_folder

CURE = "check the network (or a proxy in apt's configuration) and try again"


def _os_release(key: str) -> str:
    match = re.search(rf'^{key}="?([^"\n]*)', Path("/etc/os-release").read_text(), re.M)
    return match.group(1) if match else ""


def _stanzas(text: str):
    """The stanzas of a deb822 file as dictionaries; comment lines left out."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for block in re.split(r"\n\s*\n", "\n".join(lines)):
        fields: dict[str, str] = {}
        key = ""
        for line in block.splitlines():
            if line[:1].isspace() and key:
                fields[key] += "\n" + line
            elif ":" in line:
                key, _, value = line.partition(":")
                key = key.strip().lower()
                fields[key] = value.strip()
        if fields:
            yield fields


def _one_line_entries(text: str):
    """Entries `deb [options] uri suite component…` in the shape of deb822 stanzas."""
    pattern = re.compile(r"^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.*)$", re.M)
    for options, uri, suite, components in pattern.findall(text):
        fields = {"types": "deb", "uris": uri, "suites": suite, "components": components}
        for option in options.split():
            key, _, value = option.partition("=")
            fields[key.lower()] = value
        yield fields


def _system_entries():
    for name in sorted(glob.glob("/etc/apt/sources.list.d/*.sources")):
        yield from _stanzas(Path(name).read_text(encoding="utf-8"))
    for name in ["/etc/apt/sources.list", *sorted(glob.glob("/etc/apt/sources.list.d/*.list"))]:
        if os.path.exists(name):
            yield from _one_line_entries(Path(name).read_text(encoding="utf-8"))


def archive_entry() -> dict[str, str]:
    """The system's entry for the main archive."""
    suites = {_os_release("VERSION_CODENAME"), "stable"}
    for entry in _system_entries():
        if (entry.get("enabled", "yes").lower() != "no"
                and "deb" in entry.get("types", "").split()
                and suites & set(entry.get("suites", "").split())
                and "main" in entry.get("components", "").split()):
            return entry
    raise StackError("no apt source for the Debian archive (component main) was found in "
                     "/etc/apt; this recipe needs Debian or a mirror of it")


def _write_configuration(folder: Path, suite: str) -> Path:
    for name in ("sources", "lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "status").touch()
    entry = archive_entry()
    lines = [f"Types: deb\nURIs: {entry['uris']}\nSuites: {suite}\nComponents: main"]
    lines += [f"{key}: {entry[key.lower()]}" for key in ("Signed-By", "Trusted")
              if key.lower() in entry]
    (folder / "sources" / "archive.sources").write_text("\n".join(lines) + "\n")
    configuration = folder / "apt.conf"
    configuration.write_text(f"""\
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{folder}/sources";
Dir::State "{folder}";
Dir::State::Lists "{folder}/lists";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Cache::archives "{folder}/cache/archives";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "3";
""")
    return configuration


def _apt(configuration: Path, what: str, *arguments: str) -> None:
    result = subprocess.run(["apt-get", "-c", str(configuration), "-q", "-y", *arguments],
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                            env={**os.environ, "LC_ALL": "C"})
    # A failed `update` exits with 0 and only warns.
    problem = re.search(r"^(?:E|W: Failed to fetch|Err):? ?.*$", result.stderr, re.M)
    if result.returncode != 0 or (problem and "update" in arguments):
        detail = problem.group(0) if problem else f"apt-get ended with {result.returncode}"
        raise StackError(f"downloading {what} from the Debian package archive failed: {CURE}"
                         f" ({detail.strip()})")


def _fetch(target: Path, suite: str, packages: list[str]) -> None:
    what = f"{' '.join(packages)} (suite {suite})"
    work = target / "apt"
    configuration = _write_configuration(work, suite)
    _apt(configuration, what, "update")
    _apt(configuration, what, "install", "--download-only", *packages)
    for package in (work / "cache/archives").glob("*.deb"):
        package.rename(target / package.name)
    shutil.rmtree(work)


def fetch_alone(target: Path, suite: str, package: str) -> None:
    """Unpacks one package, without those it depends on, into `target`."""
    work = target / ".apt"
    configuration = _write_configuration(work, suite)
    _apt(configuration, f"{package} (suite {suite})", "update")
    result = subprocess.run(["apt-get", "-c", str(configuration), "-q", "download", package],
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                            cwd=work)
    if result.returncode != 0:
        raise StackError(f"downloading {package} (suite {suite}) from the Debian package archive "
                         f"failed: {CURE} ({result.stderr.strip()[-300:]})")
    _unpack(work, target)
    shutil.rmtree(work)


def _unpack(packages: Path, target: Path) -> None:
    for package in sorted(packages.glob("*.deb")):
        result = subprocess.run(["dpkg-deb", "-x", str(package), str(target)],
                                capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise StackError(f"unpacking {package} failed ({result.stderr.strip()}): "
                             f"remove {packages} to download it again")


def unpacked(name: str, suite: str, packages: list[str]) -> Path:
    """A folder with the packages and all they depend on unpacked; downloads kept beside it."""
    base = cache_dir() / name
    debs = ensure_folder(base / "packages", lambda folder: _fetch(folder, suite, packages))
    return ensure_folder(base / "root", lambda folder: _unpack(debs, folder))


def system_suite() -> str:
    return _os_release("VERSION_CODENAME") or "stable"


def loader_command(root: Path, program: str, holder: Path | None = None) -> list[str]:
    """How to run a program of an unpacked root (or of the folder `holder`) with the root's own
    libraries."""
    loaders = sorted(glob.glob(f"{root}/usr/lib*/ld-linux-*.so.*")
                     or glob.glob(f"{root}/lib*/ld-linux-*.so.*")
                     or glob.glob(f"{root}/lib/*/ld-linux-*.so.*"))
    libraries = glob.glob(f"{root}/usr/lib/*-linux-gnu") + glob.glob(f"{root}/lib/*-linux-gnu")
    if not loaders or not libraries:
        raise StackError(f"{root} holds no C library: remove {root.parent} to download it again")
    return [loaders[0], "--library-path", ":".join(libraries), f"{holder or root}{program}"]


def wrapper(root: Path, program: str, holder: Path | None = None) -> Path:
    """A script that runs a program of an unpacked root as if it were installed."""
    script = root.parent / "bin" / Path(program).name
    words = " ".join(f"'{word}'" for word in loader_command(root, program, holder))
    text = f'#!/bin/sh\nexec {words} "$@"\n'
    if not script.exists() or script.read_text() != text:
        script.parent.mkdir(exist_ok=True)
        partial = script.with_name(f".{script.name}.{os.getpid()}")
        partial.write_text(text)
        partial.chmod(0o755)
        partial.rename(script)
    return script
