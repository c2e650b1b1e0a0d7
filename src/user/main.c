/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * main.c - logoff-user, the program that does one job as another user (user/job.h).
 */
#include "user/jobs.h"

int main(void)
{
	return job_main();
}
