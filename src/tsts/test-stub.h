/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-stub.h - stubs for tests and the fuzzer: calls by interface and opnum, decoded and encoded, a judge of what comes of
 * any bytes, and memory that runs out.
 *
 * libndr and the codec take all memory from libtalloc. What they call of it is defined here once more, in the program, and
 * so wins over the library: the call that is counted down to fails, all others are passed on.
 */
#ifndef TSTS_TEST_STUB_H
#define TSTS_TEST_STUB_H

#include "tsts/ms-tsts.h"

#include <dlfcn.h>
#include <limits.h>
#include <string.h>

static const struct ndr_interface_table *const stub_tables[] = {
	&tsts_table_session, &tsts_table_notification, &tsts_table_enumeration, &tsts_table_rcm_public,
	&tsts_table_rcm_listener, &tsts_table_ica,
};

#define N_STUB_TABLES (sizeof(stub_tables) / sizeof(*stub_tables))

/* ---- memory that runs out ---- */

/* So many calls of libtalloc still succeed. */
static unsigned stub_memory = UINT_MAX;

static inline bool stub_memory_is_over(void)
{
	if (stub_memory == UINT_MAX)
		return false;
	if (stub_memory == 0)
		return true;
	stub_memory--;
	return false;
}

#define STUB_PASS_ON(function, ...) ((__typeof__(&function))dlsym(RTLD_NEXT, #function))(__VA_ARGS__)

void *_talloc_zero(const void *ctx, size_t size, const char *name)
{
	return stub_memory_is_over() ? NULL : STUB_PASS_ON(_talloc_zero, ctx, size, name);
}

void *_talloc_array(const void *ctx, size_t size, unsigned count, const char *name)
{
	return stub_memory_is_over() ? NULL : STUB_PASS_ON(_talloc_array, ctx, size, count, name);
}

void *_talloc_realloc_array(const void *ctx, void *ptr, size_t size, unsigned count, const char *name)
{
	return stub_memory_is_over() ? NULL : STUB_PASS_ON(_talloc_realloc_array, ctx, ptr, size, count, name);
}

void *talloc_named_const(const void *ctx, size_t size, const char *name)
{
	return stub_memory_is_over() ? NULL : STUB_PASS_ON(talloc_named_const, ctx, size, name);
}

/* ---- calls ---- */

/* Finds a call by the name of its interface; NULL: none that is used. */
static inline const struct ndr_interface_call *stub_call(const char *interface, uint32_t opnum)
{
	for (size_t i = 0; i < N_STUB_TABLES; i++) {
		if (strcmp(stub_tables[i]->name, interface) == 0 && opnum < stub_tables[i]->num_calls &&
		    strcmp(stub_tables[i]->calls[opnum].name, "NotUsed") != 0)
			return &stub_tables[i]->calls[opnum];
	}
	return NULL;
}

/* The byte order of the peer, when decoding and encoding. */
static bool stub_big_endian;

/*
 * Decodes BYTES as the request (NDR_IN) or response (NDR_OUT) of CALL into *ret_r, which hangs from CTX like all that is
 * in it. *ret_r is there after a failure too, NULL only for want of memory.
 */
static inline enum ndr_err_code stub_pull(TALLOC_CTX *ctx, const struct ndr_interface_call *call, int flags,
					  const uint8_t *bytes, size_t n, void **ret_r)
{
	DATA_BLOB blob = { .data = discard_const(bytes), .length = n };
	struct ndr_pull *ndr = ndr_pull_init_blob(&blob, ctx);
	enum ndr_err_code status;

	*ret_r = talloc_zero_size(ctx, call->struct_size);
	if (!ndr || !*ret_r)
		return NDR_ERR_ALLOC;
	if (stub_big_endian)
		ndr->flags |= LIBNDR_FLAG_BIGENDIAN;
	status = call->ndr_pull(ndr, flags, *ret_r);
	talloc_free(ndr);
	return status;
}

/* Encodes R, whose referent ids begin after FIRST_REFERENT. *ret_blob hangs from CTX. */
static inline enum ndr_err_code stub_push(TALLOC_CTX *ctx, const struct ndr_interface_call *call, int flags, const void *r,
					  uint32_t first_referent, DATA_BLOB *ret_blob)
{
	struct ndr_push *ndr = ndr_push_init_ctx(ctx);
	enum ndr_err_code status;

	if (!ndr)
		return NDR_ERR_ALLOC;
	if (stub_big_endian)
		ndr->flags |= LIBNDR_FLAG_BIGENDIAN;
	ndr->ptr_count = first_referent;
	status = call->ndr_push(ndr, flags, r);
	if (status == NDR_ERR_SUCCESS) /* libndr trips over a blob whose memory could not grow */
		*ret_blob = ndr_push_blob(ndr);
	return status;
}

/* ---- the judge ---- */

static inline bool stub_is_zero(const void *r, size_t n)
{
	const uint8_t *bytes = r;

	for (size_t i = 0; i < n; i++) {
		if (bytes[i] != 0)
			return false;
	}
	return true;
}

/* No stub of N bytes may cost more than this: the worst element is 8 bytes on the wire and 112 in C. */
static inline bool stub_is_dear(TALLOC_CTX *ctx, size_t n)
{
	return talloc_total_size(ctx) > 16 * n + 4096 || talloc_total_blocks(ctx) > n / 4 + 16;
}

static inline const char *stub_judge_again(TALLOC_CTX *ctx, const struct ndr_interface_call *call, int flags, const void *r)
{
	DATA_BLOB once = { 0 }, twice = { 0 };
	void *again;

	if (stub_push(ctx, call, flags, r, 0, &once) != NDR_ERR_SUCCESS)
		return "what was decoded cannot be encoded";
	if (stub_pull(ctx, call, flags, once.data, once.length, &again) != NDR_ERR_SUCCESS)
		return "what was encoded cannot be decoded";
	if (stub_push(ctx, call, flags, again, 0, &twice) != NDR_ERR_SUCCESS)
		return "what was encoded and decoded cannot be encoded";
	if (once.length != twice.length || (once.length > 0 && memcmp(once.data, twice.data, once.length) != 0))
		return "what was encoded and decoded is encoded otherwise";
	return NULL;
}

/* With memory for N_CALLS calls of libtalloc encoding works, or says that there was none. */
static inline const char *stub_judge_starving(TALLOC_CTX *ctx, const struct ndr_interface_call *call, int flags,
					      const void *r, unsigned n_calls)
{
	DATA_BLOB blob = { 0 };
	enum ndr_err_code status;

	stub_memory = n_calls;
	status = stub_push(ctx, call, flags, r, 0, &blob);
	stub_memory = UINT_MAX;
	return status == NDR_ERR_SUCCESS || status == NDR_ERR_ALLOC ? NULL : "it fails otherwise for want of memory";
}

/*
 * Decodes any bytes as a request or response of CALL, with memory for N_CALLS calls of libtalloc: either it fails and
 * leaves nothing, or what it says can be encoded and says the same again.
 * Returns what is wrong, or NULL.
 */
static inline const char *stub_judge(const struct ndr_interface_call *call, int flags, const uint8_t *bytes, size_t n,
				     unsigned n_calls)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	enum ndr_err_code status;
	const char *wrong = NULL;
	void *r;

	stub_memory = n_calls;
	status = stub_pull(ctx, call, flags, bytes, n, &r);
	stub_memory = UINT_MAX;
	if (stub_is_dear(ctx, n))
		wrong = "it takes too much memory";
	else if (status == NDR_ERR_SUCCESS)
		wrong = stub_judge_again(ctx, call, flags, r);
	else if (r && !stub_is_zero(r, call->struct_size))
		wrong = "a failure leaves something";
	else if (status == NDR_ERR_ALLOC && n_calls == UINT_MAX)
		wrong = "it speaks of memory, which there is";
	if (!wrong && status == NDR_ERR_SUCCESS)
		wrong = stub_judge_starving(ctx, call, flags, r, n_calls);
	talloc_free(ctx);
	return wrong;
}

#endif
