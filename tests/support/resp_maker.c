/* Writes random replies. */
#include "resp_maker.h"

#include <stdio.h>
#include <string.h>

#include "expect.h"

/* xorshift64*, from the paper of S. Vigna. */
uint64_t
maker_draw(struct maker *maker, uint64_t below)
{
	maker->random ^= maker->random >> 12;
	maker->random ^= maker->random << 25;
	maker->random ^= maker->random >> 27;
	return (maker->random * 2685821657736338717u >> 32) % below;
}

void
maker_init(struct maker *maker, int seed)
{
	maker->random = (uint64_t)seed * 0x9e3779b97f4a7c15u + 1;
	stay_buf_init(&maker->wire, 0);
	stay_buf_init(&maker->shown, 0);
}

void
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
	int64_t value = (int64_t)maker_draw(maker, UINT64_MAX)
			<< maker_draw(maker, 32);

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
		char byte = maker_draw(maker, 2) == 0
				? some[maker_draw(maker, sizeof(some) - 1)]
				: (char)maker_draw(maker, 256);

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
	size_t len = maker_draw(maker, maker_draw(maker, 20) == 0 ? 500 : 12);

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

	switch (maker_draw(maker, 10)) {
	case 0:
		put(&maker->wire, nils[maker_draw(maker, 3)]);
		put(&maker->shown, "nil");
		break;
	case 1:
		make_line(
		    maker, "+", "+", maker_draw(maker, 2) == 0 ? "OK" : "");
		break;
	case 2:
		make_line(maker, "-", "-", "ERR something");
		break;
	case 3:
		make_line(
		    maker, "#", "#", maker_draw(maker, 2) == 0 ? "t" : "f");
		break;
	case 4:
		make_number(
		    maker, ",", maker_draw(maker, 2) == 0 ? ".25e-3" : NULL);
		break;
	case 5:
		make_number(maker, "(", "000000000000000000000");
		break;
	case 6:
		make_bulk(maker, "!="[maker_draw(maker, 2)]);
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
	uint64_t count = maker_draw(maker, maker_draw(maker, 30) == 0 ? 40 : 5);

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
	if (maker_draw(maker, 12) == 0 && depth < 5)
		make_aggregate(maker, &aggregates[3], depth);
	if (depth == 0 && maker_draw(maker, 8) == 0)
		make_aggregate(maker, &aggregates[4], depth);
	else if (maker_draw(maker, depth + 1) == 0 && depth < 5)
		make_aggregate(maker, &aggregates[maker_draw(maker, 3)], depth);
	else
		make_scalar(maker);
}

/* A few bytes changed, a few lost, or a few of one place put into another. */
struct stay_bytes
maker_damage(struct maker *maker, char *wire, size_t len)
{
	static const char some[] = "\r\n$*:-1%|~>=!_#,(?9";
	size_t count = 1 + maker_draw(maker, 3), from, to, span;

	for (; count > 0; count--) {
		from = maker_draw(maker, len);
		to = maker_draw(maker, len);
		span = maker_draw(maker, 1 + len - (from > to ? from : to));
		if (maker_draw(maker, 3) > 0)
			wire[from] = some[maker_draw(maker, sizeof(some) - 1)];
		else
			memmove(wire + to, wire + from, span);
	}
	return (struct stay_bytes){ wire, 1 + maker_draw(maker, len) };
}

/* An integer that fits into 64 bits, or just not; a status with a byte that may end
 * it; a string that is long or short. */
void
maker_usual(struct maker *maker)
{
	static const char bytes[] = "aZ \t\x1f\r\n\xff";
	static const char *const signs[] = { "", "", "-", "+" };
	size_t len = maker_draw(maker, 24);

	switch (maker_draw(maker, 4)) {
	case 0:
		put(&maker->wire, ":");
		put(&maker->wire, signs[maker_draw(maker, 4)]);
		while (len-- > 0)
			EXPECT(stay_buf_u8(&maker->wire,
				   (uint8_t)('0' + maker_draw(maker, 10))) ==
			       STAY_OK);
		put(&maker->wire, "\r\n");
		break;
	case 1:
		put(&maker->wire, "+");
		while (len-- > 0)
			EXPECT(
			    stay_buf_u8(&maker->wire,
				(uint8_t)bytes[maker_draw(maker,
				    len == 9 ? sizeof(bytes) : 3)]) == STAY_OK);
		put(&maker->wire, "\r\n");
		break;
	default:
		make_bulk(maker, '$');
	}
}

void
maker_usual_array(struct maker *maker)
{
	uint64_t count = maker_draw(maker, 12);

	EXPECT(stay_buf_printf(&maker->wire, "*%zu\r\n", (size_t)count) ==
	       STAY_OK);
	while (count-- > 0)
		if (maker_draw(maker, 8) == 0)
			maker_usual_array(maker);
		else
			maker_usual(maker);
}

void
maker_value(struct maker *maker)
{
	make_value(maker, 0);
}
