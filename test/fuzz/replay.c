/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replay.c - runs a fuzzer's function over files and over all files of folders, without a fuzzing engine.
 *
 * So every compiler can replay the corpora as an ordinary test, and a crash input stays a test for ever. No file at
 * all is a failure: a test over nothing proves nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned n_replayed;

static void replay_file(const char *path)
{
	size_t size = 0, room = 4096, n = 1;
	uint8_t *data = malloc(room), *exact;
	FILE *file = fopen(path, "rb");

	if (!file || !data) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	while (n > 0) {
		if (size == room) {
			room *= 2;
			data = realloc(data, room);
			if (!data)
				exit(1);
		}
		n = fread(data + size, 1, room - size, file);
		size += n;
	}
	fclose(file);
	exact = malloc(size ? size : 1); /* so that a sanitizer sees a read beyond the input */
	if (!exact)
		exit(1);
	memcpy(exact, data, size);
	free(data);
	fprintf(stderr, "%s\n", path); /* the last one named is the one that crashed */
	(void)LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	n_replayed++;
}

static void replay_folder(DIR *folder, const char *path)
{
	struct dirent *entry;
	char name[4096];

	while ((entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		replay_file(name);
	}
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		DIR *folder = opendir(argv[i]);

		if (folder) {
			replay_folder(folder, argv[i]);
			closedir(folder);
		} else {
			replay_file(argv[i]);
		}
	}
	printf("%u inputs replayed\n", n_replayed);
	return n_replayed == 0;
}
