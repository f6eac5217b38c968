"""Packages of an npm registry, fetched without npm.

The registry is the one that npm would use: the environment's, the user's, npm's own default. No
address is written here; where npm is not installed its default is read from Debian's package of it.
"""
import base64
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

from . import private_apt
from .cache import StackError, cache_dir, ensure_folder

CURE = "check the network (or the registry in ~/.npmrc or $NPM_CONFIG_REGISTRY) and try again"
TIMEOUT_S = 300
NPM_DEFAULTS = "usr/share/nodejs/npm/lib/utils/config/definitions.js"


def registry_in(text: str) -> str | None:
    """The registry that an .npmrc names."""
    found = re.findall(r'^\s*registry\s*=\s*"?(https?://[^"\s]+)"?\s*$', text, re.M)
    return found[-1] if found else None


def default_in(definitions: str) -> str | None:
    """The default of the option `registry` in npm's own source."""
    found = re.search(r"define\(\s*'registry',\s*\{\s*default:\s*[`'\"](https?://[^`'\"$]+)",
                      definitions)
    return found.group(1) if found else None


def _default_of_debians_npm() -> str | None:
    package = ensure_folder(cache_dir() / "npm-defaults",
                            lambda folder: private_apt.fetch_alone(
                                folder, private_apt.system_suite(), "npm"))
    definitions = package / NPM_DEFAULTS
    return default_in(definitions.read_text(encoding="utf-8")) if definitions.exists() else None


def registry() -> str:
    """The address, with a slash at its end."""
    own = Path(os.environ.get("NPM_CONFIG_USERCONFIG") or Path.home() / ".npmrc")
    found = (os.environ.get("npm_config_registry") or os.environ.get("NPM_CONFIG_REGISTRY")
             or (registry_in(own.read_text(encoding="utf-8")) if own.is_file() else None))
    if not found and shutil.which("npm"):
        result = subprocess.run(["npm", "config", "get", "registry"], stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, check=False)
        found = result.stdout.strip()
    if not found or not found.startswith("http"):
        found = _default_of_debians_npm()
    if not found:
        raise StackError(f"no npm registry is known: {CURE}")
    return found.rstrip("/") + "/"


def _read(url: str, what: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
            return answer.read()
    except (OSError, urllib.error.URLError) as error:
        raise StackError(f"downloading {what} from the npm registry failed: {CURE}"
                         f" ({error})") from None


def download(target: Path, package: str, version: str, integrity: str) -> None:
    """Unpacks a package into `target`; `integrity`: npm's own word, "sha512-" and base64."""
    what = f"{package} {version}"
    about = json.loads(_read(registry() + package, what))
    try:
        tarball = about["versions"][version]["dist"]["tarball"]
    except KeyError:
        raise StackError(f"the npm registry has no {what}: {CURE}") from None
    content = _read(tarball, what)
    found = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
    if found != integrity:
        raise StackError(f"{what} from the npm registry is not what was expected: its hash is "
                         f"{found}, not {integrity}; is the registry one you trust?")
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        archive.extractall(target, members=_inside(archive))


def _inside(archive: tarfile.TarFile):
    """Files and folders that lie below the target."""
    for member in archive.getmembers():
        if (member.isfile() or member.isdir()) and not member.name.startswith("/") \
                and ".." not in Path(member.name).parts:
            yield member
