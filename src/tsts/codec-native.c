/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codec-native.c - structures that Windows sends as they lie in its memory, inside buffers that are opaque to NDR.
 *
 * Each is a table of its members: where they lie in the buffer, and in the C structure. Little endian, natural alignment,
 * WCHAR of two bytes. MS-TSTS 2.2.2.13 (LOGONID), 2.2.2.19 (WINSTATIONCLIENT), 2.2.2.20 (WINSTATIONINFORMATION),
 * 2.2.2.45 (VARDATA_WIRE). Members that nobody needs are not listed, above all the password of a client.
 */
#include "tsts/codec.h"

#include <string.h>

enum native_kind { NATIVE_INT8, NATIVE_INT16, NATIVE_INT32, NATIVE_INT64, NATIVE_TEXT };

struct native_member {
	enum native_kind kind;
	uint16_t at;		/* in the buffer */
	uint16_t offset;	/* in the C structure */
	uint16_t n;		/* units of a text */
};

struct native_struct {
	const struct native_member *members;
	size_t n_members;
	size_t size;		/* in the buffer */
	size_t c_size;
};

#define INT8(name, member, at) { NATIVE_INT8, at, offsetof(struct tsts_##name, member), 0 }
#define INT16(name, member, at) { NATIVE_INT16, at, offsetof(struct tsts_##name, member), 0 }
#define INT32(name, member, at) { NATIVE_INT32, at, offsetof(struct tsts_##name, member), 0 }
#define INT64(name, member, at) { NATIVE_INT64, at, offsetof(struct tsts_##name, member), 0 }
#define TEXT(name, member, at, n) { NATIVE_TEXT, at, offsetof(struct tsts_##name, member), n }

/* 2.2.2.13 */
static const struct native_member logonid_members[] = {
	INT32(logonid, session_id, 0),
	TEXT(logonid, name, 4, 33),
	INT32(logonid, state, 72),
};

/* 2.2.2.19; the password is at 124 to 153. */
static const struct native_member client_members[] = {
	INT32(client, flags, 0),
	TEXT(client, name, 4, 21),
	TEXT(client, domain, 46, 18),
	TEXT(client, user, 82, 21),
	TEXT(client, work_directory, 154, 257),
	TEXT(client, program, 668, 257),
	INT8(client, encryption_level, 1188),
	INT32(client, address_family, 1192),
	TEXT(client, address, 1196, 31),
	INT16(client, width, 1258),
	INT16(client, height, 1260),
	INT16(client, color_depth, 1262),
	INT16(client, protocol, 1264),
	INT32(client, keyboard_layout, 1268),
	TEXT(client, directory, 1350, 257),
	INT32(client, build, 2012),
	INT32(client, hardware_id, 2016),
	INT16(client, product_id, 2020),
	INT32(client, session_id, 2220),
};

/* 2.2.2.20; the protocol's status is at 112 to 1123. */
static const struct native_member information_members[] = {
	INT32(information, state, 0),
	TEXT(information, name, 4, 33),
	INT32(information, session_id, 72),
	INT64(information, connect_time, 80),
	INT64(information, disconnect_time, 88),
	INT64(information, last_input_time, 96),
	INT64(information, logon_time, 104),
	TEXT(information, domain, 1124, 18),
	TEXT(information, user, 1160, 21),
	INT64(information, current_time, 1208),
};

#define STRUCT(name, size) \
	{ name##_members, sizeof(name##_members) / sizeof(*name##_members), size, sizeof(struct tsts_##name) }

static const struct native_struct logonid_struct = STRUCT(logonid, TSTS_LOGONID_SIZE);
static const struct native_struct client_struct = STRUCT(client, TSTS_CLIENT_SIZE);
static const struct native_struct information_struct = STRUCT(information, TSTS_INFORMATION_SIZE);

static size_t int_size(enum native_kind kind)
{
	static const size_t sizes[] = { 1, 2, 4, 8 };

	return sizes[kind];
}

static bool native_pull(const struct native_struct *native, void *ret, const uint8_t *bytes, size_t n)
{
	if (!bytes || n < native->size)
		return false;
	memset(ret, 0, native->c_size);
	for (const struct native_member *one = native->members; one < native->members + native->n_members; one++) {
		void *to = (char *)ret + one->offset;
		uint64_t value = 0;

		if (one->kind == NATIVE_TEXT) {
			(void)wire_utf8(to, bytes + one->at, one->n, false);
			continue;
		}
		for (size_t i = int_size(one->kind); i-- > 0;)
			value = value << 8 | bytes[one->at + i];
		if (one->kind == NATIVE_INT64)
			*(uint64_t *)to = value;
		else
			*(uint32_t *)to = (uint32_t)value;
	}
	return true;
}

static bool native_push(const struct native_struct *native, const void *from, uint8_t *bytes, size_t n)
{
	if (n != native->size)
		return false;
	memset(bytes, 0, n);
	for (const struct native_member *one = native->members; one < native->members + native->n_members; one++) {
		const void *value = (const char *)from + one->offset;
		struct wire_utf16 text = { value, 0 };
		uint64_t number;

		if (one->kind == NATIVE_TEXT) {
			for (size_t i = 0; i + 1 < one->n; i++) { /* the last is the NUL */
				uint16_t unit = wire_utf16_next(&text, one->n - 1u - i);

				bytes[one->at + 2 * i] = (uint8_t)unit;
				bytes[one->at + 2 * i + 1] = (uint8_t)(unit >> 8);
			}
			continue;
		}
		number = one->kind == NATIVE_INT64 ? *(const uint64_t *)value : *(const uint32_t *)value;
		for (size_t i = 0; i < int_size(one->kind); i++, number >>= 8)
			bytes[one->at + i] = (uint8_t)number;
	}
	return true;
}

bool tsts_client_pull(struct tsts_client *ret, const uint8_t *bytes, size_t n)
{
	return native_pull(&client_struct, ret, bytes, n);
}

bool tsts_client_push(const struct tsts_client *client, uint8_t *bytes, size_t n)
{
	return native_push(&client_struct, client, bytes, n);
}

bool tsts_information_pull(struct tsts_information *ret, const uint8_t *bytes, size_t n)
{
	return native_pull(&information_struct, ret, bytes, n);
}

bool tsts_information_push(const struct tsts_information *information, uint8_t *bytes, size_t n)
{
	return native_push(&information_struct, information, bytes, n);
}

bool tsts_logonid_pull(struct tsts_logonid *ret, const uint8_t *bytes, size_t n)
{
	return native_pull(&logonid_struct, ret, bytes, n);
}

bool tsts_logonid_push(const struct tsts_logonid *logonid, uint8_t *bytes, size_t n)
{
	return native_push(&logonid_struct, logonid, bytes, n);
}

void tsts_vardata_push(uint8_t bytes[TSTS_VARDATA_SIZE], uint32_t size)
{
	bytes[0] = (uint8_t)size;
	bytes[1] = (uint8_t)(size >> 8);
	bytes[2] = TSTS_VARDATA_SIZE;
	bytes[3] = 0;
}

const uint8_t *tsts_vardata(const uint8_t *bytes, size_t n, size_t *ret_n)
{
	size_t size, offset;

	if (!bytes || n < TSTS_VARDATA_SIZE)
		return NULL;
	size = bytes[0] | (size_t)bytes[1] << 8;
	offset = bytes[2] | (size_t)bytes[3] << 8;
	if (offset < TSTS_VARDATA_SIZE || offset > n || size > n - offset)
		return NULL;
	*ret_n = size;
	return bytes + offset;
}
