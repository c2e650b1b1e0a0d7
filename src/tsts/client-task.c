/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client-task.c - tasks: each a piece of straight-line code with a stack of its own, which stops where it has to wait.
 *
 * An order is a chain of calls with ways around what a server lacks. Written as callbacks, each step would be a function
 * and each way around a state. Threads would do, but Samba's libraries must not be entered by two. So: contexts of
 * the C library, switched only in task_pause() and tasks_run(), never inside of Samba's code.
 * Samba's synchronous calls (connecting, Kerberos) run the event loop from within. Whatever ends meanwhile only wakes its
 * task; tasks go on from the top of the loop alone, so that no task runs on top of another (client-loop.c).
 *
 * What is relied on of Samba (test: test-client-task.c, and with Samba's calls all of test/domain):
 * - its libraries keep nothing on the stack, nor in the thread, from one turn of the loop to the next;
 * - a synchronous call (connecting, binding) needs less stack than a task has.
 */
#include "tsts/client.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#ifdef WITH_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

/* Memory is only taken for what is touched. Kerberos and the resolver of the C library are the hungriest. */
#define STACK_SIZE ((size_t)512 << 10)

struct task {
	struct tasks *tasks;
	struct task *next_ready;
	bool is_ready, has_ended;
	void (*run)(void *data);
	void *data;
	ucontext_t context;
	char *stack;			/* the lowest page of it is a guard */
};

struct tasks {
	struct task *current;
	struct task *first_ready, **last_ready;
	ucontext_t top;
	const void *top_stack;		/* for the sanitizer */
	size_t top_size;
};

struct tasks *tasks_new(TALLOC_CTX *memory)
{
	struct tasks *tasks = talloc_zero(memory, struct tasks);

	if (tasks)
		tasks->last_ready = &tasks->first_ready;
	return tasks;
}

/* The sanitizer must know which stack is in use, or takes every switch for an overflow. */
static void before_switch(void **fake, const void *stack, size_t size)
{
#ifdef WITH_ASAN
	__sanitizer_start_switch_fiber(fake, stack, size);
#else
	(void)fake;
	(void)stack;
	(void)size;
#endif
}

static void after_switch(void *fake, const void **from, size_t *size)
{
#ifdef WITH_ASAN
	__sanitizer_finish_switch_fiber(fake, from, size);
#else
	(void)fake;
	(void)from;
	(void)size;
#endif
}

/* The first function of every stack. Its argument comes in halves: makecontext() passes only int. */
static void begin(unsigned high, unsigned low)
{
	struct task *task = (struct task *)((uintptr_t)high << 16 << 16 | low);
	struct tasks *tasks = task->tasks;

	after_switch(NULL, &tasks->top_stack, &tasks->top_size);
	task->run(task->data);
	task->has_ended = true;
	before_switch(NULL, tasks->top_stack, tasks->top_size);		/* its fake stack is no longer needed */
	(void)setcontext(&tasks->top);
	abort();
}

static int free_stack(struct task *task)
{
	(void)munmap(task->stack, STACK_SIZE);
	return 0;
}

int task_start(struct client *client, void (*run)(void *data), void *data)
{
	struct task *task = talloc_zero(client->tasks, struct task);
	uintptr_t address = (uintptr_t)task;
	void *stack;

	if (!task)
		return -ENOMEM;
	stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
	if (stack == MAP_FAILED || mprotect(stack, (size_t)sysconf(_SC_PAGESIZE), PROT_NONE) < 0 ||
	    getcontext(&task->context) < 0) {
		talloc_free(task);
		return -ENOMEM;
	}
	task->stack = stack;
	talloc_set_destructor(task, free_stack);
	task->tasks = client->tasks;
	task->run = run;
	task->data = data;
	task->context.uc_stack.ss_sp = stack;
	task->context.uc_stack.ss_size = STACK_SIZE;
	makecontext(&task->context, (void (*)(void))begin, 2, (unsigned)(address >> 16 >> 16), (unsigned)address);
	task_wake(task);
	return 0;
}

void task_wake(struct task *task)
{
	struct tasks *tasks = task->tasks;

	if (task->is_ready)
		return;
	task->is_ready = true;
	task->next_ready = NULL;
	*tasks->last_ready = task;
	tasks->last_ready = &task->next_ready;
}

static struct task *take_ready(struct tasks *tasks)
{
	struct task *task = tasks->first_ready;

	if (!task)
		return NULL;
	tasks->first_ready = task->next_ready;
	if (!tasks->first_ready)
		tasks->last_ready = &tasks->first_ready;
	task->is_ready = false;
	return task;
}

void tasks_run(struct tasks *tasks)
{
	struct task *task;
	void *fake = NULL;

	while ((task = take_ready(tasks)) != NULL) {
		tasks->current = task;
		before_switch(&fake, task->stack, STACK_SIZE);
		(void)swapcontext(&tasks->top, &task->context);
		after_switch(fake, NULL, NULL);
		tasks->current = NULL;
		if (task->has_ended)
			talloc_free(task);
	}
}

struct task *task_current(struct client *client)
{
	return client->tasks->current;
}

void task_pause(struct client *client)
{
	struct tasks *tasks = client->tasks;
	struct task *task = tasks->current;
	void *fake = NULL;

	before_switch(&fake, tasks->top_stack, tasks->top_size);
	(void)swapcontext(&task->context, &tasks->top);
	after_switch(fake, &tasks->top_stack, &tasks->top_size);
}

static void wake_later(struct tevent_context *events, struct tevent_immediate *immediate, void *data)
{
	(void)events;
	(void)immediate;
	task_wake(data);
}

void task_yield(struct client *client)
{
	struct tevent_immediate *immediate = tevent_create_immediate(client);

	if (!immediate)
		return;
	tevent_schedule_immediate(immediate, client->events, wake_later, task_current(client));
	task_pause(client);
	talloc_free(immediate);
}

/* ---- sharing ---- */

struct share {
	void (*run)(void *data);
	void *data;
	struct task *parent;
	size_t n_running;
};

static void run_share(void *data)
{
	struct share *share = data;

	share->run(share->data);
	if (--share->n_running == 0)
		task_wake(share->parent);
}

void task_share(struct client *client, size_t n_tasks, void (*run)(void *data), void *data)
{
	struct share share = { .run = run, .data = data, .parent = task_current(client) };

	for (size_t i = 1; i < n_tasks; i++)
		share.n_running += task_start(client, run_share, &share) == 0;
	run(data);
	while (share.n_running > 0)
		task_pause(client);
}
