/* Random replies, as the bytes of the wire. Who has the seed has the reply. */
#ifndef STAY_TESTS_RESP_MAKER_H
#define STAY_TESTS_RESP_MAKER_H

#include <stay/buf.h>

/* A reply in the making: its bytes, and as resp_dump shows it. */
struct maker {
	uint64_t random;
	struct stay_buf wire;
	struct stay_buf shown;
};

void maker_init(struct maker *maker, int seed);
void maker_fini(struct maker *maker);

/* A number below `below`. */
uint64_t maker_draw(struct maker *maker, uint64_t below);

/* A reply of any type. */
void maker_value(struct maker *maker);

/* One of the types that the parser reads by a way of their own, or an array of
 * them. Some are wrong. Nothing is shown. */
void maker_usual(struct maker *maker);
void maker_usual_array(struct maker *maker);

/* A few bytes changed, a few lost, or a few of one place put into another. Returns
 * the beginning of what is left. */
struct stay_bytes maker_damage(struct maker *maker, char *wire, size_t len);

#endif
