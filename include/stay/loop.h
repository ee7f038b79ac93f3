/*
 * stay/loop.h - one thread's context over a world.
 *
 * A loop owns what its connections share: one timer, input buffers, free lists,
 * the dial governor, the tokens of calls. Everything that belongs to a loop is
 * used from one thread.
 *
 *	struct stay_loop *loop = stay_loop_ev(EV_DEFAULT);
 *	...start connections...
 *	ev_run(EV_DEFAULT, 0);          returns when the last of them has closed
 *	stay_loop_free(loop);
 */
#ifndef STAY_LOOP_H
#define STAY_LOOP_H

#include <stay/observer.h>
#include <stay/status.h>

STAY_BEGIN

struct ev_loop;
struct stay_loop;
struct stay_world;

/*
 * A loop on libev; `ev` stays the caller's and must outlive it. NULL: no
 * memory.
 *
 * After fork() it is the parent's, which feels nothing of the child. A child
 * that only calls exec has nothing to do: all descriptors are close-on-exec.
 * One that goes on with `ev` calls ev_loop_fork(ev), as libev asks, and makes a
 * loop of its own, on `ev` or another; what it starts there is as good as any.
 * Its copy of the parent's loop reaches nobody any more:
 *  - Nothing can be started on it (STAY_E_FORKED, at once), written, or ended:
 *    there is no farewell, and what it closes stays open in the parent.
 *  - In the next turn its connections fail with STAY_E_FORKED and the sentence
 *    "... belongs to the parent process". A client does not dial again; it does
 *    as after any fatal failure (`on_fatal`): it refuses calls, or stops.
 *  - Its copies of the parent's calls fail once each, as not sent or maybe
 *    executed: their `done` runs in the child, too.
 *  - What needs no stream goes on: messages, timers, completions.
 *  - stay_loop_stop, turns until stay_loop_live is 0, and stay_loop_free end it
 *    as ever, or it is left alone; as long as it has connections, ev_run(ev)
 *    does not return by itself.
 */
STAY_API struct stay_loop *stay_loop_ev(struct ev_loop *ev);

/*
 * For programs that must not end when memory does. libev ends the process when
 * it cannot have any. The calls of this library never let it come to that; but
 * libev may also need some while it waits, for the program's own watchers, or
 * when more descriptors become ready at once than ever before. With this it has
 * `bytes` of its own for such a time. 64 KiB are ample for a few hundred
 * connections.
 *
 * It calls ev_set_allocator, which is the whole process's: it is therefore the
 * program's to ask for, before its first loop of libev.
 * Returns: STAY_OK, STAY_E_NOMEM, STAY_E_STATE the second time.
 */
STAY_API STAY_USE enum stay_status stay_loop_ev_reserve(size_t bytes);

/*
 * A loop on any world, which is then the loop's: it is freed with it, and also
 * if this fails. NULL: no memory, or a world of an unknown version.
 */
STAY_API struct stay_loop *stay_loop_new(struct stay_world *world);

/*
 * Free a loop without connections and held replies; NULL is fine.
 * Returns: STAY_OK; STAY_E_LIVE with one of either, STAY_E_REENTRANT from
 * inside a callback, init included: nothing was freed.
 */
STAY_API enum stay_status stay_loop_free(struct stay_loop *loop);

/* stay_conn_stop() for every connection. Legal in any callback. */
STAY_API void stay_loop_stop(struct stay_loop *loop, enum stay_status reason);

/* How many connections have started and not yet closed. */
STAY_API size_t stay_loop_live(const struct stay_loop *loop);

/*
 * Who is told what happens on this loop from now on; NULL: nobody. The observer
 * is not copied and must live as long as it is set.
 */
STAY_API void stay_loop_set_observer(
    struct stay_loop *loop, const struct stay_observer *observer);

/* Milliseconds of the loop's clock, as of this turn. */
STAY_API uint64_t stay_loop_now_ms(const struct stay_loop *loop);

/*
 * How many dials of this loop may be under way at once; the others wait in
 * order. Default 16; 0 is refused with STAY_E_ARG.
 */
STAY_API enum stay_status stay_loop_set_dials_max(
    struct stay_loop *loop, unsigned max);

/*
 * How many milliseconds lie between two dials of this loop, at least, so that a
 * crowd of connections that were lost together does not come back as one. A
 * dial after a quiet time begins at once; the budget of a dial that waits
 * begins when it is let go. Default 1; 0: none; more than a minute is refused
 * with STAY_E_ARG. On the loop's thread, legal in any callback; it holds for
 * the dials that wait already, too.
 */
STAY_API enum stay_status stay_loop_set_dials_stagger_ms(
    struct stay_loop *loop, uint64_t ms);

/*
 * For worlds: this process is a child of the one that opened the streams of the
 * loop's connections. Those that are open or under way fail, as their parent's;
 * `forked` of the world keeps others from beginning, and its operations are to
 * refuse the rest. To be called as stay_loop_turn is.
 */
STAY_API void stay_loop_orphan(struct stay_loop *loop);

/*
 * For worlds: run what is due. To be called on the loop's thread before every
 * wait, never from inside an operation of the world. Harmless at any time.
 */
STAY_API void stay_loop_turn(struct stay_loop *loop);

STAY_END

#endif
