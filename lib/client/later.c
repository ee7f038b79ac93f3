/*
 * Later: hello waits for something that is done elsewhere, in any thread, as a key
 * that is derived or a credential that is fetched. Meanwhile its session may end;
 * the block stays until the other side, too, has let go of it. What is done is not
 * known here.
 */
#include "client/later.h"

#include "base/mem.h"
#include "client/client.h"
#include "loop/door.h"

struct stay_later {
	struct stay__knock knock;     /* first: it frees the block */
	struct stay_session *session; /* NULL: it is over */
	bool resumed;
	_Alignas(max_align_t) char data[];
};

static void
resumed(struct stay__knock *knock)
{
	struct stay_later *later =
	    STAY__CONTAINER(knock, struct stay_later, knock);

	later->resumed = true;
	if (later->session != NULL)
		stay__conn_interrupt(later->session->client->conn);
}

static struct stay_later *
new_later(struct stay_loop *loop, size_t size)
{
	struct stay_later *later = NULL;

	if (size <= SIZE_MAX / 2)
		later = stay__zalloc(sizeof(*later) + size);
	if (later == NULL)
		return NULL;
	if (stay__knock_init(&later->knock, loop, resumed) == STAY_OK)
		return later;
	stay__free(later);
	return NULL;
}

struct stay_later *
stay_session_later(struct stay_session *session, size_t size)
{
	struct stay_later *later;

	assert(session != NULL);
	if (!stay__session_is_greeting(session) ||
	    !stay__rare_begin(session->client))
		return NULL;
	later = new_later(session->client->loop, size);
	if (later == NULL)
		return NULL;
	stay__later_end(session);
	stay__knock_hold(&later->knock);
	later->session = session;
	session->client->rare->later = later;
	return later;
}

void *
stay_later_data(struct stay_later *later)
{
	assert(later != NULL);
	return later->data;
}

void
stay_later_resume(struct stay_later *later)
{
	assert(later != NULL);
	stay__knock_now(&later->knock);
}

void
stay_later_free(struct stay_later *later)
{
	if (later != NULL)
		stay__knock_drop(&later->knock);
}

/* ---- the session ---- */

bool
stay__later_wait(struct stay_session *session, const struct stay_later *later)
{
	if (later != session->client->rare->later)
		return false;
	session->pause = STAY__PAUSE_LATER;
	if (later->resumed)
		stay__conn_interrupt(session->client->conn);
	return true;
}

bool
stay__later_has_come(struct stay_session *session)
{
	if (session->pause != STAY__PAUSE_LATER ||
	    !session->client->rare->later->resumed)
		return false;
	session->pause = STAY__PAUSE_NONE;
	return true;
}

void
stay__later_end(struct stay_session *session)
{
	struct stay_later *later = session->client->rare->later;

	if (session->pause == STAY__PAUSE_LATER)
		session->pause = STAY__PAUSE_NONE;
	if (later == NULL)
		return;
	session->client->rare->later = NULL;
	later->session = NULL;
	stay__knock_drop(&later->knock);
}
