/*
 * Groups of the line protocol, on the rig of line_rig.h: what they come to is in its
 * notes, as "g E_SERVER/replied: OK/replied +1 E_SERVER/replied -2;".
 */
#ifndef STAY_TESTS_GROUP_RIG_H
#define STAY_TESTS_GROUP_RIG_H

#include <stay/group.h>

#include "line_rig.h"

extern struct line_rig groups;
extern char group_name[];            /* "g" */
extern unsigned group_told;          /* how many groups have completed */
extern enum stay_status group_held;  /* what keeping a reply said in `done` */
extern struct stay_call_id group_id; /* of the last one */

/*
 * A group of one request a letter of `kinds`, with the texts of `text`, which are
 * separated by commas: a plain one (w), idempotent (i), reading (r), blocking for a
 * second (b), of this session alone (s), without a reply (t), and of two (2); by tag
 * (T), and reading (R), without a reply (Q), and of two (P). Its tag is the first
 * letter of its text.
 */
struct stay_group *group_make(const char *kinds, const char *text);
/* Make and send it; accepted for sure. */
enum stay_status group_try(const char *kinds, const char *text, uint32_t flags);
void group_send(const char *kinds, const char *text);
stay_group_done_fn group_done;
stay_done_fn group_part;

/* As line_begin and line_end; one group has completed. What has ended already stays so:
 * it is the suites' `.after`. */
void group_begin(void);
void group_end(void);
/* The server says so, and a millisecond passes. */
void group_say(const char *text);
/* The last one is given up: cancelled, or late. */
void group_cancel(void);
void group_time_out(void);

#endif
