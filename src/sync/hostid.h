/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells whether two processes run on the same kernel, so that their device and
 * inode numbers may be compared. */
#ifndef ZC_SYNC_HOSTID_H
#define ZC_SYNC_HOSTID_H

#include "proto/msg.h"

/* A digest of /proc/sys/kernel/random/boot_id; random bytes, equal to nobody's,
 * where that cannot be read. */
void zc_host_id(uint8_t out[ZC_HOST_ID_SIZE]);

#endif
