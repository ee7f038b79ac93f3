/* What the flight recorder keeps of a call: loop/recorder.h. */
#ifndef STAY__RECORDED_H
#define STAY__RECORDED_H

#include "client/calls.h"

/* A call has got its token; its first byte leaves; its outcome is decided. */
void stay__recorded_call(const struct stay__call *call);
void stay__recorded_sent(const struct stay__call *call);
void stay__recorded_over(const struct stay__call *call, enum stay_status status,
    enum stay_outcome outcome);
/* A call without a token has failed. */
void stay__recorded_failed(const struct stay__call *call);
/* Bytes were written; were read, with so many replies in them. */
void stay__recorded_write(const struct stay_client *client, size_t len);
void stay__recorded_read(
    const struct stay_client *client, size_t len, uint64_t replies);

#endif
