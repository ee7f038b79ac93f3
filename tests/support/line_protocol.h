/*
 * A small protocol of lines, for testing the engine: one line a request, and
 * lines back whose first character is the kind of the frame.
 *
 *	+ reply   - error   ! refused   * part   > push   = answering push
 *	/ unacted # skip    ~ aside   0 a frame of no length, 9 one of too great a length
 *
 * Anything else is bad. A line that ends with '$' is the last of its session.
 *
 * What its slots are told goes to the notes of its config.
 */
#ifndef STAY_TESTS_LINE_PROTOCOL_H
#define STAY_TESTS_LINE_PROTOCOL_H

#include <stay/client.h>

#define LINE_NOTES_MAX 8192

/* "up;push a;down E_RESET;": what happened, in order. */
struct line_notes {
	char text[LINE_NOTES_MAX];
	size_t len;
};

void line_note(struct line_notes *notes, const char *format, ...)
    STAY_PRINTF(2, 3);

/* With a body, the line goes on with that. */
struct line_request {
	const char *text;
	uint32_t replies;
	uint32_t flags;
	uint64_t blocks_ms;
	uint64_t tag;
	enum stay_status refuse; /* encode says so, after having appended */
};

/* A request of one reply. */
#define LINE(words)                                                            \
	(&(const struct line_request){ .text = (words), .replies = 1 })

#define LINE_WITH(words, ...)                                                  \
	(&(const struct line_request){                                         \
	    .text = (words), .replies = 1, __VA_ARGS__ })
/* The server takes it for as long as it likes. */
#define LINE_BLOCKS(words)                                                     \
	LINE_WITH(words, .flags = STAY_BLOCKS, .blocks_ms = STAY_FOREVER)
/* No answer is due. */
#define LINE_NOTE(words) (&(const struct line_request){ .text = (words) })

struct line_tagging;

struct line_config {
	struct line_tagging *tagging; /* of line_tagged.h only */
	const char *agreed; /* what a session that is up says; NULL: nothing */
	struct line_notes *notes;
	const char
	    *hello; /* sent by hello, answered by one frame; NULL: none */
	const char
	    *on_up;       /* sent by on_up, answered by one frame; NULL: none */
	const char *ping; /* the same of ping */
	const char *bye;  /* sent by bye */
	const char *ends_long; /* sent by on_leaving; NULL: none */
	unsigned bye_replies;
	const char *pong;           /* sent by on_aside; NULL: nothing */
	enum stay_status ends_with; /* of a frame that says "ends: WORDS" */
	bool speaks_first; /* hello waits for a frame it has not asked for */
	bool scribbles;    /* decode writes over what it consumes */
	bool tells_oldest; /* decode notes the tag of the oldest call */
	bool tells_words;  /* decode gives an error's words to its frame */
	bool mumbles;      /* each slot ends with bytes that it never expects */
	unsigned *finis;   /* counts fini */
	unsigned *inits;   /* counts init; NULL: nobody does */
	unsigned *rests;   /* counts rest; NULL: nobody does */
	void (*on_push)(struct stay_session *session, const char *text);
	void (*on_down)(struct stay_session *session);
	void (*on_ping)(struct stay_session *session);
	void (*on_tick)(struct stay_session *session);
	unsigned *wakes; /* how often wake has more to do; NULL: not */
	void (*on_drained)(struct stay_session *session);
	void (*on_leaving)(struct stay_session *session);
	stay_hello_fn *restore; /* what on_up says; NULL: the session is up */
	stay_reset_fn *reset;   /* NULL: the session is as new */
};

/* The block that survives reconnects. */
struct line_keep {
	char mark[8];  /* "kkkkkkkk" */
	char host[16]; /* of the URL that it was filled for */
	unsigned *finis;
	unsigned *rests;
	unsigned *wakes;
	struct line_notes *notes;
};

/* The session block. */
struct line_session {
	char text[256]; /* of the last frame */
	size_t seen;    /* how far decode has looked */
	unsigned frames;
};

/* Every slot is there; those without a text in config do nothing. */
extern const struct stay_protocol line_protocol;
/* The same, with last frames. */
extern const struct stay_protocol line_last_protocol;
/* The two mandatory slots and no other. */
extern const struct stay_protocol line_bare_protocol;
/* Its servers act on parts of a request. */
extern const struct stay_protocol line_parts_protocol;

#endif
