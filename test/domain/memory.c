/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * memory.c - the text file behind memory.h: lines of a keyword and key=value or key="value", read into structures;
 * edits that copy all lines but those they are about, and replace the file by the copy. Editors (this one and
 * server.py) hold a lock on the folder's "lock", readers need none.
 */
#include "memory.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define N_KEYS 24

/* ---- one line ---- */

struct line {
	const char *word;
	struct { const char *name, *value; } keys[N_KEYS];
	size_t n_keys;
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = tolower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads a value at *TEXT, in place, and moves *TEXT behind it. In quotes \" \\ and \xHH mean what they do in C. */
static char *take_value(char **text)
{
	char *from = *text, *value, *to;
	bool quoted = *from == '"';

	value = to = from += quoted;
	while (*from && (quoted ? *from != '"' : !isspace((unsigned char)*from))) {
		if (quoted && from[0] == '\\' && from[1] == 'x' && from[2] && from[3]) {
			*to++ = (char)(hex_digit(from[2]) << 4 | hex_digit(from[3]));
			from += 4;
			continue;
		}
		from += quoted && *from == '\\';
		*to++ = *from++;
	}
	*text = *from ? from + 1 : from;
	*to = '\0';
	return value;
}

/* Takes TEXT, which is changed, apart. Returns false for an empty line and for a comment. */
static bool split(char *text, struct line *ret)
{
	*ret = (struct line) { 0 };
	while (isspace((unsigned char)*text))
		text++;
	if (!*text || *text == '#')
		return false;
	ret->word = text;
	while (*text && !isspace((unsigned char)*text))
		text++;
	if (*text)
		*text++ = '\0';
	while (ret->n_keys < N_KEYS) {
		char *name;

		while (isspace((unsigned char)*text))
			text++;
		if (!*text)
			break;
		for (name = text; *text && *text != '=' && !isspace((unsigned char)*text); text++)
			;
		ret->keys[ret->n_keys].name = name;
		ret->keys[ret->n_keys].value = "yes";
		if (*text == '=') {
			*text++ = '\0';
			ret->keys[ret->n_keys].value = take_value(&text);
		} else if (*text) {
			*text++ = '\0';
		}
		ret->n_keys++;
	}
	return true;
}

static const char *get(const struct line *line, const char *name)
{
	for (size_t i = 0; i < line->n_keys; i++)
		if (strcmp(line->keys[i].name, name) == 0)
			return line->keys[i].value;
	return NULL;
}

static uint32_t get_number(const struct line *line, const char *name, uint32_t otherwise)
{
	const char *value = get(line, name);

	return value ? (uint32_t)strtoull(value, NULL, 0) : otherwise;
}

static double get_time(const struct line *line, const char *name)
{
	const char *value = get(line, name);

	return value ? strtod(value, NULL) : 0;
}

static bool is(const struct line *line, const char *name, const char *wanted)
{
	const char *value = get(line, name);

	return value && strcmp(value, wanted) == 0;
}

static const char *get_text(TALLOC_CTX *mem, const struct line *line, const char *name)
{
	const char *value = get(line, name);

	return value ? talloc_strdup(mem, value) : NULL;
}

static const uint8_t *get_bytes(TALLOC_CTX *mem, const char *hex, size_t *ret_n)
{
	size_t n = strlen(hex) / 2;
	uint8_t *bytes = talloc_zero_array(mem, uint8_t, n + 1);

	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
	*ret_n = n;
	return bytes;
}

/* ---- lines to structures ---- */

static uint32_t state_number(const char *word)
{
	static const char *const words[] = { "active", "connected", "connectquery", "shadow", "disconnected", "idle",
		"listen", "reset", "down", "init" };

	for (uint32_t i = 0; word && i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return word ? (uint32_t)strtoul(word, NULL, 0) : 0;
}

#define GROW(mem, array, n) \
	((array) = talloc_realloc_size(mem, array, sizeof(*(array)) * (((n) | 15) + 1)), \
	 memset(&(array)[n], 0, sizeof(*(array))), &(array)[(n)++])

static void read_session(struct memory *host, const struct line *line)
{
	struct memory_session *session = GROW(host, host->sessions, host->n_sessions);

	session->id = get_number(line, "id", 0);
	session->state = state_number(get(line, "state"));
	session->type = get_number(line, "type", session->id ? 3 : 1);
	session->name = get_text(host, line, "name");
	session->user = get_text(host, line, "user");
	session->domain = get_text(host, line, "domain");
	session->client = get_text(host, line, "client");
	session->address = get_text(host, line, "address");
	session->sid = get_text(host, line, "sid");
	session->connect = get_time(line, "connect");
	session->disconnect = get_time(line, "disconnect");
	session->logon = get_time(line, "logon");
	session->serial = get_time(line, "serial");
	session->input = get_time(line, "input");
	session->locked = get(line, "locked");
	session->logoff_ignored = is(line, "logoff", "ignored");
	session->reset_ignored = is(line, "reset", "ignored");
	session->logoff_after_ms = get_number(line, "logoff-after", 0);
	session->answer = get_number(line, "answer", 0);
	session->answer_after_ms = get_number(line, "answer-after", 0);
}

static void read_process(struct memory *host, const struct line *line)
{
	struct memory_process *process = GROW(host, host->processes, host->n_processes);

	process->pid = get_number(line, "pid", 0);
	process->parent = get_number(line, "parent", 0);
	process->session = get_number(line, "session", 0);
	process->image = get_text(host, line, "image");
	process->sid = get_text(host, line, "sid");
	process->create = get_time(line, "create");
}

static void read_listener(struct memory *host, const struct line *line)
{
	struct memory_listener *listener = GROW(host, host->listeners, host->n_listeners);

	listener->id = get_number(line, "id", 65536);
	listener->name = get_text(host, line, "name");
}

static void read_poke(struct memory *host, struct memory_fault *fault, const char *poke)
{
	const char *colon = poke ? strchr(poke, ':') : NULL;

	if (!colon)
		return;
	fault->poke_at = (uint32_t)strtoul(poke, NULL, 0);
	fault->poke = get_bytes(host, colon + 1, &fault->n_poke);
}

static void read_fault(struct memory *host, const struct line *line, const char *text)
{
	struct memory_fault *fault = GROW(host, host->faults, host->n_faults);
	const char *raw = get(line, "raw");

	fault->line = talloc_strdup(host, text);
	fault->call = get_text(host, line, "call");
	fault->of_session = get(line, "session");
	fault->session = get_number(line, "session", 0);
	fault->skip = get_number(line, "skip", 0);
	fault->times = get_number(line, "times", 0);
	fault->never = is(line, "late", "never");
	fault->late_ms = get_number(line, "late", 0);
	fault->rpc = get_number(line, "rpc", 0);
	fault->has_result = get(line, "result");
	fault->result = get_number(line, "result", 0);
	fault->exit_before = is(line, "exit", "before");
	fault->exit_after = is(line, "exit", "after");
	fault->undone = get(line, "undone");
	fault->hides = get(line, "hide");
	fault->hidden = get_number(line, "hide", 0);
	fault->has_raw = raw;
	if (raw)
		fault->raw = get_bytes(host, raw, &fault->n_raw);
	fault->has_cut = get(line, "cut");
	fault->cut = get_number(line, "cut", 0);
	fault->surplus = get_number(line, "surplus", 0);
	read_poke(host, fault, get(line, "poke"));
}

static void read_line(struct memory *host, char *text)
{
	struct line line;
	char *copy = talloc_strdup(host, text);

	if (split(text, &line)) {
		if (strcmp(line.word, "session") == 0)
			read_session(host, &line);
		else if (strcmp(line.word, "process") == 0)
			read_process(host, &line);
		else if (strcmp(line.word, "listener") == 0)
			read_listener(host, &line);
		else if (strcmp(line.word, "fault") == 0)
			read_fault(host, &line, copy);
		else if (strcmp(line.word, "clock") == 0)
			host->ahead = get_time(&line, "ahead");
		else if (strcmp(line.word, "next") != 0)
			fprintf(stderr, "%s/host: %s: no such line\n", host->folder, line.word);
	}
	talloc_free(copy);
}

/* ---- reading ---- */

static char *slurp(TALLOC_CTX *mem, const char *path, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	ssize_t n, had = 0;

	if (fd < 0 || fstat(fd, st) < 0)
		goto out;
	text = talloc_zero_array(mem, char, (size_t)st->st_size + 1);
	while ((n = read(fd, text + had, (size_t)(st->st_size - had))) > 0)
		had += n;
out:
	if (fd >= 0)
		close(fd);
	return text;
}

static uint64_t mtime_ns(const struct stat *st)
{
	return (uint64_t)st->st_mtim.tv_sec * 1000000000u + (uint64_t)st->st_mtim.tv_nsec;
}

static struct memory *read_host(const char *folder, const char *path)
{
	struct memory *host = talloc_zero(NULL, struct memory);
	struct stat st;
	char *text = slurp(host, path, &st), *next;

	if (!text)
		return talloc_free(host), NULL;
	host->folder = talloc_strdup(host, folder);
	host->ino = st.st_ino;
	host->size = (uint64_t)st.st_size;
	host->mtime_ns = mtime_ns(&st);
	for (; text && *text; text = next) {
		next = strchr(text, '\n');
		if (next)
			*next++ = '\0';
		read_line(host, text);
	}
	return host;
}

struct memory *memory_read(const char *folder)
{
	static struct memory *known;
	char path[4096];
	struct memory **at;
	struct stat st;

	snprintf(path, sizeof(path), "%s/host", folder);
	for (at = &known; *at && strcmp((*at)->folder, folder) != 0; at = &(*at)->next)
		;
	if (stat(path, &st) < 0)
		return NULL;
	if (!*at || (*at)->ino != st.st_ino || (*at)->mtime_ns != mtime_ns(&st) || (*at)->size != (uint64_t)st.st_size) {
		struct memory *host = read_host(folder, path), *old = *at;

		if (!host)
			return NULL;
		host->next = old ? old->next : NULL;
		*at = host;
		if (old)
			talloc_unlink(NULL, old);	/* calls under way may hold it */
	}
	return *at;
}

struct memory_session *memory_session(struct memory *host, uint32_t id)
{
	for (uint32_t i = 0; i < host->n_sessions; i++)
		if (host->sessions[i].id == id)
			return &host->sessions[i];
	return NULL;
}

/* ---- editing ---- */

/* Writes to OUT what is to stand in place of LINE, whose text is TEXT (with its line end). */
typedef void (*edit_fn)(FILE *out, const char *text, const struct line *line, const void *what);

static void edit_lines(FILE *out, char *text, edit_fn edit, const void *what)
{
	char *next;

	for (; *text; text = next) {
		char *copy;
		struct line line;

		next = strchr(text, '\n');
		next = next ? next + 1 : text + strlen(text);
		copy = talloc_strndup(NULL, text, (size_t)(next - text));
		if (split(copy, &line)) {
			char *whole = talloc_strndup(copy, text, (size_t)(next - text));

			edit(out, whole, &line, what);
		} else {
			fwrite(text, 1, (size_t)(next - text), out);
		}
		talloc_free(copy);
	}
}

static void edit_file(const char *folder, edit_fn edit, const void *what)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *path = talloc_asprintf(mem, "%s/host", folder), *part = talloc_asprintf(mem, "%s/host.worker", folder);
	int lock = open(talloc_asprintf(mem, "%s/lock", folder), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	struct stat st;
	char *text;
	FILE *out;

	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		fprintf(stderr, "%s/lock: %s\n", folder, strerror(errno));
	text = slurp(mem, path, &st);
	out = text ? fopen(part, "we") : NULL;
	if (out) {
		edit_lines(out, text, edit, what);
		fclose(out);
		if (rename(part, path) < 0)
			fprintf(stderr, "%s: %s\n", path, strerror(errno));
	}
	if (lock >= 0)
		close(lock);
	talloc_free(mem);
}

struct end {
	uint32_t session;
	double logon, serial;
	bool *ended;
};

static void edit_end(FILE *out, const char *text, const struct line *line, const void *what)
{
	const struct end *end = what;
	bool its = get_number(line, "id", UINT32_MAX) == end->session;

	if (strcmp(line->word, "session") == 0 && its && get_time(line, "logon") == end->logon &&
	    get_time(line, "serial") == end->serial) {
		*end->ended = true;
		return;
	}
	if (*end->ended && strcmp(line->word, "process") == 0 && get_number(line, "session", UINT32_MAX) == end->session)
		return;
	if (*end->ended && strcmp(line->word, "next") == 0 && its) {
		fprintf(out, "session%s", strstr(text, "next") + 4);
		return;
	}
	fputs(text, out);
}

void memory_end(const char *folder, uint32_t session, double logon, double serial)
{
	bool ended = false;

	edit_file(folder, edit_end, &(struct end) { session, logon, serial, &ended });
}

struct set {
	uint32_t session;
	const char *key, *value;
};

static void put_key(FILE *out, const char *name, const char *value)
{
	fprintf(out, " %s=\"", name);
	for (; *value; value++)
		if (*value == '"' || *value == '\\' || (unsigned char)*value < ' ')
			fprintf(out, "\\x%02x", (unsigned char)*value);
		else
			fputc(*value, out);
	fputc('"', out);
}

static void edit_set(FILE *out, const char *text, const struct line *line, const void *what)
{
	const struct set *set = what;

	if (strcmp(line->word, "session") != 0 || get_number(line, "id", UINT32_MAX) != set->session) {
		fputs(text, out);
		return;
	}
	fputs("session", out);
	for (size_t i = 0; i < line->n_keys; i++)
		if (strcmp(line->keys[i].name, set->key) != 0)
			put_key(out, line->keys[i].name, line->keys[i].value);
	put_key(out, set->key, set->value);
	fputc('\n', out);
}

void memory_set(const char *folder, uint32_t session, const char *key, const char *value)
{
	edit_file(folder, edit_set, &(struct set) { session, key, value });
}

static void edit_end_process(FILE *out, const char *text, const struct line *line, const void *what)
{
	if (strcmp(line->word, "process") != 0 || get_number(line, "pid", UINT32_MAX) != *(const uint32_t *)what)
		fputs(text, out);
}

void memory_end_process(const char *folder, uint32_t pid)
{
	edit_file(folder, edit_end_process, &pid);
}

/* ---- faults ---- */

static void edit_told(FILE *out, const char *text, const struct line *line, const void *what)
{
	const struct memory_fault *fault = what;
	size_t n = strcspn(text, "\n");

	if (strcmp(line->word, "fault") != 0 || strlen(fault->line) != n || strncmp(text, fault->line, n) != 0) {
		fputs(text, out);
		return;
	}
	if (!fault->skip && fault->times == 1)
		return;
	fputs("fault", out);
	for (size_t i = 0; i < line->n_keys; i++)
		if (strcmp(line->keys[i].name, "skip") != 0 && strcmp(line->keys[i].name, "times") != 0)
			put_key(out, line->keys[i].name, line->keys[i].value);
	if (fault->skip)
		fprintf(out, " skip=%u", fault->skip - 1);
	if (fault->times)
		fprintf(out, " times=%u", fault->times - !fault->skip);
	fputc('\n', out);
}

struct memory_fault *memory_fault(struct memory *host, const char *call, int64_t session)
{
	for (uint32_t i = 0; i < host->n_faults; i++) {
		struct memory_fault *fault = &host->faults[i];

		if (!fault->call || strcmp(fault->call, call) != 0)
			continue;
		if (fault->of_session && session != (int64_t)fault->session)
			continue;
		if (fault->skip || fault->times)
			edit_file(host->folder, edit_told, fault);
		return fault->skip ? NULL : fault;
	}
	return NULL;
}
