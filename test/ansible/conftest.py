# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible on a host of the lab, and the hosts that it manages over ssh: one of the same release of Debian, and one of the newest.

The first one is reached as root; of the second one an administrator, carol, who becomes root by sudo. Both have PAM set
up for `change logon`.
"""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LAB = Path(__file__).resolve().parents[1] / "lab"
TREE = LAB.parents[1]
sys.path.insert(0, str(LAB))

import roots  # noqa: E402
import sessions  # noqa: E402

_spec = importlib.util.spec_from_file_location("lab_conftest", LAB / "conftest.py")
_lab = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_lab)
pytest_configure, pytest_report_header = _lab.pytest_configure, _lab.pytest_report_header
stage, lab = _lab.stage, _lab.lab

COLLECTION = TREE / "contrib/ansible/ansible_collections"
PROFILE = TREE / "src/drain/logoff-drain.in"
PROGRAM = "/usr/local/libexec/logoff/drain-refuses"
PAM_ON = "DEBIAN_FRONTEND=noninteractive pam-auth-update --package --enable logoff-drain"
ENV = {"ANSIBLE_COLLECTIONS_PATH": "/root/collections", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_RETRY_FILES_ENABLED": "0",
       "ANSIBLE_HOST_KEY_CHECKING": "0", "ANSIBLE_PIPELINING": "1", "ANSIBLE_CALLBACK_PLUGINS": "/root/callbacks", "ANSIBLE_CALLBACKS_ENABLED": "lines"}
INVENTORY = """\
[farm]
login1 ansible_host=10.77.1.2
login2 ansible_host=10.77.2.2 ansible_user=carol ansible_become=true
[others]
off ansible_host=10.77.1.99 ansible_ssh_common_args='-o ConnectTimeout=3'
[all:vars]
ansible_python_interpreter=/usr/bin/python3
"""
# validate-modules of Debian 13 looks at the markup of documentation by a module that Debian does not have. This one finds none in any text,
# so all the rest is checked.
NO_MARKUP = {
    "__init__.py": "",
    "dom.py": "from types import SimpleNamespace\n\n\ndef __getattr__(name):\n    return SimpleNamespace\n",
    "parser.py": "from types import SimpleNamespace as Context\n\n\ndef parse(*words, **options):\n    return []\n",
}
# Writes what becomes of each task, a line of JSON each.
CALLBACK = """\
import json
from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = 'notification'
    CALLBACK_NAME = 'lines'
    CALLBACK_NEEDS_ENABLED = True

    def write(self, word, result):
        with open('/root/results', 'a') as file:
            file.write(json.dumps(dict(result._result, word=word, host=result._host.get_name(), task=result._task.get_name()), default=str) + '\\n')

    def v2_runner_on_ok(self, result):
        self.write('ok', result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.write('failed', result)

    def v2_runner_on_unreachable(self, result):
        self.write('unreachable', result)
"""


def settle_controller(root):
    shutil.copytree(COLLECTION, root / "root/collections/ansible_collections")
    (root / "root/callbacks").mkdir()
    (root / "root/callbacks/lines.py").write_text(CALLBACK)
    (root / "root/hosts").write_text(INVENTORY)
    (root / "root/markup/antsibull_docs_parser").mkdir(parents=True)
    for name, text in NO_MARKUP.items():
        (root / "root/markup/antsibull_docs_parser" / name).write_text(text)


def settle(root):
    """A sudoer who needs no password, and the check in PAM's stacks."""
    (root / "etc/sudoers.d/lab").write_text("carol ALL=(root) NOPASSWD: ALL\n")
    (root / "etc/sudoers.d/lab").chmod(0o440)
    if not (root / "etc/debian_version").read_text().startswith("12"):  # OpenSSH 9.8 punishes an address from which logons are refused
        (root / "etc/ssh/sshd_config.d/drain.conf").write_text("PerSourcePenalties no\n")
    (root / "usr/share/pam-configs/logoff-drain").write_text(PROFILE.read_text().replace("@program@", PROGRAM))
    subprocess.run(["chroot", root, "sh", "-c", PAM_ON], check=True, timeout=60, capture_output=True)


class Ansible:
    """The administrator's host, and those that it manages."""

    def __init__(self, lab):
        self.admin = lab("ansible", "", settle_controller)
        self.far = {"login1": lab("systemd", "managed", settle), "login2": lab("systemd", "managed too", settle, max(roots.RELEASES))}
        key = self.admin.path("/root/.ssh/authorized_keys").read_text()
        for number, (name, host) in enumerate(self.far.items(), 1):
            self.connect(number, host)
            for home in ("/root", "/home/carol"):
                with host.path(f"{home}/.ssh/authorized_keys").open("a") as keys:
                    keys.write(key)

    def connect(self, number, host):
        self.admin.connect(host, f"10.77.{number}.1", f"10.77.{number}.2", f"lab{number}")

    def start(self, *words, file="/root/play.yml"):
        self.admin.check("rm -f /root/results")
        return self.admin.start(["ansible-playbook", "-i", "/root/hosts", file, *words], env=ENV, stderr=subprocess.STDOUT)

    def results(self):
        file = self.admin.path("/root/results")
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def play(self, *tasks, hosts="login1", words=(), **play):
        """Plays tasks, a failed one does not keep the next from being played. Returns the exit status, and the results in their order."""
        tasks = [dict(task, name=str(number), ignore_errors=True) for number, task in enumerate(tasks)]
        text = json.dumps([dict(dict(hosts=hosts, gather_facts=False, tasks=tasks), **play)])
        self.admin.path("/root/play.yml").write_text(text)
        process = self.start(*words)
        out = process.communicate(timeout=400)[0]
        results = self.results()
        assert len(results) > 0, out
        return process.returncode, results

    def one(self, task, **options):
        """Plays one task on one host. Returns its result."""
        status, results = self.play(task, **options)
        assert len(results) == 1, results
        return results[0]


@pytest.fixture(scope="session")
def built(lab):
    return Ansible(lab)


@pytest.fixture
def ansible(built):
    yield built
    for host in built.far.values():
        sessions.clean(host)
        host.check(f"rm -rf /run/logoff /var/lib/logoff /etc/logoff; {PAM_ON}; change logon /query")


@pytest.fixture
def login1(ansible):
    return ansible.far["login1"]


@pytest.fixture
def login2(ansible):
    return ansible.far["login2"]
