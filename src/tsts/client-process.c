/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client-process.c - the processes of all sessions, each with the name of its user.
 *
 * Only the legacy pipe knows processes (RpcWinStationGetAllProcesses, MS-TSTS 3.7.4.1), and it knows users by SID. What the
 * names of these are the server is asked in one call for all (LsarLookupSids, MS-LSAT 3.1.4.11) on a pipe that every SMB
 * server has. Who has few rights gets the SIDs, or processes without any: then these are what is told.
 */
#include "tsts/client.h"

#include <errno.h>
#include <gen_ndr/lsa.h>
#include <gen_ndr/security.h>
#include <string.h>

/* As many as the calls can be asked for. */
#define PROCESSES_MAX 0x8000

/* Different users whose names are asked for; those of further ones stay SIDs. */
#define PEOPLE_MAX 1000

/* Opnums of LSARPC: MS-LSAD 3.1.4, MS-LSAT 3.1.4. */
enum { LSA_CLOSE = 0, LSA_LOOKUP_SIDS = 15, LSA_OPEN_POLICY2 = 44 };

struct person {
	const uint8_t *sid;
	uint32_t n_sid;
	struct dom_sid decoded;
	char text[TSTS_SID_TEXT_SIZE];
	const char *name;		/* NULL: not known (yet) */
};

struct people {
	struct person people[PEOPLE_MAX];
	size_t n;
};

/* ---- people ---- */

/* Names that are the same everywhere, or that no server would tell: MS-DTYP 2.4.2.4. */
static const char *well_known(const char *text)
{
	static const struct { const char *sid, *name; } known[] = {
		{ "S-1-5-18", "SYSTEM" },
		{ "S-1-5-19", "LOCAL SERVICE" },
		{ "S-1-5-20", "NETWORK SERVICE" },
		{ "S-1-5-7", "ANONYMOUS LOGON" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].sid, text) == 0)
			return known[i].name;
	return NULL;
}

/* MS-DTYP 2.4.2.2. */
static bool decode_sid(const uint8_t *bytes, size_t n, struct dom_sid *ret)
{
	if (n < 8 || bytes[1] > 15 || n < 8 + (size_t)bytes[1] * 4)
		return false;
	*ret = (struct dom_sid){ .sid_rev_num = bytes[0], .num_auths = (int8_t)bytes[1] };
	memcpy(ret->id_auth, bytes + 2, sizeof(ret->id_auth));
	for (size_t i = 0; i < bytes[1]; i++) {
		const uint8_t *from = bytes + 8 + i * 4;

		ret->sub_auths[i] = (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
	}
	return true;
}

/* The person with that SID, new if need be; NULL: it is none, or there is no room for more. */
static struct person *person_of(struct people *people, const uint8_t *sid, uint32_t n_sid)
{
	struct person *person = &people->people[people->n];

	for (size_t i = 0; i < people->n; i++)
		if (people->people[i].n_sid == n_sid && memcmp(people->people[i].sid, sid, n_sid) == 0)
			return &people->people[i];
	if (people->n == PEOPLE_MAX)
		return NULL;
	*person = (struct person){ .sid = sid, .n_sid = n_sid };
	if (!decode_sid(sid, n_sid, &person->decoded) || !tsts_sid_text(sid, n_sid, person->text))
		return NULL;
	person->name = well_known(person->text);
	people->n++;
	return person;
}

/* ---- their names ---- */

static NTSTATUS look_up(struct job *job, struct channel *channel, struct policy_handle *handle, struct lsa_SidArray *sids,
			struct lsa_TransNameArray *names)
{
	struct lsa_RefDomainList *domains = NULL;
	uint32_t count = 0;
	struct lsa_LookupSids call = {};

	call.in.handle = handle;
	call.in.sids = sids;
	call.in.level = LSA_LOOKUP_NAMES_ALL;
	call.in.names = call.out.names = names;
	call.in.count = call.out.count = &count;
	call.out.domains = &domains;
	if (channel_call(job->client, channel, LSARPC, LSA_LOOKUP_SIDS, job, &call, NULL, NULL) < 0)
		return NT_STATUS_UNSUCCESSFUL;
	return call.out.result;
}

/* An unknown name comes as the SID, or as nothing. */
static void take_names(struct people *people, const struct lsa_TransNameArray *names)
{
	uint32_t next = 0;

	for (size_t i = 0; i < people->n && next < names->count; i++) {
		const struct lsa_TranslatedName *found;

		if (people->people[i].name)
			continue;
		found = &names->names[next++];
		if (found->sid_type != SID_NAME_UNKNOWN && found->name.string && *found->name.string)
			people->people[i].name = found->name.string;
	}
}

static int open_policy(struct job *job, struct channel *channel, struct policy_handle *handle)
{
	struct lsa_QosInfo qos = { .len = 12, .impersonation_level = 2, .context_mode = 1 };
	struct lsa_ObjectAttribute attributes = { .len = 24, .sec_qos = &qos };
	struct lsa_OpenPolicy2 call = {};
	int r;

	call.in.system_name = "\\";
	call.in.attr = &attributes;
	call.in.access_mask = LSA_POLICY_LOOKUP_NAMES;
	call.out.handle = handle;
	r = channel_call(job->client, channel, LSARPC, LSA_OPEN_POLICY2, job, &call, NULL, NULL);
	return r < 0 || NT_STATUS_IS_OK(call.out.result) ? r : error_set_ntstatus(NULL, call.out.result);
}

/* Whatever fails here leaves SIDs. */
static void ask_names(struct job *job, struct people *people, struct lsa_SidArray *sids)
{
	struct client *client = job->client;
	struct lsa_TransNameArray names = {};
	struct policy_handle handle = {};
	struct lsa_Close close = {};
	struct channel *channel;

	if (channel_take(client, LSARPC, false, &channel, NULL) < 0)
		return;
	if (open_policy(job, channel, &handle) == 0) {
		if (!NT_STATUS_IS_ERR(look_up(job, channel, &handle, sids, &names)) && names.names)
			take_names(people, &names);
		close.in.handle = close.out.handle = &handle;
		(void)channel_call(client, channel, LSARPC, LSA_CLOSE, job, &close, NULL, NULL);
	}
	channel_give(client, channel);
}

static void name_people(struct job *job, struct people *people)
{
	struct lsa_SidPtr *pointers = talloc_zero_array(job, struct lsa_SidPtr, PEOPLE_MAX);
	struct lsa_SidArray sids = { .sids = pointers };

	for (size_t i = 0; pointers && i < people->n; i++)
		if (!people->people[i].name)
			pointers[sids.num_sids++].sid = &people->people[i].decoded;
	if (sids.num_sids > 0)
		ask_names(job, people, &sids);
}

/* ---- processes ---- */

/* The newer call, else the older one: same arguments, another layout on the wire. Takes the channel for the two. */
static int ask_processes(struct job *job, struct tsts_ica_get_processes *ret, struct logoff_error *reterr)
{
	struct tsts_ica_get_processes_nt6 call = { .in.max_processes = PROCESSES_MAX };
	struct channel *channel;
	int r;

	r = channel_take(job->client, ICA, false, &channel, reterr);
	if (r < 0)
		return r;
	r = channel_ica(job->client, channel, &call.in.handle, reterr);
	*ret = (struct tsts_ica_get_processes){ .in = { .handle = call.in.handle, .max_processes = PROCESSES_MAX } };
	if (r == 0)
		r = channel_call(job->client, channel, ICA, TSTS_ICA_GET_PROCESSES_NT6, job, &call, NULL, reterr);
	if (r == 0 && call.out.result == 0)
		r = error_set_result(reterr, call.out.status);
	if (r == 0) {
		ret->out.n_processes = call.out.n_processes;
		ret->out.processes = call.out.processes;
	} else if (r == -EOPNOTSUPP || r == -EPROTO) {
		r = channel_call(job->client, channel, ICA, TSTS_ICA_GET_PROCESSES, job, ret, NULL, reterr);
		if (r == 0 && ret->out.result == 0)
			r = error_set_result(reterr, ret->out.status);
	}
	channel_give(job->client, channel);
	return r;
}

static void fill_row(struct event_process *row, const struct tsts_process *process, const struct person *person)
{
	row->pid = process->pid;
	row->session = process->session_id;
	/* The process of nobody, which has no name (MS-TSTS 2.2.2.15.1.1.1), is what is left of the processors' time. */
	text_copy(row->command, sizeof(row->command),
		  process->image && *process->image ? process->image : process->pid == 0 ? "System Idle Process" : "");
	if (person)
		text_copy(row->user, sizeof(row->user), person->name ? person->name : person->text);
}

int carry_processes(struct job *job, struct logoff_error *reterr)
{
	struct people *people = talloc_zero(job, struct people);
	struct tsts_ica_get_processes found;
	struct person **who;
	struct event_process *rows;
	int r;

	if (!people)
		return -ENOMEM;
	r = ask_processes(job, &found, reterr);
	if (r < 0)
		return r;
	rows = talloc_zero_array(job, struct event_process, found.out.n_processes + 1);
	who = talloc_zero_array(job, struct person *, found.out.n_processes + 1);
	if (!rows || !who)
		return -ENOMEM;
	for (uint32_t i = 0; i < found.out.n_processes; i++)
		if (found.out.processes[i].sid)
			who[i] = person_of(people, found.out.processes[i].sid, found.out.processes[i].n_sid);
	name_people(job, people);
	for (uint32_t i = 0; i < found.out.n_processes; i++)
		if (found.out.processes[i].process)
			fill_row(&rows[job->n_rows++], found.out.processes[i].process, who[i]);
	job->rows = rows;
	job->row_size = sizeof(*rows);
	return 0;
}
