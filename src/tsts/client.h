/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client.h - what the parts of tsts-client.so, the client in logoff-tsts, know of each other.
 *
 * client.c        orders in, events out (tsts/order.h), and who carries an order out
 * client-task.c   tasks: straight-line code that waits for a server while others go on
 * client-loop.c   the event loop, which Samba runs from within
 * client-timer.c  timers that Samba sets, put off
 * client-logon.c  the way to the server, and who we are to be there; there the rights are given up (confine.h, ccache.h)
 * client-link.c   the connection, and connecting anew; client-smb.c: which server it leads to
 * client-channel.c  pipes over it, interfaces, calls
 * client-error.c  what a status of SMB, RPC or MS-TSTS means to the user
 * client-list.c   ORDER_LIST, ORDER_GET, ORDER_DETAILS, ORDER_CLOCK, ORDER_CLIENTS
 * client-act.c    ORDER_LOGOFF, ORDER_RESET, ORDER_DISCONNECT, ORDER_TERMINATE, ORDER_MESSAGE
 * client-process.c  ORDER_PROCESSES
 *
 * One thread, one tevent loop. Whatever waits for the server is a task, and only tasks may call what is marked "waits".
 */
#ifndef TSTS_CLIENT_H
#define TSTS_CLIENT_H

#include <talloc.h>
#include <tevent.h>

#include "tsts/order.h"
#include "tsts/client-run.h"
#include "tsts/ms-tsts.h"

struct tasks;
struct task;
struct link;
struct desk;
struct timers;
struct watch;

/* Session ids have 16 bits. */
#define CLIENT_IDS 65536

struct client {
	struct tevent_context *events;
	struct tasks *tasks;
	struct desk *desk;
	struct link *link;
	struct timers *timers;
	const struct starter *starter;
	struct watch *watch;		/* of everybody's end; NULL: none */
	uint8_t awaited[CLIENT_IDS / 8];	/* a bit for each session whose end is to be told */
	uint8_t told[CLIENT_IDS / 8];	/* the same: of these, whose log-off has been told, but not yet the end */
	uint32_t *listed;		/* ids of the last ORDER_LIST */
	size_t n_listed;
	int64_t ahead_us;		/* so far is the server's clock ahead of our monotonic one */
	bool has_clock;			/* that is known */
	int debug;			/* LOGOFF_TSTS_DEBUG; 0: silent */
};

/* An order being carried out. What the server tells hangs from it (talloc). */
struct job {
	struct client *client;
	struct order order;
	uint32_t link;			/* the number of the connection over which it is carried out */
	union {
		struct order_logon logon;
		struct order_message message;
	} *with;			/* what followed the order, wiped afterwards */
	uint32_t answer;
	void *rows;			/* of the reply */
	size_t n_rows, row_size;
	bool replied;
	bool sent;			/* what it is to do has been sent, if that is one call of the legacy pipe */
};

/* ---- client.c ---- */

/* Replies to the order: R is 0 or -errno, then with CAUSE. Only the first reply counts; without one the carrier's result is it. */
void job_reply(struct job *job, int r, const struct logoff_error *cause);

/* Says that session ID has ended, or that the wait for that has. */
void desk_removed(struct client *client, uint32_t id);

/* ---- client-task.c ---- */

struct tasks *tasks_new(TALLOC_CTX *memory);

/* Makes a task that runs RUN(DATA). Returns 0 or -ENOMEM. */
int task_start(struct client *client, void (*run)(void *data), void *data);

/* Lets all tasks go on that can. Called from the top of the event loop only. */
void tasks_run(struct tasks *tasks);

/* The task that is running. */
struct task *task_current(struct client *client);

/* Waits for task_wake(). It may return for other reasons too: look again. */
void task_pause(struct client *client);

/* Waits for one turn of the event loop. */
void task_yield(struct client *client);

/* Lets TASK go on, at the next tasks_run(). */
void task_wake(struct task *task);

/* Runs RUN side by side in up to N_TASKS tasks, each with DATA, and waits until all have returned. */
void task_share(struct client *client, size_t n_tasks, void (*run)(void *data), void *data);

/* ---- client-loop.c ---- */

/* Makes the event loop. Returns NULL without memory. */
struct tevent_context *loop_new(TALLOC_CTX *memory);

/* Runs the loop and its tasks, until it fails. */
void loop_run(struct client *client);

/* ---- client-timer.c ---- */

/* From now on timers that Samba sets go off in PATIENCE_S seconds. Returns 0 or -ENOMEM. */
int timers_begin(struct client *client, uint32_t patience_s);
void timers_set_patience(struct client *client, uint32_t patience_s);

/* Sets a timer of ours, which stays as it is. NULL without memory. */
struct tevent_timer *timers_add(struct client *client, unsigned ms, tevent_timer_handler_t handler, void *data);

/* Between these two Samba connects or binds, with its own timers. Those of calls under way are set before. The first one waits. */
void timers_begin_connecting(struct client *client);
void timers_end_connecting(struct client *client);

/* Between these two a call is under way, whose timer is put off. */
void timers_begin_call(struct client *client);
void timers_end_call(struct client *client);

/* ---- client-logon.c ---- */

struct cli_credentials;
struct loadparm_context;

/* The way in. */
struct access {
	struct loadparm_context *settings;
	struct cli_credentials *credentials;
	const char *server;		/* as it was named: what Kerberos knows it by */
	const char *address;
	bool is_member;			/* this machine belongs to a domain of Samba's */
	bool has_ticket;		/* Kerberos knows us; whether it knows the server is still to be seen */
};

/* Makes ready who we are to be there, and waits for the connection. Blocks. Returns 0 or -errno. */
int access_prepare(struct client *client, const struct order_logon *logon, struct access *ret, struct logoff_error *reterr);

/* ---- client-link.c ---- */

enum interface {
	ENUMERATION,
	SESSION,
	NOTIFICATION,
	RCM_PUBLIC,
	ICA,
	LSARPC,
	N_INTERFACES
};

struct channel;

/* Connects and logs on. Returns 0 or -errno. */
int link_logon(struct client *client, const struct order_logon *logon, struct logoff_error *reterr);

/* Sees to it that there is a connection; connects anew if it has broken. Waits. Returns 0 or -errno. */
int link_up(struct client *client, struct logoff_error *reterr);

/* Whether the connection is still that NUMBER. Returns 0, -ENOTCONN, or -EHOSTUNREACH: there never was one. */
int link_stays(struct client *client, uint32_t number, struct logoff_error *reterr);

/* The number of the connection; 0: there is none. */
uint32_t link_number(const struct client *client);

/* The account by which the server knows us, allocated from MEMORY, or NULL. */
char *link_account(const struct client *client, TALLOC_CTX *memory);

/* Whether the server has but the legacy pipe. */
bool link_is_legacy(const struct client *client);

/* Tells on stderr how many calls and binds there were UNTIL now. */
void link_report(const struct client *client, const char *until);

/* Waits so long, while other tasks go on. */
void link_sleep(struct client *client, unsigned ms);

/* ---- client-smb.c ---- */

struct dcerpc_pipe;
struct smbXcli_conn;
struct GUID;

/* The SMB connection below PIPE. NULL: it is not found, and nothing is known of it. */
struct smbXcli_conn *smb_of_pipe(const struct dcerpc_pipe *pipe);

/* The server's own number. Returns whether it is known. */
bool smb_server(struct smbXcli_conn *smb, struct GUID *ret);

/* Whether Samba has not left the connection yet; true if that is not known. */
bool smb_is_connected(struct smbXcli_conn *smb);

/* ---- client-channel.c ---- */

/*
 * Gives the caller a pipe on which INTERFACE can be called, until channel_give(); nobody else calls on it meanwhile. FOR_LONG:
 * its calls take as long as a user or a session needs. It is one of the present connection. Waits. Returns 0 or -errno;
 * -EOPNOTSUPP: the server lacks it.
 */
int channel_take(struct client *client, enum interface interface, bool for_long, struct channel **ret,
		 struct logoff_error *reterr);
void channel_give(struct client *client, struct channel *channel);

/* The number of the connection of CHANNEL. */
uint32_t channel_connection(const struct channel *channel);

/* Whether many calls are to be made that are worth the opening of more pipes. */
void link_widen(struct client *client, bool wide);

/* The server handle of IcaApi (MS-TSTS 3.7.4.1.1), opened once for each pipe. Waits. Returns 0 or -errno. */
int channel_ica(struct client *client, struct channel *channel, struct policy_handle *ret, struct logoff_error *reterr);

/*
 * One call on CHANNEL; what the answer needs is allocated from MEMORY. *RESULT, the HRESULT in CALL, is looked at (NULL:
 * by the caller). Waits. Returns 0 or -errno.
 */
int channel_call(struct client *client, struct channel *channel, enum interface interface, uint32_t opnum,
		 TALLOC_CTX *memory, void *call, const uint32_t *result, struct logoff_error *reterr);

/* The three together: one call on any pipe. Waits. Returns 0 or -errno. */
int link_call(struct client *client, enum interface interface, uint32_t opnum, TALLOC_CTX *memory, void *call,
	      const uint32_t *result, struct logoff_error *reterr);

/* ---- client-error.c ---- */

/* Each records the cause and returns the errno it means, negative. */
int error_set_ntstatus(struct logoff_error *reterr, NTSTATUS status);
int error_set_fault(struct logoff_error *reterr, NTSTATUS status);	/* of a call or a bind */
int error_set_result(struct logoff_error *reterr, uint32_t result);	/* HRESULT; also what IcaApi says */
int error_set_connecting(struct logoff_error *reterr, NTSTATUS status);	/* of a connection or a pipe that could not be opened */

/* Whether STATUS refuses the account, so that it is refused the next time, too. */
bool error_is_of_account(NTSTATUS status);

/* Copies TEXT (may be NULL) as far as it fits, whole characters only. */
void text_copy(char *to, size_t size, const char *text);

/* ---- who carries orders out: each waits, and returns 0 or -errno ---- */

int carry_list(struct job *job, struct logoff_error *reterr);
int carry_get(struct job *job, struct logoff_error *reterr);
int carry_details(struct job *job, struct logoff_error *reterr);
int carry_clock(struct job *job, struct logoff_error *reterr);
int carry_clients(struct job *job, struct logoff_error *reterr);
int carry_processes(struct job *job, struct logoff_error *reterr);
int carry_logoff(struct job *job, struct logoff_error *reterr);
int carry_reset(struct job *job, struct logoff_error *reterr);
int carry_disconnect(struct job *job, struct logoff_error *reterr);
int carry_terminate(struct job *job, struct logoff_error *reterr);
int carry_message(struct job *job, struct logoff_error *reterr);

#endif
