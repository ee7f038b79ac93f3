/* A client whose reading is paused: nothing is handed out, and nothing is lost. */
#include "suites.h"
#include "support/line_rig.h"
#include "support/toy_filter.h"

static struct line_rig rig;

static void
pause_it(void)
{
	stay_client_pause(rig.client);
}

static void
go_on(void)
{
	stay_client_resume(rig.client);
}

static void
pause_at_push(struct stay_session *session, const char *text)
{
	(void)text;
	stay_client_pause(stay_session_client(session));
}

static void
begin(const struct stay_client_options *options)
{
	line_prepare(&rig);
	rig.config.ping = "say +p";
	line_start(&rig, options);
	line_run(&rig, 10);
	line_told(&rig);
}

/* One too many is a mistake, and does nothing: the next pause is one. */
TEST(client_pause_is_resumed_once_too_often)
{
	begin(NULL);
	stay_client_resume(rig.client);
	stay_client_pause(rig.client);
	ck_assert(stay_client_is_paused(rig.client));
	stay_client_resume(rig.client);
	stay_client_resume(rig.client);
	ck_assert(!stay_client_is_paused(rig.client));
}

TEST(client_pause_hands_out_nothing)
{
	begin(NULL);
	pause_it();
	ck_assert(stay_client_is_paused(rig.client));
	sim_peer_print(rig.peer, ">1\n>2\n");
	LINE_TELLS(&rig, 60000, "");
	go_on();
	ck_assert(!stay_client_is_paused(rig.client));
	ck_assert_str_eq(line_told(&rig), "");
	LINE_TELLS(&rig, 1, "push >1;push >2;");
}

/* In the middle of what has been read, of which there is more than a frame may be. */
TEST(client_pause_in_a_callback)
{
	begin(OPTIONS(.reply_bytes_max = 4));
	rig.config.on_push = pause_at_push;
	sim_peer_print(rig.peer, ">1\n>2\n>3\n>4\n");
	for (int i = 1; i <= 4; i++) {
		char text[] = "push >1;";

		text[6] = (char)('0' + i);
		LINE_TELLS(&rig, 1000, text);
		go_on();
	}
	LINE_TELLS(&rig, 1, "");
}

static void
pause_for_a_moment(struct stay_session *session, const char *text)
{
	(void)text;
	stay_client_pause(stay_session_client(session));
	stay_client_resume(stay_session_client(session));
}

TEST(client_pause_of_a_moment_is_none)
{
	begin(NULL);
	rig.config.on_push = pause_for_a_moment;
	LINE_HEARS(&rig, ">1\n>2\n", "push >1;push >2;");
}

/* Each is taken back by one. */
TEST(client_pause_counts)
{
	begin(NULL);
	pause_it();
	pause_it();
	sim_peer_print(rig.peer, ">1\n");
	go_on();
	LINE_TELLS(&rig, 100, "");
	go_on();
	LINE_TELLS(&rig, 1, "push >1;");
}

/* It is noted that there are bytes, and then it is paused, before they are read. */
static void
pause_now(struct line_call *call)
{
	stay_client_pause(call->rig->client);
}

TEST(client_pause_keeps_what_is_put_off)
{
	begin(OPTIONS(.turn_calls_max = 1));
	line_call(&rig, "a", LINE("say +1|+2"));
	line_call(&rig, "b", LINE("quiet"));
	rig.calls[0].then = pause_now;
	LINE_TELLS(&rig, 100, "a OK/replied +1;");
	go_on();
	LINE_TELLS(&rig, 1, "b OK/replied +2;");
}

/* What is sent does not wait. Deadlines stand, and nobody is called silent. */
TEST(client_pause_lets_requests_go)
{
	begin(OPTIONS(.silence_ms = 100, .tombstone_age_ms = 300));
	pause_it();
	line_call(&rig, "a", LINE("say +a"));
	line_call_with(&rig, "b", LINE("say +b"), WITHIN(50));
	LINE_TELLS(&rig, 2000, "b E_TIMEOUT/maybe executed;");
	ck_assert_str_eq(line_got(&rig), "say +a;say +b;");
	go_on();
	LINE_TELLS(&rig, 10, "a OK/replied +a;orphan +b;");
	ck_assert_uint_eq(line_counts(&rig).sessions, 1);
}

/* Of its age nothing counts that was not read. */
TEST(client_pause_is_no_age_of_a_tombstone)
{
	begin(OPTIONS(.tombstone_age_ms = 300));
	pause_it();
	line_call_with(&rig, "a", LINE("quiet"), WITHIN(50));
	LINE_TELLS(&rig, 340, "a E_TIMEOUT/maybe executed;");
	go_on();
	LINE_TELLS(&rig, 290, "");
	LINE_TELLS(&rig, 20, "down E_SILENT;");
}

static void
pause_next(struct stay_session *session)
{
	rig.config.on_down = NULL;
	stay_client_pause(stay_session_client(session));
}

/* A call that is alone because a session ended at it may have been answered. */
TEST(client_pause_blames_no_suspect)
{
	const struct line_request request = {
		.text = "close", .replies = 1, .flags = STAY_READ_ONLY
	};

	begin(OPTIONS(.resends_max = 2));
	rig.config.on_down = pause_next;
	line_call_with(&rig, "a", &request, WITHIN(500));
	LINE_TELLS(&rig, 400, "down E_CLOSED;hello -;up;");
	LINE_TELLS(&rig, 200, "a E_TIMEOUT/maybe executed;");
	go_on();
	LINE_TELLS(&rig, 1, "down E_CLOSED;");
}

/* From the resume on it is as always. */
TEST(client_pause_is_followed_by_silence_and_probes)
{
	begin(OPTIONS(.silence_ms = 100, .probe_ms = 100));
	pause_it();
	LINE_TELLS(&rig, 2000, "");
	go_on();
	LINE_TELLS(&rig, 110, "ping;control +p;");
	pause_it();
	line_call(&rig, "a", LINE("quiet"));
	LINE_TELLS(&rig, 1000, "");
	go_on();
	LINE_TELLS(&rig, 90, "");
	LINE_TELLS(&rig, 20, "down E_SILENT;a E_SILENT/maybe executed;");
}

/* A new session is greeted, and no more. */
TEST(client_pause_goes_on_over_reconnects)
{
	line_prepare(&rig);
	rig.config.hello = "say +hi|>1";
	line_start(&rig, OPTIONS(.probe_ms = STAY_FOREVER));
	stay_client_pause(rig.client);
	LINE_TELLS(&rig, 100, "init 10.0.0.1;hello -;hello +hi;up;");
	stay_client_reconnect(rig.client, STAY_OK);
	LINE_TELLS(&rig, 10000, "down E_RECONNECT;hello -;hello +hi;up;");
	go_on();
	LINE_TELLS(&rig, 10, "push >1;");
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 1000, "down E_RESET;hello -;hello +hi;up;push >1;");
}

/* That the peer has gone is seen by who writes, or goes on. */
TEST(client_pause_hides_the_end)
{
	begin(OPTIONS(.probe_ms = STAY_FOREVER));
	pause_it();
	sim_peer_print(rig.peer, ">1\n");
	sim_peer_close(rig.peer);
	LINE_TELLS(&rig, 10000, "");
	go_on();
	LINE_TELLS(&rig, 1, "push >1;down E_CLOSED;");
}

/* What was put off is lost with the session. */
TEST(client_pause_ends_with_its_session)
{
	begin(OPTIONS(.probe_ms = STAY_FOREVER));
	rig.config.on_push = pause_at_push;
	sim_peer_print(rig.peer, ">1\n>2\n");
	LINE_TELLS(&rig, 10, "push >1;");
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 1000, "");
	line_call(&rig, "a", LINE("say +a"));
	LINE_TELLS(&rig, 1000, "down E_RESET;hello -;up;");
	go_on();
	LINE_TELLS(&rig, 1, "a OK/replied +a;");
}

static void
pause_at_1_and_4(struct stay_session *session, const char *text)
{
	if (text[1] == '1' || text[1] == '4')
		stay_client_pause(stay_session_client(session));
}

/* The write finds out that the stream is over. Bytes of it were put off, and are
 * handed out till the second pause. */
TEST(client_pause_when_the_stream_is_over)
{
	begin(OPTIONS(.probe_ms = STAY_FOREVER, .turn_calls_max = 1));
	rig.config.on_push = pause_at_1_and_4;
	sim_peer_print(rig.peer, ">1\n>2\n>3\n>4\n>5\n");
	LINE_TELLS(&rig, 10, "push >1;");
	sim_peer_reset(rig.peer);
	line_run(&rig, 10);
	go_on();
	line_call(&rig, "a", LINE("say +a"));
	LINE_TELLS(
	    &rig, 1000, "push >2;push >3;push >4;down E_RESET;hello -;up;");
}

/* A filter has opened more than was handed out; nothing more comes from the peer. */
TEST(client_pause_leaves_bytes_in_the_filter)
{
	struct toy_terms terms = { 0 };
	struct toy_filter toy;

	toy_filter_init(&toy);
	line_prepare(&rig);
	rig.server.toy = &terms;
	rig.url = "lines://10.0.0.1:7777";
	rig.config.on_push = pause_at_push;
	line_start(&rig, OPTIONS(.filter = &toy.filter));
	line_run(&rig, 10);
	line_told(&rig);
	line_call(&rig, "a", LINE("say >1|+a"));
	line_call(&rig, "b", LINE("say >2|+b"));
	LINE_TELLS(&rig, 1000, "push >1;");
	go_on();
	LINE_TELLS(&rig, 1000, "a OK/replied +a;push >2;");
	go_on();
	LINE_TELLS(&rig, 1, "b OK/replied +b;");
	line_end(&rig);
}

/* Its budget ends a stop. */
TEST(client_pause_and_stop)
{
	begin(OPTIONS(.stop_budget_ms = 200));
	pause_it();
	line_call(&rig, "a", LINE("say +a"));
	line_run(&rig, 10);
	stay_client_stop(rig.client, STAY_OK);
	line_run(&rig, 190);
	ck_assert(!rig.closed);
	line_run(&rig, 1000);
	ck_assert(rig.closed);
	line_told(&rig);
}

TEST_SUITE_WITH(client_pause, .after = line_after)
