/* Remarks: what the protocol wants somebody to know, and what is no failure. */
#ifndef STAY__REMARK_H
#define STAY__REMARK_H

struct stay_session;

/* Only remark.c writes it. */
struct stay__remark {
	const char *text; /* static; NULL: none */
};

void stay__remark_make(struct stay_session *session, const char *text);
/* Tell the observer. Called when all that was read is handled, and when a slot has
 * returned that runs by itself. */
void stay__remark_tell(struct stay_session *session);

#endif
