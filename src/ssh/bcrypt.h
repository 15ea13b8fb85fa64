/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bcrypt_pbkdf, which ssh-keygen(1) makes keys of passphrases with: PBKDF2's
 * outer form around bcrypt. Neither libcrypto nor libsodium has it.
 */
#ifndef ZC_SSH_BCRYPT_H
#define ZC_SSH_BCRYPT_H

#include "base/util.h"

/* N bytes at OUT, 1 to 1024, of the passphrase and the salt (1 byte or more
 * each). -1: out of memory, or a length makes no sense. Any thread. */
int zc_ssh_bcrypt(const char *pass, size_t pass_len, const uint8_t *salt,
                  size_t salt_len, unsigned rounds, uint8_t *out, size_t n);

#endif
