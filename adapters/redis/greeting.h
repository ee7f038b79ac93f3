/*
 * The greeting, without a stream: given the replies, it writes what to send
 * next and says when the session is up.
 *
 *	HELLO    HELLO 3 [AUTH ..] [SETNAME ..]  SETINFO  [SELECT]  PING
 *	           |                      |
 *	           | NOAUTH               | not understood
 *	           v                      v
 *	LOGIN    AUTH  HELLO 3 ..       PLAIN   [AUTH]  [SETNAME]  SETINFO  ..
 *
 * Each line leaves in one write. All replies to a line that was given up are read
 * before the next line is written. Some servers drop the error of an AUTH that
 * arrives while another reply is due; then every later reply would be matched to
 * the wrong request. PING is last, because a server that is loading or busy answers
 * everything else.
 */
#ifndef STAY_REDIS__GREETING_H
#define STAY_REDIS__GREETING_H

#include "agreement.h"
#include "config.h"

enum stay_redis__line {
	STAY_REDIS__LINE_NONE,
	STAY_REDIS__LINE_HELLO = 1, /* RESP3, and the login inside of HELLO */
	STAY_REDIS__LINE_LOGIN = 2, /* RESP3, behind a login */
	STAY_REDIS__LINE_PLAIN = 4  /* RESP2, without HELLO */
};

/* What earlier attempts have taught. All zero: nothing, as after each change of URL or
 * options. */
struct stay_redis__lessons {
	uint8_t hangups;   /* in a row, at HELLO, without a byte */
	uint8_t first;     /* enum stay_redis_role: the first one told */
	bool told_replica; /* the observer knows: writes are refused */
	bool is_doubted;   /* a server without a role has refused a write */
	uint64_t plain_until_ms; /* RESP2 came up where HELLO did not; 0: no */
	uint64_t
	    login_until_ms; /* HELLO is answered behind AUTH alone; 0: no */
	uint64_t denied_ms; /* the first denial in a row; 0: none */
};

/* Zeroed: at the beginning. */
struct stay_redis__greeting {
	enum stay_redis__line line;
	enum stay_redis__line next; /* when all of `line` is answered */
	unsigned step;              /* whose reply comes next */
	unsigned unread;            /* replies of a line that was given up */
	bool heard;                 /* there was an answer */
	bool logged_in;
	struct stay_redis_login login; /* asked for once */
	struct stay_redis__agreement agreed;
};

/* What the greeting gets with each reply, and how many replies it then expects. */
struct stay_redis__exchange {
	const struct stay_redis__config *config;
	struct stay_redis__lessons *lessons;
	const struct stay_url *url; /* of the place; NULL: as config */
	uint64_t now_ms;
	const struct stay_redis_reply *reply; /* NULL: at the beginning */
	struct stay_buf *out;
	unsigned due; /* replies expected to the bytes appended to `out` */
};

/* The `text` of the result is static, or lies in the reply. */
struct stay_hello stay_redis__greeting_answer(
    struct stay_redis__greeting *greeting,
    struct stay_redis__exchange *exchange);

/* The session has ended: note what the next attempt should know. */
void stay_redis__greeting_over(const struct stay_redis__greeting *greeting,
    struct stay_redis__lessons *lessons, enum stay_status why);

#endif
