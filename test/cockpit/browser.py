# SPDX-License-Identifier: GPL-3.0-or-later
"""A browser at the page "Sessions": what a person does there, and what they can read.

Rows are found by their user and what else they show, never by pts/: sessions of ssh have no such name on Debian 13.
"""

import base64
import contextlib
import ctypes
import os
import shutil
from pathlib import Path

from host import wait_until

try:
    from selenium import webdriver
    from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException, WebDriverException
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.select import Select
except ImportError:
    webdriver = None

CLONE_NEWNET = 0x40000000
DRIVER = "/usr/bin/chromedriver"
FRAME = "cockpit1:localhost/sessions"
ADDRESS = "http://127.0.0.1:9090"
SECONDS = 60    # a browser on a busy machine
TRIES = 3


def available():
    return webdriver is not None and bool(shutil.which(DRIVER))


@contextlib.contextmanager
def network_of(host):
    """What is started meanwhile, and connections that are made, are in the host's network."""
    libc = ctypes.CDLL(None, use_errno=True)
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/proc/{host.leader}/ns/net", os.O_RDONLY)
    try:
        assert libc.setns(there, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        yield
    finally:
        libc.setns(own, CLONE_NEWNET)
        os.close(own)
        os.close(there)


class Page:
    """One browser of one user."""

    def __init__(self, host, profile, user, admin=False, language="en", dark=False, width=1280, height=800):
        self.host, self.user, self.admin = host, user, admin
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for word in ("headless=new", "no-sandbox", "disable-gpu", f"window-size={width},{height}", f"user-data-dir={profile}",
                     f"lang={'zh-TW' if language == 'zh-tw' else 'en-US'}", "disable-dev-shm-usage", "hide-scrollbars",
                     "no-first-run", "disable-background-networking", *(["force-dark-mode"] if dark else [])):
            options.add_argument(f"--{word}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        options.set_capability("unhandledPromptBehavior", "accept")
        self.language, self.dark = language, dark
        with network_of(host):
            self.driver = webdriver.Chrome(service=Service(DRIVER), options=options)
            self.driver.set_window_size(width, height)
            self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
            self.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Taipei"})

    def _network(self):
        return network_of(self.host)

    # -- logging on ---------------------------------------------------------------------------

    def enter(self):
        """Logs on, with root's rights if it is an administrator who wants them, and goes to the page. Cockpit gives its own parts 30 seconds
        to start, which a busy machine may need: then this tries again, as a person would."""
        for _ in range(TRIES - 1):
            try:
                return self._enter()
            except AssertionError:
                self.host.run("systemctl stop 'cockpit-wsinstance-*' cockpit.service; systemctl reset-failed; systemctl start cockpit.socket")
        return self._enter()

    def _enter(self):
        with self._network():
            driver = self.driver
            driver.switch_to.default_content()
            driver.get(f"{ADDRESS}/sessions")
            driver.add_cookie({"name": "CockpitLang", "value": self.language})
            driver.execute_script("localStorage.setItem('shell:style', arguments[0]); "
                                  "if (arguments[1]) localStorage.setItem('superuser:' + arguments[2], 'any')",
                                  "dark" if self.dark else "light", self.admin, self.user)
            driver.get(f"{ADDRESS}/sessions")
            self._log_on(driver)
            self._to_page(driver)
        wait_until(self.rows, SECONDS, "the table has rows")
        if self.admin:
            wait_until(lambda: self.script("return (await import('./commands.js')).admin.allowed", asynchronous=True), SECONDS, "administrative access")

    def _log_on(self, driver):
        field = wait_until(lambda: self._visible(driver, "#login-user-input"), SECONDS, "the login page")
        field.send_keys(self.user)
        driver.find_element(By.CSS_SELECTOR, "#login-password-input").send_keys(f"pw-{self.user}")
        driver.find_element(By.CSS_SELECTOR, "#login-button").click()

    @staticmethod
    def _visible(driver, selector):
        found = [one for one in driver.find_elements(By.CSS_SELECTOR, selector) if one.is_displayed()]
        return found[0] if found else None

    def _to_page(self, driver):
        def switch():
            try:
                driver.switch_to.default_content()
                driver.switch_to.frame(driver.find_element(By.CSS_SELECTOR, f"iframe[name='{FRAME}']"))
                return driver.find_elements(By.CSS_SELECTOR, "main")
            except (NoSuchElementException, StaleElementReferenceException):
                return None

        wait_until(switch, SECONDS, "the page Sessions")

    def load(self, path):
        """Loads all of Cockpit anew, at another page."""
        with self._network():
            self.driver.switch_to.default_content()
            self.driver.get(ADDRESS + path)

    # -- what is there ------------------------------------------------------------------------

    def script(self, text, *arguments, asynchronous=False):
        with self._network():
            if not asynchronous:
                return self.driver.execute_script(text, *arguments)
            done = "const done = arguments[arguments.length - 1]; (async () => { " + text + " })().then(done, error => done('' + error));"
            return self.driver.execute_async_script(done, *arguments)

    def text(self, selector="main"):
        return self.script("return [...document.querySelectorAll(arguments[0])].filter(one => one.checkVisibility()).map(one => one.innerText).join('\\n')", selector)

    def rows(self):
        """The rows of the table: dictionaries of id, user and the texts of their cells."""
        return self.script("""return [...document.querySelectorAll('#rows tr')].map(row => ({ id: row.dataset.id, user: row.dataset.user,
            cells: [...row.cells].map(cell => cell.innerText.trim()) }))""")

    def row(self, **wanted):
        """The one row with these values; None if there is none."""
        found = [row for row in self.rows() if all(row[key] == value for key, value in wanted.items())]
        assert len(found) < 2, found
        return found[0] if found else None

    def await_row(self, **wanted):
        return wait_until(lambda: self.row(**wanted), SECONDS, f"a row with {wanted}")

    def attribute(self, selector, name):
        return self.script("return document.querySelector(arguments[0])?.getAttribute(arguments[1])", selector, name)

    def is_disabled(self, selector):
        return self.script("return document.querySelector(arguments[0]).disabled", selector)

    def focus(self):
        """What the keyboard is at: its id, label or text."""
        return self.script("const at = document.activeElement; return at.id || at.getAttribute('aria-label') || at.innerText")

    def complaints(self):
        """What the browser has logged as an error of the page."""
        with self._network():
            return [one["message"] for one in self.driver.get_log("browser") if one["level"] == "SEVERE" and "/sessions/" in one["message"]]

    # -- what is done -------------------------------------------------------------------------

    def click(self, selector):
        with self._network():
            self.driver.find_element(By.CSS_SELECTOR, selector).click()

    def click_row(self, identity, nth):
        """The button of a row: 0 is the message, 1 the log-off."""
        with self._network():
            self.driver.find_elements(By.CSS_SELECTOR, f"tr[data-id='{identity}'] .acts button")[nth].click()

    def pick(self, *identities):
        for one in identities:
            self.click(f"tr[data-id='{one}'] input")

    def fill(self, selector, text):
        with self._network():
            field = self.driver.find_element(By.CSS_SELECTOR, selector)
            field.clear()
            field.send_keys(text)

    def press(self, *keys):
        with self._network():
            self.driver.switch_to.active_element.send_keys(*keys)

    def warn_for(self, seconds):
        """Chooses a time of warning; one that the page does not offer is added, for a case that cannot wait a minute."""
        self.script("const warn = document.querySelector('#warn'); warn.add(new Option(arguments[0] + ' s', arguments[0])); "
                    "warn.value = arguments[0]; warn.dispatchEvent(new Event('change'))", str(seconds))

    def await_card(self, kind, seconds=SECONDS):
        """The text of the card of that kind: good, warn or bad, when something has ended."""
        selector = f"#jobs .note.{kind}:has(> button.link)"
        return wait_until(lambda: self.text(selector), seconds, f"a card {kind}: {self.text('#jobs')}")

    def notice(self):
        """The message that is shown above all of Cockpit, or an empty text."""
        return self.script("return [...window.top.document.querySelectorAll('.logoff-notice')].map(one => one.innerText).join()")

    # -- pictures and the end -----------------------------------------------------------------

    def picture(self, file):
        try:
            with self._network():
                picture = self.driver.get_screenshot_as_base64()
                if picture:     # newer browsers give none of a tab that was closed
                    Path(file).write_bytes(base64.b64decode(picture))
        except WebDriverException:
            pass    # it was closed by its case

    def close(self):
        """Closes the tab, and the browser with it, as a person does."""
        with self._network():
            self.driver.execute_cdp_cmd("Page.close", {})

    def quit(self):
        with self._network():
            self.driver.quit()
