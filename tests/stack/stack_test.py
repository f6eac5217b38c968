#!/usr/bin/env python3
"""What can be tested of the stack without servers and network."""
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from stacklib import Stack, StackError, cache, npm, private_apt, process  # noqa: E402

DEB822 = """\
# a comment
Types: deb
URIs: http://archive.example/debian
Suites: bookworm bookworm-updates
# another one
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc

Types: deb
URIs: http://security.example/debian
Suites: bookworm-security
Components: main
"""
ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/k.gpg] http://archive.example/debian bookworm main contrib
deb-src http://archive.example/debian bookworm main
"""


class AptSources(unittest.TestCase):
    def test_reads_stanzas_with_their_inline_key(self):
        first, second = private_apt._stanzas(DEB822)
        self.assertEqual(first["uris"], "http://archive.example/debian")
        self.assertEqual(first["suites"].split(), ["bookworm", "bookworm-updates"])
        self.assertIn("\n abc", first["signed-by"])
        self.assertEqual(second["suites"], "bookworm-security")

    def test_reads_one_line_entries_with_their_options(self):
        (entry,) = private_apt._one_line_entries(ONE_LINE)
        self.assertEqual(entry["uris"], "http://archive.example/debian")
        self.assertEqual(entry["signed-by"], "/usr/share/keyrings/k.gpg")
        self.assertEqual(entry["components"].split(), ["main", "contrib"])


class NpmRegistry(unittest.TestCase):
    def test_is_the_last_that_an_npmrc_names(self):
        text = ("; registry=https://old.example/\nregistry = https://one.example/npm\n"
                "@ours:registry=https://scoped.example/\n")
        self.assertEqual(npm.registry_in(text), "https://one.example/npm")
        self.assertIsNone(npm.registry_in("fund=false\n"))

    def test_is_found_in_npms_own_definitions(self):
        text = "define('proxy', {\n  default: null,\n})\ndefine('registry', {\n  default: 'https://a.example/',"
        self.assertEqual(npm.default_in(text), "https://a.example/")
        self.assertIsNone(npm.default_in("define('proxy', { default: null })"))

    def test_of_the_environment_comes_first(self):
        with mock.patch.dict("os.environ", {"NPM_CONFIG_REGISTRY": "https://env.example/x"}):
            self.assertEqual(npm.registry(), "https://env.example/x/")

    def test_answers_with_another_package_are_refused(self):
        about = b'{"versions": {"1": {"dist": {"tarball": "t"}}}}'
        with mock.patch.object(npm, "registry", lambda: "https://a.example/"), \
                mock.patch.object(npm, "_read", lambda url, _: b"other" if url == "t" else about), \
                tempfile.TemporaryDirectory() as base:
            with self.assertRaisesRegex(StackError, "not what was expected"):
                npm.download(Path(base), "thing", "1", "sha512-abc")
            with self.assertRaisesRegex(StackError, "has no thing 2"):
                npm.download(Path(base), "thing", "2", "sha512-abc")


class Processes(unittest.TestCase):
    def test_a_recorded_process_is_alive_until_it_ends(self):
        child = subprocess.Popen(["sleep", "60"])
        ticks = process.start_ticks(child.pid)
        self.assertTrue(process.is_alive(child.pid, ticks))
        self.assertFalse(process.is_alive(child.pid, ticks + 1), "another one with its pid")
        self.assertTrue(process.send_signal(child.pid, ticks, signal.SIGKILL))
        self.assertTrue(process.wait_gone(child.pid, ticks, 5))
        child.wait()

    def test_waiting_tells_an_end_from_a_deadline(self):
        self.assertIsNone(process.wait_for(lambda: True, 1, lambda: True))
        self.assertEqual(process.wait_for(lambda: False, 1, lambda: False), "exited")
        self.assertEqual(process.wait_for(lambda: False, 0, lambda: True), "deadline")

    def test_free_ports_are_not_given_out_twice(self):
        ports = [process.free_port() for _ in range(50)]
        self.assertEqual(len(set(ports)), 50)


class Folders(unittest.TestCase):
    def test_a_folder_whose_build_failed_is_built_again(self):
        with tempfile.TemporaryDirectory() as base:
            target = Path(base) / "thing"

            def fails(folder):
                (folder / "half").touch()
                raise StackError("no network")

            with self.assertRaises(StackError):
                cache.ensure_folder(target, fails)
            self.assertFalse(target.exists())
            cache.ensure_folder(target, lambda folder: (folder / "whole").touch())
            self.assertEqual([path.name for path in target.iterdir()], ["whole"])

    def test_unknown_and_never_started_servers_are_named(self):
        with tempfile.TemporaryDirectory() as base:
            with self.assertRaisesRegex(StackError, "unknown server 'oracle'"):
                Stack(base).server("oracle")
            with self.assertRaisesRegex(StackError, "mysql was never up"):
                Stack(base).start("mysql")
            self.assertEqual(Stack(base).environment(), {"TAILRACE_STACK_DIR": base})


if __name__ == "__main__":
    unittest.main()
