/*
 * SHA-1 as RFC 3174 has it, section 6.1. The message is padded to whole blocks: a bit,
 * zeros, and its length in bits. This file knows nothing of Redis.
 */
#include "sha1.h"

#include <stdint.h>
#include <string.h>

#define BLOCK      64u
#define WORDS      5
#define ROUNDS     80
#define LENGTH_LEN 8u /* bytes of the length, at the end of the last block */

static uint32_t
rotate(uint32_t word, unsigned bits)
{
	return word << bits | word >> (32 - bits);
}

static uint32_t
read_word(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	       (uint32_t)at[2] << 8 | (uint32_t)at[3];
}

/* The function and the constant of a round: each is for twenty of them. */
static uint32_t
mix(int round, uint32_t b, uint32_t c, uint32_t d)
{
	if (round < 20)
		return ((b & c) | (~b & d)) + 0x5a827999u;
	if (round < 40)
		return (b ^ c ^ d) + 0x6ed9eba1u;
	if (round < 60)
		return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu;
	return (b ^ c ^ d) + 0xca62c1d6u;
}

static void
schedule(uint32_t words[ROUNDS], const unsigned char *block)
{
	for (int i = 0; i < 16; i++)
		words[i] = read_word(block + (ptrdiff_t)4 * i);
	for (int i = 16; i < ROUNDS; i++)
		words[i] = rotate(
		    words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16],
		    1);
}

static void
add_block(uint32_t hash[WORDS], const unsigned char *block)
{
	uint32_t words[ROUNDS], now[WORDS];

	schedule(words, block);
	memcpy(now, hash, sizeof(now));
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t next = rotate(now[0], 5) +
				mix(i, now[1], now[2], now[3]) + now[4] +
				words[i];

		memmove(now + 1, now, sizeof(now) - sizeof(now[0]));
		now[2] = rotate(now[2], 30);
		now[0] = next;
	}
	for (int i = 0; i < WORDS; i++)
		hash[i] += now[i];
}

/* What is behind the last whole block: one block more, or two if the length has no
 * place in it. */
static void
add_rest(uint32_t hash[WORDS], const char *rest, size_t len, uint64_t bits)
{
	unsigned char blocks[2 * BLOCK] = { 0 };
	size_t end = len + 1 + LENGTH_LEN <= BLOCK ? BLOCK : 2 * BLOCK;

	memcpy(blocks, rest, len);
	blocks[len] = 0x80;
	for (size_t i = 1; i <= LENGTH_LEN; i++, bits >>= 8)
		blocks[end - i] = (unsigned char)(bits & 0xff);
	for (size_t at = 0; at < end; at += BLOCK)
		add_block(hash, blocks + at);
}

static void
write_digits(const uint32_t hash[WORDS], char *digits)
{
	static const char hex[] = "0123456789abcdef";

	for (unsigned i = 0; i < STAY_REDIS__SHA1_DIGITS; i++)
		digits[i] = hex[hash[i / 8] >> (28 - i % 8 * 4) & 0xf];
	digits[STAY_REDIS__SHA1_DIGITS] = '\0';
}

void
stay_redis__sha1(
    const char *bytes, size_t len, char digits[STAY_REDIS__SHA1_DIGITS + 1])
{
	uint32_t hash[WORDS] = { 0x67452301u, 0xefcdab89u, 0x98badcfeu,
		0x10325476u, 0xc3d2e1f0u };
	size_t whole = len - len % BLOCK;

	for (size_t at = 0; at < whole; at += BLOCK)
		add_block(hash, (const unsigned char *)bytes + at);
	add_rest(hash, bytes + whole, len - whole, (uint64_t)len * 8);
	write_digits(hash, digits);
}
