/*
 * What few connections have: a pointer each, in a block that all others have in common.
 * It can be read like any other; who has something to put there asks for a block of
 * his own first. The connection of a program has one from the start.
 */
#ifndef STAY__CONN_RARE_H
#define STAY__CONN_RARE_H

#include <stdbool.h>

struct stay_conn;

/* Each is written by its own file only. */
struct stay__conn_rare {
	struct stay__alarms *alarms;     /* timing.c; NULL: a client's */
	struct stay__callers *callers;   /* nobody has called: none, not NULL */
	struct stay__alarm_clock *clock; /* report.c; NULL: no time was named */
};

/* What a connection begins with, unless conn->rare is set: that is its owner's then. */
void stay__conn_rare_init(struct stay_conn *conn);
/* See to it that something may be put into conn->rare. False: no memory. */
bool stay__conn_rare_begin(struct stay_conn *conn);
/* Nothing is in it any more. */
void stay__conn_rare_fini(struct stay_conn *conn);

#endif
