/*
 * stay/observe.h - measuring what happens on a loop.
 *
 * Metrics are numbers in fixed memory: counters, gauges, and histograms of durations.
 * All of them, with names, units and labels, are in <stay/observe.def>, which
 * docs/observe.md shows. They have no label of a server or a connection, so that they
 * stay as few with ten thousand connections as with one.
 *
 *	struct stay_metrics *metrics = stay_metrics_new();
 *
 *	stay_loop_set_metrics(loop, metrics);
 *	...
 *	stay_metrics_prometheus(metrics, &text);
 *
 * Nothing is counted for a loop without metrics; with them each call costs some 40
 * instructions more, for its latency.
 *
 * The flight recorder of a loop is always on: from it comes the story of a connection, or
 * of a call, when something has gone wrong.
 *
 * What happens, one by one, is told to an observer: <stay/observer.h>, which this header
 * includes.
 */
#ifndef STAY_OBSERVE_H
#define STAY_OBSERVE_H

#include <stay/buf.h>
#include <stay/client.h>
#include <stay/loop.h>
#include <stay/observer.h>

STAY_BEGIN

/* ---- metrics --------------------------------------------------------- */

struct stay_metrics;

/* Make metrics, all of them zero: some 200 KiB. They are for stay_metrics_free. NULL: no
 * memory. May be called in any thread. */
STAY_API struct stay_metrics *stay_metrics_new(void);

/* Free metrics that no loop has any more; NULL is fine. */
STAY_API void stay_metrics_free(struct stay_metrics *metrics);

/*
 * Count what happens on this loop from now on; what the clients that are there have done
 * before is counted, too, but for how long it took. The metrics are for one loop, which
 * they must outlive; NULL takes them away, and they keep the numbers that they have. They
 * are free when the loop is freed. On the loop's thread; in every callback, too.
 */
STAY_API void stay_loop_set_metrics(
    struct stay_loop *loop, struct stay_metrics *metrics);

/*
 * Add the numbers of `from` to those of `to`, which no loop has: for several loops, one
 * after the other, into metrics that are new.
 *
 *	static void
 *	add(void *sum, struct stay_loop *loop)
 *	{
 *		stay_metrics_add(sum, stay_loop_metrics(loop));
 *	}
 *
 *	for (size_t i = 0; i < stay_runner_loops(runner); i++)
 *		status = stay_runner_do(runner, i, add, sum);
 *
 * On the thread of the loop that has `from`.
 */
STAY_API void stay_metrics_add(
    struct stay_metrics *to, struct stay_metrics *from);

/* The metrics that were set for this loop; NULL: none. */
STAY_API struct stay_metrics *stay_loop_metrics(const struct stay_loop *loop);

/*
 * Append all metrics to `to`, as text for Prometheus: the text format, version 0.0.4, in
 * the order of the table. Histograms without a value are left out. On the thread of the
 * loop that has them; in every callback, too.
 * Returns: STAY_OK; STAY_E_NOMEM, STAY_E_TOO_BIG (the bound of `to`): nothing is
 * appended then.
 */
STAY_API STAY_USE enum stay_status stay_metrics_prometheus(
    struct stay_metrics *metrics, struct stay_buf *to);

/* ---- the flight recorder --------------------------------------------- */

/*
 * Every loop keeps the last 2048 things that happened on it, in 64 KiB: the steps of
 * machines, failures, writes and reads, what became of calls. There is no secret in it:
 * neither bytes nor words of requests and replies, nor the words of servers.
 *
 * Append the story of a connection, one line for each thing, the oldest first; it may
 * have ended meanwhile. `number` is that of stay_conn_number, 0: of all connections.
 *
 *	2.104 s ago  conn 3  wrote 33 bytes, calls in flight: 1
 *	2.103 s ago  conn 3  failed in session: connection reset by the peer
 *	2.103 s ago  conn 3  conn: connected --disconnect--> disconnecting
 *
 * The words are for people. On the loop's thread; in every callback, too.
 * Returns: STAY_OK; STAY_E_STALE: nothing of it is kept; STAY_E_NOMEM, STAY_E_TOO_BIG (the
 * bound of `to`). Unless it returns STAY_OK, nothing is appended.
 */
STAY_API STAY_USE enum stay_status stay_loop_story(
    struct stay_loop *loop, uint64_t number, struct stay_buf *to);

/*
 * The same of a call that was given an id (`id` of struct stay_call_options), under way or
 * over: when it was accepted, sent and completed, and what its connection did meanwhile.
 * Calls without an id have no story of their own; they are among what was written and
 * read.
 */
STAY_API STAY_USE enum stay_status stay_loop_call_story(
    struct stay_loop *loop, struct stay_call_id id, struct stay_buf *to);

STAY_END

#endif
