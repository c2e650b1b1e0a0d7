# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the modules share: they run a command of logoff and read its lines of JSON.

Each failure is one of three: it means that nobody is there, which is no failure of a task; something is unknown; or the
task has failed. An exit status that no line explains is a failure too.
"""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json

# Kinds of failures that say: there is nobody of this name. The command knows that; it could see who is there.
ABSENT = ('no-session', 'no-user', 'user-left', 'none-selected', 'nobody-logged-on')
# Kinds that have the exit status 0 although something is unknown.
UNKNOWN = ('spared-unknown', )

SERVER_SPEC = dict(
    server=dict(type='str'),
    auth_file=dict(type='path'),
)


def server_options(params):
    """The options for another server. A task never asks for a password."""
    options = []
    if params['server']:
        options += ['--server=' + params['server'], '--no-pass']
    if params['auth_file']:
        options += ['--authentication-file=' + params['auth_file']]
    return options


class Answer(object):
    """What a command has answered."""

    def __init__(self, command, status, lines, stderr):
        self.command = command
        self.status = status
        self.stderr = stderr
        self._lines = lines
        self.failures = [line for line in self.of('failure') if line['kind'] not in ABSENT + UNKNOWN]
        self.unknown = [line for line in self.of('failure') if line['kind'] in UNKNOWN]
        explained = [line.get('exit_status') or 0 for line in lines if line.get('type') in ('failure', 'result', 'delivery', 'logon')]
        if status < 0 or status > max(explained + [0]):
            cause = dict(domain='program', name=None, number=None, text='%s has ended with %d' % (command, status))
            self.failures.append(dict(kind='unexplained', host=None, object=None, cause=cause, exit_status=status))

    def of(self, kind):
        """The lines of this type, without it."""
        return [dict((name, value) for name, value in line.items() if name != 'type') for line in self._lines if line.get('type') == kind]

    def message(self, failures):
        """What the command has said, or the kinds of the failures."""
        return self.stderr or '%s: %s' % (self.command, ', '.join(sorted(set(line['kind'] for line in failures))))


def run(module, command, options, words=()):
    """Runs COMMAND, whose first word may be followed by a sub-command, and returns its answer."""
    names = command.split()
    # Some sudo leaves /usr/local out of the PATH.
    path = module.get_bin_path(names[0]) or module.get_bin_path(names[0], required=True, opt_dirs=['/usr/local/bin'])
    argv = [path] + names[1:] + ['--json=lines'] + options + (['--'] + list(words) if words else [])
    status, out, err = module.run_command(argv, environ_update=dict(LC_ALL='C.UTF-8', LANGUAGE=''))
    lines = []
    for text in out.splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            line = None
        if not isinstance(line, dict):
            module.fail_json(msg='%s has printed something else than JSON' % command, status=status, stderr=err)
        lines.append(line)
    return Answer(command, status, lines, err.strip())


def fail_if(module, answer, failures, **result):
    """Ends the task as failed if there are FAILURES; what has become true meanwhile stays told."""
    if failures:
        module.fail_json(msg=answer.message(failures), status=answer.status, failures=failures, **result)
