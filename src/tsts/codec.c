/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codec.c - the walker: writes and reads what codec-calls.c describes, on the public primitives of Samba's libndr.
 *
 * NDR 2.0 (C706 chapter 14; MS-RPCE 2.2.4) in as much as MS-TSTS needs it. Each kind of field has two functions that
 * stand together and a row in `kinds`. Structures are walked twice, as NDR wants it: first what lies in them, then what
 * their pointers point to.
 *
 * Whatever a peer claims is checked here, before memory is taken: a count by its limit, and by the bytes that are there
 * to fill it. Nesting is bounded by the descriptions, which are not recursive. Bytes left over behind a stub are
 * ignored, for clients send such.
 */
#include "tsts/codec.h"

#include <gen_ndr/ndr_misc.h>
#include <inttypes.h> /* for the macros of later ndr.h */
#include <string.h>

typedef enum ndr_err_code (*push_fn)(struct ndr_push *ndr, const struct wire_field *field, const void *base);
typedef enum ndr_err_code (*pull_fn)(struct ndr_pull *ndr, const struct wire_field *field, void *base);

static enum ndr_err_code push_struct(struct ndr_push *ndr, const struct wire_struct *is, const void *base, int pass);
static enum ndr_err_code pull_struct(struct ndr_pull *ndr, const struct wire_struct *is, void *base, int pass);

/* Stands for a pointee that is still to be read. */
static const char promised;

static const void *const_at(const void *base, uint16_t offset)
{
	return (const char *)base + offset;
}

static void *at(void *base, uint16_t offset)
{
	return (char *)base + offset;
}

static uint32_t u32_at(const void *base, uint16_t offset)
{
	return *(const uint32_t *)const_at(base, offset);
}

static const void *pointer_at(const void *base, uint16_t offset)
{
	return *(const void *const *)const_at(base, offset);
}

static void set_u32(void *base, uint16_t offset, uint32_t value)
{
	if (offset != WIRE_NONE)
		*(uint32_t *)at(base, offset) = value;
}

static void set_pointer(void *base, uint16_t offset, const void *value)
{
	*(const void **)at(base, offset) = value;
}

/* ---- what the readers share ---- */

static size_t bytes_left(const struct ndr_pull *ndr)
{
	return ndr->offset < ndr->data_size ? ndr->data_size - ndr->offset : 0;
}

/* Takes zeroed memory for what is read; N_ELEMENTS has been checked. */
static enum ndr_err_code allocate_elements(struct ndr_pull *ndr, void **ret, size_t size, size_t n_elements)
{
	_NDR_PULL_FIX_CURRENT_MEM_CTX(ndr);
	*ret = talloc_zero_size(ndr->current_mem_ctx, size * n_elements);
	if (!*ret)
		return ndr_pull_error(ndr, NDR_ERR_ALLOC, "%zu times %zu bytes", n_elements, size);
	return NDR_ERR_SUCCESS;
}

/* Refuses N elements of at least SIZE bytes each if they are more than FIELD allows or the stub can hold. */
static enum ndr_err_code check_count(struct ndr_pull *ndr, const struct wire_field *field, uint32_t n, size_t size)
{
	if (n > field->limit)
		return ndr_pull_error(ndr, NDR_ERR_ARRAY_SIZE, "%u elements", (unsigned)n);
	if (size > 0 && n > bytes_left(ndr) / size)
		return ndr_pull_error(ndr, NDR_ERR_BUFSIZE, "%u elements of %zu bytes", (unsigned)n, size);
	return NDR_ERR_SUCCESS;
}

/* The maximum count of a conformant array, which must be the count that has been before it, if one has. */
static enum ndr_err_code pull_max_count(struct ndr_pull *ndr, const struct wire_field *field, void *base, size_t size,
					uint32_t *ret)
{
	NDR_CHECK(ndr_pull_uint32(ndr, NDR_SCALARS, ret));
	NDR_CHECK(check_count(ndr, field, *ret, size));
	if ((field->flags & WIRE_COUNTED) && u32_at(base, field->count) != *ret)
		return ndr_pull_error(ndr, NDR_ERR_ARRAY_SIZE, "%u elements", (unsigned)*ret);
	set_u32(base, field->count, *ret);
	return NDR_ERR_SUCCESS;
}

/* Maximum count, offset and actual count of a conformant varying array. */
static enum ndr_err_code pull_counts(struct ndr_pull *ndr, const struct wire_field *field, size_t size, uint32_t *ret_max,
				     uint32_t *ret_actual)
{
	uint32_t offset;

	NDR_CHECK(ndr_pull_uint32(ndr, NDR_SCALARS, ret_max));
	NDR_CHECK(ndr_pull_uint32(ndr, NDR_SCALARS, &offset));
	NDR_CHECK(ndr_pull_uint32(ndr, NDR_SCALARS, ret_actual));
	if (offset != 0 || *ret_actual > *ret_max)
		return ndr_pull_error(ndr, NDR_ERR_ARRAY_SIZE, "%u elements at %u of %u", (unsigned)*ret_actual,
				      (unsigned)offset, (unsigned)*ret_max);
	return check_count(ndr, field, *ret_actual, size);
}

static enum ndr_err_code push_counts(struct ndr_push *ndr, uint32_t max, uint32_t actual)
{
	NDR_CHECK(ndr_push_uint32(ndr, NDR_SCALARS, max));
	NDR_CHECK(ndr_push_uint32(ndr, NDR_SCALARS, 0));
	return ndr_push_uint32(ndr, NDR_SCALARS, actual);
}

/* The count of what is to be written, which is 0 where there is nothing. */
static enum ndr_err_code count_of(struct ndr_push *ndr, const struct wire_field *field, const void *base, uint32_t *ret)
{
	*ret = pointer_at(base, field->offset) ? u32_at(base, field->count) : 0;
	if (*ret > field->limit)
		return ndr_push_error(ndr, NDR_ERR_ARRAY_SIZE, "%u elements", (unsigned)*ret);
	return NDR_ERR_SUCCESS;
}

/* ---- WIRE_INT8 to 64 ---- */

static enum ndr_err_code push_int(struct ndr_push *ndr, const struct wire_field *field, const void *base)
{
	static const uint32_t most[] = { UINT8_MAX, UINT16_MAX, UINT32_MAX };
	uint32_t value = u32_at(base, field->offset);

	if (value > most[field->kind] || (field->limit && value > field->limit))
		return ndr_push_error(ndr, NDR_ERR_RANGE, "value %u", (unsigned)value);
	if (field->kind == WIRE_INT8)
		return ndr_push_uint8(ndr, NDR_SCALARS, (uint8_t)value);
	if (field->kind == WIRE_INT16)
		return ndr_push_uint16(ndr, NDR_SCALARS, (uint16_t)value);
	return ndr_push_uint32(ndr, NDR_SCALARS, value);
}

static enum ndr_err_code pull_int(struct ndr_pull *ndr, const struct wire_field *field, void *base)
{
	uint32_t value = 0;
	uint16_t narrow = 0;
	uint8_t byte = 0;

	if (field->kind == WIRE_INT8)
		NDR_CHECK(ndr_pull_uint8(ndr, NDR_SCALARS, &byte));
	else if (field->kind == WIRE_INT16)
		NDR_CHECK(ndr_pull_uint16(ndr, NDR_SCALARS, &narrow));
	else
		NDR_CHECK(ndr_pull_uint32(ndr, NDR_SCALARS, &value));
	value |= (uint32_t)narrow | byte;
	if (field->limit && value > field->limit)
		return ndr_pull_error(ndr, NDR_ERR_RANGE, "value %u", (unsigned)value);
	set_u32(base, field->offset, value);
	return NDR_ERR_SUCCESS;
}

static enum ndr_err_code push_int64(struct ndr_push *ndr, const struct wire_field *field, const void *base)
{
	return ndr_push_hyper(ndr, NDR_SCALARS, *(const uint64_t *)const_at(base, field->offset));
}

static enum ndr_err_code pull_int64(struct ndr_pull *ndr, const struct wire_field *field, void *base)
{
	return ndr_pull_hyper(ndr, NDR_SCALARS, at(base, field->offset));
}

/* ---- WIRE_HANDLE, WIRE_GUID, WIRE_SPARE ---- */

static enum ndr_err_code push_handle(struct ndr_push *ndr, const struct wire_field *field, const void *base)
{
	return ndr_push_policy_handle(ndr, NDR_SCALARS, const_at(base, field->offset));
}

static enum ndr_err_code pull_handle(struct ndr_pull *ndr, const struct wire_field *field, void *base)
{
	return ndr_pull_policy_handle(ndr, NDR_SCALARS, at(base, field->offset));
}

static enum ndr_err_code push_guid(struct ndr_push *ndr, const struct wire_field *field, const void *base)
{
	return ndr_push_GUID(ndr, NDR_SCALARS, const_at(base, field->offset));
}

static enum ndr_err_code pull_guid(struct ndr_pull *ndr, const struct wire_field *field, void *base)
{
	return ndr_pull_GUID(ndr, NDR_SCALARS, at(base, field->offset));
}

static enum ndr_err_code push_spare(struct ndr_push *ndr, const struct wire_field *field, const void *base)
{
	(void)base;
	return ndr_push_zero(ndr, field->limit);
}

static enum ndr_err_code pull_spare(struct ndr_pull *ndr, const struct wire_field *field, void *base)
{
	(void)base;
	return ndr_pull_advance(ndr, field->limit);
}

/* ---- WIRE_NAME ---- */

/* Writes exactly N units: TEXT, and NULs behind it. */
static enum ndr_err_code push_units(struct ndr_push *ndr, const char *text, size_t n)
{
	struct wire_utf16 cursor = { text, 0 };

	for (size_t i = 0; i < n; i++)
		NDR_CHECK(ndr_push_uint16(ndr, NDR_SCALARS, wire_utf16_next(&cursor, n - i)));
	return NDR_ERR_SUCCESS;
}

/* A name always ends with a NUL, at the expense of what does not fit. */
static enum ndr_err_code push_name(struct ndr_push *ndr, const struct wire_field *field, const void *base)
{
	NDR_CHECK(push_units(ndr, const_at(base, field->offset), field->limit - 1));
	return ndr_push_uint16(ndr, NDR_SCALARS, 0);
}

static enum ndr_err_code pull_name(struct ndr_pull *ndr, const struct wire_field *field, void *base)
{
	NDR_CHECK(ndr_pull_align(ndr, 2));
	NDR_PULL_NEED_BYTES(ndr, field->limit * 2);
	(void)wire_utf8(at(base, field->offset), ndr->data + ndr->offset, field->limit, NDR_BE(ndr));
	return ndr_pull_advance(ndr, field->limit * 2);
}

/* ---- WIRE_LEVEL ---- */

/* The level that decides which fields of the structure at BASE there are; 0: only those that need none. */
static uint32_t level_of(const struct wire_struct *is, const void *base)
{
	const struct wire_field *first = &is->fields[0];
	uint32_t level = first->kind == WIRE_LEVEL ? u32_at(base, first->offset) : 0;

	return level > first->limit ? 0 : level;
}

static bool is_level(const struct wire_field *field, uint32_t level)
{
	return (level >= 1 && level <= field->limit) || (field->flags & WIRE_OTHERS);
}

static enum ndr_err_code push_level(struct ndr_push *ndr, const struct wire_field *field, const void *base)
{
	uint32_t level = u32_at(base, field->offset);

	if (!is_level(field, level))
		return ndr_push_error(ndr, NDR_ERR_BAD_SWITCH, "level %u", (unsigned)level);
	NDR_CHECK(ndr_push_uint32(ndr, NDR_SCALARS, level));
	return ndr_push_uint32(ndr, NDR_SCALARS, level);
}

static enum ndr_err_code pull_level(struct ndr_pull *ndr, const struct wire_field *field, void *base)
{
	uint32_t level, tag;

	NDR_CHECK(ndr_pull_uint32(ndr, NDR_SCALARS, &level));
	NDR_CHECK(ndr_pull_uint32(ndr, NDR_SCALARS, &tag));
	if (level != tag || !is_level(field, level))
		return ndr_pull_error(ndr, NDR_ERR_BAD_SWITCH, "level %u, tag %u", (unsigned)level, (unsigned)tag);
	set_u32(base, field->offset, level);
	return NDR_ERR_SUCCESS;
}

/* ---- WIRE_STRUCT, WIRE_ARRAY ---- */

static enum ndr_err_code push_inner(struct ndr_push *ndr, const struct wire_field *field, const void *base)
{
	const void *inner = field->flags & WIRE_POINTER ? pointer_at(base, field->offset) : const_at(base, field->offset);

	return push_struct(ndr, field->of, inner, NDR_SCALARS | NDR_BUFFERS);
}

static enum ndr_err_code pull_inner(struct ndr_pull *ndr, const struct wire_field *field, void *base)
{
	void *inner = at(base, field->offset);

	if (field->flags & WIRE_POINTER) {
		NDR_CHECK(allocate_elements(ndr, &inner, field->of->size, 1));
		set_pointer(base, field->offset, inner);
	}
	return pull_struct(ndr, field->of, inner, NDR_SCALARS | NDR_BUFFERS);
}

static enum ndr_err_code push_array(struct ndr_push *ndr, const struct wire_field *field, const void *base)
{
	const char *items = pointer_at(base, field->offset);
	uint32_t n;

	NDR_CHECK(count_of(ndr, field, base, &n));
	NDR_CHECK(ndr_push_uint32(ndr, NDR_SCALARS, n));
	for (uint32_t i = 0; i < n; i++)
		NDR_CHECK(push_struct(ndr, field->of, items + i * field->of->size, NDR_SCALARS));
	for (uint32_t i = 0; i < n; i++)
		NDR_CHECK(push_struct(ndr, field->of, items + i * field->of->size, NDR_BUFFERS));
	return NDR_ERR_SUCCESS;
}

static enum ndr_err_code pull_array(struct ndr_pull *ndr, const struct wire_field *field, void *base)
{
	void *items;
	uint32_t n;

	NDR_CHECK(pull_max_count(ndr, field, base, field->of->least, &n));
	NDR_CHECK(allocate_elements(ndr, &items, field->of->size, n));
	set_pointer(base, field->offset, items);
	for (uint32_t i = 0; i < n; i++)
		NDR_CHECK(pull_struct(ndr, field->of, (char *)items + i * field->of->size, NDR_SCALARS));
	for (uint32_t i = 0; i < n; i++)
		NDR_CHECK(pull_struct(ndr, field->of, (char *)items + i * field->of->size, NDR_BUFFERS));
	return NDR_ERR_SUCCESS;
}

/* ---- WIRE_BYTES, WIRE_VARYING ---- */

/* Reads N bytes, which are known to be there. */
static enum ndr_err_code pull_data(struct ndr_pull *ndr, const struct wire_field *field, void *base, uint32_t n)
{
	void *data;

	NDR_CHECK(allocate_elements(ndr, &data, 1, n));
	set_pointer(base, field->offset, data);
	return ndr_pull_array_uint8(ndr, NDR_SCALARS, data, n);
}

static enum ndr_err_code push_bytes(struct ndr_push *ndr, const struct wire_field *field, const void *base)
{
	uint32_t n;

	NDR_CHECK(count_of(ndr, field, base, &n));
	NDR_CHECK(ndr_push_uint32(ndr, NDR_SCALARS, n));
	return ndr_push_array_uint8(ndr, NDR_SCALARS, pointer_at(base, field->offset), n);
}

static enum ndr_err_code pull_bytes(struct ndr_pull *ndr, const struct wire_field *field, void *base)
{
	uint32_t n;

	NDR_CHECK(pull_max_count(ndr, field, base, 1, &n));
	return pull_data(ndr, field, base, n);
}

static enum ndr_err_code push_varying(struct ndr_push *ndr, const struct wire_field *field, const void *base)
{
	uint32_t room = u32_at(base, field->room), n;

	NDR_CHECK(count_of(ndr, field, base, &n));
	if (n > room || room > field->limit)
		return ndr_push_error(ndr, NDR_ERR_ARRAY_SIZE, "%u bytes in %u", (unsigned)n, (unsigned)room);
	NDR_CHECK(push_counts(ndr, room, n));
	return ndr_push_array_uint8(ndr, NDR_SCALARS, pointer_at(base, field->offset), n);
}

static enum ndr_err_code pull_varying(struct ndr_pull *ndr, const struct wire_field *field, void *base)
{
	uint32_t room, n;

	NDR_CHECK(pull_counts(ndr, field, 1, &room, &n));
	if (room > field->limit)
		return ndr_pull_error(ndr, NDR_ERR_ARRAY_SIZE, "room for %u bytes", (unsigned)room);
	set_u32(base, field->room, room);
	set_u32(base, field->count, n);
	return pull_data(ndr, field, base, n);
}

/* ---- WIRE_STRING, WIRE_UNITS, WIRE_IMAGE ---- */

/* Reads N units, which are known to be there; the text is in the first N_TEXT of them. */
static enum ndr_err_code pull_units(struct ndr_pull *ndr, const struct wire_field *field, void *base, uint32_t n,
				    uint32_t n_text)
{
	const uint8_t *units = ndr->data + ndr->offset;
	void *text;

	NDR_CHECK(allocate_elements(ndr, &text, wire_utf8(NULL, units, n_text, NDR_BE(ndr)) + 1, 1));
	(void)wire_utf8(text, units, n_text, NDR_BE(ndr));
	set_pointer(base, field->offset, text);
	return ndr_pull_advance(ndr, n * 2);
}

static enum ndr_err_code push_text(struct ndr_push *ndr, const struct wire_field *field, const void *base)
{
	const char *text = pointer_at(base, field->offset);
	uint32_t size = tsts_text_size(text ? text : ""), max = field->fixed ? field->fixed : size;

	if (size > max || max > field->limit)
		return ndr_push_error(ndr, NDR_ERR_LENGTH, "text of %u units", (unsigned)size);
	NDR_CHECK(push_counts(ndr, max, size));
	return push_units(ndr, text, size);
}

/* The maximum count of a text binds nobody: only its sender knows what it counts. */
static enum ndr_err_code pull_text(struct ndr_pull *ndr, const struct wire_field *field, void *base)
{
	const uint8_t *units;
	uint32_t max, n;

	NDR_CHECK(pull_counts(ndr, field, 2, &max, &n));
	units = ndr->data + ndr->offset;
	if (n == 0 || units[2 * n - 2] != 0 || units[2 * n - 1] != 0)
		return ndr_pull_error(ndr, NDR_ERR_STRING, "text of %u units without a NUL", (unsigned)n);
	return pull_units(ndr, field, base, n, n);
}

static enum ndr_err_code push_counted_units(struct ndr_push *ndr, const struct wire_field *field, const void *base)
{
	uint32_t n;

	NDR_CHECK(count_of(ndr, field, base, &n));
	NDR_CHECK(ndr_push_uint32(ndr, NDR_SCALARS, n));
	return push_units(ndr, pointer_at(base, field->offset), n);
}

static enum ndr_err_code pull_counted_units(struct ndr_pull *ndr, const struct wire_field *field, void *base)
{
	uint32_t n;

	NDR_CHECK(pull_max_count(ndr, field, base, 2, &n));
	return pull_units(ndr, field, base, n, n);
}

static enum ndr_err_code push_image(struct ndr_push *ndr, const struct wire_field *field, const void *base)
{
	uint32_t max = u32_at(base, field->room) / field->divisor, n = u32_at(base, field->count) / field->divisor;

	if (n > max)
		return ndr_push_error(ndr, NDR_ERR_LENGTH, "name of %u units in %u", (unsigned)n, (unsigned)max);
	NDR_CHECK(push_counts(ndr, max, n));
	return push_units(ndr, pointer_at(base, field->offset), n);
}

/* The counts need not be those of the lengths: implementations differ in what they count. */
static enum ndr_err_code pull_image(struct ndr_pull *ndr, const struct wire_field *field, void *base)
{
	uint32_t n_text = u32_at(base, field->count) / 2, max, n;

	if (u32_at(base, field->count) > u32_at(base, field->room))
		return ndr_pull_error(ndr, NDR_ERR_LENGTH, "name of %u bytes", (unsigned)u32_at(base, field->count));
	NDR_CHECK(pull_counts(ndr, field, 2, &max, &n));
	return pull_units(ndr, field, base, n, n_text < n ? n_text : n);
}

/* ---- WIRE_COUNT, WIRE_COUNT_AHEAD ---- */

static enum ndr_err_code push_count(struct ndr_push *ndr, const struct wire_field *field, const void *base)
{
	return ndr_push_uint32(ndr, NDR_SCALARS, pointer_at(base, field->array) ? u32_at(base, field->offset) : 0);
}

static enum ndr_err_code pull_count(struct ndr_pull *ndr, const struct wire_field *field, void *base)
{
	uint32_t n;

	NDR_CHECK(ndr_pull_uint32(ndr, NDR_SCALARS, &n));
	if (pointer_at(base, field->array) && n != u32_at(base, field->offset))
		return ndr_pull_error(ndr, NDR_ERR_ARRAY_SIZE, "count %u of %u", (unsigned)n,
				      (unsigned)u32_at(base, field->offset));
	return NDR_ERR_SUCCESS;
}

static enum ndr_err_code pull_count_ahead(struct ndr_pull *ndr, const struct wire_field *field, void *base)
{
	return ndr_pull_uint32(ndr, NDR_SCALARS, at(base, field->offset));
}

/* ---- WIRE_ADDRESS: RCM_REMOTEADDRESS, MS-TSTS 2.2.2.43 ---- */

/*
 * The family, again as the tag of the union, then the arm of one of two families. Implementations of NDR do not agree
 * whether pad bytes stand before the union: the response is 24 or 36 bytes long without them and 28 or 40 with them.
 * Without, the tag is at 2; with, it is at 4, where else the port would be.
 */
static bool is_padded(const struct ndr_pull *ndr, uint32_t family)
{
	static const size_t unpadded_v4 = 24, unpadded_v6 = 36;
	const uint8_t *second = ndr->data + ndr->offset, *third = second + 2;
	size_t whole = bytes_left(ndr) + 2, unpadded = family == TSTS_FAMILY_IPV4 ? unpadded_v4 : unpadded_v6;
	size_t low = NDR_BE(ndr) ? 1 : 0;
	bool at_second, at_third;

	if (whole < unpadded + 4)
		return false;
	at_second = second[low] == family && second[1 - low] == 0;
	at_third = third[low] == family && third[1 - low] == 0;
	return at_third && (!at_second || whole == unpadded + 4);
}

static enum ndr_err_code push_arm(struct ndr_push *ndr, const struct tsts_address *address)
{
	NDR_CHECK(ndr_push_align(ndr, 4));
	NDR_CHECK(ndr_push_uint16(ndr, NDR_SCALARS, (uint16_t)address->port));
	NDR_CHECK(ndr_push_align(ndr, 4));
	if (address->family == TSTS_FAMILY_IPV4) {
		NDR_CHECK(ndr_push_bytes(ndr, address->address, 4));
		return ndr_push_zero(ndr, 8);
	}
	NDR_CHECK(ndr_push_uint32(ndr, NDR_SCALARS, address->flow));
	NDR_CHECK(ndr_push_bytes(ndr, address->address, 16));
	return ndr_push_uint32(ndr, NDR_SCALARS, address->scope);
}

static enum ndr_err_code push_address(struct ndr_push *ndr, const struct wire_field *field, const void *base)
{
	const struct tsts_address *address = const_at(base, field->offset);

	if (address->port > UINT16_MAX || (address->family != TSTS_FAMILY_IPV4 && address->family != TSTS_FAMILY_IPV6))
		return ndr_push_error(ndr, NDR_ERR_BAD_SWITCH, "family %u", (unsigned)address->family);
	NDR_CHECK(ndr_push_uint16(ndr, NDR_SCALARS, (uint16_t)address->family));
	if (address->padded)
		NDR_CHECK(ndr_push_align(ndr, 4));
	NDR_CHECK(ndr_push_uint16(ndr, NDR_SCALARS, (uint16_t)address->family));
	return push_arm(ndr, address);
}

static enum ndr_err_code pull_arm(struct ndr_pull *ndr, struct tsts_address *address)
{
	uint16_t port;

	NDR_CHECK(ndr_pull_align(ndr, 4));
	NDR_CHECK(ndr_pull_uint16(ndr, NDR_SCALARS, &port));
	address->port = port;
	NDR_CHECK(ndr_pull_align(ndr, 4));
	if (address->family == TSTS_FAMILY_IPV4) {
		NDR_CHECK(ndr_pull_bytes(ndr, address->address, 4));
		return ndr_pull_advance(ndr, 8);
	}
	NDR_CHECK(ndr_pull_uint32(ndr, NDR_SCALARS, &address->flow));
	NDR_CHECK(ndr_pull_bytes(ndr, address->address, 16));
	return ndr_pull_uint32(ndr, NDR_SCALARS, &address->scope);
}

static enum ndr_err_code pull_address(struct ndr_pull *ndr, const struct wire_field *field, void *base)
{
	struct tsts_address *address = at(base, field->offset);
	uint16_t family, tag;

	NDR_CHECK(ndr_pull_uint16(ndr, NDR_SCALARS, &family));
	address->family = family;
	address->padded = is_padded(ndr, family);
	if (address->padded)
		NDR_CHECK(ndr_pull_align(ndr, 4));
	NDR_CHECK(ndr_pull_uint16(ndr, NDR_SCALARS, &tag));
	if (tag != family || (family != TSTS_FAMILY_IPV4 && family != TSTS_FAMILY_IPV6))
		return ndr_pull_error(ndr, NDR_ERR_BAD_SWITCH, "family %u, tag %u", family, tag);
	return pull_arm(ndr, address);
}

/* ---- the walk ---- */

static const struct {
	push_fn push;
	pull_fn pull;
} kinds[] = {
	[WIRE_INT8] = { push_int, pull_int },
	[WIRE_INT16] = { push_int, pull_int },
	[WIRE_INT32] = { push_int, pull_int },
	[WIRE_INT64] = { push_int64, pull_int64 },
	[WIRE_HANDLE] = { push_handle, pull_handle },
	[WIRE_GUID] = { push_guid, pull_guid },
	[WIRE_SPARE] = { push_spare, pull_spare },
	[WIRE_NAME] = { push_name, pull_name },
	[WIRE_LEVEL] = { push_level, pull_level },
	[WIRE_STRUCT] = { push_inner, pull_inner },
	[WIRE_ARRAY] = { push_array, pull_array },
	[WIRE_BYTES] = { push_bytes, pull_bytes },
	[WIRE_VARYING] = { push_varying, pull_varying },
	[WIRE_STRING] = { push_text, pull_text },
	[WIRE_UNITS] = { push_counted_units, pull_counted_units },
	[WIRE_IMAGE] = { push_image, pull_image },
	[WIRE_COUNT] = { push_count, pull_count },
	[WIRE_COUNT_AHEAD] = { push_count, pull_count_ahead },
	[WIRE_ADDRESS] = { push_address, pull_address },
};

/* What lies where the field is: itself, or the pointer to it. */
static enum ndr_err_code push_field(struct ndr_push *ndr, const struct wire_field *field, const void *base)
{
	if (field->flags & WIRE_POINTER)
		return ndr_push_unique_ptr(ndr, pointer_at(base, field->offset));
	return kinds[field->kind].push(ndr, field, base);
}

static enum ndr_err_code push_pointee(struct ndr_push *ndr, const struct wire_field *field, const void *base)
{
	if (!(field->flags & WIRE_POINTER) || !pointer_at(base, field->offset))
		return NDR_ERR_SUCCESS;
	return kinds[field->kind].push(ndr, field, base);
}

static enum ndr_err_code pull_field(struct ndr_pull *ndr, const struct wire_field *field, void *base)
{
	uint32_t referent;

	if (!(field->flags & WIRE_POINTER))
		return kinds[field->kind].pull(ndr, field, base);
	NDR_CHECK(ndr_pull_generic_ptr(ndr, &referent));
	set_pointer(base, field->offset, referent ? &promised : NULL);
	/* The lengths of an image are facts of their own; a count is one of the array. */
	if (!referent && field->kind != WIRE_IMAGE)
		set_u32(base, field->count, 0);
	return NDR_ERR_SUCCESS;
}

static enum ndr_err_code pull_pointee(struct ndr_pull *ndr, const struct wire_field *field, void *base)
{
	if (!(field->flags & WIRE_POINTER) || !pointer_at(base, field->offset))
		return NDR_ERR_SUCCESS;
	return kinds[field->kind].pull(ndr, field, base);
}

static enum ndr_err_code push_struct(struct ndr_push *ndr, const struct wire_struct *is, const void *base, int pass)
{
	uint32_t level = level_of(is, base);

	if (pass & NDR_SCALARS)
		NDR_CHECK(ndr_push_align(ndr, is->align));
	for (size_t i = 0; (pass & NDR_SCALARS) && i < is->n_fields; i++) {
		if (is->fields[i].level <= level)
			NDR_CHECK(push_field(ndr, &is->fields[i], base));
	}
	for (size_t i = 0; (pass & NDR_BUFFERS) && i < is->n_fields; i++) {
		if (is->fields[i].level <= level)
			NDR_CHECK(push_pointee(ndr, &is->fields[i], base));
	}
	return NDR_ERR_SUCCESS;
}

static enum ndr_err_code pull_struct(struct ndr_pull *ndr, const struct wire_struct *is, void *base, int pass)
{
	if (pass & NDR_SCALARS)
		NDR_CHECK(ndr_pull_align(ndr, is->align));
	for (size_t i = 0; (pass & NDR_SCALARS) && i < is->n_fields; i++) {
		if (is->fields[i].level <= level_of(is, base)) /* known from the first field on */
			NDR_CHECK(pull_field(ndr, &is->fields[i], base));
	}
	for (size_t i = 0; (pass & NDR_BUFFERS) && i < is->n_fields; i++) {
		if (is->fields[i].level <= level_of(is, base))
			NDR_CHECK(pull_pointee(ndr, &is->fields[i], base));
	}
	return NDR_ERR_SUCCESS;
}

/* ---- calls ---- */

/* Tells whether the field is one of the request (NDR_IN) or the response (NDR_OUT), whichever FLAGS want. */
static bool is_wanted(const struct wire_call *call, const struct wire_field *field, wire_flags flags)
{
	return (flags & (field->offset < call->out ? NDR_IN : NDR_OUT)) != 0;
}

enum ndr_err_code wire_push_call(struct ndr_push *ndr, wire_flags flags, const struct wire_call *call, const void *r)
{
	NDR_PUSH_CHECK_FN_FLAGS(ndr, flags);
	if (ndr->flags & LIBNDR_FLAG_NDR64)
		return ndr_push_error(ndr, NDR_ERR_NDR64, "NDR64 was not negotiated");
	for (size_t i = 0; i < call->n_fields; i++) {
		if (!is_wanted(call, &call->fields[i], flags))
			continue;
		NDR_CHECK(push_field(ndr, &call->fields[i], r));
		NDR_CHECK(push_pointee(ndr, &call->fields[i], r));
	}
	return NDR_ERR_SUCCESS;
}

static enum ndr_err_code pull_fields(struct ndr_pull *ndr, wire_flags flags, const struct wire_call *call, void *r)
{
	for (size_t i = 0; i < call->n_fields; i++) {
		if (!is_wanted(call, &call->fields[i], flags))
			continue;
		NDR_CHECK(pull_field(ndr, &call->fields[i], r));
		NDR_CHECK(pull_pointee(ndr, &call->fields[i], r));
	}
	return NDR_ERR_SUCCESS;
}

enum ndr_err_code wire_pull_call(struct ndr_pull *ndr, wire_flags flags, const struct wire_call *call, void *r)
{
	size_t from = flags & NDR_IN ? 0 : call->out;
	enum ndr_err_code status;

	NDR_PULL_CHECK_FN_FLAGS(ndr, flags);
	memset((char *)r + from, 0, call->size - from);
	if (ndr->flags & LIBNDR_FLAG_NDR64)
		return ndr_pull_error(ndr, NDR_ERR_NDR64, "NDR64 was not negotiated");
	if (ndr->data_size > TSTS_MAX_STUB)
		return ndr_pull_error(ndr, NDR_ERR_BUFSIZE, "stub of %u bytes", (unsigned)ndr->data_size);
	status = pull_fields(ndr, flags, call, r);
	if (status != NDR_ERR_SUCCESS) /* promises that were not kept */
		memset((char *)r + from, 0, call->size - from);
	return status;
}
