#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module session_logon: change logon."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r'''
module: session_logon
short_description: Accept or refuse new logons
version_added: 0.1.0
description:
  - Sets whether a host accepts new logons, by C(change logon --json), which proves that PAM refuses them. See change(1).
  - A state that is set already, and proved, is success without a change. A service that lets users in, or of which that is
    unknown, makes the task fail.
author:
  - the authors of logoff (!UNKNOWN)
options:
  state:
    description:
      - C(enabled) accepts all logons. C(drained) refuses new sessions, after a restart too, and lets users reconnect to theirs.
      - C(drained_until_restart) is the same until the next restart, and C(disabled) refuses to reconnect as well until then.
    type: str
    required: true
    choices: [enabled, drained, drained_until_restart, disabled]
  text:
    description: What users are shown whose logon is refused. Without it a text that is set stays if the state does.
    type: str
attributes:
  check_mode:
    description: The state is looked at, and not changed.
    support: full
  diff_mode:
    description: The state before and after.
    support: full
'''

EXAMPLES = r'''
- name: Let the host run empty
  logoff.sessions.session_logon:
    state: drained
    text: Kernel update at 18:00. Use login02.

- name: Let users in again
  logoff.sessions.session_logon:
    state: enabled
'''

RETURN = r'''
logon:
  description: The state, with the fields that C(doc/json.md) describes. C(null) in it, or instead of it, means that it is unknown.
  returned: always
  type: dict
  sample:
    mode: new
    lasting: true
    text: Kernel update at 18:00. Use login02.
    sessions_left: 4
failures:
  description: What went wrong, each with I(kind), I(object), I(cause) and I(exit_status).
  returned: failure
  type: list
  elements: dict
status:
  description: The exit status of C(change).
  returned: failure
  type: int
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.logoff.sessions.plugins.module_utils.commands import fail_if, run

# What the state is to the command, and its option.
STATES = {
    'enabled': ('enabled', False, '--enable'),
    'drained': ('new', True, '--drain'),
    'drained_until_restart': ('new', False, '--drain-until-restart'),
    'disabled': ('all', False, '--disable'),
}


def state_of(answer):
    rows = answer.of('logon')
    return rows[0] if rows else None


def parts_of(logon):
    """What makes a state; None if it is unknown."""
    return logon and (logon['mode'], logon['lasting'], logon['text'])


def is_state(logon, mode, lasting, text):
    return bool(logon) and (logon['mode'], logon['lasting']) == (mode, lasting) and (text is None or logon['text'] == text)


def failures_of(answer):
    """What the command reports, and a status that stands only in its line."""
    logon = state_of(answer)
    told = list(answer.failures)
    if logon is None and not told:
        told.append(dict(kind='unknown', host=None, object=None, cause=None, exit_status=answer.status))
    if logon and logon['exit_status'] and not told:
        lets_in = [one['service'] for one in logon['services'] if one['refused'] is not True]
        told.append(dict(kind='not-refused', host=logon['host'], object=', '.join(lets_in), cause=None, exit_status=logon['exit_status']))
    return told


def shown(mode, lasting, text):
    return dict(mode=mode, lasting=lasting, text=text)


def main():
    module = AnsibleModule(
        argument_spec=dict(state=dict(type='str', required=True, choices=sorted(STATES)), text=dict(type='str')),
        supports_check_mode=True,
    )
    mode, lasting, option = STATES[module.params['state']]
    text = None if mode == 'enabled' else (module.params['text'] or '').strip() or None
    before = run(module, 'change logon', ['--query'])
    logon = state_of(before)
    result = dict(changed=not is_state(logon, mode, lasting, text), logon=logon)
    if module._diff:
        old = shown(logon['mode'], logon['lasting'], logon['text']) if logon else shown(None, None, None)
        result['diff'] = dict(before=old, after=shown(mode, lasting, text))
    answer = before
    if result['changed'] and not module.check_mode:
        answer = run(module, 'change logon', [option], [text] if text else [])
        result['logon'] = state_of(answer)
        result['changed'] = result['logon'] is None or parts_of(result['logon']) != parts_of(logon)
    known = bool(logon) and logon['mode'] is not None
    if not (result['changed'] and module.check_mode and known):
        fail_if(module, answer, failures_of(answer), **result)
    module.exit_json(**result)


if __name__ == '__main__':
    main()
