/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz-tsts.c - any bytes as a request or a response of any call of MS-TSTS, and as what lies in its opaque buffers.
 *
 * The first byte chooses the interface (low bits), the direction (0x80: response) and the byte order (0x40: big endian),
 * the second the call, the third how often libtalloc may be called before memory is out (0: always). The rest is the
 * stub. An interface that there is not means the native structures; the second byte chooses which.
 *
 * Besides crashes: a stub takes memory in proportion to its length, a failure leaves nothing, what was decoded can be
 * encoded and then says the same, and a native structure survives being written and read again.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tsts/test-stub.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool is_true, const char *what)
{
	if (is_true)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

/* ---- native structures ---- */

static void try_client(const uint8_t *bytes, size_t n)
{
	struct tsts_client client, again;
	uint8_t pushed[TSTS_CLIENT_SIZE];

	if (!tsts_client_pull(&client, bytes, n))
		return;
	expect(tsts_client_push(&client, pushed, sizeof(pushed)), "a client cannot be written");
	expect(tsts_client_pull(&client, pushed, sizeof(pushed)), "a client cannot be read again"); /* names may be cut */
	expect(tsts_client_push(&client, pushed, sizeof(pushed)), "a client cannot be written again");
	expect(tsts_client_pull(&again, pushed, sizeof(pushed)), "a client cannot be read");
	expect(memcmp(&client, &again, sizeof(client)) == 0, "a client is another when it is read again");
}

static void try_information(const uint8_t *bytes, size_t n)
{
	struct tsts_information information, again;
	uint8_t pushed[TSTS_INFORMATION_SIZE];

	bytes = tsts_vardata(bytes, n, &n);
	if (!bytes || !tsts_information_pull(&information, bytes, n))
		return;
	expect(tsts_information_push(&information, pushed, sizeof(pushed)), "information cannot be written");
	expect(tsts_information_pull(&again, pushed, sizeof(pushed)), "information cannot be read again");
	expect(again.current_time == information.current_time && again.session_id == information.session_id &&
	       strncmp(again.user, information.user, strlen(again.user)) == 0, "information is other information");
}

static void try_logonids(const uint8_t *bytes, size_t n)
{
	struct tsts_logonid one;
	uint8_t pushed[TSTS_LOGONID_SIZE];

	for (; tsts_logonid_pull(&one, bytes, n); bytes += TSTS_LOGONID_SIZE, n -= TSTS_LOGONID_SIZE)
		expect(tsts_logonid_push(&one, pushed, sizeof(pushed)), "a LOGONID cannot be written");
}

static void try_small_change(const uint8_t *bytes, size_t n)
{
	char text[TSTS_SID_TEXT_SIZE];
	struct tsts_process process;
	uint64_t number = 0;
	char *name;

	(void)tsts_sid_text(bytes, n, text);
	expect(strlen(text) < sizeof(text), "the text of a SID does not end");
	for (size_t i = 0; i < n && i < 8; i++)
		number = number << 8 | bytes[i];
	expect(tsts_unix_us(number) == 0 || tsts_filetime(tsts_unix_us(number)) == number - number % 10, "a time is another");
	name = strndup(n ? (const char *)bytes : "", n);
	expect(name != NULL, "out of memory");
	tsts_process_set_image(&process, name);
	expect(process.image_length <= process.image_room, "a name is longer than its room");
	free(name);
}

static void try_native(uint8_t which, const uint8_t *bytes, size_t n)
{
	static void (*const tries[])(const uint8_t *, size_t) = { try_client, try_information, try_logonids,
								  try_small_change };

	tries[which % (sizeof(tries) / sizeof(*tries))](bytes, n);
}

/* ---- calls ---- */

static const struct ndr_interface_call *choose(uint8_t interface, uint8_t opnum)
{
	const struct ndr_interface_table *table = stub_tables[interface];

	return &table->calls[opnum % table->num_calls];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t interface;
	const char *wrong;

	if (size < 3)
		return 0;
	interface = data[0] & 0x3f;
	if (interface >= N_STUB_TABLES) {
		try_native(data[1], data + 3, size - 3);
		return 0;
	}
	stub_big_endian = data[0] & 0x40;
	wrong = stub_judge(choose(interface, data[1]), data[0] & 0x80 ? NDR_OUT : NDR_IN, data + 3, size - 3,
			   data[2] == 0 ? UINT_MAX : data[2] - 1u);
	stub_big_endian = false;
	expect(!wrong, wrong);
	return 0;
}
