#pragma once

/*
 * Are the pack files of a mirror whole? A cut or zero-filled file (power loss, full disk)
 * shows at its ends, which costs two small reads a pack; what is wrong inside shows when
 * git reads it.
 */
#include <stdbool.h>

/* True if every pack in dir has an index that fits it: sizes, signatures and the pack's
 * checksum as the index has it. */
bool mirror_pack_check(const char *dir, bool sha256);
