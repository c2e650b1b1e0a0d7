# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection itself, by the tools that Debian has: ansible-doc, ansible-galaxy, ansible-test's checks, pycodestyle, yamllint.

ansible-test wants to fetch a virtual environment for some of its checks. What those call is called here directly.
"""

import re

import pytest

from conftest import COLLECTION, ENV

FOLDER = "/root/collections/ansible_collections/logoff/sessions"
VERSION = re.search(r"^version: (.*)$", (COLLECTION / "logoff/sessions/galaxy.yml").read_text(), re.M)[1]
MODULES = ("session_info", "session_logoff", "session_message", "session_logon")
VALIDATE = "/usr/lib/python3/dist-packages/ansible_test/_util/controller/sanity/validate-modules/validate.py"
# Those that need neither the network nor a container.
SANITY = ("action-plugin-docs", "empty-init", "ignores", "line-endings", "no-assert", "no-get-exception", "no-illegal-filenames", "no-smart-quotes",
          "replace-urlopen", "shebang", "symlinks", "use-argspec-type-path", "use-compat-six", "compile")


@pytest.fixture
def run(lab, built):
    """Runs a command line in the folder of the collection."""
    def run(command, **env):
        return built.admin.run(f"cd {FOLDER} && {command}", env=dict(ENV, **env), timeout=240)
    return run


@pytest.mark.parametrize("module", MODULES)
def test_documentation(run, module):
    done = run(f"ansible-doc logoff.sessions.{module}")
    assert done.status == 0 and "EXAMPLES" in done.out and "RETURN VALUES" in done.out and done.err == "", done.text
    assert "ERROR" not in done.text and "WARNING" not in done.text


def test_modules_are_listed(run):
    done = run("ansible-doc -l logoff.sessions")
    assert [line.split()[0] for line in done.out.splitlines()] == sorted(f"logoff.sessions.{name}" for name in MODULES), done.text


def test_is_built_and_installed(run):
    done = run("ansible-galaxy collection build --output-path /tmp/built . && "
               "ansible-galaxy collection install --force -p /tmp/installed /tmp/built/logoff-sessions-*.tar.gz && "
               "ANSIBLE_COLLECTIONS_PATH=/tmp/installed ansible-doc -s logoff.sessions.session_logoff")
    assert done.status == 0 and "warn" in done.out, done.text


def test_modules_are_valid(run):
    """The options of the documentation are those of the program, among others."""
    validate = f"python3 {VALIDATE} --arg-spec --collection ansible_collections/logoff/sessions --collection-version {VERSION} plugins/modules"
    python = {"PYTHONPATH": "/root/collections:/root/markup"}
    done = run(validate, **python)
    assert done.status == 0 and done.text == "", done.text
    done = run(f"sed -i 's/wait=dict/late=dict/' plugins/modules/session_logoff.py; {validate}; status=$?; "
               "sed -i 's/late=dict/wait=dict/' plugins/modules/session_logoff.py; exit $status", **python)
    assert done.status != 0 and "late" in done.text, "the check sees no fault"


def test_style(run):
    done = run("pycodestyle --max-line-length=160 --ignore=E402,W503,W504,E741 plugins && yamllint -d '{extends: default, rules: {line-length: {max: 160}}}' "
               "galaxy.yml meta playbooks")
    assert done.status == 0 and done.text == "", done.text


def test_sanity(run):
    known = run("ansible-test sanity --list-tests").out.split()
    tests = [name for name in SANITY if name in known]
    done = run("ansible-test sanity --python default " + " ".join(f"--test {name}" for name in tests))
    assert len(tests) > 5 and done.status == 0 and "ERROR" not in done.text, done.text


def test_playbook_can_be_read(run):
    done = run("ansible-playbook -i /root/hosts --syntax-check playbooks/restart_farm.yml && ansible-playbook -i /root/hosts --list-tasks logoff.sessions.restart_farm")
    assert done.status == 0 and "Restart, and wait" in done.out, done.text
