/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * calls-ica.h - the calls of IcaApi that are about processes, for the table in calls-ica.c.
 */
#ifndef SERVER_CALLS_ICA_H
#define SERVER_CALLS_ICA_H

#include "server/call.h"

/* Rows of IcaApi: TYPE is the structure without "tsts_". */
#define ICA_ROW(type, name_, right_, handle_, target_, act_, ...)                                                      \
	{                                                                                                              \
		.name = name_, .right = right_, .handle = handle_, .target = target_, .act = act_,                     \
		.result = offsetof(struct tsts_##type, out.status),                                                    \
		.boolean = offsetof(struct tsts_##type, out.result), ##__VA_ARGS__                                     \
	}
#define ICA(type, ...) ICA_ROW(type, __VA_ARGS__)
#define ICA_BY_ID(type, name, right, act, ...)                                                                         \
	ICA_ROW(type, name, right, HANDLE_SERVER, TARGET_SESSION, act,                                                 \
		.id = offsetof(struct tsts_##type, in.session_id) + 1, ##__VA_ARGS__)

uint32_t ica_terminate_process(struct call *call, void *r);
uint32_t ica_get_processes(struct call *call, void *r);
uint32_t ica_get_processes_nt6(struct call *call, void *r);
uint32_t ica_get_process_sid(struct call *call, void *r);
void ica_prepare_process_sid(struct call *call, void *r);

#endif
