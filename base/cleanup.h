#pragma once

/*
 * Automatic destruction for our own structs, which have no typedefs and so cannot use
 * g_autoptr():
 *
 *   DEFINE_CLEANUP(struct config *, config_unref);      in the header, gives
 * config_unrefp() _cleanup_(config_unrefp) struct config *config = NULL;
 *
 * A struct held by value needs none: _cleanup_(child_result_clear) takes its address.
 */
#define _cleanup_(function) __attribute__((cleanup(function)))

#define DEFINE_CLEANUP(type, function)                                                   \
	static inline void function##p(type *p)                                          \
	{                                                                                \
		if (*p)                                                                  \
			function(*p);                                                    \
	}                                                                                \
	_Static_assert(1, "")
