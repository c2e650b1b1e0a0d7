/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * state.c - see drain.h.
 *
 * The file has exactly these lines; the text is last, and is the only one that may have several:
 *
 *	logoff drain 1
 *	mode=drain
 *	since=1764417600
 *	by=alice
 *	text=Kernel update until 18:00
 */
#include "drain/drain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "drain/file.h"

#define HEAD "logoff drain 1\n"
#define FILE_SIZE (DRAIN_TEXT_SIZE + DRAIN_NAME_SIZE + 128)

/* Until the restart, and for longer. */
static const struct place {
	const char *folder, *path;
} places[] = {
	{ "/run/logoff", "/run/logoff/drain" },
	{ "/var/lib/logoff", "/var/lib/logoff/drain" },
};

#define N_PLACES (sizeof(places) / sizeof(places[0]))

static const char *const words[] = { [DRAIN_NEW] = "drain", [DRAIN_ALL] = "disable" };

/* ---- reading ---- */

/* Tells whether TEXT can be shown as it is. */
static bool is_harmless(const char *text, bool lines)
{
	char *same = utf8_harmless(text, lines);
	bool harmless = same && strcmp(same, text) == 0;

	free(same);
	return harmless;
}

/* Takes PREFIX and the rest of its line from the front of *TEXT. Returns the rest, ended by a NUL, or NULL. */
static char *take_line(char **text, const char *prefix)
{
	char *line = *text, *end = strchr(line, '\n');

	if (!end || strncmp(line, prefix, strlen(prefix)) != 0)
		return NULL;
	*end = '\0';
	*text = end + 1;
	return line + strlen(prefix);
}

static bool parse_mode(const char *word, enum drain_mode *ret)
{
	for (enum drain_mode mode = DRAIN_NEW; word && mode <= DRAIN_ALL; mode++)
		if (strcmp(word, words[mode]) == 0) {
			*ret = mode;
			return true;
		}
	return false;
}

static bool parse_time(const char *digits, int64_t *ret)
{
	size_t n = digits ? strlen(digits) : 0;

	if (n == 0 || n > 12 || strspn(digits, "0123456789") != n)
		return false;
	*ret = strtoll(digits, NULL, 10);
	return true;
}

/* Copies a TEXT that can be shown into RET, which has SIZE bytes. */
static bool parse_text(const char *text, bool lines, char *ret, size_t size)
{
	if (!text || strlen(text) >= size || !is_harmless(text, lines))
		return false;
	strcpy(ret, text);
	return true;
}

/* TEXT is changed. Returns 0 or -EBADMSG. */
static int parse_state(char *text, struct drain_state *ret)
{
	size_t length = strlen(text);

	if (strncmp(text, HEAD, strlen(HEAD)) != 0 || text[length - 1] != '\n')
		return -EBADMSG;
	text[length - 1] = '\0';	/* the text's own end */
	text += strlen(HEAD);
	if (!parse_mode(take_line(&text, "mode="), &ret->mode) ||
	    !parse_time(take_line(&text, "since="), &ret->since_s) ||
	    !parse_text(take_line(&text, "by="), false, ret->by, sizeof(ret->by)))
		return -EBADMSG;
	if (strncmp(text, "text=", strlen("text=")) != 0)
		return -EBADMSG;
	return parse_text(text + strlen("text="), true, ret->text, sizeof(ret->text)) ? 0 : -EBADMSG;
}

/* Adds the state of each place. Returns 0, or -errno and *RET_PATH. */
static int read_places(int root, struct drain_state *found, const char **ret_path)
{
	for (size_t i = 0; i < N_PLACES; i++) {
		struct drain_state one = { .lasting = i > 0 };
		char text[FILE_SIZE];
		ssize_t r = drain_read_file(root, places[i].path + 1, text, sizeof(text));

		if (r == -ENOENT)
			continue;
		if (r >= 0)
			r = parse_state(text, &one);
		if (r < 0) {
			*ret_path = places[i].path;
			return (int)r;
		}
		if (one.mode > found->mode)
			*found = one;
	}
	return 0;
}

int drain_read(int root, struct drain_state *ret_state, const char **ret_path)
{
	struct drain_state found = {};
	int r = read_places(root, &found, ret_path);

	/* It may have moved from the place that was read last to that which was read first. */
	if (r == 0 && found.mode == DRAIN_ENABLED)
		r = read_places(root, &found, ret_path);
	if (r == 0)
		*ret_state = found;
	return r;
}

/* ---- writing ---- */

static int write_state(int fd, const struct drain_state *state)
{
	if (dprintf(fd, HEAD "mode=%s\nsince=%lld\nby=%s\ntext=%s\n", words[state->mode], (long long)state->since_s,
		    state->by, state->text) < 0)
		return -errno;
	if (fchmod(fd, 0644) < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

/* A file of another name becomes the state once all of it is on the disk. Returns 0 or -errno. */
static int replace(int folder, const struct drain_state *state)
{
	char name[64];
	int fd, r;

	snprintf(name, sizeof(name), ".drain-%ld", (long)getpid());
	(void)unlinkat(folder, name, 0);	/* of a process that had this number and was killed */
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	r = write_state(fd, state);
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && renameat(folder, name, folder, "drain") < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(folder, name, 0);
	return r;
}

/* Everybody may look into the folder, whatever the umask is. Returns a descriptor or -errno. */
static int open_folder(int root, const char *path, bool make)
{
	bool made = make && mkdirat(root, path + 1, 0755) == 0;
	int folder;

	if ((make && !made && errno != EEXIST) || (made && fchmodat(root, path + 1, 0755, 0) < 0))
		return -errno;
	folder = openat(root, path + 1, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return folder < 0 ? -errno : folder;
}

/* To remove a file that there is not fails in a read-only place, so it is looked for. Returns 1, 0 or -errno. */
static int has_file(int root, const struct place *place)
{
	if (faccessat(root, place->path + 1, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT ? 0 : -errno;
}

/* Tells whether the file, if there is one, can be removed. Returns 0 or -errno. */
static int check_removal(int root, const struct place *place)
{
	int r = has_file(root, place);

	if (r > 0)
		r = faccessat(root, place->folder + 1, W_OK, 0) < 0 ? -errno : 0;
	return r;
}

static int remove_file(int folder)
{
	return unlinkat(folder, "drain", 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* Writes STATE into the folder, or removes the file if STATE is NULL. Returns 0 or -errno. */
static int put(int root, const struct place *place, const struct drain_state *state)
{
	int r = state ? 1 : has_file(root, place), folder;

	if (r <= 0)
		return r;
	folder = open_folder(root, place->folder, state);
	if (folder < 0)
		return folder;
	r = state ? replace(folder, state) : remove_file(folder);
	if (r == 0 && fsync(folder) < 0)
		r = -errno;
	close(folder);
	return r;
}

/*
 * Two writers at once could each remove the other's file. Only root can hold the lock. Returns a descriptor or -errno.
 */
static int lock(int root)
{
	int folder = open_folder(root, places[0].folder, true), fd;

	if (folder < 0)
		return folder;
	fd = openat(folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		fd = -errno;
	else
		while (flock(fd, LOCK_EX) < 0 && errno == EINTR)
			;
	close(folder);
	return fd;
}

static int put_all(int root, const struct drain_state *state, const char **ret_path)
{
	const struct drain_state *wanted[N_PLACES] = {};	/* NULL: no file */
	size_t chosen = state->lasting ? 1 : 0, at = 0;
	int r = 0;

	if (state->mode != DRAIN_ENABLED)
		wanted[chosen] = state;
	for (size_t i = 0; r == 0 && i < N_PLACES; i++)		/* before anything is changed */
		if (!wanted[at = i])
			r = check_removal(root, &places[at]);
	/* The new state before the former one goes: between them logons are never accepted. */
	for (size_t i = 0; r == 0 && i < N_PLACES; i++) {
		at = (chosen + i) % N_PLACES;
		r = put(root, &places[at], wanted[at]);
	}
	if (r < 0)
		*ret_path = places[at].path;
	return r;
}

int drain_write(int root, const struct drain_state *state, const char **ret_path)
{
	bool on = state->mode != DRAIN_ENABLED;
	int fd = -1, r = 0;

	if (on && (!is_harmless(state->text, true) || !is_harmless(state->by, false)))
		return -EINVAL;
	if (on)		/* who only removes them takes away nothing that is to stay */
		r = fd = lock(root);
	if (r < 0)
		*ret_path = places[0].path;
	else
		r = put_all(root, state, ret_path);
	if (fd >= 0)
		close(fd);
	return r;
}
