/* See link_rig.h. */
#include "support/link_rig.h"
#include "stream/dialing.h"
#include "support/expect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <check.h>

static const char *const news_names[] = {
	[STAY__NEWS_GRANTED] = "granted",
	[STAY__NEWS_UP] = "up",
	[STAY__NEWS_READABLE] = "readable",
	[STAY__NEWS_WRITABLE] = "writable",
	[STAY__NEWS_DOWN] = "down",
};

static void
append(char *text, size_t size, const char *parting, const char *word)
{
	size_t len = strlen(text);

	snprintf(text + len, size - len, "%s%s", len > 0 ? parting : "", word);
}

static void
note_transition(struct rig *rig, const struct stay__transition *transition)
{
	const struct stay_machine_state *states = stay_machine_link()->states;

	if (rig->turns[0] == '\0')
		append(rig->turns, sizeof(rig->turns), "",
		    states[transition->from].label);
	append(
	    rig->turns, sizeof(rig->turns), ">", states[transition->to].label);
}

static void
read_some(struct rig *rig)
{
	ssize_t len = stay__link_read(&rig->link, rig->got + rig->got_len,
	    sizeof(rig->got) - rig->got_len);

	if (len > 0)
		rig->got_len += (size_t)len;
	else if (len == 0)
		stay__link_fail(&rig->link, STAY_E_CLOSED, 0);
	else if (len != -EAGAIN)
		stay__link_fail(
		    &rig->link, stay__status_of((int)len), (int)len);
}

static void
on_news(struct stay__link *link, enum stay__link_news news,
    const struct stay__transition *transition)
{
	struct rig *rig = STAY__CONTAINER(link, struct rig, link);

	if (news == STAY__NEWS_TRANSITION) {
		note_transition(rig, transition);
		return;
	}
	if (news == STAY__NEWS_DUE) {
		stay__loop_run_soon(rig->loop, &rig->run);
		return;
	}
	append(rig->news, sizeof(rig->news), " ", news_names[news]);
	if (news == STAY__NEWS_READABLE)
		read_some(rig);
	if (rig->hook != NULL)
		rig->hook(rig, news);
}

const struct stay_socket_options rig_usual;

static void
run(struct stay__task *task)
{
	stay__link_run(&STAY__CONTAINER(task, struct rig, run)->link);
}

static void
begin(struct rig *rig)
{
	stay__link_init(&rig->link, rig->loop, on_news);
	stay__task_init(&rig->run, run);
}

void
rig_init(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	rig->world = sim_world_new(1);
	rig->loop = stay_loop_new(rig->world);
	ck_assert_ptr_nonnull(rig->loop);
	begin(rig);
}

void
rig_join(struct rig *rig, const struct rig *first)
{
	memset(rig, 0, sizeof(*rig));
	rig->world = first->world;
	rig->loop = first->loop;
	begin(rig);
}

void
rig_fini(struct rig *rig)
{
	stay__link_close(&rig->link);
	stay__link_fini(&rig->link);
	stay__task_cancel(&rig->run);
	ck_assert_uint_eq(rig->loop->dialing->governor.active, 0);
	ck_assert_uint_eq(sim_open_fds(rig->world), 0);
	EXPECT_OK(stay_loop_free(rig->loop));
	rig->loop = NULL;
}

enum stay_status
rig_dial(struct rig *rig, const char *targets)
{
	struct stay_target list[8] = { { 0 } };
	char words[8][3][512];
	size_t count = 0;

	for (; count < 8; count++) {
		char(*word)[512] = words[count];
		int got = sscanf(targets, " %511[^ ,] %511[^ ,] %511[^ ,]",
		    word[0], word[1], word[2]);

		if (got < 2)
			break;
		list[count].scheme = word[0];
		list[count].host = got == 3 ? word[1] : "";
		list[count].port = got == 3 ? word[2] : "";
		list[count].path = got == 3 ? "" : word[1];
		targets += strcspn(targets, ",");
		targets += *targets == ',';
	}
	return stay__link_dial(&rig->link, &rig_usual, list, count);
}

static const struct stay_world_ops *willing;

static int
watch_for_no_less(
    struct stay_world *world, struct stay_watch *watch, unsigned interest)
{
	bool less = interest != 0 && (interest & ~watch->interest) == 0 &&
		    interest != watch->interest;

	return less ? -ENOMEM : willing->watch(world, watch, interest);
}

void
rig_watch_for_no_less(struct rig *rig)
{
	static struct stay_world_ops ops;

	willing = rig->loop->ops;
	ops = *willing;
	ops.watch = watch_for_no_less;
	rig->loop->ops = &ops;
}

const char *
rig_failure(const struct rig *rig)
{
	return stay__failure_text(&rig->link.failure);
}

bool
rig_is_up(void *rig)
{
	struct rig *is = rig;

	return strstr(is->news, "up") != NULL;
}

bool
rig_is_down(void *rig)
{
	struct rig *is = rig;

	return strstr(is->news, "down") != NULL;
}

static bool
is_settled(void *rig)
{
	return rig_is_up(rig) || rig_is_down(rig);
}

bool
rig_settle(struct rig *rig, uint64_t budget_ms)
{
	sim_run_until(rig->world, is_settled, rig, budget_ms);
	return rig_is_up(rig) && !rig_is_down(rig);
}

static bool
may_write(void *arg)
{
	struct rig *rig = arg;

	return !rig->link.wants_write;
}

void
rig_send(struct rig *rig, const char *bytes, size_t len)
{
	size_t taken;

	while (len > 0 && stay__link_is_open(&rig->link)) {
		struct iovec part = { NULL, len };

		memcpy(&part.iov_base, &bytes, sizeof(bytes));
		if (stay__link_write(&rig->link, &part, 1, &taken) != STAY_OK)
			return;
		bytes += taken;
		len -= taken;
		if (len == 0)
			return;
		stay__link_want_write(&rig->link);
		ck_assert(sim_run_until(rig->world, may_write, rig, 60000));
	}
}
