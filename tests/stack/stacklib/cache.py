"""Where downloads are kept, and the locks that let several stacks share them."""
import contextlib
import fcntl
import hashlib
import os
import shutil
import stat
from pathlib import Path


class StackError(Exception):
    """A failure whose text alone tells a person what happened and what to do."""


def cache_dir() -> Path:
    base = os.environ.get("TAILRACE_CACHE")
    if not base:
        home = os.environ.get("XDG_CACHE_HOME") or os.path.join(Path.home(), ".cache")
        base = os.path.join(home, "tailrace")
    path = Path(base).absolute()
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def locked(path: Path):
    """Holds an exclusive lock on a file; the kernel frees it when the holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="ascii") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def ensure_folder(target: Path, build) -> Path:
    """Returns `target`, made once by build(empty_folder) and put in place atomically."""
    if target.is_dir():
        return target
    with locked(target.parent / f".{target.name}.lock"):
        if target.is_dir():
            return target
        partial = target.parent / f".{target.name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        build(partial)
        partial.chmod(0o755)
        partial.rename(target)
    return target


def reachable_by_others(path: Path) -> bool:
    """Whether a user without rights of his own may walk into `path`."""
    path = path.absolute()
    for part in [path, *path.parents]:
        if part.exists() and not part.stat().st_mode & stat.S_IXOTH:
            return False
    return True


def open_to_others(path: Path) -> Path:
    """`path`, or a stand-in below /var/tmp when an unprivileged user could not enter it."""
    if reachable_by_others(path):
        return path
    digest = hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:12]
    return Path("/var/tmp") / f"tailrace-{os.getuid()}" / digest
