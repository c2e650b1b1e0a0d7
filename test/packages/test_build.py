# SPDX-License-Identifier: GPL-3.0-or-later
"""What the packages are, looked at by Debian's own tools in the root in which they were built; a second build; builds of other systems."""
import filecmp
import gzip
import re
import shutil
import subprocess

import pytest

import roots
from conftest import SOURCE, boot

TEST_SUMMARY = re.compile(r"^(Ok|Fail|Timeout): +(\d+)", re.M)
# What lintian remarks, without it being a warning.
REMARKS = {
    "debian-watch-file-is-missing": "there is no place yet where releases are published",
    "no-homepage-field": "the same",
    "out-of-date-standards-version": "Debian 12 knows no later one",
    "package-contains-documentation-outside-usr-share-doc": "Cockpit's page is HTML, and a collection has a README",
    "spare-manual-page": "logoff-server(8) is about the worker, which nobody starts by hand",
    "systemd-service-file-missing-install-key": "the bus starts the service",
    "package-supports-alternative-init-but-no-init.d-script": "there too",
}
AGAIN = r"""set -e
mkdir -p /srv/elsewhere/out
cd /srv/elsewhere
umask 077
HOME=/srv TZ=Asia/Taipei LANG=de_DE.UTF-8 DEB_BUILD_OPTIONS=nocheck /package/tools/package --ready --archive /package/logoff-*.tar.xz --output /srv/elsewhere/out
"""


@pytest.fixture(scope="module")
def builder(packages, archive):
    """A host with the tools, and the packages and the tree in /package."""
    def bring(root):
        shutil.copytree(packages, root / "package", ignore=shutil.ignore_patterns("work-*"))
        version = archive.name.removeprefix("logoff_").removesuffix(".orig.tar.xz")
        shutil.copy(archive, root / f"package/logoff-{version}.tar.xz")
        subprocess.run(["tar", "-xf", archive, "-C", root / "package", "--no-same-owner"], check=True, timeout=60)
        (root / f"package/logoff-{version}").rename(root / "package/tree")
        shutil.copytree(SOURCE / "tools", root / "package/tools")

    with boot("packages", prepare=bring) as host:
        yield host


@pytest.fixture(scope="module")
def unpacked(debs, tmp_path_factory):
    """A folder with all files of the packages."""
    folder = tmp_path_factory.mktemp("unpacked")
    for deb in debs.values():
        subprocess.run(["dpkg-deb", "-x", deb, folder], check=True, timeout=60)
    return folder


@pytest.fixture(scope="module")
def programs(unpacked):
    """All programs and libraries of the packages."""
    return [file for file in unpacked.rglob("*") if file.is_file() and not file.is_symlink() and file.read_bytes()[:4] == b"\x7fELF"]


def fields(deb):
    text = subprocess.run(["dpkg-deb", "--field", deb], capture_output=True, text=True, check=True, timeout=60).stdout
    return dict(re.findall(r"^(\S+): (.*)$", text, re.M))


def test_built_without_a_warning(packages):
    log = (packages / "build.log").read_text(errors="replace")
    assert "[-W" not in log, re.findall(r".*\[-W.*", log)


def test_units_have_passed(packages):
    counts = dict(TEST_SUMMARY.findall((packages / "build.log").read_text(errors="replace")))
    assert int(counts["Ok"]) > 60 and counts["Fail"] == counts["Timeout"] == "0", counts


def test_all_packages_are_there(debs):
    control = (SOURCE / "packaging/debian/control").read_text()
    assert set(debs) == set(re.findall(r"^Package: (\S+)", control, re.M))


def test_programs_are_of_the_version_of_their_library(debs):
    for name in ("logoff", "liblogoff-dev", "logoff-windows", "logoff-server"):
        facts, library = fields(debs[name]), "logoff" if name == "logoff-server" else "liblogoff0"
        assert f"{library} (= {facts['Version']})" in facts["Depends"], name


def test_which_maintainer_scripts_there_are(debs):
    """Only those that tell systemd of other units, and take back what an administrator has enabled."""
    scripts = {"logoff": {"postinst", "prerm", "postrm"}}
    for name, deb in debs.items():
        members = subprocess.run(f"dpkg-deb --ctrl-tarfile {deb} | tar -t", shell=True, capture_output=True, text=True, timeout=60).stdout.split()
        assert {member.removeprefix("./") for member in members} <= {"", "control", "md5sums", "shlibs", "symbols", "triggers"} | scripts.get(name, set()), name


def test_files_that_manuals_name_are_there(unpacked):
    """An administrator copies the line with the path, so it has the packages' prefix."""
    pages = "".join(gzip.decompress(page.read_bytes()).decode() for page in unpacked.glob("usr/share/man/**/*.gz") if not page.is_symlink())
    paths = re.findall(r"/usr/(?:local/)?(?:bin|lib|libexec|share)/[\w./-]*\w", re.sub(r"\\f.|\\&?", "", pages))
    named = {path for path in paths if "logoff" in path and "/samba/" not in path}
    assert len(named) > 3 and [path for path in named if not (unpacked / path[1:]).exists()] == [], named


def test_no_private_library_of_samba(programs):
    """Each security update of Samba would make such a package uninstallable."""
    needed = []
    for file in programs:
        said = subprocess.run(["readelf", "-d", file], capture_output=True, text=True, timeout=60).stdout
        needed += re.findall(r"NEEDED.*\[(.*)\]", said)
    assert any(library.startswith("libdcerpc.so") for library in needed)
    assert not [library for library in needed if "samba4" in library or "private-samba" in library]


def test_lintian(builder):
    done = builder.run("cd /package && lintian --allow-root --pedantic -I --fail-on error,warning *.changes", timeout=600)
    assert done.status == 0, done.text
    assert set(re.findall(r"^[A-Z]: [^:]*: (\S+)", done.out, re.M)) <= set(REMARKS), done.out


def test_hardening(builder, programs):
    done = builder.run("blhc /package/build.log", timeout=300)
    assert done.status == 0, done.text
    for file in programs:
        said = subprocess.run(["readelf", "-h", "-d", file], capture_output=True, text=True, timeout=60).stdout
        assert re.search(r"Type: +DYN", said) and "NOW" in said, file


def test_a_second_build_is_the_same(builder, debs):
    """With another folder, time zone, umask, language and home."""
    done = builder.run(["bash", "-c", AGAIN], timeout=1800)
    assert done.status == 0, done.text
    folder = builder.path("/srv/elsewhere/out")
    assert [name for name, deb in debs.items() if not filecmp.cmp(deb, folder / deb.name, shallow=False)] == []


def test_rpm(builder):
    done = builder.run("mkdir -p /srv/rpm && /package/tree/packaging/rpm/build-on-debian /package/logoff-*.tar.xz /srv/rpm", timeout=1800)
    assert done.status == 0, done.text
    built = {re.sub(r"-\d.*", "", file.name) for file in builder.path("/srv/rpm").glob("*.rpm") if "-debug" not in file.name}
    assert built == {"logoff", "liblogoff", "liblogoff-devel", "logoff-windows", "logoff-server", "cockpit-sessions"}


def test_musl(builder):
    done = builder.run("/package/tree/tools/check-musl", timeout=600)
    assert done.status == 0, done.text


def test_elogind(archive):
    """Where there is no libsystemd the build takes libelogind."""
    if roots.RELEASE.no_libelogind:
        pytest.skip(roots.RELEASE.no_libelogind)

    def bring(root):
        (root / "tree").mkdir()
        subprocess.run(["tar", "-xf", archive, "-C", root / "tree", "--strip-components=1", "--no-same-owner"], check=True, timeout=60)

    with boot("elogind-build", prepare=bring) as host:
        done = host.run("cd /tree && meson setup build -Dwerror=true && ninja -C build && meson test -C build --print-errorlogs", timeout=1800)
        assert done.status == 0, done.text[-5000:]
        assert "libelogind.so" in host.check("ldd /tree/build/src/liblogoff.so.0")
