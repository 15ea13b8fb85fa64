/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AES in counter mode for callers that ask for 16 bytes at a time, as libssh2
 * before 1.11 does: half of its time goes into reaching the cipher. What they
 * get is the same bytes, of a key stream that libcrypto has made in advance.
 */
#ifndef ZC_SSH_CTR_H
#define ZC_SSH_CTR_H

#include <stdbool.h>

/* Has libcrypto prefer it for AES-128-CTR, in this process and for good. False:
 * all is as it was. Once, from one thread. */
bool zc_ssh_ctr_install(void);

#endif
