/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * result.c - see result.h. An errno that is not in the table is fatal, and its cause is in the record of the error.
 */
#include "core/result.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

_Static_assert(sizeof(((struct logoff_error *)NULL)->name) == 80 && sizeof(((struct logoff_error *)NULL)->text) == 176 &&
	       sizeof(struct logoff_error) == offsetof(struct logoff_error, text) + 176,
	       "programs have it inside other structs: it never changes");

static const struct {
	int r;
	enum logoff_result result;
} results[] = {
	{ -ENXIO, LOGOFF_E_NO_SESSION },
	{ -ESRCH, LOGOFF_E_NOT_ACTIVE },
	{ -ENOTUNIQ, LOGOFF_E_NOT_UNIQUE },
	{ -EACCES, LOGOFF_E_DENIED },
	{ -EPERM, LOGOFF_E_PROTECTED },
	{ -ETIMEDOUT, LOGOFF_E_TIMEOUT },
	{ -EOPNOTSUPP, LOGOFF_E_UNSUPPORTED },
	{ -EHOSTUNREACH, LOGOFF_E_UNREACHABLE },
	{ -EAGAIN, LOGOFF_E_UNREACHABLE },	/* it might have answered later */
	{ -EINPROGRESS, LOGOFF_E_AGAIN },	/* a message that was perhaps shown */
	{ -EPROTO, LOGOFF_E_PROTOCOL },
	{ -ECANCELED, LOGOFF_E_CANCELLED },
	{ -ESTALE, LOGOFF_E_CHANGED },
	{ -EKEYREJECTED, LOGOFF_E_NOT_ACCEPTED },
	{ -EINVAL, LOGOFF_E_INVALID },
	{ -ENOMEM, LOGOFF_E_NO_MEMORY },
};

enum logoff_result result_of(int r, struct logoff_error *reterr)
{
	for (size_t i = 0; r < 0 && i < sizeof(results) / sizeof(results[0]); i++)
		if (results[i].r == r)
			return results[i].result;
	if (r >= 0)
		return LOGOFF_OK;
	if (reterr && reterr->domain == LOGOFF_ERROR_NONE)
		(void)error_set_errno(reterr, r, r, "%s", strerror(-r));
	return LOGOFF_E_FAILED;
}

int result_errno(enum logoff_result result)
{
	for (size_t i = 0; result < 0 && i < sizeof(results) / sizeof(results[0]); i++)
		if (results[i].result == result)
			return results[i].r;
	return result < 0 ? -EIO : 0;
}

const char *logoff_result_word(enum logoff_result result)
{
	if (result == LOGOFF_OK)
		return "ended";
	if (result == LOGOFF_E_DENIED)
		return "denied";
	if (result == LOGOFF_E_PROTECTED)
		return "protected";
	if (result == LOGOFF_E_TIMEOUT)
		return "not-ended";
	if (result == LOGOFF_E_CANCELLED)
		return "cancelled";
	if (result == LOGOFF_E_CHANGED)
		return "changed";
	return "failed";
}
