#pragma once

/*
 * A simulated API before a world (sim_world.h): it lists, filters, caps, pages and limits
 * as the real ones do, and fails as they do. It is a struct rest_transport, so that the
 * engine needs neither network nor patience, and the clock is its own.
 */
#include "collector/rest/transport.h"
#include "drivers/driver.h"
#include "tests/sim_world.h"

/* In what order a list comes. */
enum sim_sort {
	SORT_NEWEST,  /* latest created first */
	SORT_RECENT,  /* latest updated first */
	SORT_UPDATED, /* least recently updated first */
	SORT_CREATED, /* earliest created first */
	SORT_PRESENT, /* what runs, and no more */
};

/* One kind of API: what the driver says of it, and how it really behaves. */
struct sim_shape {
	const char *name;
	struct driver driver;
	enum sim_sort sort;
	bool by_updated; /* what since and until are compared with */
};
extern const struct sim_shape sim_shapes[];
extern const guint n_sim_shapes;

enum sim_fault {
	FAULT_LIMITS = 1 << 0,	 /* 429 and 403 in every dialect */
	FAULT_ERRORS = 1 << 1,	 /* 5xx, resets, hanging */
	FAULT_GARBAGE = 1 << 2,	 /* cut, malformed, empty, HTML */
	FAULT_STALE = 1 << 3,	 /* filtered lists that lack the last day */
	FAULT_CHURN = 1 << 4,	 /* the world goes on between pages */
	FAULT_SKEW = 1 << 5,	 /* clocks ten minutes apart */
	FAULT_RESTARTS = 1 << 6, /* the program ends at any request or save */
	FAULT_ALL = (1 << 7) - 1,
};

struct sim {
	const struct sim_shape *shape;
	struct world *world;
	struct rest_transport transport;
	GRand *rand;
	guint faults;	  /* those that happen now */
	guint storm;	  /* those that ever happen */
	GTimeSpan meant;  /* pauses are longer than told by this: nobody can know */
	gint64 now;	  /* our clock */
	GTimeSpan skew;	  /* how far the world's is ahead of it */
	gint64 forbidden; /* no request before, by our clock */
	int dies_in;	  /* requests until the program ends; -1: never */
	bool dead;
	guint n_requests, n_not_modified;
	GHashTable *seen; /* numbers that an answer has listed whole */
	char *complaint;  /* the first thing that the engine did wrong; NULL */
	GString *trace;	  /* requests and answers; NULL: not wanted */
};

struct sim *sim_new(const struct sim_shape *shape, guint32 seed, guint faults,
		    guint traits, gint64 now);
void sim_free(struct sim *sim); /* NULL is fine */
DEFINE_CLEANUP(struct sim *, sim_free);

/* Lets time pass. */
void sim_advance(struct sim *sim, gint64 now);
/* Keeps the first complaint. */
void sim_complain(struct sim *sim, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* What a thing's members are called, for the server's answers and for comparing. */
char *sim_title(const struct thing *thing, const struct version *version);
char *sim_sha(const struct thing *thing, const struct version *version);
/* The jobs of a run: how many, and the id of each. */
guint sim_n_jobs(const struct thing *thing);
char *sim_job_id(const struct thing *thing, const struct version *version, guint i);

/* Fills an answer to a request that got through. */
void sim_serve(struct sim *sim, const struct http_request *request,
	       struct http_response *response);
