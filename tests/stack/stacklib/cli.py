"""The command line of tests/stack/stack."""
import argparse
import json
import os
import shlex
import signal
import sys

from .cache import StackError
from .stack import Stack, default_dir


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="stack", description="Real servers in private folders, "
                                  "on free ports, without containers.")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name, text):
        sub = verbs.add_parser(name, help=text, description=text)
        sub.add_argument("--dir", default=None,
                         help=f"folder of the stack (default {default_dir()})")
        return sub

    names = ("mysql, mysql-replica, mysql56, mariadb, mariadb118, kafka, elasticsearch, "
             "or KIND-SUFFIX")
    up = verb("up", "start servers and wait until they answer")
    up.add_argument("names", nargs="+", metavar="NAME", help=names)
    up.add_argument("--option", action="append", default=[], metavar="NAME:ARGUMENT",
                    help="further server argument, kept; e.g. mysql:--binlog-row-image=MINIMAL")
    down = verb("down", "stop servers; data stays")
    down.add_argument("names", nargs="*", metavar="NAME", help="all when left out")
    down.add_argument("--wipe", action="store_true", help="remove their folders too")
    kill = verb("kill", "send a signal to a server by its recorded pid")
    kill.add_argument("name")
    kill.add_argument("signal", nargs="?", default="KILL", help="KILL (default), STOP, CONT, TERM")
    for name, text in (("start", "start a killed or stopped server: same port, same data"),
                       ("restart", "stop and start: same port, same data"),
                       ("log", "print the path of the server's log")):
        verb(name, text).add_argument("name")
    verb("env", "print the variables that clients need, as shell lines")
    verb("status", "what is up").add_argument("--json", action="store_true")
    client = verb("client", "run a server's client: mysql ARGS, kafka TOPIC-ARGS, "
                  "elasticsearch METHOD PATH [BODY]")
    client.add_argument("name")
    client.add_argument("arguments", nargs=argparse.REMAINDER)
    path = verb("path", "print the path of a program: mysql, mysqld, mysqlbinlog, mysqldump")
    path.add_argument("program")
    run = verb("exec", "run a command with the variables of `env` set: exec -- CMD ARGS")
    run.add_argument("command", nargs=argparse.REMAINDER)
    return top


def up(stack: Stack, args) -> int:
    options: dict[str, list[str]] = {}
    for item in args.option:
        name, separator, argument = item.partition(":")
        if not separator or name not in args.names:
            raise StackError(f"--option {item}: write NAME:ARGUMENT with a NAME that is given")
        options.setdefault(name, []).append(argument)
    for name, seconds in stack.up(*args.names, options=options).items():
        state = stack.server(name).state
        how = "was up" if seconds is None else f"up in {seconds:.1f} s"
        print(f"{name}: {how}, 127.0.0.1:{state['port']}, pid {state['pid']}", flush=True)
    return 0


def down(stack: Stack, args) -> int:
    for name in stack.down(*args.names, wipe=args.wipe):
        print(f"{name}: stopped", flush=True)
    return 0


def kill(stack: Stack, args) -> int:
    name = args.signal.upper().removeprefix("SIG")
    try:
        number = signal.Signals(int(name)) if name.isdigit() else signal.Signals["SIG" + name]
    except (KeyError, ValueError):
        raise StackError(f"unknown signal '{args.signal}'") from None
    stack.kill(args.name, number)
    return 0


def status(stack: Stack, args) -> int:
    rows = stack.status()
    if args.json:
        print(json.dumps(rows, indent=2))
        return 0
    for row in rows:
        word = "up" if row["healthy"] else "not answering" if row["running"] else "down"
        print(f"{row['name']}: {word}, 127.0.0.1:{row.get('port')}, pid {row.get('pid')}")
    return 0


def env(stack: Stack, _args) -> int:
    for name, value in stack.environment().items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def client(stack: Stack, args) -> int:
    arguments = args.arguments
    if arguments[:1] == ["--dir"]:  # also after the name, where argparse stops looking
        stack, arguments = Stack(arguments[1]), arguments[2:]
    return stack.server(args.name).client(arguments)


def path(stack: Stack, args) -> int:
    kind, separator, program = args.program.partition("/")
    if not separator:
        kind, program = "mariadb" if kind.startswith("mariadb") else "mysql", kind
    print(stack.server(kind).program(program))
    return 0


def execute(stack: Stack, args) -> int:
    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not command:
        raise StackError("exec needs a command: stack exec -- CMD ARGS")
    os.environ.update(stack.environment())
    try:
        os.execvp(command[0], command)
    except OSError as error:
        raise StackError(f"cannot run {command[0]}: {error.strerror}") from None


def restart(stack: Stack, args) -> int:
    seconds = stack.restart(args.name) if args.verb == "restart" else stack.start(args.name)
    print(f"{args.name}: up in {seconds:.1f} s")
    return 0


def log(stack: Stack, args) -> int:
    print(stack.server(args.name).log)
    return 0


VERBS = {"up": up, "down": down, "kill": kill, "start": restart, "restart": restart, "env": env,
         "status": status, "client": client, "path": path, "exec": execute, "log": log}


def main(arguments: list[str]) -> int:
    args = parser().parse_args(arguments)
    try:
        return VERBS[args.verb](Stack(args.dir), args)
    except StackError as error:
        for line in str(error).splitlines():
            print(line if line.startswith("    ") else f"stack: {line}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
