/*
 * A system without memory, at every place that asks for it: each story is told
 * once for every allocation in it, of which one fails. It is said, nothing is
 * lost, and the next time all is well.
 */
#include <string.h>

#include <stay/url.h>

#include "../../adapters/redis/format.h"
#include "../../adapters/redis/reply_parser.h"

#include "base/ids.h"
#include "expect.h"
#include "suites.h"
#include "support/line_rig.h"
#include "support/link_rig.h"
#include "support/scarce.h"

/* ---- a dial ---- */

static enum stay_status
dial_scarcely(struct rig *rig, const char *targets, unsigned nth)
{
	enum stay_status status;

	rig_init(rig);
	sim_address_set(rig->world, "10.0.0.7", 7, SIM_REFUSE, 5);
	scarce_arm(nth);
	status = rig_dial(rig, targets);
	sim_run_ms(rig->world, 1000);
	return status;
}

/* What there was no memory for is named, and the other one is tried. Once there
 * is none for the words. */
TEST(scarce_dial_goes_on_with_the_next_address)
{
	unsigned begun = 0, said = 0;
	bool failed = true;
	struct rig rig;

	for (unsigned n = 1; failed; n++) {
		enum stay_status status =
		    dial_scarcely(&rig, "tcp 10.0.0.7 7, tcp 10.0.0.8 7", n);
		const char *text = rig_failure(&rig);

		failed = scarce_disarm();
		ck_assert_int_eq(
		    status, rig_is_down(&rig) ? STAY_OK : STAY_E_NOMEM);
		begun += rig_is_down(&rig);
		said += strstr(text, "10.0.0.7") != NULL &&
			strstr(text, "10.0.0.8") != NULL &&
			(strstr(text, "out of memory") != NULL) == failed;
		if (strstr(text, "ENOMEM") != NULL)
			ck_assert_int_eq(rig.link.failure.status, STAY_E_NOMEM);
		rig_fini(&rig);
	}
	ck_assert_uint_ge(begun, 5);
	ck_assert_uint_eq(said, begun - 1);
}

/* A lookup for which there is none says so as one that found nothing. */
TEST(scarce_dial_of_names_tells_what_became_of_each)
{
	bool failed = true;
	unsigned said = 0;
	struct rig rig;

	for (unsigned n = 1; failed; n++) {
		enum stay_status status;

		status = dial_scarcely(&rig, "tcp one 7, tcp 10.0.0.8 7", n);
		failed = scarce_disarm();
		ck_assert(status == STAY_OK || status == STAY_E_NOMEM);
		if (status == STAY_E_NOMEM)
			ck_assert_str_eq(rig.turns, "");
		else
			ck_assert(rig_is_down(&rig));
		said += strstr(rig_failure(&rig), "memory") != NULL;
		rig_fini(&rig);
	}
	ck_assert_uint_ge(said, 2);
}

TEST(scarce_link_dials_well_the_next_time)
{
	bool failed = true;
	struct rig rig;

	for (unsigned n = 1; failed; n++) {
		dial_scarcely(&rig, "tcp 10.0.0.7 7", n);
		failed = scarce_disarm();
		sim_listen(rig.world, "10.0.0.9", 7, NULL, NULL);
		rig.news[0] = '\0';
		EXPECT_OK(rig_dial(&rig, "tcp 10.0.0.9 7"));
		ck_assert(rig_settle(&rig, 1000));
		ck_assert_str_eq(rig_failure(&rig), "");
		ck_assert_str_eq(rig.link.peer->text, "10.0.0.9:7");
		rig_fini(&rig);
	}
}

/* Adopted, or dialled as the row says. */
static enum stay_status
open_two_scarcely(struct rig *rig, int ends[2][2], bool dials, unsigned nth)
{
	char path[32];
	const struct stay_target target = {
		.scheme = "fd", .host = "", .port = "", .path = path
	};
	enum stay_status status;

	rig_init(rig);
	for (int i = 0; i < 2; i++)
		sim_pair(rig->world, ends[i]);
	snprintf(path, sizeof(path), "%d,%d", ends[0][0], ends[1][0]);
	scarce_arm(nth);
	status = dials ? stay__link_dial(&rig->link, &rig_usual, &target, 1)
		       : stay__link_adopt(&rig->link, ends[0][0], ends[1][0]);
	sim_run_ms(rig->world, 1000);
	return status;
}

/* What was not taken is its owner's still. */
static void
close_two(struct rig *rig, int ends[2][2])
{
	for (int i = 0; i < 2; i++)
		rig->loop->ops->close(rig->world, ends[i][1]);
	stay__link_close(&rig->link);
	for (int i = 0; i < 2 && sim_open_fds(rig->world) > 0; i++)
		rig->loop->ops->close(rig->world, ends[i][0]);
	rig_fini(rig);
}

static void
use_two(struct rig *rig, int ends[2][2])
{
	char byte;

	ck_assert_ptr_nonnull(rig->link.writer);
	rig_send(rig, "x", 1);
	stay__link_want_write(&rig->link);
	sim_run_ms(rig->world, 10);
	ck_assert_int_eq(
	    rig->loop->ops->read(rig->world, ends[1][1], &byte, 1), 1);
	EXPECT_IN(rig->news, "writable");
}

/* A reader and a writer: both are watched, or neither is. */
TEST_ROWS(scarce_link_of_two_ends_is_whole_or_down, 2)
{
	bool failed = true;
	struct rig rig;
	int ends[2][2];

	for (unsigned n = 1; failed; n++) {
		enum stay_status status =
		    open_two_scarcely(&rig, ends, _i == 1, n);

		failed = scarce_disarm();
		ck_assert(status == STAY_OK || status == STAY_E_NOMEM);
		ck_assert(failed || stay__link_is_open(&rig.link));
		if (stay__link_is_open(&rig.link))
			use_two(&rig, ends);
		close_two(&rig, ends);
	}
}

/* ---- a client ---- */

static struct line_rig rig;

static enum stay_status
start_scarcely(unsigned nth)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS };
	enum stay_status status;

	line_prepare(&rig);
	options.config = &rig.config;
	scarce_arm(nth);
	status = stay_client_start(
	    &rig.client, rig.loop, rig.protocol, rig.url, &options);
	scarce_disarm();
	return status;
}

TEST(scarce_client_starts_wholly_or_not)
{
	enum stay_status status = STAY_E_NOMEM;
	unsigned n = 0;

	while (status != STAY_OK) {
		rig.client = (struct stay_client *)(void *)&rig;
		status = start_scarcely(++n);
		ck_assert(status == STAY_OK || status == STAY_E_NOMEM);
		ck_assert_uint_eq(stay_loop_live(rig.loop), status == STAY_OK);
		if (status == STAY_OK)
			stay_client_stop(rig.client, STAY_OK);
		else
			ck_assert_ptr_null(rig.client);
		ck_assert(sim_run(rig.world, 1000));
		EXPECT_OK(stay_loop_free(rig.loop));
	}
	ck_assert_uint_gt(n, 4);
}

static void
count_told(void *told, const struct stay_result *result)
{
	(void)result;
	++*(unsigned *)told;
}

/* An accepted call is told once; the session it may cost is made again. */
static bool
call_scarcely(unsigned nth)
{
	enum stay_status status;
	unsigned told = 0;
	bool failed;

	line_begin(&rig, NULL);
	scarce_arm(nth);
	status =
	    stay_client_call(rig.client, LINE("say +1"), count_told, &told);
	failed = scarce_disarm();
	line_run(&rig, 100);
	ck_assert(status == STAY_OK || status == STAY_E_NOMEM);
	ck_assert_uint_eq(told, status == STAY_OK);
	line_run(&rig, 60000);
	line_told(&rig);
	line_call(&rig, "b", LINE("say +2"));
	LINE_TELLS(&rig, 10, "b OK/replied +2;");
	line_end(&rig);
	return failed;
}

TEST(scarce_client_answers_the_next_call)
{
	unsigned n = 1;

	while (call_scarcely(n))
		n++;
	ck_assert_uint_gt(n, 1);
}

/* What few calls have is there, or the call is rejected: nothing of it is left. */
static bool
name_scarcely(unsigned nth, unsigned *rejections)
{
	struct stay_call_options options = WITHIN(1000);
	struct stay_call_id id = { { 0, 0 } };
	enum stay_status status;
	unsigned told = 0;
	bool failed;

	line_begin(&rig, NULL);
	options.id = &id;
	options.part = count_told;
	scarce_arm(nth);
	status = stay_client_call_with(
	    rig.client, LINE("say +1"), &options, count_told, &told);
	failed = scarce_disarm();
	ck_assert(status == STAY_OK || (failed && status == STAY_E_NOMEM));
	ck_assert_uint_eq(line_counts(&rig).rejected, status != STAY_OK);
	ck_assert_int_eq(stay_client_cancel(rig.client, id),
	    status == STAY_OK ? STAY_OK : STAY_E_STALE);
	line_run(&rig, 100);
	ck_assert_uint_eq(told, status == STAY_OK);
	*rejections += status != STAY_OK;
	line_told(&rig);
	line_call(&rig, "b", LINE("say +2"));
	LINE_TELLS(&rig, 10, "b OK/replied +2;");
	line_end(&rig);
	return failed;
}

TEST(scarce_client_names_a_call_or_rejects_it)
{
	unsigned n = 1, rejections = 0;

	while (name_scarcely(n, &rejections))
		n++;
	ck_assert_uint_ge(rejections, 3); /* calls, record, extras */
}

/* A refused call is set aside, and told with the words of the server as far as there is
 * memory for them. */
static bool
refuse_scarcely(unsigned nth, unsigned *wordless)
{
	bool failed;

	line_begin(&rig, OPTIONS(.on_refused = STAY_REFUSED_RESEND));
	EXPECT_OK(line_try(&rig, "a", LINE("a")));
	EXPECT_OK(line_try(&rig, "b", LINE("b")));
	line_run(&rig, 1);
	sim_peer_print(rig.peer, "!no\n");
	scarce_arm(nth);
	sim_run_ms(rig.world, 1);
	failed = scarce_disarm();
	sim_peer_print(rig.peer, "+b\n");
	line_run(&rig, 1);
	ck_assert_uint_eq(rig.calls[0].told, 1);
	ck_assert_uint_eq(rig.calls[1].told, 1);
	if (strstr(rig.notes.text, "a E_SERVER/refused;") != NULL)
		++*wordless;
	if (!failed)
		ck_assert_str_eq(
		    line_told(&rig), "a E_SERVER/refused !no;b OK/replied +b;");
	line_end(&rig);
	return failed;
}

TEST(scarce_client_sets_a_refused_call_aside)
{
	unsigned n = 1, wordless = 0;

	while (refuse_scarcely(n, &wordless))
		n++;
	ck_assert_uint_ge(wordless, 2); /* the words, and the extras */
}

/* ---- parts ---- */

#define FRAME_HEAD "*200\r\n"
#define FRAME_SIZE (sizeof(FRAME_HEAD) + (size_t)199 * 4)

/* All but the last element. The parser writes into what it reads. */
static void
fill_frame(char *frame)
{
	memcpy(frame, FRAME_HEAD, sizeof(FRAME_HEAD));
	for (size_t i = 0; i < 199; i++)
		strcat(frame + 4 * i, ":1\r\n");
}

TEST(scarce_parser_says_so_and_reads_the_next_frame)
{
	char large[FRAME_SIZE], small[] = "+OK\r\n";
	struct stay_redis__parser parser = {
		.tape.depth_max = 8, .tape.elements_max = 300, .text_max = 100
	};
	bool failed = true;
	unsigned n = 0;

	while (failed) {
		enum stay_redis__parsed parsed;

		fill_frame(large);
		stay_redis__parser_fini(&parser);
		stay_redis__parser_reset(&parser);
		scarce_arm(++n);
		parsed = stay_redis__parse(&parser, large, strlen(large));
		failed = scarce_disarm();
		ck_assert_int_eq(
		    parsed, failed ? STAY_REDIS__BAD : STAY_REDIS__MORE);
		if (failed)
			ck_assert_str_eq(
			    parser.why, "there is no memory for the reply");
		ck_assert(!stay_redis__parser_has_met_bound(&parser));
		stay_redis__parser_reset(&parser);
		memcpy(small, "+OK\r\n", 5);
		ck_assert_int_eq(
		    stay_redis__parse(&parser, small, 5), STAY_REDIS__WHOLE);
	}
	ck_assert_uint_gt(n, 3);
	stay_redis__parser_fini(&parser);
}

TEST(scarce_buf_keeps_what_it_has)
{
	struct stay_buf buf;
	char bytes[300] = { 0 };

	stay_buf_init(&buf, 0);
	scarce_arm(1);
	ck_assert_int_eq(stay_buf_puts(&buf, "kept"), STAY_E_NOMEM);
	ck_assert_uint_eq(stay_buf_len(&buf), 0);
	EXPECT_OK(stay_buf_puts(&buf, "kept"));
	scarce_arm(1);
	ck_assert_int_eq(stay_buf_append(&buf, bytes, 300), STAY_E_NOMEM);
	scarce_arm(1);
	ck_assert_int_eq(stay_buf_printf(&buf, "%300d", 1), STAY_E_NOMEM);
	scarce_disarm();
	ck_assert_uint_eq(stay_buf_len(&buf), 4);
	ck_assert_int_eq(memcmp(stay_buf_bytes(&buf).data, "kept", 4), 0);
	stay_buf_fini(&buf);
}

TEST(scarce_url_is_no_wrong_url)
{
	struct stay_url *url;
	enum stay_status status = STAY_E_NOMEM;
	const char *why;

	for (unsigned n = 1; status != STAY_OK; n++) {
		scarce_arm(n);
		status = stay_url_parse(&url, "redis://u:p@db:1/2?x=y", &why);
		scarce_disarm();
		ck_assert(status == STAY_OK || status == STAY_E_NOMEM);
	}
	ck_assert_str_eq(url->host, "db");
	stay_url_free(url);
}

TEST(scarce_ids_keep_those_they_have)
{
	struct stay_token tokens[100];
	struct stay__ids ids;
	unsigned refused = 0;
	int object;

	stay__ids_init(&ids);
	for (size_t i = 0; i < 100; i++) {
		scarce_arm(1);
		if (stay__ids_take(&ids, 1, &object, &tokens[i]) != STAY_OK) {
			refused++;
			EXPECT_OK(stay__ids_take(&ids, 1, &object, &tokens[i]));
		}
		scarce_disarm();
	}
	ck_assert_uint_ge(refused, 2);
	for (size_t i = 0; i < 100; i++)
		ck_assert_ptr_eq(stay__ids_find(&ids, 1, tokens[i]), &object);
	stay__ids_fini(&ids);
}

TEST_SUITE(scarce)
