/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * message.c - a message on its way to the host of its recipients: first its texts are made harmless, whoever sends it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "core/host.h"

int host_message(struct logoff_host *host, const struct logoff_message *message, struct logoff_session *const *sessions,
		 size_t n_sessions, struct logoff_delivery *deliveries, int cancel_fd, struct logoff_error *reterr)
{
	char *title = utf8_harmless(message->title ? message->title : "", false);
	char *text = utf8_harmless(message->text ? message->text : "", true);
	struct logoff_message harmless = *message;
	int r = -ENOMEM;

	harmless.title = title;
	harmless.text = text;
	for (size_t i = 0; i < n_sessions; i++)
		deliveries[i] = (struct logoff_delivery){};
	if (title && text)
		r = host->backend->message(host, &harmless, sessions, n_sessions, deliveries, cancel_fd);
	free(title);
	free(text);
	return r < 0 ? error_set_errno(reterr, r, r, "%s", strerror(-r)) : 0;
}
