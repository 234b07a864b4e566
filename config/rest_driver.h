#pragma once

/*
 * A driver made of a sources.rest row, for the engine to read as it reads the built-in
 * ones.
 */
#include "config/config.h"

/* The driver refers to rest, which must outlive it; rest is checked or not. Freed with
 * rest_driver_free(). */
struct driver *rest_driver_new(const struct config_rest *rest);
void rest_driver_free(struct driver *driver); /* NULL is fine */
