/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which kernel this is, so that device and inode numbers of two processes may be
 * compared; which mirror this is, so that its sessions can be told apart from
 * those of others. */
#ifndef ZC_SESSION_HOSTID_H
#define ZC_SESSION_HOSTID_H

#include "proto/msg.h"
#include "tree/filter.h"

/* What is the same for all sessions of mirror NAME of this host, from SRC to
 * DEST, and for no others; not UNIQUE: of this process. */
void zc_origin_id(const char *name, const char *src, const char *dest,
                  bool unique, uint8_t out[ZC_ORIGIN_SIZE]);

/* Whose files those of a mirror of SRC with FILTER (NULL: none) are: the same
 * after a restart of the mirror, and of this host. */
void zc_writer_id(const char *src, const struct zc_filter *filter,
                  uint8_t out[ZC_WRITER_SIZE]);

/* A digest of /proc/sys/kernel/random/boot_id; random bytes, equal to nobody's,
 * where that cannot be read. */
void zc_host_id(uint8_t out[ZC_HOST_ID_SIZE]);

#endif
