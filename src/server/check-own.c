/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check-own.c - what of this project the service needs: the program that acts as the callers, valid settings, and
 * somebody who decides who has Full Control.
 */
#include "server/check.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <systemd/sd-bus.h>

#include "cli/printable.h"
#include "local/nss.h"
#include "server/settings.h"

#define ADMINISTRATORS "rds-admins"
#define RULE "50-logoff-server.rules"
#define ACTION "org.freedesktop.login1.manage"
#define POLKIT_US UINT64_C(10000000)

static void check_program(void)
{
	static const char path[] = BINDIR "/logoff-host";

	if (access(path, X_OK) == 0)
		check_say(FINDING_OK, NULL, _("%s is installed. It acts as the caller."), path);
	else
		check_say(FINDING_PROBLEM, _("Install logoff anew: sudo meson install -C build"),
			  _("%s cannot be run: %s"), path, strerror(errno));
}

/*
 * Tells whether the group NAME, which exists, has a member: 1, 0, -ENOENT (it is not in this machine's files, which
 * alone can be listed), -ENODATA (it is, without a member, but there are other sources) or another -errno.
 */
static int has_member(const char *name)
{
	static char groups[262144], users[262144], sources[65536];
	int r;

	if (!probe_read("/etc/group", groups, sizeof(groups)) || !probe_read("/etc/passwd", users, sizeof(users)))
		return -errno;
	r = probe_has_member(groups, users, name);
	if (r > 0)
		return 1;
	if (strlen(groups) + 1 == sizeof(groups) || strlen(users) + 1 == sizeof(users))
		return -EFBIG;
	if (r < 0)
		return r;
	if (!probe_read("/etc/nsswitch.conf", sources, sizeof(sources)))
		return errno == ENOENT ? 0 : -errno;
	return probe_nss_is_local(sources, "group") && probe_nss_is_local(sources, "passwd") &&
	       probe_nss_is_local(sources, "initgroups") ? 0 : -ENODATA;
}

/* Says whether anybody is in the group NAME, which exists. */
static void check_members(const char *name)
{
	int r = has_member(name);

	if (r > 0)
		check_say(FINDING_OK, NULL, _("The group %s has members."), safe(name).text);
	else if (r == 0)
		check_say(FINDING_NOTE,
			  check_write(_("To add somebody: sudo usermod --append --groups '%s' NAME"),
				      safe(name).text).text,
			  _("This machine's own files name no member of the group %s."), safe(name).text);
	else if (r == -ENODATA)
		check_say(FINDING_UNKNOWN,
			  check_write(_("Look with: id NAME. To add somebody: sudo usermod --append --groups "
					"'%s' NAME"), safe(name).text).text,
			  _("This machine's own files name no member of the group %s; whether it has any elsewhere is "
			    "unknown."), safe(name).text);
	else
		check_say(FINDING_UNKNOWN, _("Look with: id NAME"),
			  _("Whether anybody is in the group %s is unknown."), safe(name).text);
}

/* A group that does not exist, or that may not, has no members. */
static void check_group(const char *name)
{
	struct logoff_error cause = {};
	int r = nss_has_group(name, &cause);

	if (r > 0)
		check_members(name);
	else if (r == 0)
		check_say(FINDING_NOTE,
			  check_write(_("If you want that: sudo groupadd --system '%s'; sudo usermod --append --groups "
					"'%s' NAME; or write a group of the domain as MYDOMAIN\\NAME."),
				      safe(name).text, safe(name).text).text,
			  _("There is no group %s, whose members may see the sessions of others."), safe(name).text);
	else
		check_say(FINDING_UNKNOWN, NULL, _("It is unknown whether there is a group %s: %s"), safe(name).text,
			  safe(cause.text).text);
}

static void check_settings(void)
{
	const char *at;
	struct settings settings;
	char why[512], name[256];

	if (access(SETTINGS_FILE, F_OK) == 0 && access(SETTINGS_FILE, R_OK) < 0) {
		check_say(FINDING_UNKNOWN, _("Run this program with sudo."), _("%s can be read only by root."),
			  SETTINGS_FILE);
		return;
	}
	if (!settings_read(&settings, SETTINGS_FILE, why, sizeof(why))) {
		check_say(FINDING_PROBLEM,
			  check_write(_("Correct the file %s; man logoff-server.conf describes it."),
				      SETTINGS_FILE).text,
			  _("The settings are wrong, and no worker starts with them: %s"), safe(why).text);
		return;
	}
	if (access(SETTINGS_FILE, F_OK) == 0)
		check_say(FINDING_OK, NULL, _("The settings in %s are valid."), SETTINGS_FILE);
	else
		check_say(FINDING_OK, NULL, _("There is no %s: the defaults hold."), SETTINGS_FILE);
	if (strcmp(settings.query, "*") == 0)
		return;
	for (at = settings.query; settings_next_group(&at, name, sizeof(name));)
		check_group(name);
}

/* Asks polkit for a sign of life; the bus starts it for that. */
static void check_polkit(void)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	sd_bus *bus = NULL;
	int r = sd_bus_open_system(&bus);

	if (r >= 0) {
		(void)sd_bus_set_method_call_timeout(bus, POLKIT_US);
		r = sd_bus_call_method(bus, "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
				       "org.freedesktop.DBus.Peer", "Ping", &error, &reply, "");
	}
	if (r >= 0)
		check_say(FINDING_OK, NULL, _("polkit answers. It decides who has Full Control."));
	else
		check_say(FINDING_NOTE,
			  _("Install polkit (the package polkitd), or start it: sudo systemctl start polkit"),
			  _("polkit does not answer (%s): only root has Full Control, others have only their own "
			    "sessions."),
			  error.message ? safe(error.message).text : strerror(-r));
	sd_bus_message_unref(reply);
	sd_bus_error_free(&error);
	sd_bus_unref(bus);
}

/* Tells whether the file of rules FOLDER/NAME speaks of the action: 1, 0 or -errno. */
static int grants(const char *folder, const char *name)
{
	static char text[65536];
	char path[512];

	if (!strstr(name, ".rules"))
		return 0;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (!probe_read(path, text, sizeof(text)))
		return -errno;
	return strstr(text, ACTION) != NULL;
}

/* Looks for a rule in FOLDER. Returns 1 and its name, 0 or -errno. */
static int find_rule(const char *folder, char *ret_path, size_t size)
{
	struct dirent *entry;
	DIR *dir = opendir(folder);
	int r = 0, unknown = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (r != 1 && (entry = readdir(dir))) {
		r = grants(folder, entry->d_name);
		unknown = r < 0 ? r : unknown;
		if (r == 1)
			snprintf(ret_path, size, "%s/%s", folder, entry->d_name);
	}
	closedir(dir);
	return r == 1 ? 1 : unknown;
}

static void check_rule(void)
{
	static const char *const folders[] = {
		"/etc/polkit-1/rules.d", "/run/polkit-1/rules.d", "/usr/local/share/polkit-1/rules.d",
		"/usr/share/polkit-1/rules.d",
	};
	char path[512];
	int r = 0, unknown = 0;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && r != 1; i++) {
		r = find_rule(folders[i], path, sizeof(path));
		unknown = r < 0 ? r : unknown;
	}
	if (r == 1)
		check_say(FINDING_OK, NULL, _("A rule of polkit says who has Full Control: %s."), safe(path).text);
	else if (unknown < 0)
		check_say(FINDING_UNKNOWN, _("Run this program with sudo."),
			  _("Only root can see whether a rule of polkit gives anybody Full Control."));
	else
		check_say(FINDING_NOTE,
			  check_write(_("If others shall: sudo cp %s /etc/polkit-1/rules.d/"),
				      DATADIR "/logoff/" RULE).text,
			  _("No rule of polkit gives Full Control: only root may log off others."));
}

static void check_administrators(void)
{
	struct logoff_error cause = {};
	int r = nss_has_group(ADMINISTRATORS, &cause);

	if (r == 1)
		check_members(ADMINISTRATORS);
	else if (r == 0)
		check_say(FINDING_NOTE,
			  check_write(_("If you want it: sudo groupadd --system %s; sudo usermod --append --groups %s "
					"NAME"), ADMINISTRATORS, ADMINISTRATORS).text,
			  _("There is no group %s, to which the shipped rule gives Full Control."), ADMINISTRATORS);
	else
		check_say(FINDING_UNKNOWN, NULL, _("It is unknown whether there is a group %s: %s"), ADMINISTRATORS,
			  safe(cause.text).text);
}

void check_own(void)
{
	check_program();
	check_settings();
	check_polkit();
	check_rule();
	check_administrators();
}
