# SPDX-License-Identifier: GPL-3.0-or-later
"""What tools/windows/package makes."""

import hashlib
import pathlib
import re
import subprocess
import zipfile

import pytest

TREE = pathlib.Path(__file__).parent.parent.parent
PROGRAMS = ("logoff", "query", "msg", "qwinsta", "quser", "qprocess")


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The files of the package, by name."""
    made = subprocess.run([TREE / "tools/windows/package", tmp_path_factory.mktemp("package")], capture_output=True, text=True, timeout=600)
    assert made.returncode == 0, made.stderr
    with zipfile.ZipFile(made.stdout.strip()) as archive:
        return {name.split("/", 1)[1]: archive.read(name) for name in archive.namelist()}


def test_all_is_there(package):
    texts = {f"{name}{language}.txt" for name in ("logoff", "query", "msg") for language in ("", ".zh_TW")}
    more = {"README.txt", "README.zh_TW.txt", "check-native.ps1", "SHA256SUMS.txt", "LICENSE.txt",
            "LICENSE-jansson.txt", "LICENSE-mingw-w64.txt"}
    assert set(package) == {f"{name}.exe" for name in PROGRAMS} | texts | more


def test_checksums(package):
    sums = dict(reversed(line.split(" *")) for line in package["SHA256SUMS.txt"].decode().splitlines())
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in package.items() if name != "SHA256SUMS.txt"}


def test_texts_are_for_notepad(package):
    for name, data in package.items():
        if name.endswith(".txt") and name != "SHA256SUMS.txt":
            text = data.decode("utf-8")
            assert text.startswith("\ufeff") and not re.search(r"(?<!\r)\n|\x1b|\x08", text), name
    assert "工作階段" in package["logoff.zh_TW.txt"].decode()


def test_programs(package):
    """Small, without any right that the user does not have, known to Windows 8 to 11, and with a version."""
    version = re.search(r"version: '(.*)'", (TREE / "meson.build").read_text())[1]
    for name in PROGRAMS:
        program = package[f"{name}.exe"]
        assert len(program) <= 350 * 1024
        assert b'level="asInvoker"' in program and program.count(b"<supportedOS Id=") == 3
        assert f"ProductVersion\0{version}".encode("utf-16-le") in program.replace(b"\0\0\0\0", b"\0\0")
        assert f"{name}.exe".encode("utf-16-le") in program
