/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-job.c - a job is read only if it is whole, and nothing in it points outside of it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "user/jobs.h"

/* "lena", "crew" and two processes, as they stand behind the head. */
static const char texts[] = "lena\0crew";

struct message {
	struct job_head head;
	char rest[sizeof(texts) + 2 * sizeof(int32_t)];
};

static struct message make(void)
{
	struct message message = {
		.head = { .stamp = stamp_own, .kind = JOB_LOOK_UP, .n_text = { 5, 5 }, .n_processes = 2 },
	};

	memcpy(message.rest, texts, sizeof(texts));
	memcpy(message.rest + sizeof(texts), (int32_t[]){ 7, 8 }, 2 * sizeof(int32_t));
	return message;
}

static int parse(const struct message *message, size_t size, struct job *job)
{
	char *exact = malloc(size ? size : 1);	/* so that a sanitizer sees the end */
	int r;

	assert_non_null(exact);
	memcpy(exact, message, size);
	r = job_parse(exact, size, job);
	free(exact);
	return r;
}

static void reads_a_job(void **state)
{
	struct message message = make();
	struct job job;

	(void)state;
	assert_int_equal(job_parse(&message, sizeof(message.head) + 18, &job), 0);
	assert_int_equal(job.head.kind, JOB_LOOK_UP);
	assert_string_equal(job.texts[JOB_USER], "lena");
	assert_string_equal(job.texts[JOB_GROUP_NAME], "crew");
	assert_string_equal(job.texts[2], "");
	assert_memory_equal(job.processes, ((int32_t[]){ 7, 8 }), 8);
}

static void refuses_every_part_of_it(void **state)
{
	struct message message = make();
	struct job job;

	(void)state;
	for (size_t size = 0; size < sizeof(message.head) + 18; size++)
		assert_int_equal(parse(&message, size, &job), -EPROTO);
	assert_int_equal(parse(&message, sizeof(message.head) + 19, &job), -EPROTO);
}

static void refuses_lengths_that_lie(void **state)
{
	static const uint32_t wrong[] = { 0, 1, 4, 6, 10, 1000, 0x7fffffff, 0xffffffff };
	struct message message;
	struct job job;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		message = make();
		message.head.n_text[0] = wrong[i];
		assert_int_equal(parse(&message, sizeof(message.head) + 18, &job), -EPROTO);
		message = make();
		message.head.n_processes = wrong[i];
		assert_int_equal(parse(&message, sizeof(message.head) + 18, &job), -EPROTO);
	}
	message = make();
	message.rest[4] = 'x';		/* no end */
	assert_int_equal(parse(&message, sizeof(message.head) + 18, &job), -EPROTO);
}

static void refuses_other_builds_and_jobs(void **state)
{
	struct message message = make();
	struct job job;

	(void)state;
	message.head.stamp.text[0] ^= 1;
	assert_int_equal(parse(&message, sizeof(message.head) + 18, &job), -ELIBBAD);
	assert_int_equal(parse(&message, sizeof(message.head.stamp), &job), -ELIBBAD);	/* whatever its structs are */
	message = make();
	message.head.kind = JOB_N_KINDS;
	assert_int_equal(parse(&message, sizeof(message.head) + 18, &job), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_job),
		cmocka_unit_test(refuses_every_part_of_it),
		cmocka_unit_test(refuses_lengths_that_lie),
		cmocka_unit_test(refuses_other_builds_and_jobs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
