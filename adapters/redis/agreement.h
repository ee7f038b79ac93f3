/* What the greeting has agreed on with the server. */
#ifndef STAY_REDIS__AGREEMENT_H
#define STAY_REDIS__AGREEMENT_H

#include <stay/redis.h>

struct stay_redis__agreement {
	uint8_t protocol; /* 3 or 2; 0: no agreement yet */
	uint8_t role;     /* enum stay_redis_role */
	char server[16];
	char version[16];
};

/* Read the reply to HELLO. False: this is not a reply to HELLO. */
bool stay_redis__agreement_read(struct stay_redis__agreement *agreement,
    const struct stay_redis_reply *reply);

/* Read the reply to ROLE. False: this is not a reply to ROLE. */
bool stay_redis__agreement_read_role(struct stay_redis__agreement *agreement,
    const struct stay_redis_reply *reply);

/* "RESP3 with redis 7.2.4 (primary)"; as snprintf. */
int stay_redis__agreement_describe(
    const struct stay_redis__agreement *agreement, char *text, size_t len);

#endif
