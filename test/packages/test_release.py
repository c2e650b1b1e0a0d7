# SPDX-License-Identifier: GPL-3.0-or-later
"""tools/release on a clone of this tree: it refuses what is not in order, and one commit gives one archive. tools/package where there is no Python."""
import hashlib
import shutil
import subprocess

import pytest

from conftest import SOURCE


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """This tree as it is, as the only commit."""
    folder = tmp_path_factory.mktemp("original")
    tree = folder / "logoff"
    tree.mkdir()
    archive = subprocess.run([SOURCE / "tools/make-archive", folder], capture_output=True, text=True, check=True, timeout=900).stdout.strip()
    subprocess.run(["tar", "-xf", archive, "-C", tree, "--strip-components=1"], check=True, timeout=120)
    git(tree, "init", "-q")
    commit(tree)
    return tree


@pytest.fixture
def clone(original, tmp_path):
    git(tmp_path, "clone", "-q", original, "logoff")
    return tmp_path / "logoff"


def git(tree, *arguments):
    subprocess.run(["git", "-c", "user.name=test", "-c", "user.email=test@localhost", *arguments], cwd=tree, check=True, capture_output=True,
                   timeout=300)


def commit(tree):
    git(tree, "add", "-A")
    git(tree, "commit", "-q", "-m", "test")


def release(tree, *arguments):
    return subprocess.run(["tools/release", *arguments], cwd=tree, capture_output=True, text=True, timeout=900)


def change(tree, name, old, new):
    text = (tree / name).read_text()
    assert old in text
    (tree / name).write_text(text.replace(old, new, 1))


def test_what_is_in_order_is_made(clone):
    assert release(clone, "--set", "9.8.7").returncode == 0
    assert "not committed" in release(clone, "9.8.7").stderr
    commit(clone)
    sums = set()
    for _ in range(2):
        done = release(clone, "9.8.7", "--archive-only")
        assert done.returncode == 0, done.stderr
        folder = clone / "build-release/logoff-9.8.7"
        sums.add(hashlib.sha256((folder / "logoff-9.8.7.tar.xz").read_bytes()).hexdigest())
        assert (folder / "SHA256SUMS").read_text().split() == [*sums, "logoff-9.8.7.tar.xz"]
    again = release(clone, "--set", "9.9.0")
    assert again.returncode == 1 and "NEWS.md" in again.stderr
    assert subprocess.run(["git", "diff", "--quiet"], cwd=clone).returncode == 0


@pytest.mark.parametrize("name, old, new", [
    ("meson.build", "9.8.7", "9.8.6"), ("NEWS.md", "## 9.8.7, 2", "## 9.8.7, not released yet, 2"), ("README.md", "Version 9.8.7", "Version 9.8.6"),
    ("README.zh-TW.md", "版本 9.8.7", "版本 9.8.6"), ("packaging/debian/changelog", "unstable", "UNRELEASED"),
    ("packaging/rpm/logoff.spec", "9.8.7", "9.8.6"), ("packaging/rpm/logoff.spec", " - 9.8.7-1", " - 9.8.6-1"), ("po/zh_TW.po", "9.8.7", "9.8.6"),
    ("cockpit/po/zh_TW.po", "9.8.7", "9.8.6"), ("test/cli/cases/usage.txt", "logoff 9.8.7", "logoff 9.8.6"),
    ("contrib/ansible/ansible_collections/logoff/sessions/galaxy.yml", "9.8.7", "9.8.6"),
    ("packaging/debian/liblogoff0.symbols", "logoff_host_open@", "logoff_host_opened@"),
])
def test_what_is_not_in_order_is_refused(clone, name, old, new):
    assert release(clone, "--set", "9.8.7").returncode == 0
    change(clone, name, old, new)
    commit(clone)
    done = release(clone, "9.8.7", "--archive-only")
    assert done.returncode == 1 and not (clone / "build-release").exists()
    assert name.rpartition("/")[2].removeprefix("liblogoff0.") in done.stderr or name in done.stderr, done.stderr


@pytest.mark.parametrize("version", ["1.2", "v1.2.3", "1.2.3-1", "", "../x"])
def test_what_is_no_version_is_refused(clone, version):
    done = release(clone, version)
    assert done.returncode == 1 and "not a version" in done.stderr


def test_a_version_of_another_commit_is_refused(clone):
    assert release(clone, "--set", "9.8.7").returncode == 0
    commit(clone)
    git(clone, "tag", "v9.8.7")
    git(clone, "commit", "-q", "--allow-empty", "-m", "later")
    done = release(clone, "9.8.7", "--archive-only")
    assert done.returncode == 1 and "another commit" in done.stderr


INSTALL = """#!/bin/sh
echo "install $*"
cat >"${0%/*}/python3" <<'END'
#!/bin/sh
echo "python3 $*"
END
chmod 755 "${0%/*}/python3"
"""


def test_packages_are_made_where_there_is_no_python(tmp_path):
    """As in a small Debian: the command of the README gets it first."""
    for name in ("sh", "dirname", "cat", "chmod"):
        (tmp_path / name).symlink_to(shutil.which(name))
    shutil.copy(SOURCE / "tools/package", tmp_path)
    (tmp_path / "install").write_text(INSTALL)
    (tmp_path / "install").chmod(0o755)
    done = subprocess.run([tmp_path / "package", "--output", "there"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == ["install build", f"python3 {tmp_path}/package.py --output there"], done
