/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codec.h - how a structure of tsts.h is described, so that one walker can write and read it.
 *
 * codec-calls.c holds the descriptions, codec.c walks them. A description is a list of fields in wire order; each says
 * what is on the wire (C706 chapter 14, MS-RPCE 2.2.4), where it is in the C structure, and what its limit is. So
 * each structure stands once, for both directions and for client and service. codec-text.c turns texts.
 */
#ifndef TSTS_CODEC_H
#define TSTS_CODEC_H

#include "tsts/ms-tsts.h"

#include <samba/version.h>

/* libndr 4 (Samba 4.20) made a type of what was an int. */
#if SAMBA_VERSION_MAJOR > 4 || (SAMBA_VERSION_MAJOR == 4 && SAMBA_VERSION_MINOR >= 20)
typedef ndr_flags_type wire_flags;
#else
typedef int wire_flags;
#endif

enum wire_kind {
	/* Integers of that many bits, from 0 in this order; in the C structure uint64_t or, for all others, uint32_t. */
	WIRE_INT8, WIRE_INT16, WIRE_INT32, WIRE_INT64,
	WIRE_HANDLE,		/* context handle */
	WIRE_GUID,
	WIRE_SPARE,		/* limit bytes without a meaning, zero when sent */
	WIRE_NAME,		/* WCHAR[limit] in a char[TSTS_TEXT(limit)] */
	WIRE_LEVEL,		/* first in its structure: the level, 1 to limit, and again as the tag of the union */
	WIRE_STRUCT,		/* a structure of its own */
	WIRE_ARRAY,		/* conformant array of structures */
	WIRE_BYTES,		/* conformant array of bytes */
	WIRE_VARYING,		/* conformant varying array of bytes; room is its maximum count */
	WIRE_STRING,		/* conformant varying text with its NUL */
	WIRE_UNITS,		/* conformant text: count units, what follows a NUL is nothing */
	WIRE_IMAGE,		/* conformant varying text without NUL; count and room are bytes, sent divided */
	WIRE_COUNT,		/* the count at offset of the array at array, which has been before */
	WIRE_COUNT_AHEAD,	/* the same for an array that follows (flag WIRE_COUNTED) */
	WIRE_ADDRESS		/* struct tsts_address */
};

enum {
	WIRE_POINTER = 1,	/* behind a unique pointer */
	WIRE_COUNTED = 2,	/* its count has come before it */
	WIRE_OTHERS = 4		/* of a level: the union has an empty arm for all others */
};

#define WIRE_NONE UINT16_MAX

struct wire_field {
	uint8_t kind, flags;
	uint8_t level;		/* is there from this level on */
	uint8_t divisor;	/* of WIRE_IMAGE */
	uint16_t offset;	/* in the C structure */
	uint16_t count, room;	/* offsets of members */
	uint16_t array;		/* offset of a pointer */
	uint32_t limit;		/* greatest number, count or level; 0: any */
	uint32_t fixed;		/* of WIRE_STRING: the maximum count that is sent, however short the text is; 0: its own */
	const struct wire_struct *of;
};

struct wire_struct {
	const struct wire_field *fields;
	size_t n_fields;
	size_t size;		/* of the C structure */
	size_t align;		/* on the wire */
	size_t least;		/* bytes on the wire, at least */
};

/* A call: the fields of `in`, which is the first member of the C structure, then those of `out`. */
struct wire_call {
	const struct wire_field *fields;
	size_t n_fields;
	size_t out;		/* where `out` begins */
	size_t size;
};

/* Writes the request (NDR_IN) or response (NDR_OUT) CALL of R. */
enum ndr_err_code wire_push_call(struct ndr_push *ndr, wire_flags flags, const struct wire_call *call, const void *r);

/* Reads it into R. `out` is zeroed first; after an error all of what was to be read is zero. */
enum ndr_err_code wire_pull_call(struct ndr_pull *ndr, wire_flags flags, const struct wire_call *call, void *r);

/* ---- texts, codec-text.c ---- */

/*
 * Turns N units of UTF-16, up to the first NUL, into UTF-8 with a NUL. OUT has room for TSTS_TEXT(N) bytes, or is NULL.
 * Returns the length.
 */
size_t wire_utf8(char *out, const uint8_t *units, size_t n, bool big_endian);

/* A text that is being turned into UTF-16. Starts as { text, 0 }. */
struct wire_utf16 {
	const char *next;
	uint16_t low;		/* second half of a pair, still to be given */
};

/* The next unit, 0 at the end. A pair that does not fit into the N units that are left is left out. */
uint16_t wire_utf16_next(struct wire_utf16 *text, size_t n);

#endif
