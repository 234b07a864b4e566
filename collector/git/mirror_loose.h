#pragma once

/*
 * The loose refs of a mirror: one small file each. git passes over some kinds of damage
 * in them as if the ref were not there.
 */
#include <glib.h>
#include <stdbool.h>

/* True if every file below dir/refs is a regular one with an object's name and a newline;
 * their number in *n. */
bool mirror_loose_check(const char *dir, bool sha256, guint *n);
