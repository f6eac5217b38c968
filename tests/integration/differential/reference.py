"""The page of types must name exactly the types that were compared, each with the servers it was compared on."""
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs/reference/types.md"
SERVERS = {"all": {"mysql", "mysql56", "mariadb", "mariadb118"}, "MySQL 9": {"mysql"}, "MySQL 5.6": {"mysql56"},
           "MariaDB": {"mariadb", "mariadb118"}, "MariaDB 10.11": {"mariadb"}, "MariaDB 11.8": {"mariadb118"}}


def promised(page):
    """type -> servers, from the table whose first column is `type`."""
    found, inside = {}, False
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        inside = line.startswith("| type |") or (inside and line.startswith("|"))
        if not inside or len(cells) < 5 or set(cells[0]) <= set("-") or cells[0] == "type":
            continue
        for name in re.findall(r"`([^`]+)`", cells[0]):
            found[name] = set().union(*(SERVERS[word.strip()] for word in cells[1].split(",")))
    return found


def problems(compared, page=None):
    """`compared`: server -> types."""
    told = promised(page if page is not None else PAGE.read_text(encoding="utf-8"))
    seen = {}
    for server, types in compared.items():
        for name in types:
            seen.setdefault(name, set()).add(server)
    for name in sorted(told.keys() | seen.keys()):
        if name not in seen:
            yield f"{PAGE.name} names the type {name}, which was not compared"
        elif name not in told:
            yield f"{PAGE.name} lacks the type {name}, which was compared"
        elif told[name] != seen[name]:
            yield f"{PAGE.name}: {name} was compared on {sorted(seen[name])}, the page says {sorted(told[name])}"
