/*
 * The line protocol, whose replies may name a tag: "+@7 x" is for the call that was
 * given tag 7, and "+@3-5 x" for three of them. A request is by tag if it has a
 * '@' in it, and three bytes behind that, where `prepare` writes its tag: "get
 * @000". If it is sent again the '@' becomes a '!'.
 */
#ifndef STAY_TESTS_LINE_TAGGED_H
#define STAY_TESTS_LINE_TAGGED_H

#include "line_protocol.h"

/* Answered by tag. */
#define TAGGED(words)            LINE_WITH(words, .flags = STAY_BY_TAG)
#define TAGGED_WITH(words, more) LINE_WITH(words, .flags = STAY_BY_TAG | (more))

/* What its slots do, in place of `tagging` of the config. */
struct line_tagging {
	unsigned max;          /* tags are at most so; 0: 999 */
	uint64_t fixed;        /* prepare gives this tag; 0: a free one */
	enum stay_status says; /* prepare says so, if it is not ok */
	bool skips;            /* an unknown tag means nothing */
	bool tells;            /* on_over and unprepare are noted, too */
	const char *gives_up;  /* on_given_up says this; NULL: nothing */
	bool lets_go;          /* on_given_up lets go */
	bool lets_go_late;     /* on_orphan does */
	void (*preparing)(struct stay_session *session);
	void (*over)(void);                            /* on_over does so */
	bool hears;                                    /* on_answer is noted */
	void (*hearing)(struct stay_session *session); /* and does so */
};

const struct stay_protocol *line_tagged_protocol(void);
/* Without `prepare`: only the end of a call is heard of. */
const struct stay_protocol *line_heard_protocol(void);
/* Only answers are. */
const struct stay_protocol *line_told_protocol(void);

#endif
