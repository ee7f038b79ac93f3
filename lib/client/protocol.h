/* A protocol with every slot filled in. */
#ifndef STAY__CLIENT_PROTOCOL_H
#define STAY__CLIENT_PROTOCOL_H

#include <stay/protocol.h>

enum stay_status stay__protocol_check(const struct stay_protocol *protocol);
/* A copy with every slot filled in, but `ping`: only a protocol that has a
 * probe is probed. */
void stay__protocol_fill(
    struct stay_protocol *to, const struct stay_protocol *from);

#endif
