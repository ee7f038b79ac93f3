/* The TLS of the servers, and the certificates of both sides, in files. */
#ifndef STAY_TESTS_TORTURE_SEAL_H
#define STAY_TESTS_TORTURE_SEAL_H

#include "support/peer_loopback.h"

extern const struct wire_seal seal;

/* Certificates are made, the first time. */
void seal_prepare(void);
/* Where the certificate of the authority is, and that of the client. */
const char *seal_authority(void);
const char *seal_client(void);
const char *seal_client_key(void);
/* The files change: they are others, with the same in them. */
void seal_renew_files(void);

#endif
