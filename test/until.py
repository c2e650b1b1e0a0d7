# SPDX-License-Identifier: GPL-3.0-or-later
"""A plug-in of pytest for ../check: a case that would begin after $LOGOFF_CHECK_UNTIL (seconds since 1970) is skipped."""

import os
import time

import pytest

UNTIL = float(os.environ.get("LOGOFF_CHECK_UNTIL") or "inf")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    if time.time() > UNTIL:
        pytest.skip("the time that was given is over")
