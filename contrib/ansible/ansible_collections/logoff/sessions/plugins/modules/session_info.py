#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module session_info: query session."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r'''
module: session_info
short_description: List the sessions of a session host
version_added: 0.1.0
description:
  - Lists the sessions of people, of login screens and of background jobs, by C(query session --json).
  - A host that does not answer, or a list that may lack sessions, makes the task fail. An empty list means that nobody is there.
author:
  - the authors of logoff (!UNKNOWN)
options:
  names:
    description:
      - Only sessions with one of these names or ids, and those of users with one of these names.
      - A name that means nobody is no failure.
    type: list
    elements: str
    default: []
  server:
    description: A server that is reached by MS-TSTS from the managed host, such as a Windows host.
    type: str
  auth_file:
    description: A file on the managed host with the account for I(server), as in logoff-hosts(7).
    type: path
attributes:
  check_mode:
    description: Changes nothing in any case.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
'''

EXAMPLES = r'''
- name: See who is there
  logoff.sessions.session_info:
  register: found

- name: Count the users
  ansible.builtin.debug:
    msg: "{{ found.sessions | selectattr('kind', 'eq', 'user') | map(attribute='user') | unique | length }}"
'''

RETURN = r'''
sessions:
  description: The sessions, with the fields that C(doc/json.md) describes. What is unknown is C(null).
  returned: always
  type: list
  elements: dict
  sample:
    - id: "12"
      name: pts/3
      user: alice
      state: active
      idle_seconds: 1680
failures:
  description: What went wrong, each with I(kind), I(object), I(cause) and I(exit_status).
  returned: failure
  type: list
  elements: dict
status:
  description: The exit status of C(query).
  returned: failure
  type: int
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.logoff.sessions.plugins.module_utils.commands import SERVER_SPEC, fail_if, run, server_options


def main():
    module = AnsibleModule(
        argument_spec=dict(names=dict(type='list', elements='str', default=[]), **SERVER_SPEC),
        supports_check_mode=True,
    )
    answer = run(module, 'query session', server_options(module.params), module.params['names'])
    sessions = answer.of('session')
    fail_if(module, answer, answer.failures, sessions=sessions)
    module.exit_json(changed=False, sessions=sessions)


if __name__ == '__main__':
    main()
