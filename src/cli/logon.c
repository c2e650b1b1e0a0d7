/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logon.c - see logon.h. Source: the manuals of Samba's tools (smbclient(1), OPTIONS), for the meaning of the options
 * and the form of the file.
 *
 * A password is asked for in two cases. A name was given without a file or a ticket cache. Or the server, or the KDC,
 * has refused the owner of the ticket cache; then the password is that of the user who runs this program.
 */
#include "cli/logon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli/authfile.h"
#include "cli/password.h"
#include "cli/stream.h"
#include "cli/printable.h"

#define FILE_SIZE 8192

struct logon_options arg_logon;

static const struct {
	const char *word;
	enum logoff_kerberos kerberos;
} kerberos_words[] = {
	{ "required", LOGOFF_KERBEROS_REQUIRED },
	{ "desired", LOGOFF_KERBEROS_DESIRED },
	{ "off", LOGOFF_KERBEROS_OFF },
};

#define N_KERBEROS_WORDS (sizeof(kerberos_words) / sizeof(kerberos_words[0]))

/* ---- the words of the options ---- */

/* A ticket cache that was named is meant to be used, so Kerberos is required unless another option says otherwise. */
static bool find_kerberos(enum logoff_kerberos *ret)
{
	*ret = arg_logon.ccache ? LOGOFF_KERBEROS_REQUIRED : LOGOFF_KERBEROS_DESIRED;
	for (size_t i = 0; arg_logon.kerberos && i < N_KERBEROS_WORDS; i++)
		if (strcasecmp(arg_logon.kerberos, kerberos_words[i].word) == 0) {
			*ret = kerberos_words[i].kerberos;
			return true;
		}
	return !arg_logon.kerberos;
}

int logon_check(enum option_fault *ret_fault, const char **ret_culprit)
{
	enum logoff_kerberos kerberos;
	struct account account;

	if (!find_kerberos(&kerberos)) {
		*ret_fault = OPTION_FAULT_KERBEROS;
		*ret_culprit = arg_logon.kerberos;
		return -EINVAL;
	}
	if (arg_logon.name && account_parse(&account, arg_logon.name) < 0) {
		*ret_fault = OPTION_FAULT_ACCOUNT;
		*ret_culprit = arg_logon.name;
		return -EINVAL;
	}
	return 0;
}

/* ---- the file ---- */

static enum exit_status file_unreadable(int r)
{
	fprintf(stderr, _("%s: the file %s cannot be read: %s\n"), program().text, safe(arg_logon.file).text,
		strerror(-r));
	return stream_failure_errno(EXIT_USAGE, "authfile", arg_logon.file, r);
}

/* For programs, who do not see what standard error has said: why the file is not taken. */
static enum exit_status file_refused_as(const char *text)
{
	struct logoff_error cause = { .domain = LOGOFF_ERROR_PROGRAM };

	snprintf(cause.text, sizeof(cause.text), "%s", text);
	return stream_failure(EXIT_USAGE, "authfile", arg_logon.file, &cause);
}

static enum exit_status file_open_to_others(void)
{
	authfile_report_open(arg_logon.file);
	return file_refused_as("it is open to others");
}

static enum exit_status file_of_others(void)
{
	fprintf(stderr,
		_("%s: the file %s, or the link of that name, belongs to another user; its owner must be you or "
		  "root\n"),
		program().text, safe(arg_logon.file).text);
	return file_refused_as("it belongs to another user");
}

static enum exit_status file_no_file(void)
{
	fprintf(stderr, _("%s: %s is not a regular file\n"), program().text, safe(arg_logon.file).text);
	return file_refused_as("it is not a regular file");
}

static enum exit_status file_wrong(unsigned line)
{
	char text[100];

	snprintf(text, sizeof(text), "line %u is not one of username, password, domain and realm", line);
	fprintf(stderr, _("%s: the file %s, line %u: not one of username, password, domain and realm\n"),
		program().text, safe(arg_logon.file).text, line);
	return file_refused_as(text);
}

static enum exit_status file_without_user(void)
{
	fprintf(stderr, _("%s: the file %s: its username is not a valid user name\n"), program().text,
		safe(arg_logon.file).text);
	return file_refused_as("its username is not a valid user name");
}

static enum exit_status file_of_another(void)
{
	fprintf(stderr, _("%s: the file %s and /logon name different users\n"), program().text,
		safe(arg_logon.file).text);
	return file_refused_as("it and /logon name different users");
}

/* FAULT is why the file was not opened, R the errno. */
static enum exit_status file_refused(enum trusted_fault fault, int r)
{
	switch (fault) {
	case TRUSTED_UNREADABLE:
		break;
	case TRUSTED_NO_FILE:
		return file_no_file();
	case TRUSTED_OF_OTHERS:
		return file_of_others();
	case TRUSTED_OPEN_TO_OTHERS:
		return file_open_to_others();
	}
	return file_unreadable(r);
}

/* Reads FD to its end. Returns 0, -EFBIG, -EILSEQ (not a text) or the failure of read(2). */
static int read_all(int fd, char text[static FILE_SIZE])
{
	size_t length = 0;
	ssize_t n = 1;

	while (n > 0 && length < FILE_SIZE) {
		n = read(fd, text + length, FILE_SIZE - length);
		if (n > 0)
			length += (size_t)n;
	}
	if (n < 0 || length >= FILE_SIZE)
		return n < 0 ? -errno : -EFBIG;
	text[length] = '\0';
	return strlen(text) == length ? 0 : -EILSEQ;
}

static enum exit_status read_file(char text[static FILE_SIZE])
{
	enum trusted_fault fault;
	int fd = authfile_open(arg_logon.file, &fault), r;

	if (fd < 0)
		return file_refused(fault, fd);
	r = read_all(fd, text);
	close(fd);
	return r < 0 ? file_unreadable(r) : EXIT_ENDED;
}

/* Cuts the blanks off the end of TEXT. */
static char *cut_blanks(char *text)
{
	for (size_t n = strlen(text); n > 0 && strchr(" \t", text[n - 1]); n--)
		text[n - 1] = '\0';
	return text;
}

/* The entries of a file; they point into its text. */
struct entries {
	char *username, *password, *domain, *realm;
};

/*
 * Reads a line "name = value". A password may end in blanks, but not begin with one. Returns whether the line has this
 * form.
 */
static bool take_line(struct entries *entries, char *line)
{
	const struct {
		const char *name;
		char **target;
	} names[] = {
		{ "username", &entries->username },
		{ "password", &entries->password },
		{ "domain", &entries->domain },
		{ "realm", &entries->realm },
	};
	char *value = strchr(line, '=');

	line += strspn(line, " \t");
	if (!*line || *line == '#' || *line == ';')
		return true;
	if (!value)
		return false;
	*value++ = '\0';
	value += strspn(value, " \t");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(cut_blanks(line), names[i].name) == 0) {
			*names[i].target = names[i].target == &entries->password ? value : cut_blanks(value);
			return true;
		}
	return false;
}

/* Reads the lines of TEXT, which may come from Windows: with a byte order mark and carriage returns. */
static enum exit_status take_lines(struct entries *entries, char *text)
{
	char *line = text + (strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0), *next;

	for (unsigned number = 1; line; line = next, number++) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (*line && line[strlen(line) - 1] == '\r')
			line[strlen(line) - 1] = '\0';
		if (!take_line(entries, line))
			return file_wrong(number);
	}
	return EXIT_ENDED;
}

/* Finds the account that ENTRIES name. A domain in the name counts before the domain in its own entry. */
static enum exit_status take_user(const struct entries *entries)
{
	struct account account;
	size_t n;

	if (arg_logon.name && entries->username)
		return file_of_another();
	if (entries->username && account_parse(&arg_logon.account, entries->username) < 0)
		return file_without_user();
	account = arg_logon.account;
	n = strlen(account.user);
	if (entries->domain && !*account.domain && !strchr(account.user, '@'))
		snprintf(account.domain, sizeof(account.domain), "%s", entries->domain);
	else if (entries->realm && n > 0 && !*account.domain && !strchr(account.user, '@'))
		snprintf(account.user + n, sizeof(account.user) - n, "@%s", entries->realm);
	arg_logon.account = account;
	return EXIT_ENDED;
}

static enum exit_status use_file(char password[static PASSWORD_SIZE])
{
	struct entries entries = {};
	enum exit_status status;
	char text[FILE_SIZE];

	password_expect();
	status = read_file(text);
	if (status == EXIT_ENDED)
		status = take_lines(&entries, text);
	if (status == EXIT_ENDED)
		status = take_user(&entries);
	if (status == EXIT_ENDED && entries.password && strlen(entries.password) >= PASSWORD_SIZE)
		status = file_unreadable(-EFBIG);
	else if (status == EXIT_ENDED && entries.password)
		snprintf(password, PASSWORD_SIZE, "%s", entries.password);
	explicit_bzero(text, sizeof(text));
	return status;
}

/* ---- logging on ---- */

/* Without a name the password is that of the user who runs this program. */
static void name_user(void)
{
	if (!*arg_logon.account.user)
		logoff_host_name_caller(NULL, arg_logon.account.user, sizeof(arg_logon.account.user));
}

static int ask_password(char password[static PASSWORD_SIZE])
{
	char name[ACCOUNT_NAME_SIZE], prompt[sizeof(struct safe) + 64];

	name_user();
	account_name(&arg_logon.account, name);
	snprintf(prompt, sizeof(prompt), _("Password for %s: "), safe(name).text);
	return password_ask(prompt, password);
}

/* Reports why there is no password. Returns the exit status. */
static enum exit_status report_no_password(const char *server, int r)
{
	struct safe host = safe(server);

	if (r == -ECANCELED)
		return report_declined();
	if (r == -ENXIO)
		fprintf(stderr, _("%s: %s: a password is needed, and there is no terminal to ask for it on\n"),
			program().text, host.text);
	else if (r == -E2BIG)
		fprintf(stderr, _("%s: %s: the password is too long\n"), program().text, host.text);
	else
		fprintf(stderr, _("%s: %s: the password cannot be read: %s\n"), program().text, host.text,
			strerror(-r));
	return stream_failure(EXIT_LOGON, "no-password", NULL, NULL);
}

/* Tells whether a password may be asked for at all. */
static bool may_ask(const char *password)
{
	return !*password && !arg_logon.no_password && !arg_logon.ccache;
}

/* Collects name and password before the server is asked. Returns the exit status. */
static enum exit_status prepare_logon(const char *server, enum logoff_kerberos kerberos,
				      char password[static PASSWORD_SIZE])
{
	enum exit_status status = EXIT_ENDED;
	int r = 0;

	if (arg_logon.name)
		(void)account_parse(&arg_logon.account,
				    arg_logon.name); /* logon_check() has checked that it can be parsed */
	if (arg_logon.file)
		status = use_file(password);
	if (status != EXIT_ENDED)
		return status;
	if (may_ask(password) && (arg_logon.name || arg_logon.file || kerberos == LOGOFF_KERBEROS_OFF))
		r = ask_password(password);
	return r < 0 ? report_no_password(server, r) : EXIT_ENDED;
}

static int open_host(struct logoff_host **ret_host, const char *server, enum logoff_kerberos kerberos,
		     const char *password, struct logoff_error *reterr)
{
	const struct account *account = &arg_logon.account;

	if (*password)
		name_user();
	struct logoff_address address = { .size = sizeof(address), .name = server };

	return logoff_host_open(ret_host, &address,
				&(struct logoff_logon){
		.size = sizeof(struct logoff_logon),
		.user = *account->user ? account->user : NULL,
		.domain = *account->domain ? account->domain : NULL,
		.password = *password ? password : NULL,
		.ccache = arg_logon.ccache,
		.kerberos = kerberos,
		.require_encryption = arg_logon.require_encryption,
	}, reterr);
}

enum exit_status logon_open(struct logoff_host **ret_host, const char *server)
{
	struct logoff_error cause;
	int r;

	return logon_open_telling(ret_host, server, &r, &cause);
}

enum exit_status logon_open_telling(struct logoff_host **ret_host, const char *server, int *ret_result,
				    struct logoff_error *ret_cause)
{
	char password[PASSWORD_SIZE] = "";
	struct logoff_error error = {};
	enum logoff_kerberos kerberos;
	enum exit_status status = EXIT_ENDED;
	int r = LOGOFF_E_NOT_ACCEPTED, asked = 0;

	if (logoff_is_this_machine(server)) {
		*ret_result = r = logoff_host_open(ret_host, NULL, NULL, &error);
		*ret_cause = error;
		return r < 0 ? report_open(server, r, &error) : EXIT_ENDED;
	}
	(void)find_kerberos(&kerberos);
	status = prepare_logon(server, kerberos, password);
	if (status == EXIT_ENDED)
		r = open_host(ret_host, server, kerberos, password, &error);
	if (status == EXIT_ENDED && r == LOGOFF_E_NOT_ACCEPTED && may_ask(password)) {
		asked = ask_password(password);
		if (asked == 0)
			r = open_host(ret_host, server, kerberos, password, &error);
		else if (asked != -ENXIO)	/* otherwise the failure of the ticket is the better report */
			status = report_no_password(server, asked);
	}
	explicit_bzero(password, sizeof(password));
	*ret_result = r;
	*ret_cause = error;
	return status == EXIT_ENDED && r < 0 ? report_open(server, r, &error) : status;
}
