/* What a command means for the session that sends it. */
#ifndef STAY_REDIS__COMMANDS_H
#define STAY_REDIS__COMMANDS_H

#include <stay/protocol.h>

/* The lowest byte of the tags of calls whose replies mean more than others'. The next
 * byte is the row of the command. */
enum stay_redis__tag {
	/* a script: an error reply may come from inside of it, after it has
	 * acted */
	STAY_REDIS__TAG_SCRIPT = 1,
	STAY_REDIS__TAG_MULTI, /* opens a transaction */
	STAY_REDIS__TAG_EXEC,  /* ends a transaction */
	STAY_REDIS__TAG_DISCARD,
	STAY_REDIS__TAG_WAITS,  /* may wait before it does anything */
	STAY_REDIS__TAG_READS,  /* writes no key */
	STAY_REDIS__TAG_QUEUED, /* in a multi: it is to be answered by QUEUED */
	STAY_REDIS__TAG_QUEUED_ALTERS, /* the same, of one that alters */
	STAY_REDIS__TAG_WATCH,
	STAY_REDIS__TAG_UNWATCH,
	STAY_REDIS__TAG_ALTERS, /* sets up something that lasts for the session */
	/* a script that is sent by its digest, and by its source next */
	STAY_REDIS__TAG_DIGEST
};

/*
 * Look at an encoded command, and set in `request` its tag, its flags and how long
 * it may block. Returns STAY_OK, or STAY_E_UNSUPPORTED for a command after which replies
 * would no longer match calls, or that changes what the greeting has set up: `why` says
 * what is in its place.
 */
enum stay_status stay_redis__classify(
    struct stay_request *request, const char *bytes, size_t len);

/* What the name of an encoded command says, if that is all. */
struct stay_redis__sense {
	uint32_t flags;
	uint16_t tag;
	bool is_more; /* the words behind it matter: stay_redis__classify */
};
struct stay_redis__sense stay_redis__sense_of(const char *bytes);

/* The first letters of an encoded command, for the upper bytes of a tag. */
uint64_t stay_redis__name_tag(const char *bytes);

/* Write its name: of one that is in no row these letters, with '*' for those that had no
 * room. Returns as snprintf. */
int stay_redis__name_call(uint64_t tag, char *text, size_t len);

/* What metrics call a command: its name in commands.def; NULL: it is in no row. */
const char *stay_redis__operation(uint64_t tag);

/* What the reply to a call means. */
static inline unsigned
stay_redis__tag_kind(uint64_t tag)
{
	return (unsigned)(tag & 0xff);
}

static inline void
stay_redis__set_kind(struct stay_request *request, unsigned kind)
{
	request->tag = (request->tag & ~UINT64_C(0xff)) | kind;
}

#endif
