/* SHA-1: the vectors of RFC 3174 and FIPS 180, and messages of every length around the
 * end of a block, whose digests were made by sha1sum. */
#include <stdlib.h>
#include <string.h>

#include "../../adapters/redis/sha1.h"
#include "suites.h"

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

static const struct {
	const char *text;
	size_t times; /* one behind the other */
	const char *digest;
} messages[] = {
	{ "", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
	{ "abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	    "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
	{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
	  "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
	    1, "a49b2446a02c645bf419f995b67091253a04a259" },
	{ "a", 1000000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f" },
	{ "0123456701234567012345670123456701234567012345670123456701234567",
	    10, "dea356a2cddd90c7a7ecedc5ebb563934f460452" },
	{ "\xff", 1, "85e53271e14006f0265921d02d4d736cdc580b0b" },
	{ "\xff", 54, "12af04191b6726b1479ab16f2aafb8b8836aa53a" },
	{ "\xff", 55, "450732ec1ec8fc5594a29700e11c37f09622ed72" },
	{ "\xff", 56, "09cade8bfcfc501cb097636504dff46b39270658" },
	{ "\xff", 57, "4626bc66f7c21035a1acb3eabf3535445b191b42" },
	{ "\xff", 63, "b5419e99e3ea50f812d56149e29b6d7db7bfc70e" },
	{ "\xff", 64, "ffc6261e487efa8c7442069f71acfc4aa826993d" },
	{ "\xff", 65, "bf0822f91c1aeaee3a06c8a6c598b0229e7fb2f3" },
	{ "\xff", 119, "97b433c99a75e69bd8170ef41aacbfb370434b0d" },
	{ "\xff", 120, "b099d503d1c2bdf6defb88f6368bde6a6e71c448" },
	{ "\xff", 127, "a1cb04cd174139d68f4386c25e88ec3d002cfb2d" },
	{ "\xff", 128, "cd5bd20e9a0f22d7367cc169e2844a02751c7c91" },
	{ "\xff", 129, "b3443942b6c55f29f59d3e8d69fb13c179f83ddb" },
};

TEST_ROWS(redis_sha1_of_messages, ROWS(messages))
{
	size_t len = strlen(messages[_i].text), all = len * messages[_i].times;
	char *bytes = malloc(all + 1);
	char digits[STAY_REDIS__SHA1_DIGITS + 1];

	ck_assert_ptr_nonnull(bytes);
	for (size_t i = 0; i < messages[_i].times; i++)
		memcpy(bytes + i * len, messages[_i].text, len);
	stay_redis__sha1(bytes, all, digits);
	ck_assert_str_eq(digits, messages[_i].digest);
	free(bytes);
}

TEST_SUITE(redis_sha1)
