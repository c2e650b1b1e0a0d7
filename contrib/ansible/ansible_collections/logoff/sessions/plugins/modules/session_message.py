#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module session_message: msg."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r'''
module: session_message
short_description: Send a message to the users of sessions
version_added: 0.1.0
description:
  - Sends a message by C(msg --json), to terminals and desktops. The task fails if somebody who was meant has not got it.
  - That nobody is there is success without a change.
author:
  - the authors of logoff (!UNKNOWN)
options:
  to:
    description: A user, or a session by its name or id. C(*) means everybody at work.
    type: str
    required: true
  text:
    description: The message.
    type: str
    required: true
  time:
    description: How many seconds a desktop shows it.
    type: int
  server:
    description: A server that is reached by MS-TSTS from the managed host, such as a Windows host.
    type: str
  auth_file:
    description: A file on the managed host with the account for I(server), as in logoff-hosts(7).
    type: path
attributes:
  check_mode:
    description: Nobody gets a message. The task says whether somebody is there who would get one.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
'''

EXAMPLES = r'''
- name: Announce the restart
  logoff.sessions.session_message:
    to: '*'
    text: The host restarts at noon.
'''

RETURN = r'''
deliveries:
  description:
    - One for each recipient, with the fields that C(doc/json.md) describes, I(result), I(channel) and
      I(cause) among them. Empty in check mode.
  returned: always
  type: list
  elements: dict
failures:
  description: What went wrong, each with I(kind), I(object), I(cause) and I(exit_status).
  returned: failure
  type: list
  elements: dict
status:
  description: The exit status of C(msg).
  returned: failure
  type: int
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.logoff.sessions.plugins.module_utils.commands import SERVER_SPEC, fail_if, run, server_options


def is_anybody_there(module):
    """Whether somebody would get the message."""
    to = module.params['to']
    answer = run(module, 'query user', server_options(module.params), [] if to == '*' else [to])
    fail_if(module, answer, answer.failures, changed=False, deliveries=[])
    return any(row['kind'] == 'user' and row['state'] in ('active', 'disconnected') for row in answer.of('session'))


def main():
    module = AnsibleModule(
        argument_spec=dict(to=dict(type='str', required=True), text=dict(type='str', required=True), time=dict(type='int'), **SERVER_SPEC),
        supports_check_mode=True,
    )
    params = module.params
    if not params['to'] or params['to'].startswith('@') or not params['text'].strip():
        module.fail_json(msg='a recipient and a text are needed; a list of recipients is a loop of tasks')
    if module.check_mode:
        module.exit_json(changed=is_anybody_there(module), deliveries=[])
    options = server_options(params) + ([] if params['time'] is None else ['--time=%d' % params['time']])
    answer = run(module, 'msg', options, [params['to'], params['text']])
    rows = answer.of('delivery')
    failures = answer.failures + [dict(kind=row['result'], host=row['host'], object=row['id'], cause=row['cause'], exit_status=row['exit_status'])
                                  for row in rows if row['exit_status']]
    result = dict(changed=any(row['result'] == 'delivered' for row in rows), deliveries=rows)
    fail_if(module, answer, failures, **result)
    module.exit_json(**result)


if __name__ == '__main__':
    main()
