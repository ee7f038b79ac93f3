/*
 * A greeting of the protocol with tags that begins in clear: what both sides say before
 * the toy is between them, and that nothing of that passes for sealed. What is said
 * behind the toy is in tag_session.c and tag_desk.c.
 */
#include "tag.h"

#include <inttypes.h>
#include <string.h>

/* ---- the client ---- */

bool
tag_is_clear(const struct stay_session *session)
{
	return tag_user_of(session)->host.toy.in_the_middle &&
	       !stay_session_is_secure(session);
}

struct stay_hello
tag_clear_hello(struct stay_session *session, const struct stay_frame *frame)
{
	struct tag_data *data = tag_data_of(session);
	struct stay_hello later;

	if (frame != NULL && frame->kind != STAY_FRAME_REPLY)
		return stay_hello_retry("it will not secure");
	data->agreed |= frame != NULL;
	if (frame != NULL && later_hello(session, &data->later, &later))
		return later;
	if (data->agreed)
		return stay_hello_secure();
	if (tag_say(session, 1, "tls", data->serial) != STAY_OK)
		return stay_hello_retry("no memory");
	return stay_hello_wait();
}

/* ---- the server ---- */

/* One that babbles says more in clear, as somebody between the two might. */
static void
agree(struct desk *desk)
{
	desk_print(desk, desk_delay(desk), 0, "+0 0\n");
	if (desk->host->babbles)
		desk_print(desk, 0, 0, "+0 %" PRIu64 "\n", TAG_BABBLE);
	peer_do(desk->end, 0, PEER_SECURE);
	desk->agreed = true;
}

void
tag_clear_serve(struct desk *desk, const char *in, size_t len)
{
	if (len < 5 || memcmp(in, "tls ", 4) != 0 || desk->agreed)
		broken(4, "before the toy comes %.*s", (int)len, in);
	if (desk->host->loading)
		desk_print(desk, desk_delay(desk), 0, "!0 0\n");
	else
		agree(desk);
}
