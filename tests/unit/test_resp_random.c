/*
 * Random replies, written and read back; random damage, which must be taken in
 * good order. A failing seed tells all.
 */
#include <stdlib.h>
#include <string.h>

#include "support/resp.h"

#include "expect.h"
#include "suites.h"

#define SEEDS     400
#define MUTATIONS 20

/* A reply in the making: its bytes, and as resp_dump shows it. */
struct maker {
	uint64_t random;
	struct stay_buf wire;
	struct stay_buf shown;
};

/* xorshift64*, from the paper of S. Vigna. */
static uint64_t
draw(struct maker *maker, uint64_t below)
{
	maker->random ^= maker->random >> 12;
	maker->random ^= maker->random << 25;
	maker->random ^= maker->random >> 27;
	return (maker->random * 2685821657736338717u >> 32) % below;
}

static void
maker_init(struct maker *maker, int seed)
{
	maker->random = (uint64_t)seed * 0x9e3779b97f4a7c15u + 1;
	stay_buf_init(&maker->wire, 0);
	stay_buf_init(&maker->shown, 0);
}

static void
maker_fini(struct maker *maker)
{
	stay_buf_fini(&maker->wire);
	stay_buf_fini(&maker->shown);
}

static void
put(struct stay_buf *buf, const char *text)
{
	EXPECT(stay_buf_puts(buf, text) == STAY_OK);
}

/* A line, and the same line shown, but for the marker. */
static void
make_line(struct maker *maker, const char *marker, const char *shown_marker,
    const char *text)
{
	put(&maker->wire, marker);
	put(&maker->wire, text);
	put(&maker->wire, "\r\n");
	put(&maker->shown, shown_marker);
	put(&maker->shown, text);
}

static void
make_number(struct maker *maker, const char *marker, const char *format)
{
	char text[64];
	int64_t value = (int64_t)draw(maker, UINT64_MAX) << draw(maker, 32);

	snprintf(text, sizeof(text), "%lld", (long long)value);
	if (format != NULL)
		strcat(text, format);
	make_line(maker, marker, marker, text);
}

/* Bytes of any kind, CR and LF often among them. */
static void
make_bytes(struct maker *maker, size_t len)
{
	static const char some[] = "\r\n$*:-1az";

	for (size_t i = 0; i < len; i++) {
		char byte = draw(maker, 2) == 0
				? some[draw(maker, sizeof(some) - 1)]
				: (char)draw(maker, 256);

		EXPECT(stay_buf_append(&maker->wire, &byte, 1) == STAY_OK);
		if (byte < ' ' || byte > '~')
			EXPECT(stay_buf_printf(&maker->shown, "\\x%02x",
				   (unsigned)(unsigned char)byte) == STAY_OK);
		else
			EXPECT(stay_buf_append(&maker->shown, &byte, 1) ==
			       STAY_OK);
	}
}

static void
make_bulk(struct maker *maker, char marker)
{
	size_t len = draw(maker, draw(maker, 20) == 0 ? 500 : 12);

	EXPECT(stay_buf_printf(&maker->wire, "%c%zu\r\n", marker,
		   len + (marker == '=' ? 4 : 0)) == STAY_OK);
	if (marker == '=') {
		put(&maker->wire, "txt:");
		put(&maker->shown, "txt");
	}
	put(&maker->shown, marker == '!' ? "-" : "\"");
	make_bytes(maker, len);
	put(&maker->wire, "\r\n");
	put(&maker->shown, marker == '!' ? "" : "\"");
}

static void
make_scalar(struct maker *maker)
{
	static const char *const nils[] = { "$-1\r\n", "*-1\r\n", "_\r\n" };

	switch (draw(maker, 10)) {
	case 0:
		put(&maker->wire, nils[draw(maker, 3)]);
		put(&maker->shown, "nil");
		break;
	case 1:
		make_line(maker, "+", "+", draw(maker, 2) == 0 ? "OK" : "");
		break;
	case 2:
		make_line(maker, "-", "-", "ERR something");
		break;
	case 3:
		make_line(maker, "#", "#", draw(maker, 2) == 0 ? "t" : "f");
		break;
	case 4:
		make_number(maker, ",", draw(maker, 2) == 0 ? ".25e-3" : NULL);
		break;
	case 5:
		make_number(maker, "(", "000000000000000000000");
		break;
	case 6:
		make_bulk(maker, "!="[draw(maker, 2)]);
		break;
	case 7:
	case 8:
		make_bulk(maker, '$');
		break;
	default:
		make_number(maker, ":", NULL);
	}
}

static void make_value(struct maker *maker, unsigned depth);

static const struct aggregate {
	const char *marker;
	const char *open;
	const char *close;
	unsigned children;
} aggregates[] = { { "*", "[", "]", 1 }, { "~", "~[", "]", 1 },
	{ "%", "{", "}", 2 }, { "|", "|{", "}", 2 }, { ">", ">[", "]", 1 } };

static void
make_aggregate(
    struct maker *maker, const struct aggregate *aggregate, unsigned depth)
{
	uint64_t count = draw(maker, draw(maker, 30) == 0 ? 40 : 5);

	EXPECT(stay_buf_printf(&maker->wire, "%s%zu\r\n", aggregate->marker,
		   (size_t)count) == STAY_OK);
	put(&maker->shown, aggregate->open);
	for (uint64_t i = 0; i < count * aggregate->children; i++) {
		put(&maker->shown, i == 0 ? "" : " ");
		make_value(maker, depth + 1);
	}
	put(&maker->shown, aggregate->close);
}

static void
make_value(struct maker *maker, unsigned depth)
{
	if (draw(maker, 12) == 0 && depth < 5)
		make_aggregate(maker, &aggregates[3], depth);
	if (depth == 0 && draw(maker, 8) == 0)
		make_aggregate(maker, &aggregates[4], depth);
	else if (draw(maker, depth + 1) == 0 && depth < 5)
		make_aggregate(maker, &aggregates[draw(maker, 3)], depth);
	else
		make_scalar(maker);
}

/* Feed `wire` in pieces of random lengths. */
static enum stay_redis__parsed
feed(struct maker *maker, struct resp *resp, struct stay_bytes wire)
{
	enum stay_redis__parsed parsed = STAY_REDIS__MORE;
	size_t piece;

	while (parsed == STAY_REDIS__MORE && wire.len > 0) {
		piece = 1 + draw(maker, draw(maker, 2) == 0 ? 8 : wire.len);
		if (piece > wire.len)
			piece = wire.len;
		parsed = resp_feed(resp, wire.data, piece);
		wire.data += piece;
		wire.len -= piece;
	}
	return wire.len == 0 || parsed == STAY_REDIS__BAD ? parsed
							  : STAY_REDIS__MORE;
}

static void
assert_read_back(struct maker *maker, int seed)
{
	struct stay_bytes want = stay_buf_bytes(&maker->shown), have;
	struct stay_buf shown;
	struct resp resp;

	resp_init(&resp);
	stay_buf_init(&shown, 0);
	ck_assert_msg(feed(maker, &resp, stay_buf_bytes(&maker->wire)) ==
			  STAY_REDIS__WHOLE,
	    "seed %d is not read", seed);
	resp_dump(resp_reply(&resp), &shown);
	have = stay_buf_bytes(&shown);
	ck_assert_msg(
	    have.len == want.len && memcmp(have.data, want.data, want.len) == 0,
	    "seed %d is read as something else", seed);
	stay_buf_fini(&shown);
	resp_fini(&resp);
}

START_TEST(test_resp_random_replies_are_read_back)
{
	struct maker maker;

	for (int seed = 0; seed < SEEDS; seed++) {
		maker_init(&maker, seed);
		make_value(&maker, 0);
		assert_read_back(&maker, seed);
		maker_fini(&maker);
	}
}
END_TEST

/* A few bytes changed, a few lost, or a few of one place put into another. */
static struct stay_bytes
damage(struct maker *maker, char *wire, size_t len)
{
	static const char some[] = "\r\n$*:-1%|~>=!_#,(?9";
	size_t count = 1 + draw(maker, 3), from, to, span;

	for (; count > 0; count--) {
		from = draw(maker, len);
		to = draw(maker, len);
		span = draw(maker, 1 + len - (from > to ? from : to));
		if (draw(maker, 3) > 0)
			wire[from] = some[draw(maker, sizeof(some) - 1)];
		else
			memmove(wire + to, wire + from, span);
	}
	return (struct stay_bytes){ wire, 1 + draw(maker, len) };
}

/* Whatever comes of it can be read. */
static void
take_damaged(struct maker *maker, struct stay_bytes wire)
{
	struct stay_buf shown;
	struct resp resp;

	resp_init(&resp);
	stay_buf_init(&shown, 0);
	switch (feed(maker, &resp, wire)) {
	case STAY_REDIS__WHOLE:
		resp_dump(resp_reply(&resp), &shown);
		break;
	case STAY_REDIS__BAD:
		EXPECT(resp.parser.why != NULL);
		break;
	case STAY_REDIS__MORE:
		break;
	}
	stay_buf_fini(&shown);
	resp_fini(&resp);
}

START_TEST(test_resp_random_damage_is_survived)
{
	struct stay_bytes wire;
	struct maker maker;
	char *copy;

	for (int seed = 0; seed < SEEDS * MUTATIONS; seed++) {
		maker_init(&maker, seed / MUTATIONS);
		make_value(&maker, 0);
		maker.random += (uint64_t)seed;
		wire = stay_buf_bytes(&maker.wire);
		copy = malloc(wire.len);
		ck_assert_ptr_nonnull(copy);
		memcpy(copy, wire.data, wire.len);
		if (wire.len < 4000)
			take_damaged(&maker, damage(&maker, copy, wire.len));
		free(copy);
		maker_fini(&maker);
	}
}
END_TEST

Suite *
suite_resp_random(void)
{
	Suite *suite = suite_create("resp_random");
	TCase *tests = tcase_create("resp_random");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, test_resp_random_replies_are_read_back);
	tcase_add_test(tests, test_resp_random_damage_is_survived);
	suite_add_tcase(suite, tests);
	return suite;
}
