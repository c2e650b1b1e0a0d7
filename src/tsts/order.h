/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * order.h - orders from the back end for other servers (tsts.c) to the program that speaks MS-TSTS (logoff-tsts), and events back.
 *
 * Samba's libraries print, keep global state and block in name service and Kerberos; so they live in a program of their
 * own, which is started when a server is named, can be ended at any deadline, and dies with its starter. Both are on one machine
 * and should be from one build: orders and events are C structs on a socket pair (descriptor 3 of the program), in which
 * every text is ended by a NUL. Before all else each end writes its struct stamp. An end that reads the stamp of another build sends
 * nothing more; the program then reads until the socket is closed.
 *
 * The connection to the server may break; then the next question connects anew. Connections are numbered. Every event bears the
 * number of that by which its answer came. An order about what an answer has shown bears the number of that answer:
 * over another connection it is not carried out, for the server may have been started again.
 *
 * An order has a serial number; it gets exactly one reply with that number, in any order. Notices (serial 0) come when
 * they come. What the server said is passed on as it is (ids, states, times); what follows from it tsts.c decides.
 * The first order is ORDER_LOGON; if it fails, further ones may stay without a reply. The program ends when the socket is
 * closed. It exits with 1 on an order it does not know.
 */
#ifndef TSTS_ORDER_H
#define TSTS_ORDER_H

#include "base/stamp.h"
#include "logoff.h"
#include "tsts/row.h"

#define ORDER_FD 3		/* of the program */
#define EVENT_ROWS_MAX 65536	/* in one reply: session ids have 16 bits; processes are cut there */

enum order_kind {
	ORDER_LOGON,	/* connect and log on; struct order_logon follows. Replies with one struct event_account */
	ORDER_LIST,	/* all sessions, in as few calls as the server knows; rows without STATION_HAS_DETAILS are allowed */
	ORDER_GET,	/* session ID with all details. -ENXIO only if the question for it and an enumeration agree */
	ORDER_DETAILS,	/* all sessions of the last ORDER_LIST with details, side by side; those are left out that the server
			   says it does not know */
	ORDER_CLOCK,	/* the server's time, which comes with session ID on the legacy pipe; -EOPNOTSUPP without that pipe */
	ORDER_CLIENTS,	/* the same with STATION_HAS_CLIENT; -EOPNOTSUPP if the server lacks the pipe that knows */
	ORDER_PROCESSES,	/* all processes; -EOPNOTSUPP if the server lacks the pipe that knows */
	ORDER_LOGOFF,	/* log off session ID: begin to wait for its end on another pipe (MANY: for everybody's end, once), then
			   ask; replies when the server has answered; the end comes as EVENT_REMOVED */
	ORDER_RESET,	/* reset session ID without waiting (legacy pipe); -EOPNOTSUPP without that pipe */
	ORDER_DISCONNECT, /* disconnect the client of session ID; replies when the server has answered */
	ORDER_TERMINATE, /* end process ID at once (legacy pipe); -EOPNOTSUPP without that pipe */
	ORDER_MESSAGE	/* show session ID the struct order_message that follows */
};

struct order {
	uint32_t serial;
	uint32_t kind;		/* enum order_kind */
	uint32_t id;		/* of a session; TERMINATE: of a process */
	bool many;		/* LOGOFF: one of several */
	bool missed;		/* GET: a list of this moment lacks it, no other is needed */
	bool unused[2];		/* nothing that was in memory before goes out in a gap */
	uint32_t timeout_ms;	/* after that the starter no longer wants the reply; a server's wait need not be longer */
	uint32_t link;		/* of the answer that has shown what it is about; for DETAILS, CLIENTS and all below PROCESSES */
	uint32_t length;	/* of what follows, in bytes */
};

struct order_logon {
	char server[256];	/* without brackets */
	uint16_t port;
	char user[256], domain[256], password[512], ccache[1024];
	bool has_password;
	bool require_encryption;
	uint32_t kerberos;	/* enum logoff_kerberos */
};

struct order_message {
	char title[512];
	char text[16384];	/* msg and a warning have 8,192 bytes of the caller's */
	uint32_t timeout_s;	/* how long it is shown; 0: until it is closed */
	bool may_cut;		/* a warning: part of it is better than none */
	bool wait;		/* for the user's answer, which is then in the reply's ANSWER */
};

enum event_kind {
	EVENT_REPLY,
	EVENT_REMOVED		/* serial 0: session ID is said to have ended, or the wait for that has failed: look */
};

struct event {
	uint32_t serial;	/* of the order this replies to, or 0 */
	uint32_t kind;		/* enum event_kind */
	uint32_t id;		/* REMOVED */
	int32_t r;		/* 0 or an errno of logoff.h; -EALREADY: the session is being ended; -EAGAIN: the server
				   is busy, ask again; -EINPROGRESS: a message was perhaps shown, a session perhaps reset;
				   -ENOTCONN: the order's link is no more, nothing has been done */
	int64_t now_us;		/* REPLY: the server's own time, in microseconds of Unix time; 0: not asked for yet */
	uint32_t answer;	/* MESSAGE: what RpcShowMessageBox returned (MS-TSTS 3.5.4.1.10) */
	uint32_t n_rows;	/* of struct station_row or event_process, which follow */
	uint32_t length;	/* of what follows, in bytes */
	uint32_t link;		/* the number of the connection */
	struct logoff_error error;
};

/* By which the server knows us: "EXAMPLE\bob", "bob@EXAMPLE.COM". */
struct event_account {
	char name[256];
};

struct event_process {
	uint32_t pid, session;
	char user[64];		/* the name, else the SID; "" if not even that is known */
	char command[64];
};

#endif
