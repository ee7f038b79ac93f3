/*
 * The inbox: what it does for one thread, and every order in which two writers and a
 * reader can take turns. For that, each of the three is a routine with a stack of its
 * own, which stops in front of each access to what the others see. Who goes on is a
 * choice; all rows of choices are walked, one run each, up to where they meet one that
 * was walked before.
 */
#include <string.h>
#include <ucontext.h>

static void step(const volatile void *word);

#define STAY__INBOX_STEP(word) step(word)
#include "base/inbox.h"

#include "base/mem.h"
#include "suites.h"

struct parcel {
	struct stay__inbox_item item;
	int number;
};

static struct stay__inbox inbox;

static int
number_of(struct stay__inbox_item *item)
{
	return STAY__CONTAINER(item, struct parcel, item)->number;
}

/* ---- one thread ---- */

TEST(inbox_gives_all_in_order)
{
	struct parcel parcels[3] = { { .number = 0 }, { .number = 1 },
		{ .number = 2 } };
	struct stay__inbox_item *item;

	stay__inbox_init(&inbox, 3);
	ck_assert_ptr_null(stay__inbox_take(&inbox));
	ck_assert_int_eq(
	    stay__inbox_put(&inbox, &parcels[0].item), STAY__INBOX_PUT_FIRST);
	ck_assert_int_eq(
	    stay__inbox_put(&inbox, &parcels[1].item), STAY__INBOX_PUT);
	ck_assert_int_eq(
	    stay__inbox_put(&inbox, &parcels[2].item), STAY__INBOX_PUT);
	item = stay__inbox_take(&inbox);
	for (int i = 0; i < 3; i++, item = item->next)
		ck_assert_int_eq(number_of(item), i);
	ck_assert_ptr_null(item);
	ck_assert_ptr_null(stay__inbox_take(&inbox));
	ck_assert_int_eq(
	    stay__inbox_put(&inbox, &parcels[0].item), STAY__INBOX_PUT_FIRST);
}

TEST(inbox_has_a_bound)
{
	struct parcel parcels[3] = { { .number = 0 }, { .number = 1 },
		{ .number = 2 } };

	stay__inbox_init(&inbox, 1);
	ck_assert_int_eq(
	    stay__inbox_put(&inbox, &parcels[0].item), STAY__INBOX_PUT_FIRST);
	ck_assert_int_eq(
	    stay__inbox_put(&inbox, &parcels[1].item), STAY__INBOX_FULL);
	ck_assert_int_eq(
	    stay__inbox_put_anyway(&inbox, &parcels[1].item), STAY__INBOX_PUT);
	(void)stay__inbox_take(&inbox);
	ck_assert_uint_eq(inbox.count, 0);
	ck_assert_int_eq(
	    stay__inbox_put(&inbox, &parcels[2].item), STAY__INBOX_PUT_FIRST);
}

/* However often it is tried: who finds it closed waits for no room. */
TEST(inbox_is_closed_for_ever)
{
	struct parcel parcels[2] = { { .number = 7 }, { .number = 8 } };
	struct stay__inbox_item *last;

	stay__inbox_init(&inbox, 1);
	(void)stay__inbox_put(&inbox, &parcels[0].item);
	last = stay__inbox_close(&inbox);
	ck_assert_int_eq(number_of(last), 7);
	ck_assert_ptr_null(last->next);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(stay__inbox_put(&inbox, &parcels[1].item),
		    STAY__INBOX_CLOSED);
	ck_assert_int_eq(stay__inbox_put_anyway(&inbox, &parcels[1].item),
	    STAY__INBOX_CLOSED);
}

/* ---- all orders ---- */

#define WRITERS  2
#define EACH     2
#define PARCELS  (WRITERS * EACH)
#define READER   WRITERS
#define ROUTINES (WRITERS + 1)
#define STACK    (64 * 1024)
#define DEPTH    64
#define SEEN     (1u << 17)

/* What happens in all runs: the reader closes the inbox with a batch, or never; and
 * whether the count is a word that matters. An access to one that does not is no choice. */
static const struct plan {
	size_t max;
	unsigned closes_at; /* the number of that batch; 0: never */
	bool counts;
	unsigned each; /* how many parcels a writer has */
} plans[] = {
	{ PARCELS, 0, false, EACH },
	{ PARCELS, 1, false, EACH },
	{ PARCELS, 2, false, EACH },
	{ 1, 0, true, 2 },
	{ 1, 1, true, 2 },
};

static struct routine {
	ucontext_t at;
	bool ended;
	bool waits;    /* for a wake-up */
	uint64_t past; /* what it has seen, as one number */
	char stack[STACK];
} routines[ROUTINES];

static const struct plan *plan; /* NULL: nobody chooses */
static ucontext_t home;
static int now; /* the routine that runs */

static struct run {
	struct parcel parcels[PARCELS];
	enum stay__inbox_put told[PARCELS];
	int taken[PARCELS]; /* how often */
	int last[WRITERS];  /* that was taken of each writer's */
	unsigned wakes;     /* not heard yet */
	unsigned batches;
	bool closed;
	bool muddled; /* not in the order of their writer */
} run;

/* The choices of this run, and how many there were at each. The next run makes the
 * same ones up to `len`. */
static struct path {
	int made[DEPTH];
	int of[DEPTH];
	int len;
} path;

static void
rest(void)
{
	swapcontext(&routines[now].at, &home);
}

static void
step(const volatile void *word)
{
	if (plan != NULL && (plan->counts || word != &inbox.count))
		rest();
}

static void
write_each(int writer)
{
	for (unsigned i = 0; i < plan->each; i++) {
		int number = writer * EACH + (int)i;

		run.told[number] =
		    stay__inbox_put(&inbox, &run.parcels[number].item);
		if (run.told[number] != STAY__INBOX_PUT_FIRST)
			continue;
		rest();
		run.wakes++;
	}
}

static void
note(struct stay__inbox_item *item)
{
	for (; item != NULL; item = item->next) {
		int number = number_of(item);

		run.muddled |= number <= run.last[number / EACH];
		run.last[number / EACH] = number;
		run.taken[number]++;
	}
}

/* It looks once for each wake-up, and at no other time. */
static void
read_all(void)
{
	while (!run.closed) {
		routines[READER].waits = true;
		rest();
		routines[READER].waits = false;
		run.wakes = 0;
		run.closed = ++run.batches == plan->closes_at;
		note(run.closed ? stay__inbox_close(&inbox)
				: stay__inbox_take(&inbox));
	}
}

static void
routine(int which)
{
	if (which == READER)
		read_all();
	else
		write_each(which);
	routines[which].ended = true;
}

static void
resume(int which)
{
	now = which;
	swapcontext(&home, &routines[which].at);
}

/* All of them stand in front of their first access. */
static void
begin(void)
{
	memset(&run, 0, sizeof(run));
	stay__inbox_init(&inbox, plan->max);
	for (int i = 0; i < PARCELS; i++)
		run.parcels[i].number = i;
	for (int i = 0; i < WRITERS; i++)
		run.last[i] = -1;
	for (int i = 0; i < ROUTINES; i++) {
		ucontext_t *at = &routines[i].at;

		routines[i].ended = false;
		routines[i].past = 0;
		getcontext(at);
		at->uc_stack.ss_sp = routines[i].stack;
		at->uc_stack.ss_size = STACK;
		at->uc_link = &home;
		makecontext(at, (void (*)(void))(uintptr_t)routine, 1, i);
		resume(i);
	}
}

static int
who_can_go_on(int *who)
{
	int count = 0;

	for (int i = 0; i < ROUTINES; i++)
		if (!routines[i].ended && (!routines[i].waits || run.wakes > 0))
			who[count++] = i;
	return count;
}

/* ---- what was there before ---- */

/* A routine is where all that it has seen has led it to. So if all of them have seen
 * the same as in another run, and so does what comes, all that follows is known. */
static uint64_t seen[SEEN];

static uint64_t
mix(uint64_t all, uint64_t one)
{
	all = (all ^ one) * 0x9e3779b97f4a7c15u;
	return all ^ all >> 29;
}

/* The newest item, or the whole chain; and the count, if that is looked at. */
static uint64_t
view(bool whole)
{
	struct stay__inbox_item *item = atomic_load(&inbox.newest);
	uint64_t all = plan->counts ? inbox.count + 1 : 0;

	if (item == NULL || item == &inbox.closed)
		return mix(all, item != NULL);
	for (; item != NULL; item = whole ? item->next : NULL)
		all = mix(all, (uint64_t)number_of(item) + 2);
	return all;
}

static bool
is_known(void)
{
	uint64_t all = mix(view(true), run.wakes + 1);
	size_t at;

	for (int i = 0; i < ROUTINES; i++)
		all = mix(all, routines[i].past);
	for (at = all % SEEN; seen[at] != 0 && seen[at] != all;)
		at = (at + 1) % SEEN;
	if (seen[at] == all)
		return true;
	seen[at] = all;
	return false;
}

/* False: it came to what is known. */
static bool
go(void)
{
	int who[ROUTINES], count, depth = 0;

	while ((count = who_can_go_on(who)) > 0) {
		struct routine *chosen;

		if (depth >= path.len)
			path.made[depth] = 0;
		path.of[depth] = count;
		chosen = &routines[who[path.made[depth]]];
		chosen->past =
		    mix(chosen->past, view(chosen == &routines[READER]));
		resume((int)(chosen - routines));
		if (++depth < path.len || !is_known())
			continue;
		path.len = depth;
		return false;
	}
	path.len = depth;
	return true;
}

/* False: there is no other. */
static bool
choose_next(void)
{
	while (path.len > 0 &&
	       path.made[path.len - 1] + 1 == path.of[path.len - 1])
		path.len--;
	if (path.len > 0)
		path.made[path.len - 1]++;
	return path.len > 0;
}

/* It came once if it was put in, and else never. */
static bool
is_accounted_for(int number)
{
	enum stay__inbox_put told = run.told[number];

	return run.taken[number] == (told <= STAY__INBOX_PUT_FIRST) &&
	       (told != STAY__INBOX_CLOSED || run.closed);
}

/* Without an assertion that holds, of which each is written down. */
static bool
is_sound(void)
{
	bool sound = !run.muddled && (run.closed || inbox.count == 0);

	for (int i = 0; i < WRITERS; i++) {
		sound &= routines[i].ended;
		for (unsigned k = 0; k < plan->each; k++)
			sound &= is_accounted_for(i * EACH + (int)k);
	}
	return sound;
}

#define PLANS (LEN(plans))

TEST_ROWS(inbox_loses_nothing_in_any_order, PLANS)
{
	unsigned ends = 0;

	plan = &plans[_i];
	path.len = 0;
	memset(seen, 0, sizeof(seen));
	do {
		begin();
		if (!go())
			continue;
		if (!is_sound())
			ck_abort_msg("after %u other ends", ends);
		ends++;
	} while (choose_next());
	ck_assert_uint_gt(ends, 100); /* they are many, not one */
	plan = NULL;
}

TEST_SUITE(inbox)
