/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * backend.c - the operations of a kind of host that cannot do them, or that has nothing to do: see backend.h.
 */
#include "core/host.h"

#include <errno.h>

#include "base/error.h"

bool host_may_have_any_user(struct logoff_host *host, const char *name)
{
	(void)host;
	(void)name;
	return true;
}

int host_no_prove(struct logoff_host *host, struct logoff_session *session, struct logoff_error *reterr)
{
	(void)host;
	(void)session;
	return error_set_errno(reterr, -EOPNOTSUPP, -EOPNOTSUPP, "a proof alone cannot be asked for");
}

int host_no_act(struct logoff_host *host, struct host_held *held, enum host_act act)
{
	(void)host;
	(void)held;
	(void)act;
	return -EOPNOTSUPP;
}

void host_no_end_others(struct logoff_host *host, struct logoff_host_process *const *processes, size_t n_processes,
			uint64_t grace_ms, int cancel_fd, int *results, struct logoff_error *cause)
{
	(void)host;
	(void)processes;
	(void)grace_ms;
	(void)cancel_fd;
	(void)cause;
	for (size_t i = 0; i < n_processes; i++)
		results[i] = -EACCES;
}

int host_no_disconnect(struct logoff_host *host, struct logoff_session *session, struct logoff_error *reterr)
{
	(void)host;
	(void)session;
	return error_set_errno(reterr, -EOPNOTSUPP, -EOPNOTSUPP, "no client can be disconnected");
}

int host_no_leave(struct logoff_host *host, struct logoff_session *session, uint64_t timeout_us, struct logoff_error *reterr)
{
	(void)host;
	(void)session;
	(void)timeout_us;
	return error_set_errno(reterr, -EOPNOTSUPP, -EOPNOTSUPP, "no desktop can be asked");
}

void host_no_explain(struct process_list *list, struct logoff_host *host)
{
	(void)list;
	(void)host;
}

int host_no_manager(struct logoff_host *host, struct logoff_session *session, enum host_manager *ret_manager,
		    struct logoff_error *reterr)
{
	(void)host;
	(void)session;
	(void)reterr;
	*ret_manager = HOST_MANAGER_NONE;
	return 0;
}

int host_no_desktop(struct logoff_host *host, struct logoff_session *session, bool *ret_has, struct logoff_error *reterr)
{
	(void)host;
	(void)session;
	(void)reterr;
	*ret_has = false;
	return 0;
}

void host_no_fill(struct logoff_session *session, unsigned facts)
{
	(void)session;
	(void)facts;
}

void host_no_identify(struct logoff_host *host, char instance[static 64])
{
	(void)host;
	(void)instance;
}

int host_no_control(struct logoff_host *host, struct logoff_error *reterr)
{
	(void)host;
	return error_set_errno(reterr, -EOPNOTSUPP, -EOPNOTSUPP, "the host does not say what the caller may do");
}
