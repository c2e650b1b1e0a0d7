# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages on a host: installed, upgraded whole and in part, mixed, removed. Nothing stays, and nobody's session ends.

The next version is made of the same packages: another version in the control files, another stamp in the programs, and another time
of the nightly timer.
"""
import re
import shutil
import subprocess

import pytest

import sessions
from conftest import SOURCE, boot

APT = "DEBIAN_FRONTEND=noninteractive apt-get -y -q --allow-downgrades"
LATER = "9.9.9-1~upstream1"
TESTS = SOURCE / "packaging/debian/tests"


def next_version(deb, folder):
    """Makes the package of a later version."""
    tree = folder / deb.stem
    subprocess.run(["dpkg-deb", "-R", deb, tree], check=True, timeout=60)
    control = tree / "DEBIAN/control"
    version = re.search(r"^Version: (.*)$", control.read_text(), re.M)[1]
    control.write_text(control.read_text().replace(version, LATER))
    for timer in tree.rglob("logoff-nightly.timer"):
        timer.write_text(timer.read_text().replace("02:00", "03:00"))
    for file in tree.rglob("*"):
        if file.is_file() and not file.is_symlink() and b"\x7fELF" == file.read_bytes()[:4]:
            file.write_bytes(re.sub(rb"\d+\.\d+\.\d+(-x86_64-[0-9a-f]{8})\0", rb"9.9.9\1\0", file.read_bytes()))
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, folder / f"{deb.name.partition('_')[0]}_later.deb"], check=True,
                   capture_output=True, timeout=120)


@pytest.fixture(scope="module")
def later(debs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("later")
    for deb in debs.values():
        next_version(deb, folder)
    return folder


@pytest.fixture(scope="module")
def host(debs, later):
    def bring(root):
        (root / "packages").mkdir()
        for deb in (*debs.values(), *later.glob("*_later.deb")):
            shutil.copy(deb, root / "packages" / (deb.name if "_later" in deb.name else deb.name.partition("_")[0] + "_now.deb"))
        shutil.copytree(TESTS, root / "tests")

    with boot("packaged", prepare=bring) as one:
        yield one


def files(host):
    """What a package could leave somewhere. Caches of the loader and of manuals, and logs, are the system's own."""
    return set(host.check("find /usr /etc /var/lib /run/systemd/system -not -type d -not -path '/var/lib/dpkg/*' -not -path '/var/lib/apt/*' "
                          "-not -path /etc/ld.so.cache -not -path '/var/lib/systemd/*' -not -name '*.pyc'").splitlines())


def versions(host, state="installed"):
    """Versions of packages of this tree that are installed, by name; without STATE of those too that have left settings."""
    names = " ".join(re.findall(r"^Package: (\S+)", (TESTS.parent / "control").read_text(), re.M))
    lines = host.check(f"dpkg-query -W -f '${{db:Status-Status}} ${{Package}} ${{Version}}\\n' {names} 2>/dev/null || :").splitlines()
    rows = [line.split() for line in lines]
    return {row[1]: row[-1] for row in rows if not state and row[0] != "not-installed" or row[0] == state}


@pytest.fixture(scope="module")
def before(host):
    return files(host)


@pytest.fixture(scope="module")
def bob(host):
    """A session that is there all the time, with a process in it."""
    session = sessions.ssh(host, "bob")
    session.spawn("stubborn kept", "kept")
    return session, session.processes()


@pytest.fixture(scope="module")
def installed(host, before, bob):
    done = host.run(f"{APT} install /packages/*_now.deb", timeout=300)
    assert done.status == 0, done.text
    return host


def assert_there(host, bob):
    session, processes = bob
    assert session.id in host.session_ids()
    assert set(processes) <= set(session.processes())


def declared_tests():
    """The tests of the package with their restrictions, as Debian reads them."""
    for paragraph in (TESTS / "control").read_text().split("\n\n"):
        said = dict(re.findall(r"^(\S+): (.*)$", paragraph, re.M))
        for name in said["Tests"].split():
            yield name, said.get("Restrictions", "")


def test_installs_and_nobody_is_logged_off(installed, debs, bob):
    assert set(versions(installed)) == set(debs)
    assert_there(installed, bob)
    assert bob[0].id in installed.check("query session --json")


def test_nightly_timer_waits_for_the_administrator(installed):
    """systemd knows the units, and nothing is enabled or started."""
    installed.check("systemctl cat logoff-nightly.timer logoff-nightly.service")
    assert installed.run("systemctl is-enabled logoff-nightly.timer").out == "disabled\n"
    assert installed.run("systemctl is-active logoff-nightly.timer logoff-nightly.service").out == "inactive\ninactive\n"


@pytest.mark.parametrize("name, restrictions", [pytest.param(*row, id=row[0]) for row in declared_tests()])
def test_autopkgtest(installed, name, restrictions):
    done = installed.run(f"mkdir -p /tmp/at-{name} && cd /tmp && AUTOPKGTEST_TMP=/tmp/at-{name} /tests/{name}", timeout=180)
    assert done.status == 0, done.text
    assert "allow-stderr" in restrictions or done.err == "", done.err


def test_service_is_started_by_the_bus(installed):
    assert installed.run("busctl --system introspect org.logoff.Messenger1 /org/logoff/Messenger1").status == 0


def test_profile_for_pam_waits_for_the_administrator(installed):
    """Another package that runs pam-auth-update does not set it up."""
    installed.check("DEBIAN_FRONTEND=noninteractive pam-auth-update --package")
    assert "drain-refuses" not in installed.path("/etc/pam.d/common-account").read_text()
    installed.check("DEBIAN_FRONTEND=noninteractive pam-auth-update --package --enable logoff-drain")
    assert "drain-refuses" in installed.path("/etc/pam.d/common-account").read_text()
    installed.check("DEBIAN_FRONTEND=noninteractive pam-auth-update --package --remove logoff-drain")


def test_a_mixed_pair_says_so(installed):
    """Only files of a later client are there, as between two steps of dpkg."""
    installed.check("dpkg --force-depends --unpack /packages/logoff-windows_later.deb")
    done = installed.run("query session /server:127.0.0.1 -N")
    installed.check("dpkg --force-depends -i /packages/logoff-windows_now.deb")
    assert done.status == 6 and done.out == "", done.text
    assert re.fullmatch(r"query: .*/logoff-tsts is of another version \(9\.9\.9-\S+\) than the library \(\S+\)\n", done.err), done.err
    assert installed.run("query session /server:127.0.0.1 -N").status in (6, 8)


def test_a_mixed_library_says_so(installed, bob):
    """logoff-user comes with the library; the commands ask it for groups that this machine's files lack. Nobody is logged off."""
    installed.check("dpkg --force-depends --unpack /packages/liblogoff0_later.deb")
    done = installed.run("logoff /all /exclude:group:strangers /y")
    members = installed.run("logoff /all /exclude:group:root /y")
    listed = installed.run("query session")
    installed.check("dpkg --force-depends -i /packages/liblogoff0_now.deb")
    assert done.status == 1 and re.search(r"cannot find out whether there is such a group \(.*/logoff-user is of another version \(9\.9\.9-", done.err), done.text
    assert members.status == 2 and "another version" in members.err, members.text
    assert listed.status == 0 and bob[0].id in listed.out, listed.text
    assert_there(installed, bob)
    assert "there is no such group" in installed.run("logoff /all /exclude:group:strangers /y").err


def test_a_partial_upgrade_leaves_no_mixed_pair(installed, bob):
    done = installed.run(f"{APT} install /packages/liblogoff0_later.deb", timeout=120)
    there = versions(installed)
    assert done.status == 0 and there["liblogoff0"] == LATER and set(there.values()) == {LATER}, (done.text, there)
    assert_there(installed, bob)


def test_upgrade(installed, debs, bob):
    done = installed.run(f"{APT} install /packages/*_now.deb && {APT} install /packages/*_later.deb", timeout=300)
    assert done.status == 0, done.text
    assert versions(installed) == {name: LATER for name in debs}
    assert_there(installed, bob)
    assert installed.run("query session /server:127.0.0.1 -N").status in (6, 8)
    assert "another version" not in installed.run("query session /server:127.0.0.1 -N").text


def test_systemd_knows_the_units_of_an_upgrade(installed):
    """Without being told by the administrator, who has enabled the timer: it goes on, and by the new unit. No rule has run."""
    installed.check(f"{APT} install /packages/*_now.deb", timeout=300)
    assert installed.run("systemctl is-enabled logoff-nightly.timer").out == "disabled\n"
    installed.check("systemctl enable --now logoff-nightly.timer")
    ended = installed.check("systemctl show -P NextElapseUSecRealtime logoff-nightly.timer")
    installed.check(f"{APT} install /packages/*_later.deb", timeout=300)
    shown = installed.run("systemctl status logoff-nightly.timer; systemctl cat logoff-nightly.timer")
    assert "changed on disk" not in shown.text and "OnCalendar=03:00" in shown.out, shown.text
    assert installed.check("systemctl show -P NeedDaemonReload logoff-nightly.timer logoff-nightly.service").split() == ["no", "no"]
    assert installed.check("systemctl is-enabled logoff-nightly.timer; systemctl is-active logoff-nightly.timer").split() == ["enabled", "active"]
    next_run = installed.check("systemctl show -P NextElapseUSecRealtime logoff-nightly.timer")
    assert " 02:00:00 " in ended and " 03:00:00 " in next_run, (ended, next_run)
    assert installed.run("systemctl is-active logoff-nightly.service").out == "inactive\n"
    installed.check("systemctl disable --now logoff-nightly.timer")


def test_purge_leaves_nothing(installed, before, debs, bob):
    """Nor what the administrator has enabled: PAM would name a program that is not there."""
    installed.check("""set -e
        DEBIAN_FRONTEND=noninteractive pam-auth-update --package --enable logoff-drain
        install -D -m 644 /usr/share/doc/logoff/nightly.conf /etc/logoff/nightly.conf; systemctl enable --now logoff-nightly.timer
        change logon /drain; rm -r /etc/logoff""")
    assert installed.run("systemctl start logoff-nightly").status == 1, "the rule has failed for want of its settings"
    assert "drain-refuses" in installed.path("/etc/pam.d/common-account").read_text()
    assert installed.path("/var/lib/logoff/drain").exists()
    assert installed.run("systemctl is-active logoff-nightly.timer").out == "active\n"
    done = installed.run(f"{APT} purge {' '.join(debs)}", timeout=120)
    assert done.status == 0, done.text
    assert files(installed) - before == set()
    assert "drain-refuses" not in installed.path("/etc/pam.d/common-account").read_text()
    assert versions(installed, state=None) == {}
    assert_there(installed, bob)
    assert installed.check("systemctl list-units --all --plain --no-legend 'logoff-nightly*'") == ""
    assert "logoff" not in installed.check("systemctl list-units --failed --plain --no-legend")
