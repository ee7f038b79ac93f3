/*
 * stay/loop.h - what the connections of one thread share.
 *
 * A loop owns a clock, a timer, input buffers, the queue of dials and the
 * tokens of calls. It runs on a world (<stay/world.h>): usually on libev, or inside
 * of another event loop (<stay/host.h>).
 *
 *	struct stay_loop *loop = stay_loop_ev(EV_DEFAULT);
 *	...start connections...
 *	ev_run(EV_DEFAULT, 0);          returns when the last has closed
 *	stay_loop_free(loop);
 *
 * A loop and everything on it belong to one thread. A program may have several
 * loops, each in a thread of its own.
 *
 * One pass over what is due is a *turn* of the loop. Every callback runs inside
 * a turn, except `init`, which runs inside the function that starts. So none
 * runs inside another public function, unless that one drives the loop.
 *
 * A callback should not run the event loop around this one again (ev_run, or
 * g_main_loop_run). If it does, the program's own watchers are served there, and the
 * loop of this library stands still until the callback returns: nothing is sent or
 * read, no callback runs, no deadline passes. So nothing may be waited for there that
 * only this loop brings.
 */
#ifndef STAY_LOOP_H
#define STAY_LOOP_H

#include <stay/observer.h>
#include <stay/status.h>

STAY_BEGIN

struct ev_loop;
struct stay_loop;
struct stay_world;

/* ---- making and ending one ------------------------------------------- */

/*
 * Make a loop on libev. `ev` stays the caller's and must outlive the loop.
 * Returns the loop, for stay_loop_free; NULL if there is no memory or no descriptor.
 *
 * After fork() the loop belongs to the parent, which notices nothing of the
 * child. Every descriptor is close-on-exec, so a child that only calls exec has
 * nothing to do. A child that goes on with `ev` calls ev_loop_fork(ev), as
 * libev asks, and makes a new loop, on `ev` or on another ev_loop. In the
 * child, the copy of the parent's loop does this:
 *  - It starts nothing (STAY_E_FORKED), sends nothing, and says no goodbye.
 *    What it closes stays open in the parent.
 *  - In its next turn the connections fail with STAY_E_FORKED, and say that
 *    they belong to the parent process. They do not dial again. A client takes
 *    it for a fatal failure: see `on_fatal` in <stay/client.h>.
 *  - The calls that the child inherited fail once each, as not sent or maybe
 *    executed. Their `done` runs in the child, too.
 *  - Messages, timers and completions go on, as they need no stream.
 *  - To end it, call stay_loop_stop, run turns until stay_loop_live is 0, and
 *    call stay_loop_free; or leave it alone. While it has connections,
 *    ev_run(ev) does not return by itself.
 *
 * Names are looked up in threads, by getaddrinfo. Four lookups run at once; one
 * that hangs for longer than a second gives its place to the next name. Its
 * thread stays until the system returns, and there are never more than 16.
 */
STAY_API struct stay_loop *stay_loop_ev(struct ev_loop *ev);

/*
 * Make a loop that has libev for itself, and that nobody runs: for a program that only
 * waits, by stay_future_wait, stay_conn_await and stay_loop_close. See stay_loop_ev.
 * Returns the loop, for stay_loop_close or stay_loop_free; NULL if there is no memory or
 * no descriptor.
 */
STAY_API struct stay_loop *stay_loop_alone(void);

/*
 * The same on poll(2), without libev: a program that makes all its loops so can be linked
 * with the static library alone (`pkg-config --libs stay-poll`; an adapter's static
 * library in front of it, as `-l:libstay-redis.a`). Each wait looks at all
 * connections of the loop, so it is for some hundred of them. After fork(), as
 * stay_loop_ev; a child makes a new loop.
 */
STAY_API struct stay_loop *stay_loop_poll(void);

/*
 * Make a loop on any world. The loop owns `world` from here on: it frees the
 * world when the loop is freed, and also if this function fails.
 * Returns the loop; NULL if there is no memory, or the world's table has an
 * unknown version.
 */
STAY_API struct stay_loop *stay_loop_new(struct stay_world *world);

/*
 * Run a loop that nobody else runs, until its last connection has closed; with none, it
 * returns after what is due. For one of stay_loop_poll or stay_loop_alone.
 * Returns: STAY_OK; STAY_E_REENTRANT inside a callback, init included.
 */
STAY_API enum stay_status stay_loop_run(struct stay_loop *loop);

/*
 * Free a loop that has no connections and no held replies. NULL is fine.
 * Not from inside a callback.
 * Returns: STAY_OK; STAY_E_LIVE if it still has connections or held replies;
 * STAY_E_REENTRANT inside a callback, init included. Unless it returns STAY_OK,
 * nothing was freed.
 */
STAY_API enum stay_status stay_loop_free(struct stay_loop *loop);

/*
 * End everything on a loop that nobody runs, and free it: stop its connections as
 * stay_loop_stop does with STAY_OK, drive it until the last one has closed, `budget_ms`
 * at most (0: it looks once, and does not wait), and free it. NULL is fine. Not from
 * inside a callback.
 * Returns as stay_loop_free; STAY_E_LIVE also if the time was up. Then nothing was
 * freed, and it may be called again.
 */
STAY_API enum stay_status stay_loop_close(
    struct stay_loop *loop, uint64_t budget_ms);

/*
 * Keep `bytes` of memory in reserve for libev. Call it at most once in a
 * process, before the first loop on libev. 64 KiB are enough for a few hundred
 * connections.
 * Returns: STAY_OK; STAY_E_NOMEM; STAY_E_STATE the second time.
 *
 * Why: libev ends the process when it cannot get memory. This library never
 * makes libev ask for any, but libev may do so by itself while it waits: for
 * the program's own watchers, or when more descriptors become ready at once
 * than ever before. The reserve is for that moment. The function calls
 * ev_set_allocator, which changes libev for the whole process; that is why the
 * library does not call it by itself.
 */
STAY_API STAY_USE enum stay_status stay_loop_ev_reserve(size_t bytes);

/* ---- all of its connections ------------------------------------------ */

/* Call stay_conn_stop, with this reason, for every connection of the loop. */
STAY_API void stay_loop_stop(struct stay_loop *loop, enum stay_status reason);

/* The number of connections that have started and not yet closed. */
STAY_API size_t stay_loop_live(const struct stay_loop *loop);

/*
 * Let `observer` be told, from now on, what happens on this loop; NULL: nobody is.
 * The observer is not copied. It must live until another one is set or the loop is
 * freed. On the loop's thread.
 * Returns: STAY_OK. STAY_E_ABI: its table is of another version of the library, as one
 * that STAY_OBSERVER has not begun; then the one before stays. A table that ends before a
 * slot, from on_up on, is an older one, and is taken.
 */
STAY_API enum stay_status stay_loop_set_observer(
    struct stay_loop *loop, const struct stay_observer *observer);

/* Whether a callback is running, init included: then nobody can wait on this loop. */
STAY_API bool stay_loop_is_busy(const struct stay_loop *loop);

/* The time of the loop's clock, as of this turn, in milliseconds. */
STAY_API uint64_t stay_loop_now_ms(const struct stay_loop *loop);

/* ---- dials ----------------------------------------------------------- */

/*
 * Set how many dials of this loop may be under way at once. The default is 16.
 * Returns: STAY_OK; STAY_E_ARG for 0.
 *
 * The others wait, and targets take turns: a target is scheme, host and port (or
 * a path). Targets that failed last time, or were never reached, get half of the
 * places at most, and half of that half only with no dial of theirs under way.
 * So a black hole keeps nobody from being dialled. With one place the two kinds
 * alternate. The loop remembers at most 128 targets that were reached.
 */
STAY_API enum stay_status stay_loop_set_dials_max(
    struct stay_loop *loop, unsigned max);

/*
 * Set the least time between two dials of this loop to targets that failed last
 * time, or were never reached. The default is 1; 0 means no pause. It holds for
 * dials that are waiting already.
 * Returns: STAY_OK; STAY_E_ARG for more than 60000.
 *
 * Why: a server that does not answer is not asked by everybody in one moment.
 * Connections that were lost together are spread by the jitter of their backoff.
 * A dial after a quiet time begins at once. The budget of a dial begins when the
 * dial does, so waiting costs it nothing.
 */
STAY_API enum stay_status stay_loop_set_dials_stagger_ms(
    struct stay_loop *loop, uint64_t stagger_ms);

/* ---- what was wrong -------------------------------------------------- */

/*
 * Why the last start, change or call on this loop was rejected: which option or part of
 * the URL, with which value, and what it may be, as "depth_max is 9, and may be
 * 10 to 20"; what a call may not ask for, and what to do instead. "" if the status says
 * all. Changes with the next start or change, and when a call is rejected; lives as long
 * as the loop.
 *
 *	if (stay_redis_start(&redis, loop, url, NULL) != STAY_OK)
 *		errx(1, "%s: %s", url, stay_loop_rejection(loop));
 */
STAY_API const char *stay_loop_rejection(const struct stay_loop *loop);

/* For adapters, which check options of their own: say it, before STAY_E_ARG or
 * STAY_E_URL is returned. */
STAY_API void stay_loop_set_rejection(
    struct stay_loop *loop, const char *format, ...) STAY_PRINTF(2, 3);

/* ---- for worlds ------------------------------------------------------ */

/*
 * Run what is due. A world calls this on the loop's thread before every wait,
 * and never from inside one of its own operations. It may call it behind the
 * wait, too. A turn too many does no harm. Inside a callback this does nothing.
 *
 * A loop that was not run for a while (the program was busy, or stopped by
 * SIGSTOP) listens before it acts: it asks for one more wait, without sleeping,
 * and only then looks at the clock. What was answered in time is read before the
 * deadline of its call is seen to have passed. Of a suspended machine the clock
 * of the libev world, CLOCK_MONOTONIC, knows nothing: no time passes while it
 * sleeps. A peer that has given the connection up meanwhile is found by the next
 * probe.
 */
STAY_API void stay_loop_turn(struct stay_loop *loop);

/*
 * For worlds: whether a turn before a wait has nothing to do that the world's timer
 * does not wake it for. It may then be left out, if there is one behind the wait.
 */
STAY_API bool stay_loop_is_idle(const struct stay_loop *loop);

/*
 * Say that this process is a forked child, and that the streams of the loop
 * belong to its parent. Streams that are open or being opened then fail. A
 * world calls this by the same rules as stay_loop_turn. Its operation `forked`
 * keeps new streams from beginning. Its other operations must not touch the
 * parent's descriptors.
 */
STAY_API void stay_loop_orphan(struct stay_loop *loop);

STAY_END

#endif
