/* What the text log and the JSON log have in common. */
#ifndef STAY__LOG_H
#define STAY__LOG_H

#include <stay/observer.h>

#include "base/list.h"

/* Bytes of "2026-11-29T03:07:11.042Z". */
#define STAY__LOG_WHEN 40

struct stay_log {
	struct stay_observer observer;
	FILE *stream;
	unsigned machines;
	/* The time of day. */
	void (*when)(char text[STAY__LOG_WHEN]);
	struct stay__list said; /* text_log.c: of connections not yet closed */
};

/* Whether the steps of this machine are wanted. */
bool stay__log_wants(const struct stay_log *log, const char *machine);

/* Write a line for each event, with all that is known of it. */
void stay__json_log_init(struct stay_log *log);

#endif
