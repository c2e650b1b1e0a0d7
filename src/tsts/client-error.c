/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client-error.c - what a status means: one table for those of SMB (NTSTATUS), the results of MS-TSTS (HRESULT; from
 * IcaApi either) and the faults of RPC, which Samba hands over as NTSTATUS.
 *
 * For each code: the errno of logoff.h, which decides what becomes of the session and of the exit status, and a text in
 * the user's words. Codes: MS-ERREF 2.1 and 2.3; which of them these interfaces use: MS-TSTS 3. A code that is not in
 * the table is the server's protocol broken as far as we are concerned; its number and name are told in any case.
 */
#include "tsts/client.h"

#include <core/hresult.h>
#include <errno.h>
#include <rpc_common.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* An NTSTATUS dressed up as HRESULT (MS-ERREF 2.1, the N bit). */
#define HRESULT_OF_NTSTATUS UINT32_C(0x10000000)

/* NTSTATUS of the facilities RPC_RUNTIME (2) and RPC_STUBS (3). */
#define FACILITY(code) ((code) >> 16 & 0xfff)

struct meaning {
	uint32_t code;
	int r;
	const char *text;
	bool of_account;		/* the account itself is refused, and will be the next time */
};

/* Samba's names of codes are of a type that cannot stand in a table; here they are numbers. */
#undef NT_STATUS
#define NT_STATUS(code) code
#define WIN32(code) (UINT32_C(0x80070000) | (code))

#define NO_SERVICE "the server's Remote Desktop services do not answer"
#define NO_SUCH_SESSION "no such session"
#define CANNOT "the server cannot do this"
#define CLOSED "the server has closed the connection"

static const struct meaning meanings[] = {
	/* who we are */
	{ NT_STATUS_LOGON_FAILURE, -EKEYREJECTED, "wrong user name or password", true },
	{ NT_STATUS_WRONG_PASSWORD, -EKEYREJECTED, "wrong password", true },
	{ NT_STATUS_NO_SUCH_USER, -EKEYREJECTED, "the server does not know this user", true },
	{ NT_STATUS_ACCOUNT_LOCKED_OUT, -EKEYREJECTED, "the account is locked", true },
	{ NT_STATUS_ACCOUNT_DISABLED, -EKEYREJECTED, "the account is disabled", true },
	{ NT_STATUS_ACCOUNT_EXPIRED, -EKEYREJECTED, "the account has expired", true },
	{ NT_STATUS_PASSWORD_EXPIRED, -EKEYREJECTED, "the password has expired", true },
	{ NT_STATUS_PASSWORD_MUST_CHANGE, -EKEYREJECTED, "the password has to be changed first", true },
	{ NT_STATUS_ACCOUNT_RESTRICTION, -EKEYREJECTED, "the account may not log on in this way", true },
	{ NT_STATUS_INVALID_LOGON_HOURS, -EKEYREJECTED, "the account may not log on at this hour", true },
	{ NT_STATUS_INVALID_WORKSTATION, -EKEYREJECTED, "the account may not log on from this computer", true },
	{ NT_STATUS_LOGIN_WKSTA_RESTRICTION, -EKEYREJECTED, "the account may not log on from this computer", true },
	{ NT_STATUS_LOGON_TYPE_NOT_GRANTED, -EKEYREJECTED, "the account may not log on to this server over the network", true },
	{ NT_STATUS_AUTHENTICATION_FIREWALL_FAILED, -EKEYREJECTED, "the server lets in only accounts chosen for it", true },
	{ NT_STATUS_SMARTCARD_LOGON_REQUIRED, -EKEYREJECTED, "the account can only log on with a smart card", true },
	{ NT_STATUS_NTLM_BLOCKED, -EKEYREJECTED, "NTLM is forbidden here: use Kerberos", true },
	{ NT_STATUS_TIME_DIFFERENCE_AT_DC, -EKEYREJECTED, "the clocks differ too much for Kerberos" },
	{ NT_STATUS_KDC_UNKNOWN_ETYPE, -EKEYREJECTED, "Kerberos has no encryption that both sides accept" },
	{ NT_STATUS_NETWORK_SESSION_EXPIRED, -EKEYREJECTED, "the ticket has expired" },
	{ NT_STATUS_BAD_TOKEN_TYPE, -EKEYREJECTED, "the server cannot use this ticket" },
	{ NT_STATUS_NO_LOGON_SERVERS, -EKEYREJECTED, "no domain controller answers" },
	{ NT_STATUS_CANT_ACCESS_DOMAIN_INFO, -EKEYREJECTED, "no domain controller answers" },
	{ NT_STATUS_NO_SUCH_DOMAIN, -EKEYREJECTED, "there is no such domain" },
	{ NT_STATUS_NO_TRUST_LSA_SECRET, -EKEYREJECTED, "the server and its domain do not trust each other" },
	{ NT_STATUS_NO_TRUST_SAM_ACCOUNT, -EKEYREJECTED, "the server and its domain do not trust each other" },
	{ NT_STATUS_TRUSTED_DOMAIN_FAILURE, -EKEYREJECTED, "the domains do not trust each other" },
	{ NT_STATUS_TRUSTED_RELATIONSHIP_FAILURE, -EKEYREJECTED, "the server and its domain do not trust each other" },
	{ NT_STATUS_DOWNGRADE_DETECTED, -EKEYREJECTED, "the server is not the one it was a moment ago" },
	{ WIN32(1326), -EKEYREJECTED, "wrong user name or password" },
	/* what we may do */
	{ NT_STATUS_ACCESS_DENIED, -EACCES, "access denied; Windows may forbid remote calls altogether (AllowRemoteRPC in "
		"its registry), and on Linux the account may have no password for Samba (smbpasswd -a)" },
	{ NT_STATUS_PRIVILEGE_NOT_HELD, -EACCES, "access denied: a privilege is missing" },
	{ NT_STATUS_NETWORK_ACCESS_DENIED, -EACCES, "access denied" },
	{ NT_STATUS_CTX_WINSTATION_ACCESS_DENIED, -EACCES, "access denied" },
	{ WIN32(5), -EACCES, "access denied" },
	{ WIN32(7045), -EACCES, "access denied" },
	/* how to get there */
	{ NT_STATUS_CONNECTION_REFUSED, -EHOSTUNREACH, "the server refuses the connection" },
	{ NT_STATUS_NETWORK_UNREACHABLE, -EHOSTUNREACH, "the server's network cannot be reached" },
	{ NT_STATUS_HOST_UNREACHABLE, -EHOSTUNREACH, "the server cannot be reached" },
	{ NT_STATUS_PROTOCOL_UNREACHABLE, -EHOSTUNREACH, "the server cannot be reached" },
	{ NT_STATUS_PORT_UNREACHABLE, -EHOSTUNREACH, "the server refuses the connection" },
	{ NT_STATUS_BAD_NETWORK_PATH, -EHOSTUNREACH, "the server cannot be reached" },
	{ NT_STATUS_BAD_NETWORK_NAME, -EHOSTUNREACH, "the server has no IPC$" },
	{ NT_STATUS_BAD_DEVICE_TYPE, -EHOSTUNREACH, "the server has no IPC$" },
	{ NT_STATUS_CONNECTION_DISCONNECTED, -EHOSTUNREACH, CLOSED },
	{ NT_STATUS_CONNECTION_RESET, -EHOSTUNREACH, CLOSED },
	{ NT_STATUS_CONNECTION_ABORTED, -EHOSTUNREACH, CLOSED },
	{ NT_STATUS_LOCAL_DISCONNECT, -EHOSTUNREACH, CLOSED },
	{ NT_STATUS_REMOTE_DISCONNECT, -EHOSTUNREACH, CLOSED },
	{ NT_STATUS_END_OF_FILE, -EHOSTUNREACH, CLOSED },
	{ NT_STATUS_NETWORK_NAME_DELETED, -EHOSTUNREACH, CLOSED },
	{ NT_STATUS_USER_SESSION_DELETED, -EHOSTUNREACH, "the server has ended our log-on" },
	{ NT_STATUS_PIPE_BROKEN, -EHOSTUNREACH, "the server has closed the pipe" },
	{ NT_STATUS_PIPE_DISCONNECTED, -EHOSTUNREACH, "the server has closed the pipe" },
	{ NT_STATUS_PIPE_CLOSING, -EHOSTUNREACH, "the server has closed the pipe" },
	{ NT_STATUS_PIPE_NOT_AVAILABLE, -EHOSTUNREACH, "the server is too busy" },
	{ NT_STATUS_PIPE_BUSY, -EHOSTUNREACH, "the server is too busy" },
	{ NT_STATUS_INSTANCE_NOT_AVAILABLE, -EHOSTUNREACH, "the server is too busy" },
	{ NT_STATUS_REQUEST_NOT_ACCEPTED, -EHOSTUNREACH, "the server is too busy" },
	{ NT_STATUS_INSUFFICIENT_RESOURCES, -EHOSTUNREACH, "the server is out of resources" },
	{ NT_STATUS_CANCELLED, -EHOSTUNREACH, "the server has given the call up" },
	{ NT_STATUS_RPC_CALL_CANCELLED, -EHOSTUNREACH, "the server has given the call up" },
	{ NT_STATUS_RPC_CALL_FAILED, -EHOSTUNREACH, "the server has broken the call off" },
	{ NT_STATUS_RPC_CALL_FAILED_DNE, -EHOSTUNREACH, "the server has broken the call off" },
	{ NT_STATUS_RPC_COMM_FAILURE, -EHOSTUNREACH, "the server has broken the call off" },
	{ NT_STATUS_RPC_OUT_OF_RESOURCES, -EHOSTUNREACH, "the server is out of resources" },
	{ NT_STATUS_RPC_SERVER_UNAVAILABLE, -EHOSTUNREACH, NO_SERVICE },
	{ WIN32(1722), -EHOSTUNREACH, NO_SERVICE },
	{ NT_STATUS_IO_TIMEOUT, -ETIMEDOUT, "the server does not answer" },
	{ WIN32(258), -ETIMEDOUT, "the server has not done it in time" },
	{ WIN32(1460), -ETIMEDOUT, "the server has not done it in time" },
	/* sessions */
	{ NT_STATUS_CTX_WINSTATION_NAME_INVALID, -ENXIO, NO_SUCH_SESSION },
	{ NT_STATUS_CTX_WINSTATION_NOT_FOUND, -ENXIO, NO_SUCH_SESSION },
	{ WIN32(2), -ENXIO, NO_SUCH_SESSION },
	{ WIN32(1168), -ENXIO, NO_SUCH_SESSION },
	{ WIN32(7001), -ENXIO, NO_SUCH_SESSION },
	{ WIN32(7022), -ENXIO, NO_SUCH_SESSION },
	{ NT_STATUS_CTX_CLOSE_PENDING, -EALREADY, "the session is being ended already" },
	{ WIN32(7007), -EALREADY, "the session is being ended already" },
	{ NT_STATUS_CTX_WINSTATION_BUSY, -EAGAIN, "the session is busy" },
	{ WIN32(7024), -EAGAIN, "the session is busy" },
	{ WIN32(5023), -EAGAIN, "the session is in a state that does not allow it" },
	{ NT_STATUS_RPC_SERVER_TOO_BUSY, -EAGAIN, "the server is too busy" },
	{ WIN32(1723), -EAGAIN, "the server is too busy" },
	{ WIN32(170), -EAGAIN, "the server is too busy" },
	{ WIN32(1237), -EAGAIN, "the server is too busy" },
	{ WIN32(1115), -EHOSTUNREACH, "the server is shutting down" },
	{ NT_STATUS_CTX_CONSOLE_DISCONNECT, -EPROTO, "the console session cannot be disconnected" },
	/* what the server can do */
	{ NT_STATUS_OBJECT_NAME_NOT_FOUND, -EOPNOTSUPP, NO_SERVICE ": the pipe for this is not there" },
	{ NT_STATUS_OBJECT_NAME_INVALID, -EOPNOTSUPP, NO_SERVICE ": the pipe for this is not there" },
	{ NT_STATUS_OBJECT_PATH_NOT_FOUND, -EOPNOTSUPP, NO_SERVICE ": the pipe for this is not there" },
	{ NT_STATUS_NO_SUCH_FILE, -EOPNOTSUPP, NO_SERVICE ": the pipe for this is not there" },
	{ NT_STATUS_RPC_UNKNOWN_IF, -EOPNOTSUPP, "the server does not know the interface for this" },
	{ NT_STATUS_RPC_INTERFACE_NOT_FOUND, -EOPNOTSUPP, "the server does not know the interface for this" },
	{ NT_STATUS_RPC_UNSUPPORTED_NAME_SYNTAX, -EOPNOTSUPP, "the server does not know the interface for this" },
	{ NT_STATUS_RPC_UNSUPPORTED_TRANS_SYN, -EOPNOTSUPP, "the server does not encode calls as we do" },
	{ NT_STATUS_RPC_PROCNUM_OUT_OF_RANGE, -EOPNOTSUPP, "the server does not know this call" },
	{ NT_STATUS_RPC_CANNOT_SUPPORT, -EOPNOTSUPP, CANNOT },
	{ NT_STATUS_NOT_IMPLEMENTED, -EOPNOTSUPP, CANNOT },
	{ NT_STATUS_NOT_SUPPORTED, -EOPNOTSUPP, CANNOT },
	{ NT_STATUS_INVALID_DEVICE_REQUEST, -EOPNOTSUPP, CANNOT },
	{ NT_STATUS_INVALID_INFO_CLASS, -EOPNOTSUPP, CANNOT },
	{ UINT32_C(0x80004001), -EOPNOTSUPP, CANNOT },
	{ WIN32(1), -EOPNOTSUPP, CANNOT },
	{ WIN32(50), -EOPNOTSUPP, CANNOT },
	{ WIN32(120), -EOPNOTSUPP, CANNOT },
	/* the protocol */
	{ NT_STATUS_INVALID_NETWORK_RESPONSE, -EPROTO, "the server does not keep to SMB 2 or 3 with signing" },
	{ NT_STATUS_REVISION_MISMATCH, -EPROTO, "the server speaks only SMB 1, which is refused" },
	{ NT_STATUS_RPC_PROTOCOL_ERROR, -EPROTO, "the server breaks the protocol of RPC" },
	{ NT_STATUS_RPC_UNKNOWN_AUTHN_TYPE, -EPROTO, "the server refuses to seal its calls" },
	{ NT_STATUS_RPC_UNKNOWN_AUTHN_SERVICE, -EPROTO, "the server refuses to seal its calls" },
	{ NT_STATUS_RPC_UNSUPPORTED_AUTHN_LEVEL, -EPROTO, "the server refuses to seal its calls" },
	{ NT_STATUS_RPC_SEC_PKG_ERROR, -EPROTO, "the seal of an answer is broken" },
	{ NT_STATUS_RPC_BAD_STUB_DATA, -EPROTO, "the server could not read a call" },
	{ NT_STATUS_RPC_SS_CONTEXT_MISMATCH, -EPROTO, "the server has forgotten what it gave us" },
};

static const struct meaning *find(uint32_t code)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].code == code)
			return &meanings[i];
	return NULL;
}

static int record(struct logoff_error *reterr, enum logoff_error_domain domain, uint32_t number, const char *name,
		  const struct meaning *meaning)
{
	int r = meaning ? meaning->r : -EPROTO;

	if (!reterr)
		return r;
	*reterr = (struct logoff_error){ .domain = domain, .number = number };
	text_copy(reterr->name, sizeof(reterr->name), name);
	text_copy(reterr->text, sizeof(reterr->text), meaning ? meaning->text : "the server answers with an unusual error");
	return r;
}

bool error_is_of_account(NTSTATUS status)
{
	const struct meaning *meaning = find(NT_STATUS_V(status));

	return meaning && meaning->of_account;
}

int error_set_connecting(struct logoff_error *reterr, NTSTATUS status)
{
	/* Samba's word for a connection that could not be made, or was closed meanwhile. */
	if (NT_STATUS_V(status) == NT_STATUS_NO_MEMORY)
		return error_set_errno(reterr, -EHOSTUNREACH, -ECONNABORTED, "%s", CLOSED);
	return error_set_ntstatus(reterr, status);
}

int error_set_ntstatus(struct logoff_error *reterr, NTSTATUS status)
{
	return record(reterr, LOGOFF_ERROR_NTSTATUS, NT_STATUS_V(status), nt_errstr(status), find(NT_STATUS_V(status)));
}

/* Samba's decoding has statuses of its own, which are what a server never says. */
static bool is_undecodable(NTSTATUS status)
{
	switch (NT_STATUS_V(status)) {
	case NT_STATUS_PORT_MESSAGE_TOO_LONG:
	case NT_STATUS_BUFFER_TOO_SMALL:
	case NT_STATUS_ARRAY_BOUNDS_EXCEEDED:
	case NT_STATUS_INVALID_PARAMETER_MIX:
	case NT_STATUS_INVALID_PARAMETER:
	case NT_STATUS_RPC_BAD_STUB_DATA:
		return true;
	default:
		return false;
	}
}

int error_set_fault(struct logoff_error *reterr, NTSTATUS status)
{
	static const struct meaning undecodable = { 0, -EPROTO, "an answer of the server cannot be read" };
	uint32_t code = NT_STATUS_V(status), fault = dcerpc_fault_from_nt_status(status);
	const struct meaning *meaning = find(code);

	if (is_undecodable(status))
		meaning = &undecodable;
	else if (code != NT_STATUS_ACCESS_DENIED && FACILITY(code) != 2 && FACILITY(code) != 3)
		return error_set_ntstatus(reterr, status);
	return record(reterr, LOGOFF_ERROR_RPC, fault, meaning == &undecodable ? nt_errstr(status) : dcerpc_errstr(NULL, fault),
		      meaning);
}

int error_set_result(struct logoff_error *reterr, uint32_t result)
{
	uint32_t code = result >= UINT32_C(0xd0000000) ? result & ~HRESULT_OF_NTSTATUS : result;
	const char *name = hresult_errstr(HRES_ERROR(result));
	char number[16];

	/* Here it is about one session, not about all calls. */
	if (code == NT_STATUS_ACCESS_DENIED)
		code = WIN32(5);
	/* Only a result in the 0xc range is an NTSTATUS, of IcaApi. */
	if (result >= UINT32_C(0xc0000000) && result < UINT32_C(0xd0000000))
		return record(reterr, LOGOFF_ERROR_NTSTATUS, result, nt_errstr((NTSTATUS){ result }), find(code));
	snprintf(number, sizeof(number), "0x%08x", result);
	return record(reterr, LOGOFF_ERROR_HRESULT, result, strncmp(name, "HRES_", 5) == 0 ? name + 5 : number,
		      find(code));
}

void text_copy(char *to, size_t size, const char *text)
{
	size_t length = text ? strnlen(text, size) : 0;

	if (length == size)
		for (length = size - 1; length > 0 && (text[length] & 0xc0) == 0x80; length--)
			;
	if (length > 0)
		memcpy(to, text, length);
	memset(to + length, 0, size - length);
}
