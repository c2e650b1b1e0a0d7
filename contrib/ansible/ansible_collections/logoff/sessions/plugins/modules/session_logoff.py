#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module session_logoff: logoff."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r'''
module: session_logoff
short_description: Log users off sessions and prove it
version_added: 0.1.0
description:
  - Logs users off by C(logoff --json). The task succeeds if every session that was meant has ended, which the command has verified.
  - That nobody is meant is success without a change. That it is unknown whether somebody is meant is a failure, see I(unknown).
  - The session of Ansible's own connection is never selected.
  - A task with I(warn) lasts as long as that. C(async) keeps it from depending on the connection.
author:
  - the authors of logoff (!UNKNOWN)
options:
  sessions:
    description:
      - Sessions by name or id, C(12), C(pts/3), or a user's by C(user:bob).
      - Sessions that are not there are no failure.
    type: list
    elements: str
    default: []
  user:
    description: Selects the sessions of these users; C(*) and C(?) stand for any characters, and for one.
    type: list
    elements: str
    default: []
  state:
    description: Selects the sessions in this state.
    type: str
    choices: [active, disc, closing]
  kind:
    description: Selects the sessions of this kind. Without it those of people.
    type: str
    choices: [user, background]
  idle:
    description: Selects the sessions that have not been used for so long, such as C(2h). An unknown idle time is not so long.
    type: str
  older:
    description: Selects the sessions that began so long ago.
    type: str
  all:
    description: Selects all sessions of people.
    type: bool
    default: false
  exclude:
    description: Leaves out users, members of groups (C(group:sudo)) and sessions. It is a failure if one of them is nobody.
    type: list
    elements: str
    default: []
  keep:
    description: Leaves out the sessions in which one of these programs runs.
    type: list
    elements: str
    default: []
  drain:
    description:
      - Refuses new logons first, as C(change logon /drain) does, and leaves them refused. Nobody is logged off if that is not possible.
      - Where PAM is set up for no service, the task fails and nobody is logged off. If some services refuse users and others let them in
        all the same, it fails after the log-off. Use M(logoff.sessions.session_logon) before, to fail before it.
      - M(logoff.sessions.session_logon) accepts them again.
    type: bool
    default: false
  console:
    description: Allows to log off console sessions.
    type: bool
    default: false
  desktop:
    description: Asks desktops to log their users off first.
    type: bool
    default: true
  warn:
    description: Warns the users so long before, such as C(10m).
    type: str
  text:
    description: Is added to the warning.
    type: str
  grace:
    description: Seconds between the request to end and the kill.
    type: int
  wait:
    description: The longest time for one session, in seconds.
    type: int
  reason:
    description: Is recorded in the journal of the host.
    type: str
  unknown:
    description:
      - What to do if it is unknown whether a session is meant. The command leaves such a session alone.
      - With C(warn) the task only warns of it.
    type: str
    choices: [fail, warn]
    default: fail
  server:
    description: A server that is reached by MS-TSTS from the managed host, such as a Windows host.
    type: str
  auth_file:
    description: A file on the managed host with the account for I(server), as in logoff-hosts(7).
    type: path
attributes:
  check_mode:
    description: Is C(logoff --dry-run), which looks at the host as a log-off does.
    support: full
  diff_mode:
    description: The sessions that are meant, before and after.
    support: full
seealso:
  - module: logoff.sessions.session_info
  - module: logoff.sessions.session_logon
'''

EXAMPLES = r'''
- name: End what has been disconnected for two hours
  logoff.sessions.session_logoff:
    state: disc
    idle: 2h
    exclude: [group:sudo]
    keep: [tmux, screen]
    warn: 10m
    reason: disconnected for two hours

- name: Empty the host and keep it empty
  logoff.sessions.session_logoff:
    all: true
    drain: true
    console: true
    warn: 15m
    text: The host restarts.
  async: 1800
  poll: 10

- name: Log bob off a Windows host
  logoff.sessions.session_logoff:
    user: [bob]
    server: ts1.example.com
    auth_file: /etc/logoff.auth
'''

RETURN = r'''
results:
  description:
    - One for each session that was meant, with the fields that C(doc/json.md) describes, I(result), I(exit_status)
      and I(cause) among them.
  returned: always
  type: list
  elements: dict
  sample:
    - id: "12"
      user: bob
      result: ended
      exit_status: 0
      forced: false
drained:
  description: Whether new logons are refused now.
  returned: with I(drain), outside of check mode
  type: bool
failures:
  description: What went wrong, each with I(kind), I(object), I(cause) and I(exit_status).
  returned: failure
  type: list
  elements: dict
unknown_sessions:
  description: The sessions that were left alone, as it is unknown whether they are meant.
  returned: always
  type: list
  elements: str
status:
  description: The exit status of C(logoff).
  returned: failure
  type: int
'''

import re

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.logoff.sessions.plugins.module_utils.commands import SERVER_SPEC, fail_if, run, server_options

SELECTIONS = ('sessions', 'user', 'state', 'kind', 'idle', 'older', 'all')
GONE = ('ended', 'would-end')


def options_of(params):
    """The command's options for the parameters."""
    options = ['--yes', '--no-ask-password'] + server_options(params)
    for name in ('user', 'exclude', 'keep'):
        options += ['--%s=%s' % (name, value) for value in params[name]]
    for name in ('state', 'kind', 'idle', 'older', 'warn', 'grace', 'wait', 'reason'):
        if params[name] is not None:
            options.append('--%s=%s' % (name, params[name]))
    if params['text'] is not None:
        options.append('--message=' + params['text'])
    options += ['--' + name for name in ('all', 'drain', 'console') if params[name]]
    return options + ([] if params['desktop'] else ['--no-desktop'])


def check(module):
    """Refuses what the command would take for something else: its own session, a list, a text."""
    params = module.params
    if not any(params[name] for name in SELECTIONS):
        module.fail_json(msg='nobody is selected: one of these is needed: ' + ', '.join(SELECTIONS))
    for word in params['sessions']:
        if not re.match(r'[!-?A-~][!-~]*\Z', word):
            module.fail_json(msg='this is no name and no id of a session: %r' % word)


def drain_mode(module):
    """How the host refuses logons before; what is unknown is not what it will be."""
    rows = run(module, 'change logon', ['--query']).of('logon')
    return (rows[0]['mode'], rows[0]['lasting']) if rows else (None, None)


def lines(rows, gone):
    return ''.join('%s %s %s\n' % (row['id'], row['user'], row['state']) for row in rows if row['result'] not in gone)


def main():
    texts = dict(type='list', elements='str', default=[])
    module = AnsibleModule(
        argument_spec=dict(
            sessions=texts, user=texts, exclude=texts, keep=texts,
            state=dict(type='str', choices=['active', 'disc', 'closing']),
            kind=dict(type='str', choices=['user', 'background']),
            idle=dict(type='str'), older=dict(type='str'), all=dict(type='bool', default=False),
            drain=dict(type='bool', default=False), console=dict(type='bool', default=False), desktop=dict(type='bool', default=True),
            warn=dict(type='str'), text=dict(type='str'), reason=dict(type='str'), grace=dict(type='int'), wait=dict(type='int'),
            unknown=dict(type='str', choices=['fail', 'warn'], default='fail'), **SERVER_SPEC),
        supports_check_mode=True,
    )
    params = module.params
    check(module)
    before = drain_mode(module) if params['drain'] else None
    answer = run(module, 'logoff', options_of(params) + (['--dry-run'] if module.check_mode else []), params['sessions'])

    results = answer.of('result')
    result = dict(changed=any(row['result'] in GONE for row in results), results=results,
                  unknown_sessions=[one['object'] for one in answer.unknown])
    if params['drain'] and not module.check_mode:
        result['drained'] = bool(answer.of('drained'))
    if params['drain'] and (module.check_mode or result['drained']):
        result['changed'] = result['changed'] or before != ('new', True)
    if module._diff:
        result['diff'] = dict(before=lines(results, ()), after=lines(results, GONE))
    failures = answer.failures + [dict(kind=row['result'], host=row['host'], object=row['id'], cause=row.get('cause'), exit_status=row.get('exit_status'))
                                  for row in results if row['result'] not in GONE]
    if params['unknown'] == 'fail':
        failures += answer.unknown
    fail_if(module, answer, failures, **result)
    if answer.unknown:
        module.warn(answer.message(answer.unknown))
    module.exit_json(**result)


if __name__ == '__main__':
    main()
