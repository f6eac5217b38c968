"""Starts, stops and finds real servers in private folders.

From a test:

    sys.path.insert(0, ".../tests/stack")
    from stacklib import Stack
    stack = Stack("build/stack")
    stack.up("mysql", "kafka")
    stack.kill("kafka")          # SIGKILL by recorded pid
    stack.start("kafka")         # same port, same data
    stack.environment()["MYSQL_PORT"]
"""
from .cache import StackError
from .stack import Stack

__all__ = ["Stack", "StackError"]
