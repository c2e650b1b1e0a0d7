# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads of one program use the library at the same time: each logs off one user, others list and send messages meanwhile."""

import pytest

import sessions
import stage
from cases import OK, assert_gone, assert_untouched
from host import wait_until

ROOMS = "base", "core", "local", "backend"


COMPILE = """cd {tree} && cc -std=gnu11 -O1 -g -fsanitize=thread -static-libtsan -D_GNU_SOURCE -DLOGOFF_VERSION='"0"' \
    -DLOGOFF_STAMP='"0"' -DLIBEXECDIR='"/usr/local/libexec"' -DLOCALEDIR='"/usr/local/share/locale"' -I include -I src \
    -o {file} test/threads/threads.c \
    $(ls ROOMS | grep -v -e /test- -e /fuzz- -e -windows -e /wts -e /thread-call) -lsystemd -lm -ldl -pthread"""


@pytest.fixture(scope="session")
def threads(tmp_path_factory):
    """test/threads/threads.c with all of the library, built with the thread sanitizer."""
    program = tmp_path_factory.mktemp("threads") / "threads"
    stage.compile_program(COMPILE.replace("ROOMS", " ".join(f"src/{room}/*.c" for room in ROOMS)), program)
    return program


def test_threads_log_off_while_others_list(any_host, threads):
    host = any_host
    opened = [sessions.ssh(host, "alice"), sessions.ssh(host, "alice"), sessions.ssh(host, "bob")]
    stays = sessions.ssh(host, "carol")
    opened[0].spawn("stubborn ignores-all", "ignores-all")
    before = [(session, session.processes()) for session in opened]
    stayed = stays.processes()
    host.path("/root/threads").write_bytes(threads.read_bytes())
    host.path("/root/threads").chmod(0o755)

    # Other libraries are not instrumented. Threads share no descriptor, so what they read and write there puts them in no order.
    result = host.run(["/root/threads", "list", "alice", "bob"], timeout=60,
                      env={"TSAN_OPTIONS": "ignore_noninstrumented_modules=1:io_sync=0"})

    assert result.status == OK, result.text
    assert result.out.startswith("0 faults"), result.text
    for session, processes in before:
        assert_gone(session, processes)
    assert_untouched(stays, stayed)
    wait_until(lambda: "All threads are well." in stays.shell.heard or stays.shell.listen(0.2), 5, "the message")
    assert not host.named("threads")
