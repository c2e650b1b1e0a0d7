/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codec.c - the call tables of tsts.h; for the time being without calls.
 */
#include "tsts/tsts.h"

const struct ndr_interface_table tsts_table_session, tsts_table_notification, tsts_table_enumeration,
	tsts_table_rcm_public, tsts_table_rcm_listener, tsts_table_ica, tsts_table_sess_env;

bool tsts_client_pull(struct tsts_client *ret, const uint8_t *bytes, size_t n)
{
	return ret && bytes && n && false;
}

bool tsts_client_push(const struct tsts_client *client, uint8_t *bytes, size_t n)
{
	return client && bytes && n && false;
}

bool tsts_information_pull(struct tsts_information *ret, const uint8_t *bytes, size_t n)
{
	return ret && bytes && n && false;
}

bool tsts_information_push(const struct tsts_information *information, uint8_t *bytes, size_t n)
{
	return information && bytes && n && false;
}

bool tsts_logonid_pull(struct tsts_logonid *ret, const uint8_t *bytes, size_t n)
{
	return ret && bytes && n && false;
}

bool tsts_logonid_push(const struct tsts_logonid *logonid, uint8_t *bytes, size_t n)
{
	return logonid && bytes && n && false;
}

void tsts_vardata_push(uint8_t bytes[TSTS_VARDATA_SIZE], uint32_t size)
{
	bytes[0] = (uint8_t)size;
}

const uint8_t *tsts_vardata(const uint8_t *bytes, size_t n, size_t *ret_n)
{
	*ret_n = n;
	return bytes;
}

bool tsts_sid_text(const uint8_t *sid, size_t n, char text[TSTS_SID_TEXT_SIZE])
{
	text[0] = '\0';
	return sid && n && false;
}

int64_t tsts_unix_us(uint64_t filetime)
{
	return (int64_t)filetime;
}

uint64_t tsts_filetime(int64_t unix_us)
{
	return (uint64_t)unix_us;
}

uint32_t tsts_text_size(const char *text)
{
	return text && *text;
}

void tsts_process_set_image(struct tsts_process *process, const char *text)
{
	process->image = text;
}

const char *tsts_error_text(uint32_t code)
{
	return code ? NULL : "done";
}
