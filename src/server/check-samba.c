/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check-samba.c - Samba on this machine: smbd, its settings, the worker in its folder, the pipe, and whom it lets in.
 */
#include "server/check.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/printable.h"

#define WORKER "rpcd_logoff"
#define MANAGER "samba-dcerpcd"
#define INSTALLED_WORKER LIBEXECDIR "/logoff/" WORKER
/* The manager, and the worker with it, is a child of winbind or of smbd, whichever has needed it first. */
#define START_ANEW "sudo systemctl try-restart 'winbind*'; sudo systemctl restart smbd"

static const char *const pipes[] = { "LSM_API_service", "TermSrv_API_service", "Ctx_WinStation_API_service" };

/* Programs are run one after the other, and what they print is large. */
static struct probe_output output;

/* The value of a setting of Samba, or OTHERWISE. */
static const char *setting(const struct samba *samba, const char *key, const char *otherwise, char *value, size_t size)
{
	return samba->read && probe_setting(samba->settings.text, key, value, size) ? value : otherwise;
}

/* Why a program has failed, in its own words. */
static struct safe cause(const struct probe_output *of)
{
	char line[256];

	if (!probe_cause(of->text, line, sizeof(line)))
		snprintf(line, sizeof(line), _("exit status %d"), of->status);
	return safe(line);
}

/* Says that a program did not do its work: R as probe_run() returns it. */
static void say_unknown(const char *program, int r)
{
	check_say(FINDING_UNKNOWN, NULL, _("%s could not be asked: %s"), program, strerror(-r));
}

static void say_needs_root(const char *sentence)
{
	check_say(FINDING_UNKNOWN, _("Run this program with sudo."), "%s", sentence);
}

/* ---- smbd ---- */

static void check_installed(struct samba *samba)
{
	char path[256];

	samba->installed = probe_find("smbd", path, sizeof(path));
	if (!samba->installed)
		check_say(FINDING_PROBLEM, _("Install it: sudo apt-get install samba"),
			  _("Samba is not installed: there is no smbd."));
}

static void read_settings(struct samba *samba)
{
	static const char *const command[] = { "testparm", "-sv", NULL };
	int r = probe_run(command, &samba->settings);

	if (r < 0) {
		say_unknown("testparm", r);
		return;
	}
	samba->read = samba->settings.status == 0;
	if (samba->read)
		check_say(FINDING_OK, NULL, _("Samba's settings are valid."));
	else
		check_say(FINDING_PROBLEM, _("Run testparm -s, and correct smb.conf."),
			  _("Samba's settings are not valid: %s"), cause(&samba->settings).text);
}

static void check_running(const struct samba *samba)
{
	char value[256];
	pid_t r = probe_runs(setting(samba, "pid directory", "/run/samba", value, sizeof(value)), "smbd");

	if (r > 0)
		check_say(FINDING_OK, NULL, _("smbd runs."));
	else if (r == 0)
		check_say(FINDING_PROBLEM, _("Start it: sudo systemctl enable --now smbd"), _("smbd does not run."));
	else
		check_say(FINDING_UNKNOWN, NULL, _("Whether smbd runs cannot be seen: %s"), strerror(-r));
}

/* ---- the port ---- */

static enum probe_listener find_listener(unsigned port, bool *ret_known)
{
	enum probe_listener found[2] = { PROBE_NOBODY, PROBE_NOBODY };
	static const char *const paths[] = { "/proc/net/tcp", "/proc/net/tcp6" };
	static char text[1048576];

	*ret_known = true;
	for (size_t i = 0; i < 2; i++) {
		if (probe_read(paths[i], text, sizeof(text)))
			found[i] = probe_listener(text, port);
		else if (errno != ENOENT)
			*ret_known = false;
	}
	return found[0] > found[1] ? found[0] : found[1];
}

static void check_port(void)
{
	bool known;
	enum probe_listener listener = find_listener(445, &known);

	if (listener == PROBE_NETWORK) {
		check_say(FINDING_OK, NULL, _("A program listens on port 445 for the network."));
		check_say(FINDING_UNKNOWN, NULL,
			  _("Whether a firewall keeps others from port 445 can be seen only from another machine."));
	} else if (listener == PROBE_LOOPBACK)
		check_say(FINDING_PROBLEM,
			  _("Correct interfaces and bind interfaces only in smb.conf, then: sudo systemctl restart "
			    "smbd"),
			  _("On port 445 a program listens for this machine only."));
	else if (known)
		check_say(FINDING_PROBLEM, _("Start smbd; smb.conf must not take 445 out of smb ports."),
			  _("Nobody listens on port 445, which Windows calls."));
	else
		check_say(FINDING_UNKNOWN, NULL, _("Whether anybody listens on port 445 cannot be seen."));
}

/* ---- the worker ---- */

/* Where Samba looks for its workers: where the program is that starts them. */
static bool find_folder(char *ret_folder, size_t size)
{
	static const char *const folders[] = {
		SAMBA_WORKER_DIR, "/usr/libexec/samba", "/usr/lib/samba", "/usr/lib64/samba",
		"/usr/local/samba/libexec/samba", "/usr/local/libexec/samba",
	};
	char path[256];

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/" MANAGER, folders[i]);
		if (*folders[i] && access(path, F_OK) == 0) {
			snprintf(ret_folder, size, "%s", folders[i]);
			return true;
		}
	}
	return false;
}

/* Returns whether it fits, or that is unknown. */
static bool check_answer(const char *path)
{
	const char *command[] = { path, "--list-interfaces", NULL };
	int r = probe_run(command, &output);
	size_t n = 0;

	if (r < 0) {
		say_unknown(WORKER, r);
		return true;
	}
	for (size_t i = 0; i < sizeof(pipes) / sizeof(pipes[0]); i++)
		n += probe_has_pipe(output.text, pipes[i]);
	if (output.status == 0 && n == sizeof(pipes) / sizeof(pipes[0])) {
		check_say(FINDING_OK, NULL, _("The worker fits this version of Samba, and names its pipes."));
		return true;
	}
	check_say(FINDING_PROBLEM,
		  check_write(_("Build and install logoff anew: the worker fits only the version of Samba with which "
				"it was built. Then: %s"), START_ANEW).text,
		  _("The worker does not name its pipes: %s"), cause(&output).text);
	return false;
}

/* Returns whether a pipe can be expected of it. It reads Samba's settings too, so they come first. */
static bool check_worker(const struct samba *samba)
{
	char folder[256], path[512];

	if (!find_folder(folder, sizeof(folder))) {
		check_say(FINDING_PROBLEM, _("Samba 4.17 or later is needed."),
			  _("This Samba has no %s: it is older than 4.16, or stands in an unusual folder."), MANAGER);
		return false;
	}
	snprintf(path, sizeof(path), "%s/" WORKER, folder);
	if (access(path, X_OK) == 0) {
		check_say(FINDING_OK, NULL, _("The worker is in Samba's folder: %s."), path);
		return !samba->read || check_answer(path);
	}
	if (access(INSTALLED_WORKER, X_OK) == 0)
		check_say(FINDING_PROBLEM,
			  check_write("sudo ln -s %s %s/; " START_ANEW, INSTALLED_WORKER, folder).text,
			  _("The worker is not in Samba's folder %s."), folder);
	else
		check_say(FINDING_PROBLEM,
			  check_write(_("Build logoff with -Dsamba-worker-dir=%s, and install it."), folder).text,
			  _("The worker is not installed: there is no %s."), INSTALLED_WORKER);
	return false;
}

/* ---- the pipe ---- */

static void say_no_pipe(void)
{
	check_say(FINDING_PROBLEM, START_ANEW,
		  _("Samba looked for its workers before this one was there: the pipe is missing."));
}

/* The socket behind the pipe; the manager makes it when it starts, and it stays when the manager has ended. */
static void check_socket(const struct samba *samba, bool on_demand, pid_t manager)
{
	char value[200], path[256];
	int r;

	snprintf(path, sizeof(path), "%s/np/lsm_api_service",
		 setting(samba, "ncalrpc dir", "/run/samba/ncalrpc", value, sizeof(value)));
	r = probe_connect(path);
	if (r == -EACCES || r == -EPERM)
		say_needs_root(_("Only root can see whether the pipe can be reached."));
	else if (r == 0)
		check_say(FINDING_OK, NULL, _("Samba serves the pipe."));
	else if (manager > 0)
		say_no_pipe();
	else if (on_demand && manager == 0)
		check_say(FINDING_OK, NULL, _("Samba will serve the pipe when somebody calls."));
	else
		check_say(FINDING_UNKNOWN, NULL, _("Whether the pipe can be reached is not known: %s"), strerror(-r));
}

/* Says whether the worker, a child of MANAGER, has read the settings as they are now. It reads them when it starts. */
static void check_age(pid_t manager)
{
	char file[] = SETTINGS_FILE;
	struct stat changed;
	bool there = stat(file, &changed) == 0;
	int64_t start_us;

	if (manager < 0)
		check_say(FINDING_UNKNOWN, NULL, _("Whether a worker runs with former settings cannot be seen: %s"),
			  strerror(-manager));
	if (manager <= 0 || (!there && stat(dirname(file), &changed) < 0) || !probe_child(manager, WORKER, &start_us) ||
	    start_us >= changed.st_ctim.tv_sec * INT64_C(1000000) + changed.st_ctim.tv_nsec / 1000)
		return;
	if (there)
		check_say(FINDING_PROBLEM, START_ANEW,
			  _("The worker runs since before %s was changed, and goes on with what stood there."), file);
	else
		check_say(FINDING_UNKNOWN, START_ANEW,
			  _("The worker runs since before a file in %s was added or removed. If that was "
			    "logoff-server.conf, the worker goes on with what stood there."), file);
}

static void check_pipe(const struct samba *samba)
{
	char demand[16], value[256];
	const char *may_start = setting(samba, "rpc start on demand helpers", "yes", demand, sizeof(demand));
	bool on_demand = strcasecmp(may_start, "no") != 0;
	pid_t manager = probe_runs(setting(samba, "pid directory", "/run/samba", value, sizeof(value)), MANAGER);

	if (!on_demand && manager == 0)
		check_say(FINDING_PROBLEM,
			  check_write(_("Take rpc start on demand helpers = no out of smb.conf, then: %s"),
				      START_ANEW).text,
			  _("Samba may not start %s itself, and it does not run."), MANAGER);
	else
		check_socket(samba, on_demand, manager);
	check_age(manager);
}

/* ---- accounts ---- */

static void check_name_service(void)
{
	static char text[65536];

	if (!probe_read("/etc/nsswitch.conf", text, sizeof(text)))
		check_say(FINDING_UNKNOWN, NULL, _("%s cannot be read: %s"), "/etc/nsswitch.conf", strerror(errno));
	else if (probe_nss_has(text, "passwd", "winbind") || probe_nss_has(text, "passwd", "sss"))
		check_say(FINDING_OK, NULL, _("The name service knows the users of the domain."));
	else
		check_say(FINDING_PROBLEM,
			  _("Install libnss-winbind, and add winbind to the lines passwd and group."),
			  _("The name service does not ask winbind for users: /etc/nsswitch.conf."));
}

static void check_winbind(void)
{
	static const char *const ping[] = { "wbinfo", "-p", NULL };
	static const char *const controller[] = { "wbinfo", "--ping-dc", NULL };
	int r = probe_run(ping, &output);

	if (r == -ENOENT || (r == 0 && output.status != 0)) {
		check_say(FINDING_PROBLEM,
			  "sudo apt-get install winbind libnss-winbind libpam-winbind; sudo systemctl restart winbind",
			  _("winbind does not answer; a member of a domain needs it."));
		return;
	}
	if (r == 0)
		r = probe_run(controller, &output);
	if (r < 0)
		say_unknown("wbinfo", r);
	else if (output.status == 0)
		check_say(FINDING_OK, NULL, _("winbind answers, and the domain trusts this machine."));
	else	/* tickets and what winbind remembers may do without */
		check_say(FINDING_NOTE,
			  _("Look with: sudo net ads testjoin; join again with: sudo net ads join -U Administrator"),
			  _("The domain's controller does not answer, or does not trust this machine: %s"),
			  cause(&output).text);
}

static void check_passwords(void)
{
	static const char *const command[] = { "pdbedit", "-L", NULL };
	size_t n, homeless;
	int r;

	if (geteuid() != 0) {
		say_needs_root(_("Only root can see which accounts have a password for Samba."));
		return;
	}
	r = probe_run(command, &output);
	n = probe_accounts(output.text, &homeless);
	if (r < 0 || output.status != 0)
		say_unknown("pdbedit", r < 0 ? r : -EIO);
	else if (n == homeless)
		check_say(FINDING_PROBLEM, _("Give one to each who shall: sudo smbpasswd -a NAME"),
			  _("No account of this machine has a password for Samba: nobody can call."));
	else
		check_say(FINDING_OK, NULL,
			  ngettext("%zu account of this machine has a password for Samba.",
				   "%zu accounts of this machine have a password for Samba.",
				   (unsigned long)(n - homeless)),
			  n - homeless);
}

static void check_accounts(const struct samba *samba)
{
	char role[64];

	if (!samba->read || !probe_role(samba->settings.text, role, sizeof(role))) {
		check_say(FINDING_UNKNOWN, NULL, _("Whether this machine belongs to a domain is not known."));
		return;
	}
	if (strcmp(role, "STANDALONE") == 0) {
		check_passwords();
		return;
	}
	check_winbind();
	check_name_service();
}

static void check_guests(const struct samba *samba)
{
	char value[64];

	if (!samba->read || !probe_setting(samba->settings.text, "map to guest", value, sizeof(value)))
		check_say(FINDING_UNKNOWN, NULL, _("Whether Samba makes guests of callers is not known."));
	else if (strcasecmp(value, "Never") == 0)
		check_say(FINDING_OK, NULL, _("Samba makes nobody a guest."));
	else
		check_say(FINDING_OK, NULL,
			  _("Samba makes guests of callers whom it does not know (map to guest = %s); the service "
			    "refuses them."),
			  safe(value).text);
}

void check_samba(struct samba *samba)
{
	check_installed(samba);
	if (!samba->installed)
		return;
	read_settings(samba);
	check_running(samba);
	check_port();
	if (check_worker(samba))
		check_pipe(samba);
	check_accounts(samba);
	check_guests(samba);
}
